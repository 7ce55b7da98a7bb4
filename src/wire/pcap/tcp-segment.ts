/**
 * A captured packet → its TCP segment (RFC 9293 §3.1) in IPv4 (RFC 791) or IPv6 (RFC 8200), over Ethernet, Linux cooked capture, BSD
 * loopback, or no link layer (types: https://www.tcpdump.org/linktypes.html). Fragments and anything but TCP give null.
 */

import { formatIp, readWord } from '../../base/ip.ts';
import type { CapturedPacket } from './captured-packet.ts';

const linkNull = 0;
const linkEthernet = 1;
/** 12 and 14 are what some systems write for 101. */
const linksRaw = new Set([12, 14, 101, 228, 229]);
const linkLoop = 108;
const linkLinuxCooked = 113;
const linkLinuxCooked2 = 276;

const etherTypeIpv4 = 0x0800;
const etherTypeVlan = 0x8100;
const etherTypeIpv6 = 0x86dd;
const etherTypeQinQ = 0x88a8;
const protocolTcp = 6;
/** Hop-by-hop options, routing, destination options: IPv6 headers that may stand before TCP. */
const extensionHeaders = new Set([0, 43, 60]);

export interface TcpSegment {
  source: string;
  sourcePort: number;
  destination: string;
  destinationPort: number;
  sequence: number;
  /** Next byte that the sender expects from the other side; -1 = it does not say. */
  acknowledgment: number;
  isSyn: boolean;
  isFin: boolean;
  isReset: boolean;
  /** Range of the payload in the file. */
  start: number;
  end: number;
}

export function readTcpSegment(file: Buffer, packet: CapturedPacket): TcpSegment | null {
  const at = networkLayerStart(file, packet);
  if (at < 0 || at >= packet.end) return null;
  const version = file[at] >>> 4;
  if (version === 4) return readIpv4(file, at, packet.end);
  return version === 6 ? readIpv6(file, at, packet.end) : null;
}

/** Where the IP header begins; -1 when the packet is not IP. */
function networkLayerStart(file: Buffer, packet: CapturedPacket): number {
  const { end, linkType, start } = packet;
  if (linksRaw.has(linkType)) return start;
  if (linkType === linkNull || linkType === linkLoop) return start + 4;
  let typeAt = -1;
  if (linkType === linkEthernet) typeAt = start + 12;
  else if (linkType === linkLinuxCooked) typeAt = start + 14;
  else if (linkType === linkLinuxCooked2) typeAt = start;
  if (typeAt < 0 || typeAt + 2 > end) return -1;
  let etherType = file.readUInt16BE(typeAt);
  while ((etherType === etherTypeVlan || etherType === etherTypeQinQ) && typeAt + 6 <= end) {
    typeAt += 4;
    etherType = file.readUInt16BE(typeAt);
  }
  if (etherType !== etherTypeIpv4 && etherType !== etherTypeIpv6) return -1;
  return linkType === linkLinuxCooked2 ? start + 20 : typeAt + 2;
}

/** version, header length (1) | 1 | total length (2) | id (2) | fragment (2) | 1 | protocol (1) | 2 | source (4) | destination (4) */
function readIpv4(file: Buffer, at: number, packetEnd: number): TcpSegment | null {
  const headerSize = (file[at] & 15) * 4;
  if (headerSize < 20 || at + headerSize > packetEnd) return null;
  const isFragment = (file.readUInt16BE(at + 6) & 0x3fff) !== 0;
  if (isFragment || file[at + 9] !== protocolTcp) return null;
  const totalSize = file.readUInt16BE(at + 2);
  // A total length of 0 comes from segmentation offload: the packet's own end counts.
  const end = totalSize === 0 ? packetEnd : Math.min(packetEnd, at + totalSize);
  const source = formatIp(4, readWord(file, at + 12), 0, 0, 0);
  return readTcp(file, at + headerSize, end, source, formatIp(4, readWord(file, at + 16), 0, 0, 0));
}

/**
 * version, class, label (4) | payload length (2) | next header (1) | hop limit (1) | source (16) | destination (16)
 * extension header: next header (1) | length in 8 bytes, the first not counted (1) | …
 */
function readIpv6(file: Buffer, at: number, packetEnd: number): TcpSegment | null {
  if (at + 40 > packetEnd) return null;
  const payloadSize = file.readUInt16BE(at + 4);
  const end = payloadSize === 0 ? packetEnd : Math.min(packetEnd, at + 40 + payloadSize);
  let header = file[at + 6];
  let next = at + 40;
  while (extensionHeaders.has(header)) {
    if (next + 8 > end) return null;
    header = file[next];
    next += (file[next + 1] + 1) * 8;
  }
  if (header !== protocolTcp) return null;
  return readTcp(file, next, end, formatIpv6(file, at + 8), formatIpv6(file, at + 24));
}

function formatIpv6(file: Buffer, at: number): string {
  return formatIp(6, readWord(file, at), readWord(file, at + 4), readWord(file, at + 8), readWord(file, at + 12));
}

/** source port (2) | destination port (2) | sequence (4) | acknowledgment (4) | data offset, flags (2) | … */
function readTcp(file: Buffer, at: number, end: number, source: string, destination: string): TcpSegment | null {
  if (at + 20 > end) return null;
  const start = at + (file[at + 12] >>> 4) * 4;
  if (start < at + 20 || start > end) return null;
  const flags = file[at + 13];
  return {
    source,
    sourcePort: file.readUInt16BE(at),
    destination,
    destinationPort: file.readUInt16BE(at + 2),
    sequence: file.readUInt32BE(at + 4),
    acknowledgment: (flags & 16) === 0 ? -1 : file.readUInt32BE(at + 8),
    isSyn: (flags & 2) !== 0,
    isFin: (flags & 1) !== 0,
    isReset: (flags & 4) !== 0,
    start,
    end,
  };
}
