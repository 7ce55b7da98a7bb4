/** Decoded BGP UPDATEs as plain objects and text, for golden files and comparisons in tests. */

import { formatIp } from '../../src/base/ip.ts';
import { AttributeReader } from '../../src/model/attribute-words.ts';
import { formatRouteDistinguisher } from '../../src/rib/route-distinguishers.ts';
import { safiEvpn, safiVpn } from '../../src/wire/bgp/types.ts';
import { decodeUpdate, createBgpUpdate } from '../../src/wire/bgp/update.ts';
import type { BgpUpdate, NlriList, UpdateContext } from '../../src/wire/bgp/types.ts';

export const plainContext: UpdateContext = {
  twoByteAsPath: false,
  isLocRib: false,
  isExternal: false,
  isPrePolicy: false,
  hasPathId: () => false,
  hasMultipleLabels: () => false,
};

/** Decodes a PDU into a fresh BgpUpdate. */
export function updateOf(pdu: Buffer, context: Partial<UpdateContext> = {}): BgpUpdate {
  const update = createBgpUpdate();
  decodeUpdate(pdu, 0, pdu.length, { ...plainContext, ...context }, update);
  return update;
}

/** "10.0.0.0/8", with " path 7", " safi 4", " rd 0:65000:11", " tag 9" and " set 1" where they apply. */
export function prefixTexts(list: NlriList): string[] {
  return Array.from({ length: list.count }, (_, i) => {
    const family = list.family[i] === 4 ? 4 : 6;
    const address = formatIp(family, list.w0[i], list.w1[i], list.w2[i], list.w3[i]);
    const path = list.hasPathId[i] === 1 ? ` path ${list.pathId[i]}` : '';
    const safi = list.safi[i] === 1 ? '' : ` safi ${list.safi[i]}`;
    const set = list.attributeSet[i] === 0 ? '' : ` set ${list.attributeSet[i]}`;
    const hasRd = list.safi[i] === safiVpn || list.safi[i] === safiEvpn;
    const rd = hasRd ? ` rd ${formatRouteDistinguisher(list.rdHigh[i], list.rdLow[i])}` : '';
    const tag = hasRd && list.ethernetTag[i] !== 0 ? ` tag ${list.ethernetTag[i]}` : '';
    return `${address}/${list.length[i]}${path}${safi}${rd}${tag}${set}`;
  });
}

/** What AttributeReader finds in a set, absent attributes left out. */
export function attributesOf(update: BgpUpdate, set: 0 | 1 = 0): Record<string, unknown> {
  if (update.attributeLengths[set] === 0) return {};
  const words = update.attributeWords[set];
  const reader = new AttributeReader();
  reader.read(words, 0);
  const out: Record<string, unknown> = { origin: ['igp', 'egp', 'incomplete', 'absent'][reader.origin] };
  out['asPath'] = asPathText(words, reader.asPathAt, reader.asPathWords);
  if (reader.nextHopKind !== 0) out['nextHop'] = nextHopText(words, reader.nextHopKind, reader.nextHopAt);
  if (reader.hasMed) out['med'] = reader.med;
  if (reader.hasLocalPref) out['localPref'] = reader.localPref;
  if (reader.hasOriginatorId) out['originatorId'] = formatIp(4, reader.originatorId, 0, 0, 0);
  if (reader.communities > 0) {
    out['communities'] = take(words, reader.communitiesAt, reader.communities).map((w) => `${w >>> 16}:${w & 0xffff}`);
  }
  if (reader.largeCommunities > 0) {
    out['largeCommunities'] = groups(take(words, reader.largeCommunitiesAt, reader.largeCommunities * 3), 3, ':');
  }
  if (reader.extCommunities > 0) {
    const hex = take(words, reader.extCommunitiesAt, reader.extCommunities * 2);
    out['extCommunities'] = groups(hex, 2, '', (w) => w.toString(16).padStart(8, '0'));
  }
  if (reader.clusterList > 0) {
    out['clusterList'] = take(words, reader.clusterListAt, reader.clusterList).map((w) => formatIp(4, w, 0, 0, 0));
  }
  return out;
}

/** "1 2 {3,4} (5 6) [7,8]": sets in braces, confederation sequences in parentheses, confederation sets in brackets. */
export function asPathText(words: Int32Array, start: number, length: number): string {
  const parts: string[] = [];
  for (let at = start; at < start + length;) {
    const type = words[at] >>> 16;
    const count = words[at] & 0xffff;
    const asns = take(words, at + 1, count);
    if (type === 1) parts.push(`{${asns.join(',')}}`);
    else if (type === 2) parts.push(asns.join(' '));
    else parts.push(type === 3 ? `(${asns.join(' ')})` : `[${asns.join(',')}]`);
    at += 1 + count;
  }
  return parts.join(' ');
}

/** Everything that is not as in an UPDATE without fault. */
export function flagsOf(update: BgpUpdate): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  if (update.endOfRib >= 0) out['endOfRib'] = `${update.endOfRib >>> 8}/${update.endOfRib & 255}`;
  for (const [family, count] of update.skipped) out[`skipped ${family >>> 8}/${family & 255}`] = count;
  for (const [type, count] of update.skippedEvpnTypes) out[`evpn type ${type}`] = count;
  if (update.treatAsWithdraw) out['treatAsWithdraw'] = true;
  if (update.discardedAttributes > 0) out['discardedAttributes'] = update.discardedAttributes;
  if (update.addPathGuessed) out['addPathGuessed'] = true;
  if (update.asWidthGuessed) out['asWidthGuessed'] = true;
  if (update.unparsableNlri) out['unparsableNlri'] = true;
  if (update.problem !== '') out['problem'] = update.problem;
  return out;
}

function nextHopText(words: Int32Array, kind: number, at: number): string {
  if (kind === 1) return formatIp(4, words[at], 0, 0, 0);
  const first = formatIp(6, words[at], words[at + 1], words[at + 2], words[at + 3]);
  return kind === 2 ? first : `${first} ${formatIp(6, words[at + 4], words[at + 5], words[at + 6], words[at + 7])}`;
}

/** Words as uint32. */
function take(words: Int32Array, at: number, count: number): number[] {
  return Array.from(words.subarray(at, at + count), (w) => w >>> 0);
}

function groups(values: number[], size: number, joiner: string, format: (value: number) => string = String): string[] {
  const out: string[] = [];
  for (let i = 0; i < values.length; i += size)
    out.push(
      values
        .slice(i, i + size)
        .map(format)
        .join(joiner),
    );
  return out;
}
