/**
 * EVPN NLRI (RFC 7432 §7, AFI 25 SAFI 70), of which only IP prefixes (RFC 9136 §3.1) are routes to keep; other types are counted.
 *
 *   [path id (4)] | route type (1) | length (1) | value
 *   type 5: RD (8) | ESI (10) | Ethernet tag (4) | prefix length (1) | prefix (4 or 16) | gateway (4 or 16) | label (3)
 *
 * Its length, 34 or 58, says the family; RD, tag and prefix are its key. Routes with both an ESI and a gateway count as withdrawn.
 * A field is walked twice: to see which ADD-PATH form fits (lengths must meet the end, types be known), then to read it.
 */

import { readWord } from '../../base/ip.ts';
import { appendPrefix, labelsNone, nlriClean, type NlriField, nlriOdd, nlriRare, nlriUnreadable } from './nlri-list.ts';
import { type BgpUpdate, type NlriList, safiEvpn } from './types.ts';

const typeIpPrefix = 5;
/** The highest type that IANA has given. */
const lastKnownType = 11;
const sizeV4 = 34;
const sizeV6 = 58;
const tagAt = 18;
const lengthAt = 22;
const prefixAt = 23;

const row: NlriField = {
  start: 0,
  end: 0,
  family: 4,
  safi: safiEvpn,
  labels: labelsNone,
  hasPathId: false,
  attributeSet: 0,
};

/** Reads [start, end) into `list`. Returns 0 when neither form fits (nothing read), 1 as negotiated, 2 the other way. */
export function readEvpn(
  buffer: Uint8Array,
  start: number,
  end: number,
  hasPathId: boolean,
  attributeSet: number,
  list: NlriList,
  into: BgpUpdate,
): 0 | 1 | 2 {
  row.attributeSet = attributeSet;
  const negotiated = gradeForm(buffer, start, end, hasPathId);
  if (negotiated < nlriClean && gradeForm(buffer, start, end, !hasPathId) > negotiated) {
    readForm(buffer, start, end, !hasPathId, list, into);
    return 2;
  }
  if (negotiated === nlriUnreadable) return 0;
  readForm(buffer, start, end, hasPathId, list, into);
  return 1;
}

function gradeForm(buffer: Uint8Array, start: number, end: number, hasPathId: boolean): number {
  let grade = nlriClean;
  for (let at = start; at < end;) {
    if (hasPathId) at += 4;
    if (at + 2 > end) return nlriUnreadable;
    const type = buffer[at];
    const size = buffer[at + 1];
    at += 2;
    if (at + size > end) return nlriUnreadable;
    if (type === 0 || (type === typeIpPrefix && familyOf(buffer, at, size) === 0)) grade = nlriOdd;
    else if (type > lastKnownType) grade = Math.min(grade, nlriRare);
    at += size;
  }
  return grade;
}

function readForm(
  buffer: Uint8Array,
  start: number,
  end: number,
  hasPathId: boolean,
  list: NlriList,
  into: BgpUpdate,
): void {
  for (let at = start; at < end;) {
    let pathId = 0;
    if (hasPathId) {
      pathId = readWord(buffer, at);
      at += 4;
    }
    const type = buffer[at];
    const size = buffer[at + 1];
    at += 2;
    if (type === typeIpPrefix) readIpPrefix(buffer, at, size, pathId, hasPathId, list, into);
    else into.skippedEvpnTypes.set(type, (into.skippedEvpnTypes.get(type) ?? 0) + 1);
    at += size;
  }
}

function readIpPrefix(
  buffer: Uint8Array,
  at: number,
  size: number,
  pathId: number,
  hasPathId: boolean,
  list: NlriList,
  into: BgpUpdate,
): void {
  const family = familyOf(buffer, at, size);
  if (family === 0) {
    into.unparsableNlri = true;
    into.problem = `evpn ip prefix of ${size} bytes with a prefix length of ${buffer[at + lengthAt]}: not believed`;
    return;
  }
  const gatewayAt = at + prefixAt + (family === 4 ? 4 : 16);
  let to = list;
  if (isAnySet(buffer, at + 8, at + tagAt) && isAnySet(buffer, gatewayAt, at + size - 3)) {
    into.treatAsWithdraw = true;
    into.problem = 'evpn ip prefix with both an esi and a gateway: taken as withdrawn';
    to = into.withdrawn;
  }
  row.family = family;
  const index = to.count;
  appendPrefix(to, buffer, at + prefixAt, buffer[at + lengthAt], row, pathId, hasPathId);
  to.rdHigh[index] = readWord(buffer, at);
  to.rdLow[index] = readWord(buffer, at + 4);
  to.ethernetTag[index] = readWord(buffer, at + tagAt);
}

/** 4 or 6; 0 when length and prefix length do not say. */
function familyOf(buffer: Uint8Array, at: number, size: number): 0 | 4 | 6 {
  if (size === sizeV4) return buffer[at + lengthAt] <= 32 ? 4 : 0;
  return size === sizeV6 && buffer[at + lengthAt] <= 128 ? 6 : 0;
}

function isAnySet(buffer: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (buffer[at] !== 0) return true;
  return false;
}
