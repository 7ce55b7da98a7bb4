/**
 * NLRI bytes → rows of an NlriList. Unicast (RFC 4271 §4.3) and labeled unicast (RFC 8277 §2), with or without path id (RFC 7911 §3):
 *
 *   [path id (4)] | length in bits (1) | [label (3) …] | prefix, as many bytes as its bits need
 *
 * The negotiated form stands unless the other one grades strictly better (nlri-list.ts). Nothing of a field that fits neither form is
 * believed. Rare here: a prefix shorter than any allocated, a default route with a huge path id, or nothing but path ids that begin like
 * a prefix (two /24 without path ids read well as one /24 whose path id is the first of them). Odd: the default route twice without path
 * ids, what a path id below 256 looks like.
 */

import {
  appendPrefix,
  labelSize,
  labelsNone,
  nlriClean,
  type NlriField,
  nlriOdd,
  nlriRare,
  nlriUnreadable,
} from './nlri-list.ts';
import { readVpnPrefixes } from './vpn-nlri.ts';
import { type NlriList, safiVpn } from './types.ts';

const shortestUsualV4 = 8;
const shortestUsualV6 = 16;

/** Appends the field's prefixes. Returns 0 when neither form fits (nothing appended), 1 as negotiated, 2 the other way. */
export function appendNlri(list: NlriList, buffer: Uint8Array, field: NlriField): 0 | 1 | 2 {
  const before = list.count;
  const negotiated = readForm(list, buffer, field, field.hasPathId);
  if (negotiated === nlriClean) return 1;
  const after = list.count;
  const other = readForm(list, buffer, field, !field.hasPathId);
  if (other > negotiated) {
    list.count = before;
    readForm(list, buffer, field, !field.hasPathId);
    return 2;
  }
  list.count = negotiated === nlriUnreadable ? before : after;
  return negotiated === nlriUnreadable ? 0 : 1;
}

function readForm(list: NlriList, buffer: Uint8Array, field: NlriField, hasPathId: boolean): number {
  return field.safi === safiVpn
    ? readVpnPrefixes(list, buffer, field, hasPathId)
    : readPrefixes(list, buffer, field, hasPathId);
}

/** Appends prefixes until the end or an error, and grades them. */
function readPrefixes(list: NlriList, buffer: Uint8Array, field: NlriField, hasPathId: boolean): number {
  const { end, family } = field;
  const maximum = family === 4 ? 32 : 128;
  const shortest = family === 4 ? shortestUsualV4 : shortestUsualV6;
  let grade = nlriClean;
  let defaults = 0;
  let areIdsLikePrefixes = hasPathId && field.start < end;
  for (let at = field.start; at < end;) {
    let pathId = 0;
    if (hasPathId) {
      if (at + 5 > end) return nlriUnreadable;
      pathId = (buffer[at] << 24) | (buffer[at + 1] << 16) | (buffer[at + 2] << 8) | buffer[at + 3];
      if (buffer[at] < shortest || buffer[at] > maximum) areIdsLikePrefixes = false;
      at += 4;
    }
    let bits = buffer[at++];
    const prefixEnd = at + ((bits + 7) >>> 3);
    if (prefixEnd > end) return nlriUnreadable;
    if (field.labels !== labelsNone) {
      const labelBytes = labelSize(buffer, at, bits, field.labels);
      at += labelBytes;
      bits -= labelBytes * 8;
    }
    if (bits < 0 || bits > maximum) return nlriUnreadable;
    if (bits < shortest) {
      if (bits > 0 || (hasPathId && pathId >>> 24 !== 0)) grade = Math.min(grade, nlriRare);
      else if (!hasPathId && ++defaults > 1) grade = nlriOdd;
    }
    if ((bits & 7) !== 0 && (buffer[prefixEnd - 1] & (0xff >>> (bits & 7))) !== 0) grade = nlriOdd;
    appendPrefix(list, buffer, at, bits, field, pathId, hasPathId);
    at = prefixEnd;
  }
  return areIdsLikePrefixes ? Math.min(grade, nlriRare) : grade;
}

/** Entries of a family that is not kept: bit-length prefixes are counted, any other field is one. */
export function countEntries(
  buffer: Uint8Array,
  start: number,
  end: number,
  family: number,
  hasPathId: boolean,
): number {
  const afi = family >>> 8;
  const safi = family & 0xff;
  if ((afi !== 1 && afi !== 2) || (safi !== 2 && safi !== 129 && safi !== 132)) return 1;
  let count = 0;
  let at = start;
  while (at < end) {
    if (hasPathId) at += 4;
    if (at >= end) return 1;
    at += 1 + ((buffer[at] + 7) >>> 3);
    count++;
  }
  return at === end ? count : 1;
}
