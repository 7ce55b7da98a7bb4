/** UPDATEs as correct senders write them, at random, in Route Monitoring messages: every family and attribute that flowrib keeps. */

import { formatIp } from '../../src/base/ip.ts';
import type { AttributeOptions, PrefixInput, SegmentInput } from '../support/bgp-builder.ts';
import {
  initiation,
  type OpenOptions,
  peerDown,
  type PeerOptions,
  peerUp,
  routeMonitoring,
  statisticsReport,
  type UpdateOptions,
} from '../support/bmp-builder.ts';
import type { Random } from '../support/mutations.ts';

export interface GeneratedMessage {
  readonly bytes: Buffer;
  /** "afi/safi" of the families whose NLRI have path ids. */
  readonly pathIds: readonly string[];
  /** Labels are stacks of up to three (Multiple Labels negotiated). */
  readonly hasStacks: boolean;
}

const families = [
  [1, 1],
  [2, 1],
  [1, 4],
  [2, 4],
  [1, 128],
  [2, 128],
  [25, 70],
] as const;

export function generatedMessage(random: Random): GeneratedMessage {
  const isTwoByteAsPath = random(4) === 0;
  const peer: PeerOptions = {
    type: random(2),
    address: random(2) === 0 ? v4(random) : v6(random),
    as: 1 + random(2 ** 32 - 1),
    bgpId: v4(random),
    distinguisher: hex(random, 8),
    timestampMs: 1_700_000_000_000 + random(1e9),
    isPostPolicy: random(2) === 0,
    isAdjRibOut: random(4) === 0,
    isTwoByteAsPath,
  };
  const [afi, safi] = families[random(families.length)];
  const pathIds = ['1/1', `${afi}/${safi}`].filter(() => random(3) === 0);
  const hasStacks = random(3) === 0;
  const v4Routes = (): PrefixInput[] => routes(random, 1, 1, pathIds.includes('1/1'), 1);
  const mpRoutes = (labels: number): PrefixInput[] =>
    routes(random, afi, safi, pathIds.includes(`${afi}/${safi}`), labels);
  const update: UpdateOptions = { isTwoByteAsPath, ...attributes(random, isTwoByteAsPath) };
  const kind = random(8);
  const hasRoutes = kind < 3 || kind === 5;
  if (hasRoutes) Object.assign(update, { announced: v4Routes(), nextHop: v4(random) });
  if (kind === 2 || kind === 7) update.withdrawn = v4Routes();
  // IPv4 unicast in MP_REACH_NLRI beside NLRI of its own would make two next hops of one family, which bmpjson's form does not tell apart.
  if (kind >= 3 && kind < 7 && !(hasRoutes && afi === 1 && safi === 1)) {
    update.mpReach = { afi, safi, nextHop: nextHop(random, afi, safi), prefixes: mpRoutes(hasStacks ? 3 : 1) };
  }
  if (kind === 6 || kind === 7) update.mpUnreach = { afi, safi, prefixes: random(8) === 0 ? [] : mpRoutes(1) };
  if (random(50) === 0) return { bytes: routeMonitoring(peer, {}), pathIds, hasStacks };
  return { bytes: routeMonitoring(peer, update), pathIds, hasStacks };
}

/** A Peer Up with any capabilities, a Peer Down, statistics, or an Initiation. */
export function generatedSessionMessage(random: Random): Buffer {
  const peer: PeerOptions = {
    type: [0, 1, 2, 3][random(4)],
    as: 1 + random(2 ** 32 - 1),
    bgpId: v4(random),
    distinguisher: hex(random, 8),
    timestampMs: 1_700_000_000_000 + random(1e9),
  };
  if (peer.type !== 3) peer.address = random(2) === 0 ? v4(random) : v6(random);
  const kind = random(8);
  if (kind === 0) return peerDown(peer, [1, 2, 3, 4, 5][random(5)]);
  if (kind === 1) return initiation({ sysName: `router ${random(100)}`, sysDescr: 'ä', text: 'a text' });
  if (kind === 2) {
    return statisticsReport(peer, [
      { type: random(7), value: random(2 ** 32) },
      { type: 7 + random(2), value: BigInt(random(2 ** 32)) << 20n },
      { type: 9 + random(2), value: Buffer.from(`0001${hex(random, 1)}${hex(random, 8)}`, 'hex') },
    ]);
  }
  const isLocRib = peer.type === 3;
  return peerUp(peer, {
    localAddress: isLocRib ? '0.0.0.0' : peer.address?.includes(':') === true ? v6(random) : v4(random),
    localPort: isLocRib ? 0 : random(65_536),
    remotePort: isLocRib ? 0 : random(65_536),
    sentOpen: open(random),
    receivedOpen: open(random),
    ...(random(2) === 0 ? { tableName: `table ${random(100)}` } : {}),
  });
}

function open(random: Random): OpenOptions {
  const some = <T>(list: readonly T[]): T[] => list.filter(() => random(2) === 0);
  return {
    as: asn(random, false),
    holdTimeS: random(2) * 90,
    bgpId: v4(random),
    families: some(families),
    fourOctetAs: random(4) > 0,
    ...(random(2) === 0
      ? { addPath: [families[0], ...some(families.slice(1))].map(([afi, safi]) => [afi, safi, 1 + random(3)] as const) }
      : {}),
    ...(random(4) === 0 ? { multipleLabels: [[1, 4, 2 + random(8)] as const] } : {}),
  };
}

function attributes(random: Random, isTwoByte: boolean): AttributeOptions {
  const maybe = (): boolean => random(3) === 0;
  const list = <T>(most: number, item: () => T): T[] => Array.from({ length: 1 + random(most) }, item);
  const out: AttributeOptions = { origin: random(3) };
  if (isTwoByte && maybe()) {
    // What a 2-octet speaker passes on of a path with 4-octet ASNs.
    const asns = list(6, () => asn(random, false));
    out.asPath = [...list(2, () => asn(random, true)), ...asns.map((as) => (as > 65_535 ? 23_456 : as))];
    out.as4Path = maybe() ? asns : [...asns, ...list(4, () => asn(random, false))];
  } else {
    out.asPath =
      random(10) === 0 ? [] : list(3, (): SegmentInput => [1 + random(4), list(6, () => asn(random, isTwoByte))]);
  }
  if (maybe()) out.med = random(2 ** 32);
  if (maybe()) out.localPref = random(2 ** 32);
  if (maybe()) out.communities = list(70, () => `${random(65_536)}:${random(65_536)}`);
  if (maybe()) out.largeCommunities = list(30, () => `${random(2 ** 32)}:${random(2 ** 32)}:${random(2 ** 32)}`);
  if (maybe()) out.extCommunities = list(5, () => `0002${hex(random, 6)}`);
  if (maybe()) {
    out.originatorId = v4(random);
    out.clusterList = list(4, () => v4(random));
  }
  return out;
}

function asn(random: Random, isTwoByte: boolean): number {
  return 1 + random(isTwoByte || random(2) === 0 ? 65_535 : 2 ** 32 - 1);
}

/** A withdrawal has one label field, whatever was negotiated (RFC 8277 §2.4). */
function routes(random: Random, afi: number, safi: number, hasPathId: boolean, mostLabels: number): PrefixInput[] {
  return Array.from({ length: 1 + random(6) }, (): PrefixInput => {
    const family = afi === 2 || (afi === 25 && random(2) === 0) ? 6 : 4;
    const extra = hasPathId ? { pathId: pathId(random) } : {};
    const route = { prefix: family === 4 ? prefix4(random) : prefix6(random), ...extra };
    if (afi === 25) return { ...route, rd: distinguisher(random), evpn: { label: random(2 ** 20) } };
    // The length of an NLRI has 8 bits: RD, three labels and 128 bits would be 264.
    const most = afi === 2 && safi === 128 ? Math.min(2, mostLabels) : mostLabels;
    const labels = Array.from({ length: 1 + random(most) }, () => 16 + random(2 ** 20 - 16));
    if (safi === 4) return { ...route, labels };
    if (safi === 128) return { ...route, labels, rd: distinguisher(random) };
    return route;
  });
}

/**
 * Small ones and large ones, but none whose first byte reads as the length of a prefix: alone in a field, such a path id may be taken for
 * a prefix (nlri.ts), since senders leave negotiated path ids out. No sender is known to number its paths so.
 */
function pathId(random: Random): number {
  return random(2) === 0 ? random(100) : 0x84000000 + random(2 ** 30);
}

/** Type 0, 1 or 2 (RFC 4364 §4.2). */
function distinguisher(random: Random): string {
  return `000${random(3)}${hex(random, 6)}`;
}

function nextHop(random: Random, afi: number, safi: number): string | string[] {
  // Eight bytes of 0 for the RD.
  const withRd = (address: string): string[] => (safi === 128 ? ['0.0.0.0', '0.0.0.0', address] : [address]);
  if (afi === 2 && random(3) === 0)
    return [...withRd(`2001:db8::${1 + random(1000)}`), ...withRd(`fe80::${1 + random(1000)}`)];
  return withRd(afi === 2 || random(4) === 0 ? `2001:db8::${1 + random(1000)}` : v4(random));
}

/** As they are announced: 8 to 32 bits, outside 0/8, multicast and class E. */
function prefix4(random: Random): string {
  const bits = 8 + random(25);
  const address = ((1 + random(223)) << 24) | random(2 ** 24);
  return `${formatIp(4, address & (-1 << (32 - bits)), 0, 0, 0)}/${bits}`;
}

function prefix6(random: Random): string {
  const bits = 16 + random(113);
  const words = [0x20000000 | random(2 ** 28), ...Array.from({ length: 3 }, () => random(2 ** 32) | 0)].map(
    (word, i) => {
      const left = bits - 32 * i;
      return left >= 32 ? word : left <= 0 ? 0 : word & (-1 << (32 - left));
    },
  );
  return `${formatIp(6, words[0], words[1], words[2], words[3])}/${bits}`;
}

function v4(random: Random): string {
  return formatIp(4, ((1 + random(223)) << 24) | random(2 ** 24), 0, 0, 0);
}

function v6(random: Random): string {
  return formatIp(6, 0x20010db8, random(2 ** 32) | 0, random(2 ** 32) | 0, random(2 ** 32) | 0);
}

function hex(random: Random, bytes: number): string {
  return Array.from({ length: bytes }, () => random(256).toString(16).padStart(2, '0')).join('');
}
