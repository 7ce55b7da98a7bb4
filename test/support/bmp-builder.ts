/**
 * Builds BMP messages (RFC 7854, 8671, 9069) byte by byte for tests: per-peer header, the seven message types, BGP OPENs and UPDATEs
 * inside. Prefixes are text ("10.0.0.0/8"), with path id and labels as an object. What a function is not told it leaves out, so a
 * test states exactly what it is about; `raw` options take bytes that no correct sender would write. Shares no code with the decoders
 * but the address parser.
 */

import { ipAddressOf } from '../../src/base/ip.ts';
import { type AttributeOptions, attribute, encodeAttributes, encodePrefixes, type PrefixInput } from './bgp-builder.ts';

export interface PeerOptions {
  /** 0 global, 1 RD, 2 local, 3 Loc-RIB. */
  type?: number;
  address?: string;
  as?: number;
  bgpId?: string;
  /** 16 hex digits. */
  distinguisher?: string;
  timestampMs?: number;
  isPostPolicy?: boolean;
  isAdjRibOut?: boolean;
  isTwoByteAsPath?: boolean;
  /** Loc-RIB's F flag. */
  isFiltered?: boolean;
  /** Overrides the flags byte. */
  flags?: number;
}

export interface OpenOptions {
  as?: number;
  holdTimeS?: number;
  bgpId?: string;
  /** Default true: capability 65 with `as`. */
  fourOctetAs?: boolean;
  /** [afi, safi] each. */
  families?: readonly (readonly [number, number])[];
  /** [afi, safi, 1 receive | 2 send | 3 both] each (RFC 7911 §4). */
  addPath?: readonly (readonly [number, number, number])[];
  /** [afi, safi, count] each (RFC 8277 §2.1). */
  multipleLabels?: readonly (readonly [number, number, number])[];
  /** RFC 9072: extended optional parameters length. */
  extendedParameters?: boolean;
}

export interface PeerUpOptions {
  localAddress?: string;
  localPort?: number;
  remotePort?: number;
  sentOpen?: OpenOptions;
  receivedOpen?: OpenOptions;
  /** VRF/Table Name TLV. */
  tableName?: string;
  information?: readonly { type: number; value: string | Uint8Array }[];
}

export interface UpdateOptions extends AttributeOptions {
  /** NLRI and withdrawn routes of RFC 4271 (IPv4 unicast). */
  announced?: readonly PrefixInput[];
  withdrawn?: readonly PrefixInput[];
  /** MP_REACH_NLRI; `nextHop` is hex or address text; several are joined. */
  mpReach?: { afi: number; safi: number; nextHop: string | readonly string[]; prefixes: readonly PrefixInput[] };
  mpUnreach?: { afi: number; safi: number; prefixes: readonly PrefixInput[] };
  /** Bytes put after (or as) the attributes. */
  rawAttributes?: Uint8Array;
  /** Bytes in place of `announced`. */
  rawAnnounced?: Uint8Array;
}

export function bmpMessage(type: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const header = Buffer.alloc(6);
  header[0] = 3;
  header.writeUInt32BE(6 + body.length, 1);
  header[5] = type;
  return Buffer.concat([header, body]);
}

/** 42 bytes (RFC 7854 §4.2). */
export function perPeerHeader(peer: PeerOptions): Buffer {
  const out = Buffer.alloc(42);
  const type = peer.type ?? 0;
  const address = addressBytes(peer.address ?? (type === 3 ? '0.0.0.0' : '192.0.2.1'));
  let flags = 0;
  if (type === 3) {
    if (peer.isFiltered) flags |= 0x80;
  } else {
    if (address.length === 16) flags |= 0x80;
    if (peer.isPostPolicy) flags |= 0x40;
    if (peer.isTwoByteAsPath) flags |= 0x20;
    if (peer.isAdjRibOut) flags |= 0x10;
  }
  out[0] = type;
  out[1] = peer.flags ?? flags;
  out.write(peer.distinguisher ?? '0000000000000000', 2, 'hex');
  address.copy(out, 26 - address.length);
  out.writeUInt32BE(peer.as ?? 65001, 26);
  addressBytes(peer.bgpId ?? '192.0.2.1').copy(out, 30);
  const timestampMs = peer.timestampMs ?? 1_700_000_000_000;
  out.writeUInt32BE(Math.floor(timestampMs / 1000), 34);
  out.writeUInt32BE(Math.round((timestampMs % 1000) * 1000), 38);
  return out;
}

export function initiation(options: { sysName?: string; sysDescr?: string; text?: string } = {}): Buffer {
  const tlvs: Buffer[] = [];
  if (options.text !== undefined) tlvs.push(tlv(0, options.text));
  if (options.sysDescr !== undefined) tlvs.push(tlv(1, options.sysDescr));
  tlvs.push(tlv(2, options.sysName ?? 'router'));
  return bmpMessage(4, ...tlvs);
}

export function termination(reason = 0): Buffer {
  const value = Buffer.alloc(2);
  value.writeUInt16BE(reason);
  return bmpMessage(5, tlv(1, value));
}

export function peerUp(peer: PeerOptions, options: PeerUpOptions = {}): Buffer {
  const local = Buffer.alloc(20);
  const localAddress = addressBytes(options.localAddress ?? '192.0.2.254');
  localAddress.copy(local, 16 - localAddress.length);
  local.writeUInt16BE(options.localPort ?? 179, 16);
  local.writeUInt16BE(options.remotePort ?? 40000, 18);
  const tlvs = (options.information ?? []).map((item) => tlv(item.type, item.value));
  if (options.tableName !== undefined) tlvs.push(tlv(3, options.tableName));
  const received = options.receivedOpen ?? { as: peer.as ?? 65001, bgpId: peer.bgpId ?? '192.0.2.1' };
  return bmpMessage(3, perPeerHeader(peer), local, bgpOpen(options.sentOpen ?? {}), bgpOpen(received), ...tlvs);
}

/** Reasons 1 and 3 carry a NOTIFICATION, 2 an FSM event, 6 TLVs (RFC 7854 §4.9, RFC 9069 §5.3). */
export function peerDown(peer: PeerOptions, reason = 4, data: Uint8Array = peerDownData(reason)): Buffer {
  return bmpMessage(2, perPeerHeader(peer), Buffer.from([reason]), data);
}

export function routeMonitoring(peer: PeerOptions, update: UpdateOptions | Uint8Array): Buffer {
  const pdu = update instanceof Uint8Array ? update : bgpUpdate({ isTwoByteAsPath: peer.isTwoByteAsPath, ...update });
  return bmpMessage(0, perPeerHeader(peer), pdu);
}

/** End-of-RIB (RFC 4724 §2): an empty UPDATE for IPv4 unicast, an empty MP_UNREACH_NLRI for others. */
export function endOfRib(peer: PeerOptions, afi = 1, safi = 1): Buffer {
  return routeMonitoring(peer, afi === 1 && safi === 1 ? {} : { mpUnreach: { afi, safi, prefixes: [] } });
}

export function statisticsReport(
  peer: PeerOptions,
  statistics: readonly { type: number; value: number | bigint | Uint8Array }[],
): Buffer {
  const count = Buffer.alloc(4);
  count.writeUInt32BE(statistics.length);
  return bmpMessage(1, perPeerHeader(peer), count, ...statistics.map((s) => tlv(s.type, statisticBytes(s.value))));
}

export function routeMirroring(peer: PeerOptions, pdu: Uint8Array = bgpUpdate({})): Buffer {
  return bmpMessage(6, perPeerHeader(peer), tlv(0, pdu));
}

/** A BGP OPEN with its 19-byte header. */
export function bgpOpen(options: OpenOptions): Buffer {
  const as = options.as ?? 65000;
  const capabilities: Buffer[] = [];
  for (const [afi, safi] of options.families ?? [[1, 1]]) capabilities.push(capability(1, [0, afi, 0, safi]));
  if (options.fourOctetAs ?? true) capabilities.push(capability(65, [...word(as)]));
  if (options.addPath)
    capabilities.push(
      capability(
        69,
        options.addPath.flatMap(([afi, safi, mode]) => [0, afi, safi, mode]),
      ),
    );
  if (options.multipleLabels) {
    capabilities.push(
      capability(
        8,
        options.multipleLabels.flatMap(([afi, safi, count]) => [0, afi, safi, count]),
      ),
    );
  }
  const extended = options.extendedParameters ?? false;
  const parameters = Buffer.concat(
    capabilities.map((c) => Buffer.concat([Buffer.from(extended ? [2, 0, c.length] : [2, c.length]), c])),
  );
  const fixed = Buffer.alloc(9);
  fixed[0] = 4;
  fixed.writeUInt16BE(as > 0xffff ? 23456 : as, 1);
  fixed.writeUInt16BE(options.holdTimeS ?? 90, 3);
  addressBytes(options.bgpId ?? '192.0.2.254').copy(fixed, 5);
  const size = extended
    ? Buffer.from([255, 255, parameters.length >> 8, parameters.length & 255])
    : Buffer.from([parameters.length]);
  return bgpPdu(1, fixed, size, parameters);
}

/** A BGP UPDATE with its 19-byte header. */
export function bgpUpdate(options: UpdateOptions): Buffer {
  const withdrawn = encodePrefixes(options.withdrawn ?? []);
  const announced = Buffer.from(options.rawAnnounced ?? encodePrefixes(options.announced ?? []));
  const attributes = [encodeAttributes(options)];
  if (options.mpReach) {
    const { afi, safi, nextHop, prefixes } = options.mpReach;
    const hop = Buffer.concat((typeof nextHop === 'string' ? [nextHop] : nextHop).map(addressBytes));
    const head = Buffer.from([0, afi, safi, hop.length]);
    attributes.push(attribute(14, Buffer.concat([head, hop, Buffer.from([0]), encodePrefixes(prefixes)]), 0x80));
  }
  if (options.mpUnreach) {
    const { afi, safi, prefixes } = options.mpUnreach;
    attributes.push(attribute(15, Buffer.concat([Buffer.from([0, afi, safi]), encodePrefixes(prefixes)]), 0x80));
  }
  if (options.rawAttributes) attributes.push(Buffer.from(options.rawAttributes));
  const all = Buffer.concat(attributes);
  const sizes = [Buffer.alloc(2), Buffer.alloc(2)];
  sizes[0].writeUInt16BE(withdrawn.length);
  sizes[1].writeUInt16BE(all.length);
  return bgpPdu(2, sizes[0], withdrawn, sizes[1], all, announced);
}

export function bgpPdu(type: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const header = Buffer.alloc(19, 0xff);
  header.writeUInt16BE(19 + body.length, 16);
  header[18] = type;
  return Buffer.concat([header, body]);
}

/** Address text, or hex digits of any length. */
export function addressBytes(text: string): Buffer {
  const address = ipAddressOf(text);
  if (address === null) return Buffer.from(text, 'hex');
  const words = address.family === 4 ? [address.w0] : [address.w0, address.w1, address.w2, address.w3];
  return Buffer.concat(words.map(word));
}

export function word(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeInt32BE(value | 0);
  return out;
}

function capability(code: number, value: readonly number[]): Buffer {
  return Buffer.from([code, value.length, ...value]);
}

function tlv(type: number, value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value);
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type);
  head.writeUInt16BE(bytes.length, 2);
  return Buffer.concat([head, bytes]);
}

function statisticBytes(value: number | bigint | Uint8Array): Uint8Array {
  if (typeof value === 'number') return word(value);
  if (typeof value !== 'bigint') return value;
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(value);
  return out;
}

function peerDownData(reason: number): Uint8Array {
  if (reason === 1 || reason === 3) return bgpPdu(3, Buffer.from([6, 4]));
  if (reason === 2) return Buffer.from([0, 8]);
  return Buffer.alloc(0);
}
