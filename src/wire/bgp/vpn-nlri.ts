/**
 * VPN-IPv4 and VPN-IPv6 NLRI (RFC 4364 §4.3.4, RFC 4659 §3.2, labels RFC 8277 §2), with or without path id (RFC 7911 §3):
 *
 *   [path id (4)] | length in bits (1) | label (3) … | RD (8) | prefix, as many bytes as its bits need
 *
 * The length counts labels and RD. A field read in the wrong ADD-PATH form has no room for them, or an RD of no known type (rare here).
 */

import { readWord } from '../../base/ip.ts';
import { appendPrefix, labelSize, nlriClean, type NlriField, nlriOdd, nlriRare, nlriUnreadable } from './nlri-list.ts';
import type { NlriList } from './types.ts';

const rdBits = 64;
/** RFC 4364 §4.2. */
const lastRdType = 2;

/** Appends prefixes until the end or an error, and grades them. */
export function readVpnPrefixes(list: NlriList, buffer: Uint8Array, field: NlriField, hasPathId: boolean): number {
  const { end, family, labels } = field;
  const maximum = family === 4 ? 32 : 128;
  let grade = nlriClean;
  for (let at = field.start; at < end;) {
    let pathId = 0;
    if (hasPathId) {
      if (at + 5 > end) return nlriUnreadable;
      pathId = readWord(buffer, at);
      at += 4;
    }
    let bits = buffer[at++];
    const prefixEnd = at + ((bits + 7) >>> 3);
    if (prefixEnd > end) return nlriUnreadable;
    const labelBytes = labelSize(buffer, at, bits - rdBits, labels);
    bits -= labelBytes * 8 + rdBits;
    if (bits < 0 || bits > maximum) return nlriUnreadable;
    at += labelBytes;
    const rdHigh = readWord(buffer, at);
    if (rdHigh >>> 16 > lastRdType) grade = Math.min(grade, nlriRare);
    if ((bits & 7) !== 0 && (buffer[prefixEnd - 1] & (0xff >>> (bits & 7))) !== 0) grade = nlriOdd;
    const row = list.count;
    appendPrefix(list, buffer, at + 8, bits, field, pathId, hasPathId);
    list.rdHigh[row] = rdHigh;
    list.rdLow[row] = readWord(buffer, at + 4);
    at = prefixEnd;
  }
  return grade;
}
