/**
 * IPv6 prefixes longer than /32: an anchor stands for one /32 that contains some and keeps them in prefix order, in one leaf
 * (anchor-leaves.ts) or, beyond 256, in several under a directory, so that no update moves much. An address is covered by the last prefix
 * that does not begin after it, or by one that covers both: these are looked for by the lengths that the anchor has, longest first.
 *
 *   anchor (6 words)   0 the /32 (freed: next free anchor) | 1 its leaf, or its directory
 *                      2 prefixes in the leaf; below 0: leaves in the directory, negated
 *                      3-5 lengths present: 33-64, 65-96, 97-128, bit 0 the shortest. With a directory some may have gone meanwhile
 *   directory          for each leaf 4 words: place, prefixes, first two words of its first entry
 *
 * An index by /32 leads straight to the anchor.
 *
 * Invariant: an anchor in use has at least one prefix, and so has each leaf. Anchors are 1 and up.
 * Cost: 30 to 32 bytes an anchor, 8 a prefix; with a directory 12 to 16 a prefix where they came in random order.
 */

import { AnchorLeaves, entryWords } from './anchor-leaves.ts';
import type { PrefixRecords } from './prefix-records.ts';
import { Slab } from './slab.ts';
import { TaggedIndex, type HashSource } from './tagged-index.ts';

const anchorWords = 6;
const content = 1;
const size = 2;
const lengths = 3;
const leafLimit = 256;
const directoryWords = 4;

export class Anchors implements HashSource {
  readonly #slab = new Slab(anchorWords * 2);
  readonly #leaves: AnchorLeaves;
  readonly #records: PrefixRecords;
  readonly #index: TaggedIndex;
  #end = 1;
  #free = 0;
  /** What `#locate` found: the leaf, how many entries it has, its place in the directory (-1: the anchor's only one). */
  #leaf = 0;
  #count = 0;
  #inDirectory = -1;

  constructor(records: PrefixRecords) {
    this.#records = records;
    this.#leaves = new AnchorLeaves(records);
    this.#index = new TaggedIndex(this);
  }

  get bytes(): number {
    return this.#slab.bytes + this.#leaves.pages.bytes + this.#index.bytes;
  }

  hashOf(anchor: number): number {
    return this.#records.hashWord(this.#slab.words[anchor * anchorWords]);
  }

  /** The anchor of a /32, 0 for none. */
  find(w0: number): number {
    const words = this.#slab.words;
    let anchor = this.#index.seek(this.#records.hashWord(w0));
    while (anchor !== 0 && words[anchor * anchorWords] !== w0) anchor = this.#index.next();
    return anchor;
  }

  /** An anchor without prefixes: `insert` must follow. */
  add(w0: number): number {
    let anchor = this.#free;
    if (anchor === 0) {
      anchor = this.#end++;
      this.#slab.ensure(this.#end * anchorWords);
    } else {
      this.#free = this.#slab.words[anchor * anchorWords];
    }
    const at = anchor * anchorWords;
    this.#slab.words.fill(0, at, at + anchorWords);
    this.#slab.words[at] = w0;
    this.#index.insert(this.hashOf(anchor), anchor);
    return anchor;
  }

  /** Frees an anchor without prefixes. */
  free(anchor: number): void {
    this.#index.remove(this.hashOf(anchor), anchor);
    this.#slab.words[anchor * anchorWords] = this.#free;
    this.#free = anchor;
  }

  /** Id of the prefix, 0 for none. */
  exact(anchor: number, w1: number, w2: number, w3: number, length: number): number {
    const place = this.#locate(anchor, w1, w2, w3, length);
    if (place < 0) return 0;
    const entry = this.#leaf + place * entryWords;
    const words = this.#leaves.pages.blocks.words;
    return this.#leaves.compare(words[entry], words[entry + 1], w1, w2, w3, length) === 0
      ? this.#leaves.idAt(entry)
      : 0;
  }

  /** Longest prefix of 33 to `longest` bits over the address, 0 for none. */
  longest(anchor: number, w1: number, w2: number, w3: number, longest: number): number {
    const place = this.#locate(anchor, w1, w2, w3, 129);
    if (place < 0) return 0;
    const entry = this.#leaf + place * entryWords;
    const length = this.#leaves.lengthAt(entry);
    const common = this.#leaves.commonBits(entry, w1, w2, w3);
    if (length <= common && length <= longest) return this.#leaves.idAt(entry);
    // Whatever else covers the address covers that prefix too.
    return this.#longestOfLengths(anchor, w1, w2, w3, Math.min(longest, common, length - 1));
  }

  /** Adds a prefix that is not there. */
  insert(anchor: number, id: number, w1: number, w2: number, w3: number, length: number): void {
    const at = anchor * anchorWords;
    let place = 0;
    if (this.#slab.words[at + size] === 0) {
      this.#leaf = 0;
      this.#count = 0;
      this.#inDirectory = -1;
    } else {
      place = this.#locate(anchor, w1, w2, w3, length) + 1;
      if (this.#count === leafLimit) {
        this.#split(anchor, place);
        place = this.#locate(anchor, w1, w2, w3, length) + 1;
      }
    }
    const leaf = this.#leaves.insert(this.#leaf, this.#count, place, w1, id, length);
    this.#enter(anchor, leaf, this.#count + 1);
    this.#slab.words[at + lengths + ((length - 33) >>> 5)] |= 1 << ((length - 1) & 31);
  }

  /** Takes a prefix out that is there; true when none is left. */
  remove(anchor: number, w1: number, w2: number, w3: number, length: number): boolean {
    const at = anchor * anchorWords;
    const place = this.#locate(anchor, w1, w2, w3, length);
    const leaf = this.#leaves.remove(this.#leaf, this.#count, place);
    if (this.#inDirectory < 0) {
      this.#slab.words[at + content] = leaf;
      this.#slab.words[at + size]--;
      if (leaf === 0) return true;
      if (!this.#leaves.hasLength(leaf, this.#count - 1, length)) {
        this.#slab.words[at + lengths + ((length - 33) >>> 5)] &= ~(1 << ((length - 1) & 31));
      }
      return false;
    }
    if (leaf === 0) {
      this.#removeLeaf(anchor, this.#inDirectory);
    } else {
      this.#enter(anchor, leaf, this.#count - 1);
      if (this.#count - 1 < leafLimit / 4) this.#merge(anchor, this.#inDirectory);
    }
    return false;
  }

  /** Leaves of the anchor; `leafAt` and `countAt` give the one at a place. */
  leafCount(anchor: number): number {
    return Math.max(1, -this.#slab.words[anchor * anchorWords + size]);
  }

  leafAt(anchor: number, place: number): number {
    const words = this.#slab.words;
    const at = anchor * anchorWords;
    return words[at + size] > 0
      ? words[at + content]
      : this.#leaves.pages.blocks.words[words[at + content] + place * directoryWords];
  }

  countAt(anchor: number, place: number): number {
    const words = this.#slab.words;
    const at = anchor * anchorWords;
    return words[at + size] > 0
      ? words[at + size]
      : this.#leaves.pages.blocks.words[words[at + content] + place * directoryWords + 1];
  }

  /** Prefix id of an entry of a leaf. */
  idIn(leaf: number, place: number): number {
    return this.#leaves.idAt(leaf + place * entryWords);
  }

  /** Finds the leaf, and in it the place of the last entry not after the key; -1 when all are. */
  #locate(anchor: number, w1: number, w2: number, w3: number, length: number): number {
    const words = this.#slab.words;
    const at = anchor * anchorWords;
    this.#inDirectory = -1;
    this.#leaf = words[at + content];
    this.#count = words[at + size];
    if (this.#count < 0) this.#chooseLeaf(this.#leaf, -this.#count, w1, w2, w3, length);
    return this.#leaves.seek(this.#leaf, this.#count, w1, w2, w3, length);
  }

  /** The last leaf whose first entry is not after the key, or the first one. */
  #chooseLeaf(directory: number, leafCount: number, w1: number, w2: number, w3: number, length: number): void {
    const words = this.#leaves.pages.blocks.words;
    let low = 1;
    let high = leafCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = directory + middle * directoryWords;
      if (this.#leaves.compare(words[at + 2], words[at + 3], w1, w2, w3, length) > 0) high = middle;
      else low = middle + 1;
    }
    this.#inDirectory = low - 1;
    const at = directory + this.#inDirectory * directoryWords;
    this.#leaf = words[at];
    this.#count = words[at + 1];
  }

  #longestOfLengths(anchor: number, w1: number, w2: number, w3: number, longest: number): number {
    for (let index = (longest - 1) >>> 5; index > 0; index--) {
      // Lengths of this word up to the longest: 1 to 32 of its bits.
      const bits = Math.min(32, longest - 32 * index);
      let present = this.#slab.words[anchor * anchorWords + lengths + index - 1] & (-1 >>> (32 - bits));
      while (present !== 0) {
        const bit = 31 - Math.clz32(present);
        present &= ~(1 << bit);
        const mask = -1 << (31 - bit);
        const id = this.exact(
          anchor,
          index === 1 ? w1 & mask : w1,
          index === 2 ? w2 & mask : index === 3 ? w2 : 0,
          index === 3 ? w3 & mask : 0,
          32 * index + bit + 1,
        );
        if (id !== 0) return id;
      }
    }
    return 0;
  }

  /** Notes where the located leaf is now, how many entries it has and which is its first. */
  #enter(anchor: number, leaf: number, count: number): void {
    const words = this.#slab.words;
    const at = anchor * anchorWords;
    if (this.#inDirectory < 0) {
      words[at + content] = leaf;
      words[at + size] = count;
      return;
    }
    setLeaf(this.#leaves.pages.blocks.words, words[at + content] + this.#inDirectory * directoryWords, leaf, count);
  }

  /** Makes two leaves of the located one, which is full; `place` is where an entry is to go. */
  #split(anchor: number, place: number): void {
    const at = anchor * anchorWords;
    const pages = this.#leaves.pages;
    const isOnly = this.#inDirectory < 0;
    const leafCount = isOnly ? 1 : -this.#slab.words[at + size];
    const needed = (leafCount + 1) * directoryWords;
    let directory = this.#slab.words[at + content];
    if (isOnly) {
      directory = pages.allocate(needed);
      this.#inDirectory = 0;
    } else if (needed > pages.capacity(directory)) {
      directory = pages.move(directory, leafCount * directoryWords, needed);
    }
    // Prefixes that come in order leave their leaves full.
    const kept = place === leafLimit ? leafLimit - 1 : leafLimit / 2;
    const second = this.#leaves.copy(this.#leaf, kept, leafLimit);
    const first = kept === leafLimit / 2 ? pages.move(this.#leaf, kept * entryWords, kept * entryWords) : this.#leaf;
    const words = pages.blocks.words;
    const entry = directory + this.#inDirectory * directoryWords;
    words.copyWithin(entry + 2 * directoryWords, entry + directoryWords, directory + leafCount * directoryWords);
    setLeaf(words, entry, first, kept);
    setLeaf(words, entry + directoryWords, second, leafLimit - kept);
    this.#slab.words[at + content] = directory;
    this.#slab.words[at + size] = -leafCount - 1;
  }

  /** Joins the leaf with one beside it if that leaves room. */
  #merge(anchor: number, place: number): void {
    const at = anchor * anchorWords;
    const leafCount = -this.#slab.words[at + size];
    const first = place + 1 < leafCount ? place : place - 1;
    if (first < 0) return;
    const directory = this.#slab.words[at + content];
    const entry = directory + first * directoryWords;
    const before = this.#leaves.pages.blocks.words;
    const count = before[entry + 1];
    const other = before[entry + directoryWords + 1];
    if (count + other > leafLimit * 0.75) return;
    const joined = this.#leaves.join(before[entry], count, before[entry + directoryWords], other);
    const words = this.#leaves.pages.blocks.words;
    setLeaf(words, entry, joined, count + other);
    this.#removeLeaf(anchor, first + 1);
  }

  /** Takes a leaf that is freed out of the directory; a single leaf needs none. */
  #removeLeaf(anchor: number, place: number): void {
    const at = anchor * anchorWords;
    const pages = this.#leaves.pages;
    const words = pages.blocks.words;
    const directory = this.#slab.words[at + content];
    const leafCount = -this.#slab.words[at + size] - 1;
    const entry = directory + place * directoryWords;
    words.copyWithin(entry, entry + directoryWords, directory + (leafCount + 1) * directoryWords);
    if (leafCount > 1) {
      const words4 = leafCount * directoryWords;
      const isTooLarge = pages.isTooLarge(pages.capacity(directory), words4);
      this.#slab.words[at + content] = isTooLarge ? pages.move(directory, words4, words4) : directory;
      this.#slab.words[at + size] = -leafCount;
      return;
    }
    const leaf = words[directory];
    const count = words[directory + 1];
    pages.free(directory);
    this.#slab.words[at + content] = leaf;
    this.#slab.words[at + size] = count;
    this.#setLengths(anchor, leaf, count);
  }

  /** The lengths that the prefixes of the anchor's only leaf have. */
  #setLengths(anchor: number, leaf: number, count: number): void {
    const words = this.#slab.words;
    const at = anchor * anchorWords + lengths;
    words.fill(0, at, at + 3);
    for (let place = 0; place < count; place++) {
      const length = this.#leaves.lengthAt(leaf + place * entryWords);
      words[at + ((length - 33) >>> 5)] |= 1 << ((length - 1) & 31);
    }
  }
}

/** A leaf's words in a directory. */
function setLeaf(words: Int32Array, entry: number, leaf: number, count: number): void {
  words[entry] = leaf;
  words[entry + 1] = count;
  words[entry + 2] = words[leaf];
  words[entry + 3] = words[leaf + 1];
}
