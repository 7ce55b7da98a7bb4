/**
 * The columns that NLRI are read into, and what the readers of its families (nlri.ts, vpn-nlri.ts, evpn-nlri.ts) share.
 *
 * Senders break the ADD-PATH they negotiated (FRR 8.4 never writes path ids, GoBGP 3.10 leaves them out after policy), so each field is
 * graded while it is read: 0 does not fit, 1 fits with what no sender writes, 2 fits with what is rare, 3 clean.
 */

import type { NlriList } from './types.ts';

/** Does not fit: a length over the maximum, or bytes left over. */
export const nlriUnreadable = 0;
/** Bits set beyond the prefix length, or the default route twice without path ids (what a path id below 256 looks like). */
export const nlriOdd = 1;
/**
 * A prefix shorter than any allocated, a default route with a huge path id, or nothing but path ids that begin like a prefix (two /24
 * without path ids read well as one /24 whose path id is the first of them).
 */
export const nlriRare = 2;
export const nlriClean = 3;

/** How a labeled prefix spells its labels. */
export const labelsNone = 0;
/** One 3-octet field, bottom-of-stack bit ignored; also every withdrawal (RFC 8277 §2.2, §2.4). */
export const labelsOne = 1;
/** A stack that ends with the bottom-of-stack bit (RFC 8277 §2.3). */
export const labelsStack = 2;

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
    rdHigh: new Int32Array(capacity),
    rdLow: new Int32Array(capacity),
    ethernetTag: new Uint32Array(capacity),
  };
}

/** Bytes of labels at the front of `bits` bits; a stack without an end is read as one label. */
export function labelSize(buffer: Uint8Array, at: number, bits: number, labels: number): number {
  if (labels === labelsStack) {
    for (let size = 3; size * 8 <= bits; size += 3) if ((buffer[at + size - 1] & 1) !== 0) return size;
  }
  return 3;
}

/** One row, without an RD: families that have one set it after. */
export function appendPrefix(
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
  list.rdHigh[row] = 0;
  list.rdLow[row] = 0;
  list.ethernetTag[row] = 0;
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
  grown.rdHigh.set(list.rdHigh);
  grown.rdLow.set(list.rdLow);
  grown.ethernetTag.set(list.ethernetTag);
  Object.assign(list, grown, { count: list.count });
}
