/**
 * The 42 bytes that say which peer and view a message is about (RFC 7854 §4.2; O flag RFC 8671 §4; peer type 3 RFC 9069 §4).
 *
 *   peer type (1) | flags (1) | distinguisher (8) | address (16), IPv4 in the last 4 | AS (4) | BGP ID (4) | seconds (4) | microseconds (4)
 *   flags, types 0-2:  V 0x80 IPv6 | L 0x40 post-policy | A 0x20 2-byte AS_PATH | O 0x10 Adj-RIB-Out       type 3:  F 0x80 filtered
 *
 * Route Monitoring comes in runs of one peer, so the texts of the last header are kept while its bytes stay the same.
 */

import { formatIp, readWord } from '../../base/ip.ts';
import { type PerPeerHeader, peerTypeLocRib } from './types.ts';

export const perPeerHeaderSize = 42;
/** Everything but the timestamp. */
const identitySize = 34;

const flagIpv6 = 0x80;
const flagPostPolicy = 0x40;
const flagTwoByteAsPath = 0x20;
const flagAdjRibOut = 0x10;
const flagFiltered = 0x80;

export class PerPeerHeaderReader {
  private readonly lastBytes = Buffer.alloc(identitySize);
  private isFilled = false;
  private distinguisher = '';
  private address = '';
  private bgpId = '';

  /** The 42 bytes at `at` must be there. */
  read(buffer: Buffer, at: number): PerPeerHeader {
    const type = buffer[at];
    const flags = buffer[at + 1];
    const isLocRib = type === peerTypeLocRib;
    if (!this.isLast(buffer, at)) this.remember(buffer, at, !isLocRib && (flags & flagIpv6) !== 0);
    return {
      type,
      flags,
      isIpv6: !isLocRib && (flags & flagIpv6) !== 0,
      isPostPolicy: !isLocRib && (flags & flagPostPolicy) !== 0,
      isTwoByteAsPath: !isLocRib && (flags & flagTwoByteAsPath) !== 0,
      isAdjRibOut: !isLocRib && (flags & flagAdjRibOut) !== 0,
      isFiltered: isLocRib && (flags & flagFiltered) !== 0,
      distinguisher: this.distinguisher,
      address: this.address,
      peerAs: readWord(buffer, at + 26) >>> 0,
      bgpId: this.bgpId,
      timestampMs: (readWord(buffer, at + 34) >>> 0) * 1000 + (readWord(buffer, at + 38) >>> 0) / 1000,
    };
  }

  private isLast(buffer: Buffer, at: number): boolean {
    if (!this.isFilled) return false;
    const last = this.lastBytes;
    for (let i = 0; i < identitySize; i++) if (buffer[at + i] !== last[i]) return false;
    return true;
  }

  private remember(buffer: Buffer, at: number, isIpv6: boolean): void {
    buffer.copy(this.lastBytes, 0, at, at + identitySize);
    this.isFilled = true;
    this.distinguisher = buffer.toString('hex', at + 2, at + 10);
    this.address = formatPeerAddress(buffer, at + 10, isIpv6);
    this.bgpId = formatIp(4, readWord(buffer, at + 30), 0, 0, 0);
  }
}

/** A 16-byte address field: all of it for IPv6, its last 4 bytes for IPv4. */
export function formatPeerAddress(buffer: Buffer, at: number, isIpv6: boolean): string {
  const last = readWord(buffer, at + 12);
  if (!isIpv6) return formatIp(4, last, 0, 0, 0);
  return formatIp(6, readWord(buffer, at), readWord(buffer, at + 4), readWord(buffer, at + 8), last);
}
