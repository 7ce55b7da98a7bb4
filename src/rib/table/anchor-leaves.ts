/**
 * Leaves of anchors: up to 256 IPv6 prefixes of one /32 in prefix order, each longer than /32, with what most comparisons need.
 *
 *   entry (2 words)   0 second word of the prefix | 1 prefix id (25 bits) << 7 | length - 33
 *
 * Only prefixes longer than /64 with equal second words are told apart by their records.
 */

import { BlockPages } from './block-pages.ts';
import { cellWords, type PrefixRecords } from './prefix-records.ts';

export const entryWords = 2;
const lengthMask = 127;
const shortest = 33;

export class AnchorLeaves {
  readonly pages = new BlockPages();
  readonly #records: PrefixRecords;

  constructor(records: PrefixRecords) {
    this.#records = records;
    // So that no leaf is at place 0, which stands for none.
    this.pages.allocate(1);
  }

  /** Place of the last entry of the leaf that is not after the key, -1 when all are. Length 129: any prefix that begins there. */
  seek(leaf: number, count: number, w1: number, w2: number, w3: number, length: number): number {
    const words = this.pages.blocks.words;
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = leaf + middle * entryWords;
      if (this.compare(words[at], words[at + 1], w1, w2, w3, length) > 0) high = middle;
      else low = middle + 1;
    }
    return low - 1;
  }

  /** Below 0 when the entry comes before the key in prefix order, 0 when it is the key. */
  compare(first: number, second: number, w1: number, w2: number, w3: number, length: number): number {
    if (first !== w1) return first >>> 0 < w1 >>> 0 ? -1 : 1;
    const entryLength = lengthOf(second);
    if (entryLength <= 64) return (w2 | w3) === 0 ? entryLength - length : -1;
    const record = idOf(second) * cellWords;
    const records = this.#records.slab.words;
    const e2 = records[record + 4];
    if (e2 !== w2) return e2 >>> 0 < w2 >>> 0 ? -1 : 1;
    const e3 = records[record + 5];
    if (e3 !== w3) return e3 >>> 0 < w3 >>> 0 ? -1 : 1;
    return entryLength - length;
  }

  /** How many bits, from the first of 128, the entry's prefix has in common with an address in the same /32. */
  commonBits(entry: number, w1: number, w2: number, w3: number): number {
    const words = this.pages.blocks.words;
    const differ1 = words[entry] ^ w1;
    if (differ1 !== 0) return 32 + Math.clz32(differ1);
    const second = words[entry + 1];
    if (lengthOf(second) <= 64) return 64;
    const record = idOf(second) * cellWords;
    const records = this.#records.slab.words;
    const differ2 = records[record + 4] ^ w2;
    if (differ2 !== 0) return 64 + Math.clz32(differ2);
    return 96 + Math.clz32(records[record + 5] ^ w3);
  }

  idAt(entry: number): number {
    return idOf(this.pages.blocks.words[entry + 1]);
  }

  lengthAt(entry: number): number {
    return lengthOf(this.pages.blocks.words[entry + 1]);
  }

  /** Puts an entry at the place; where the leaf is now. */
  insert(leaf: number, count: number, place: number, w1: number, id: number, length: number): number {
    const needed = (count + 1) * entryWords;
    let to = leaf;
    if (count === 0) to = this.pages.allocate(needed);
    else if (needed > this.pages.capacity(leaf)) to = this.pages.move(leaf, count * entryWords, needed);
    const words = this.pages.blocks.words;
    const at = to + place * entryWords;
    words.copyWithin(at + entryWords, at, to + count * entryWords);
    words[at] = w1;
    words[at + 1] = (id << 7) | (length - shortest);
    return to;
  }

  /** Takes the entry at the place out; where the leaf is now, 0 when it was the last (and the leaf is freed). */
  remove(leaf: number, count: number, place: number): number {
    if (count === 1) {
      this.pages.free(leaf);
      return 0;
    }
    const words = this.pages.blocks.words;
    const at = leaf + place * entryWords;
    words.copyWithin(at, at + entryWords, leaf + count * entryWords);
    return this.fit(leaf, count - 1);
  }

  /** Moves the leaf to a smaller block when its own is too large for `count`; where it is. */
  fit(leaf: number, count: number): number {
    const size = count * entryWords;
    return this.pages.isTooLarge(this.pages.capacity(leaf), size) ? this.pages.move(leaf, size, size) : leaf;
  }

  /** A new leaf of the entries from `from` to `end`. */
  copy(leaf: number, from: number, end: number): number {
    const to = this.pages.allocate((end - from) * entryWords);
    this.pages.blocks.words.copyWithin(to, leaf + from * entryWords, leaf + end * entryWords);
    return to;
  }

  /** One leaf of both; frees them. */
  join(one: number, oneCount: number, other: number, otherCount: number): number {
    const to = this.pages.allocate((oneCount + otherCount) * entryWords);
    const words = this.pages.blocks.words;
    words.copyWithin(to, one, one + oneCount * entryWords);
    words.copyWithin(to + oneCount * entryWords, other, other + otherCount * entryWords);
    this.pages.free(one);
    this.pages.free(other);
    return to;
  }

  /** True when one of the entries has the length. */
  hasLength(leaf: number, count: number, length: number): boolean {
    const words = this.pages.blocks.words;
    const end = leaf + count * entryWords;
    for (let at = leaf + 1; at < end; at += entryWords) if (lengthOf(words[at]) === length) return true;
    return false;
  }
}

function idOf(second: number): number {
  return second >>> 7;
}

function lengthOf(second: number): number {
  return (second & lengthMask) + shortest;
}
