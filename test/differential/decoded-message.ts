/** A BMP message in the form that bmpjson prints, made by flowrib's decoders; and bmpjson's own, brought to the same spelling. */

import { formatIp, ipAddressOf } from '../../src/base/ip.ts';
import type { BgpOpen, BgpUpdate, NlriList, UpdateContext } from '../../src/wire/bgp/types.ts';
import { decodeBmpMessage } from '../../src/wire/bmp/messages.ts';
import type { PerPeerHeader } from '../../src/wire/bmp/types.ts';
import { attributesOf, updateOf } from '../support/bgp-text.ts';

/** RFC 8671 §6.2; flowrib passes over the values of later ones. */
const lastKnownStatistic = 17;

export interface DecodedUpdate {
  /** "afi/safi [RD in hex] prefix [path ID]" each, sorted. */
  withdrawn: string[];
  announced: string[];
  endOfRib: string;
  /** Empty for an UPDATE that announces nothing: flowrib does not look at attributes then. */
  attributes: Record<string, unknown>;
  mpNextHop: string;
}

export interface DecodedMessage {
  type: number;
  peer?: Record<string, unknown>;
  update?: DecodedUpdate;
  /** Peer Up, Peer Down, Statistics Report and Initiation: what is compared of them. */
  body?: Record<string, unknown>;
}

/** What bmpjson prints. */
export interface PrintedMessage {
  type: number;
  peer?: {
    type: number;
    flags: number;
    distinguisher: string;
    address: string;
    as: number;
    bgpId: string;
    timestamp: number;
  };
  update?: {
    withdrawn: string[];
    announced: string[];
    endOfRib?: string;
    attributes: Record<string, unknown>;
    mpNextHop?: string;
  };
  opens?: { as: number; holdTime: number; bgpId: string; addPath: string[]; families: string[] }[];
  localAddress?: string;
  ports?: number[];
  reason?: number;
  statistics?: string[];
  information?: string[];
  error?: string;
}

export interface OwnDecoding {
  message: DecodedMessage;
  /** The UPDATE, for what is to be known of it beside the comparison. */
  update: BgpUpdate | null;
}

export function decodeOwn(bytes: Buffer, contextOf: (peer: PerPeerHeader) => UpdateContext): OwnDecoding {
  const message = decodeBmpMessage(bytes, 0, bytes.length);
  const decoded: DecodedMessage = { type: bytes[5] };
  let update: BgpUpdate | null = null;
  if ('peer' in message) decoded.peer = peerOf(message.peer);
  if (message.kind === 'route-monitoring') {
    update = updateOf(bytes.subarray(message.pduStart, message.pduEnd), contextOf(message.peer));
    decoded.update = updateTexts(update);
  } else if (message.kind === 'peer-up') {
    const { information, localAddress, localPort, receivedOpen, remotePort, sentOpen } = message;
    const isLocRib = message.peer.type === 3;
    decoded.body = {
      localAddress: isLocRib ? '' : localAddress,
      ports: [localPort, remotePort],
      opens: [openTexts(sentOpen), openTexts(receivedOpen)],
      information: information.map(({ type, value }) => `${type} ${value.toString('utf8')}`),
    };
  } else if (message.kind === 'peer-down') {
    decoded.body = { reason: message.reason };
  } else if (message.kind === 'initiation') {
    decoded.body = { information: message.information.map(({ type, value }) => `${type} ${value.toString('utf8')}`) };
  } else if (message.kind === 'statistics-report') {
    const known = message.statistics.filter(({ type }) => type <= lastKnownStatistic);
    decoded.body = { statistics: known.map(({ type, value }) => `${type} ${value}`) };
  }
  return { message: decoded, update };
}

function peerOf(peer: PerPeerHeader): Record<string, unknown> {
  const { bgpId, distinguisher, flags, peerAs, timestampMs, type } = peer;
  return {
    type,
    flags,
    distinguisher,
    address: type === 3 ? '' : peer.address,
    as: peerAs,
    bgpId,
    timestampUs: Math.round(timestampMs * 1000),
  };
}

function updateTexts(update: BgpUpdate): DecodedUpdate {
  const { nextHop: mpNextHop, ...mpAttributes } = attributesOf(update, 1);
  const attributes = update.attributeLengths[0] > 0 ? attributesOf(update) : mpAttributes;
  return {
    withdrawn: prefixesOf(update.withdrawn),
    announced: prefixesOf(update.announced),
    endOfRib: update.endOfRib < 0 ? '' : `${update.endOfRib >>> 8}/${update.endOfRib & 255}`,
    attributes,
    mpNextHop: (mpNextHop ?? '') as string,
  };
}

function prefixesOf(list: NlriList): string[] {
  return Array.from({ length: list.count }, (_, i) => {
    const family = list.family[i] === 4 ? 4 : 6;
    const safi = list.safi[i];
    const afi = safi === 70 ? 25 : family === 4 ? 1 : 2;
    const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
    const rd = safi === 128 || safi === 70 ? `${hex(list.rdHigh[i])}${hex(list.rdLow[i])} ` : '';
    const prefix = `${formatIp(family, list.w0[i], list.w1[i], list.w2[i], list.w3[i])}/${list.length[i]}`;
    return `${afi}/${safi} ${rd}${prefix}${list.hasPathId[i] === 1 ? ` path ${list.pathId[i]}` : ''}`;
  }).sort();
}

function openTexts(open: BgpOpen): Record<string, unknown> {
  const familyText = (family: number): string => `${family >>> 8}/${family & 255}`;
  return {
    as: open.as,
    holdTime: open.holdTimeS,
    bgpId: open.bgpId,
    addPath: [...open.addPath].map(([family, mode]) => `${familyText(family)} ${mode}`).sort(),
    families: open.families.map(familyText).sort(),
  };
}

/** The same of what bmpjson printed. */
export function normalised(printed: PrintedMessage): DecodedMessage {
  const { information = [], opens, peer, reason, statistics, type, update } = printed;
  const decoded: DecodedMessage = { type };
  if (peer) {
    const { timestamp, ...rest } = peer;
    decoded.peer = { ...rest, address: addressText(peer.address), timestampUs: Math.round(timestamp * 1_000_000) };
  }
  if (type === 0 && update) decoded.update = normalisedUpdate(update);
  if (type === 3 && opens) {
    const isLocRib = peer?.type === 3;
    decoded.body = {
      localAddress: isLocRib ? '' : addressText(printed.localAddress ?? ''),
      ports: printed.ports,
      opens: opens.map((open) => ({ ...open, addPath: open.addPath.sort(), families: open.families.sort() })),
      information,
    };
  }
  if (type === 2) decoded.body = { reason };
  if (type === 4) decoded.body = { information };
  if (type === 1) {
    decoded.body = {
      statistics: (statistics ?? []).filter((text) => Number(text.split(' ', 1)[0]) <= lastKnownStatistic),
    };
  }
  return decoded;
}

function normalisedUpdate(update: NonNullable<PrintedMessage['update']>): DecodedUpdate {
  const { as4Path, asPath, nextHop, origin, ...others } = update.attributes;
  const announced = [...update.announced].sort();
  const hasRoutesOfItsOwn = announced.some((text) => text.startsWith('1/1 ')) && nextHop !== undefined;
  const merged = mergedPath((asPath ?? '') as string, (as4Path ?? '') as string);
  return {
    withdrawn: [...update.withdrawn].sort(),
    announced,
    endOfRib: update.endOfRib ?? '',
    attributes:
      announced.length === 0
        ? {}
        : {
            origin: ['igp', 'egp', 'incomplete'][origin as number] ?? 'absent',
            asPath: merged,
            ...(hasRoutesOfItsOwn ? { nextHop } : {}),
            ...others,
          },
    mpNextHop: announced.length === 0 ? '' : (update.mpNextHop ?? '').split(' ').map(addressText).join(' '),
  };
}

/**
 * GoBGP gives AS_PATH and AS4_PATH as they are; RFC 6793 §4.2.3 says what they mean together. Written again here, for AS_SEQUENCEs only,
 * which is what the generated messages have.
 */
function mergedPath(asPath: string, as4Path: string): string {
  if (as4Path === '') return asPath;
  const path = asPath.split(' ');
  const as4 = as4Path.split(' ');
  return path.length < as4.length ? asPath : [...path.slice(0, path.length - as4.length), ...as4].join(' ');
}

/** IPv4 in IPv6 (::ffff:a.b.c.d) as IPv4, as flow records have it. */
function addressText(text: string): string {
  const address = ipAddressOf(text);
  if (address === null) return text;
  const { family, w0, w1, w2, w3 } = address;
  if (family === 6 && w0 === 0 && w1 === 0 && w2 === 0xffff) return formatIp(4, w3, 0, 0, 0);
  return formatIp(family === 4 ? 4 : 6, w0, w1, w2, w3);
}
