/**
 * NLRI bytes → rows of an NlriList. Unicast (RFC 4271 §4.3) and labeled unicast (RFC 8277 §2), with or without path id (RFC 7911 §3):
 *
 *   [path id (4)] | length in bits (1) | [label (3) …] | prefix, as many bytes as its bits need
 *
 * Senders break the ADD-PATH they negotiated (FRR 8.4 never writes path ids, GoBGP 3.10 leaves them out after policy), so each field is
 * graded while it is read: 0 does not fit, 1 fits with what no sender writes, 2 fits with what is rare, 3 clean. The negotiated form
 * stands unless the other form grades strictly better. Nothing of a field that fits neither form is believed.
 */

import type { NlriList } from './types.ts';

/** Does not fit: a length over the maximum, or bytes left over. */
const nlriUnreadable = 0;
/** Bits set beyond the prefix length, or the default route twice without path ids (what a path id below 256 looks like). */
const nlriOdd = 1;
/**
 * A prefix shorter than any allocated, a default route with a huge path id, or nothing but path ids that begin like a prefix (two /24
 * without path ids read well as one /24 whose path id is the first of them).
 */
const nlriRare = 2;
const nlriClean = 3;

const shortestUsualV4 = 8;
const shortestUsualV6 = 16;

/** How a labeled prefix spells its labels. */
export const labelsNone = 0;
/** One 3-octet field, bottom-of-stack bit ignored; also every withdrawal (RFC 8277 §2.2, §2.4). */
export const labelsOne = 1;
/** A stack that ends with the bottom-of-stack bit (RFC 8277 §2.3). */
export const labelsStack = 2;

export function createNlriList(capacity = 256): NlriList {
  return {
    count: 0,
    family: new Uint8Array(capacity),
    safi: new Uint8Array(capacity),
    length: new Uint8Array(capacity),
    w0: new Int32Array(capacity),
    w1: new Int32Array(capacity),
    w2: new Int32Array(capacity),
    w3: new Int32Array(capacity),
    pathId: new Uint32Array(capacity),
    hasPathId: new Uint8Array(capacity),
    attributeSet: new Uint8Array(capacity),
  };
}

/** One NLRI field as it is to be read; a reused argument record, filled by the caller. */
export interface NlriField {
  start: number;
  end: number;
  /** 4 or 6. */
  family: number;
  safi: number;
  /** labelsNone, labelsOne or labelsStack. */
  labels: number;
  hasPathId: boolean;
  attributeSet: number;
}

/** Appends the field's prefixes. Returns 0 when neither form fits (nothing appended), 1 as negotiated, 2 the other way. */
export function appendNlri(list: NlriList, buffer: Uint8Array, field: NlriField): 0 | 1 | 2 {
  const before = list.count;
  const negotiated = readPrefixes(list, buffer, field, field.hasPathId);
  if (negotiated === nlriClean) return 1;
  const after = list.count;
  const other = readPrefixes(list, buffer, field, !field.hasPathId);
  if (other > negotiated) {
    list.count = before;
    readPrefixes(list, buffer, field, !field.hasPathId);
    return 2;
  }
  list.count = negotiated === nlriUnreadable ? before : after;
  return negotiated === nlriUnreadable ? 0 : 1;
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

/** Bytes of labels at the front of `bits` bits; a stack without an end is read as one label. */
function labelSize(buffer: Uint8Array, at: number, bits: number, labels: number): number {
  if (labels === labelsStack) {
    for (let size = 3; size * 8 <= bits; size += 3) if ((buffer[at + size - 1] & 1) !== 0) return size;
  }
  return 3;
}

function appendPrefix(
  list: NlriList,
  buffer: Uint8Array,
  at: number,
  bits: number,
  field: NlriField,
  pathId: number,
  hasPathId: boolean,
): void {
  const row = list.count;
  if (row === list.length.length) growNlriList(list);
  list.family[row] = field.family;
  list.safi[row] = field.safi;
  list.length[row] = bits;
  list.w0[row] = maskedWord(buffer, at, bits);
  if (field.family === 4) {
    list.w1[row] = 0;
    list.w2[row] = 0;
    list.w3[row] = 0;
  } else {
    list.w1[row] = maskedWord(buffer, at + 4, bits - 32);
    list.w2[row] = maskedWord(buffer, at + 8, bits - 64);
    list.w3[row] = maskedWord(buffer, at + 12, bits - 96);
  }
  list.pathId[row] = pathId;
  list.hasPathId[row] = hasPathId ? 1 : 0;
  list.attributeSet[row] = field.attributeSet;
  list.count = row + 1;
}

/** The first `bits` bits (any number; at most 32 are taken) at `at` as a word, the rest 0. Reads no byte beyond them. */
function maskedWord(buffer: Uint8Array, at: number, bits: number): number {
  if (bits <= 0) return 0;
  let word = buffer[at] << 24;
  if (bits > 8) word |= buffer[at + 1] << 16;
  if (bits > 16) word |= buffer[at + 2] << 8;
  if (bits > 24) word |= buffer[at + 3];
  return bits >= 32 ? word : word & (-1 << (32 - bits));
}

function growNlriList(list: NlriList): void {
  const grown = createNlriList(list.length.length * 2);
  grown.family.set(list.family);
  grown.safi.set(list.safi);
  grown.length.set(list.length);
  grown.w0.set(list.w0);
  grown.w1.set(list.w1);
  grown.w2.set(list.w2);
  grown.w3.set(list.w3);
  grown.pathId.set(list.pathId);
  grown.hasPathId.set(list.hasPathId);
  grown.attributeSet.set(list.attributeSet);
  Object.assign(list, grown, { count: list.count });
}

/** Entries of a family that is not kept: bit-length prefixes are counted, EVPN routes (RFC 7432 §7) too, any other field is one. */
export function countEntries(
  buffer: Uint8Array,
  start: number,
  end: number,
  family: number,
  hasPathId: boolean,
): number {
  const afi = family >>> 8;
  const safi = family & 0xff;
  const isPrefixes = (afi === 1 || afi === 2) && (safi === 2 || safi === 128 || safi === 129 || safi === 132);
  const isEvpn = afi === 25 && safi === 70;
  if (!isPrefixes && !isEvpn) return 1;
  let count = 0;
  let at = start;
  while (at < end) {
    if (hasPathId) at += 4;
    if (isEvpn) at += 1;
    if (at >= end) return 1;
    at += 1 + (isEvpn ? buffer[at] : (buffer[at] + 7) >>> 3);
    count++;
  }
  return at === end ? count : 1;
}
