/**
 * BGP path attributes and NLRI for bmp-builder.ts (RFC 4271, 4456, 1997, 8092, 4360, 6793, 7911, 8277), byte by byte.
 */

import { ipAddressOf } from '../../src/base/ip.ts';

/** "10.0.0.0/8", or with path id, labels, or an RD (16 hex digits; for VPN families), or as EVPN IP prefix. */
export type PrefixInput =
  | string
  | { prefix: string; pathId?: number; labels?: readonly number[]; rd?: string; evpn?: EvpnInput };

/** What an EVPN IP prefix (RFC 9136 §3.1) has beside RD and prefix. */
export interface EvpnInput {
  tag?: number;
  /** 20 hex digits. */
  esi?: string;
  gateway?: string;
  label?: number;
}

/** [segment type, ASNs]: 1 AS_SET, 2 AS_SEQUENCE, 3 AS_CONFED_SEQUENCE, 4 AS_CONFED_SET. */
export type SegmentInput = readonly [type: number, asns: readonly number[]];

export interface AttributeOptions {
  /** 0 IGP, 1 EGP, 2 INCOMPLETE. */
  origin?: number;
  /** Segments, or the ASNs of one AS_SEQUENCE (an empty list: the empty path). */
  asPath?: readonly SegmentInput[] | readonly number[];
  as4Path?: readonly SegmentInput[] | readonly number[];
  /** NEXT_HOP (attribute 3). */
  nextHop?: string;
  med?: number;
  localPref?: number;
  /** "65000:1" each. */
  communities?: readonly string[];
  /** "65000:1:2" each. */
  largeCommunities?: readonly string[];
  /** 16 hex digits each. */
  extCommunities?: readonly string[];
  originatorId?: string;
  /** Dotted quads. */
  clusterList?: readonly string[];
  /** AS_PATH with 2-byte ASNs. */
  isTwoByteAsPath?: boolean | undefined;
}

export function encodeAttributes(options: AttributeOptions): Buffer {
  const out: Buffer[] = [];
  const wide = !(options.isTwoByteAsPath ?? false);
  if (options.origin !== undefined) out.push(attribute(1, Buffer.from([options.origin])));
  if (options.asPath !== undefined) out.push(attribute(2, encodeAsPath(options.asPath, wide)));
  if (options.nextHop !== undefined) out.push(attribute(3, addressWords(options.nextHop)));
  if (options.med !== undefined) out.push(attribute(4, words([options.med]), 0x80));
  if (options.localPref !== undefined) out.push(attribute(5, words([options.localPref])));
  if (options.communities !== undefined) {
    const values = options.communities.map((c) => c.split(':').map(Number));
    out.push(attribute(8, words(values.map(([high, low]) => high * 65536 + low)), 0xc0));
  }
  if (options.originatorId !== undefined) out.push(attribute(9, addressWords(options.originatorId), 0x80));
  if (options.clusterList !== undefined) {
    out.push(attribute(10, Buffer.concat(options.clusterList.map(addressWords)), 0x80));
  }
  if (options.extCommunities !== undefined)
    out.push(attribute(16, Buffer.from(options.extCommunities.join(''), 'hex'), 0xc0));
  if (options.as4Path !== undefined) out.push(attribute(17, encodeAsPath(options.as4Path, true), 0xc0));
  if (options.largeCommunities !== undefined) {
    out.push(attribute(32, words(options.largeCommunities.flatMap((c) => c.split(':').map(Number))), 0xc0));
  }
  return Buffer.concat(out);
}

/** One path attribute; the extended length bit is set when it is needed. */
export function attribute(type: number, value: Uint8Array, flags = 0x40): Buffer {
  const head =
    value.length > 255
      ? [flags | 0x10, type, value.length >> 8, value.length & 255]
      : [flags, type, ...((flags & 0x10) === 0 ? [value.length] : [0, value.length])];
  return Buffer.concat([Buffer.from(head), value]);
}

export function encodeAsPath(path: readonly SegmentInput[] | readonly number[], wide: boolean): Buffer {
  const segments: SegmentInput[] = [];
  const asns: number[] = [];
  for (const item of path) {
    if (typeof item === 'number') asns.push(item);
    else segments.push(item);
  }
  if (asns.length > 0) segments.push([2, asns]);
  return Buffer.concat(
    segments.map(([type, list]) => {
      const out = Buffer.alloc(2 + list.length * (wide ? 4 : 2));
      out[0] = type;
      out[1] = list.length;
      list.forEach((asn, i) => (wide ? out.writeUInt32BE(asn, 2 + i * 4) : out.writeUInt16BE(asn, 2 + i * 2)));
      return out;
    }),
  );
}

export function encodePrefixes(prefixes: readonly PrefixInput[]): Buffer {
  return Buffer.concat(prefixes.map(encodePrefix));
}

/** [path id] bits [label × n] [RD] prefix; the bottom-of-stack bit is set on the last label. */
export function encodePrefix(input: PrefixInput): Buffer {
  const { prefix, pathId, labels, rd, evpn } = typeof input === 'string' ? { prefix: input } : { ...input };
  if (evpn !== undefined) return encodeIpPrefix(prefix, pathId, rd ?? '', evpn);
  const slash = prefix.indexOf('/');
  const bits = Number(prefix.slice(slash + 1));
  const bytes = addressWords(prefix.slice(0, slash)).subarray(0, Math.ceil(bits / 8));
  const parts: Buffer[] = [];
  if (pathId !== undefined) parts.push(words([pathId]));
  const stack = (labels ?? []).map((label, i, all) => {
    const field = label * 16 + (i === all.length - 1 ? 1 : 0);
    return Buffer.from([(field >> 16) & 255, (field >> 8) & 255, field & 255]);
  });
  const distinguisher = rd === undefined ? Buffer.alloc(0) : Buffer.from(rd, 'hex');
  parts.push(Buffer.from([bits + stack.length * 24 + distinguisher.length * 8]), ...stack, distinguisher, bytes);
  return Buffer.concat(parts);
}

/** [path id] 5 (1) | length (1) | RD (8) | ESI (10) | tag (4) | prefix length (1) | prefix | gateway | label (3). */
function encodeIpPrefix(prefix: string, pathId: number | undefined, rd: string, evpn: EvpnInput): Buffer {
  const slash = prefix.indexOf('/');
  const address = addressWords(prefix.slice(0, slash));
  const value = Buffer.concat([
    Buffer.from(rd, 'hex'),
    Buffer.from(evpn.esi ?? '00'.repeat(10), 'hex'),
    words([evpn.tag ?? 0]),
    Buffer.from([Number(prefix.slice(slash + 1))]),
    address,
    evpn.gateway === undefined ? Buffer.alloc(address.length) : addressWords(evpn.gateway),
    words([(evpn.label ?? 0) << 8]).subarray(0, 3),
  ]);
  return Buffer.concat([
    pathId === undefined ? Buffer.alloc(0) : words([pathId]),
    Buffer.from([5, value.length]),
    value,
  ]);
}

function addressWords(text: string): Buffer {
  const address = ipAddressOf(text);
  if (address === null) throw new Error(`not an address: ${text}`);
  return words(address.family === 4 ? [address.w0] : [address.w0, address.w1, address.w2, address.w3]);
}

function words(values: readonly number[]): Buffer {
  const out = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => out.writeInt32BE(value | 0, i * 4));
  return out;
}
