/**
 * IPv6 prefixes longer than /32: an anchor stands for one /32 that contains some, and knows which lengths there are. A lookup probes
 * the exact index for each of them, longest first.
 *
 *   anchor (6 words)   0 id of the longest prefix of at most 32 bits in the anchor's node, 0 for none (freed: next free anchor)
 *                      1-3 lengths present: 33-64, 65-96, 97-128, bit 0 the shortest
 *                      4 block of counts: prefixes of each length present, shortest first
 *                      5 the /32
 *
 * An index by /32 leads straight to the anchor, past eight levels of the tree.
 *
 * Invariant: an anchor in use has at least one length. Anchors are 1 and up.
 * Cost: 30 to 32 bytes an anchor, and 4 for each length.
 */

import { BlockPages } from './block-pages.ts';
import type { PrefixRecords } from './prefix-records.ts';
import { Slab } from './slab.ts';
import { TaggedIndex, type HashSource } from './tagged-index.ts';

const anchorWords = 6;
const counts = 4;
const key = 5;

export class Anchors implements HashSource {
  readonly #slab = new Slab(anchorWords * 2);
  readonly #counts = new BlockPages();
  readonly #records: PrefixRecords;
  readonly #index: TaggedIndex;
  #end = 1;
  #free = 0;

  constructor(records: PrefixRecords) {
    this.#records = records;
    this.#index = new TaggedIndex(this);
  }

  get bytes(): number {
    return this.#slab.bytes + this.#counts.bytes + this.#index.bytes;
  }

  hashOf(anchor: number): number {
    return this.#records.hashWord(this.#slab.words[anchor * anchorWords + key]);
  }

  /** The anchor of a /32, 0 for none. */
  find(w0: number): number {
    const words = this.#slab.words;
    let anchor = this.#index.seek(this.#records.hashWord(w0));
    while (anchor !== 0 && words[anchor * anchorWords + key] !== w0) anchor = this.#index.next();
    return anchor;
  }

  /** An anchor without lengths: `insert` must follow. */
  add(w0: number, value: number): number {
    let anchor = this.#free;
    if (anchor === 0) {
      anchor = this.#end++;
      this.#slab.ensure(this.#end * anchorWords);
    } else {
      this.#free = this.#slab.words[anchor * anchorWords];
    }
    const at = anchor * anchorWords;
    this.#slab.words.fill(0, at, at + anchorWords);
    this.#slab.words[at] = value;
    this.#slab.words[at + key] = w0;
    this.#index.insert(this.hashOf(anchor), anchor);
    return anchor;
  }

  /** Frees an anchor without lengths; its value. */
  free(anchor: number): number {
    this.#index.remove(this.hashOf(anchor), anchor);
    const words = this.#slab.words;
    const value = words[anchor * anchorWords];
    words[anchor * anchorWords] = this.#free;
    this.#free = anchor;
    return value;
  }

  value(anchor: number): number {
    return this.#slab.words[anchor * anchorWords];
  }

  setValue(anchor: number, id: number): void {
    this.#slab.words[anchor * anchorWords] = id;
  }

  insert(anchor: number, length: number): void {
    const words = this.#slab.words;
    const at = anchor * anchorWords;
    const size = lengthsBelow(words, at, 129);
    const index = lengthsBelow(words, at, length);
    const word = at + ((length - 1) >>> 5);
    const bit = 1 << ((length - 1) & 31);
    if ((words[word] & bit) !== 0) {
      this.#counts.blocks.words[words[at + counts] + index]++;
      return;
    }
    const block = size === 0 ? this.#counts.allocate(1) : this.#counts.move(words[at + counts], size, size + 1);
    const blocks = this.#counts.blocks.words;
    for (let i = size; i > index; i--) blocks[block + i] = blocks[block + i - 1];
    blocks[block + index] = 1;
    words[at + counts] = block;
    words[word] |= bit;
  }

  /** True when no length is left. */
  remove(anchor: number, length: number): boolean {
    const words = this.#slab.words;
    const at = anchor * anchorWords;
    const size = lengthsBelow(words, at, 129);
    const index = lengthsBelow(words, at, length);
    const block = words[at + counts];
    const blocks = this.#counts.blocks.words;
    if (--blocks[block + index] > 0) return false;
    words[at + ((length - 1) >>> 5)] &= ~(1 << ((length - 1) & 31));
    if (size === 1) {
      this.#counts.free(block);
      return true;
    }
    for (let i = index; i < size - 1; i++) blocks[block + i] = blocks[block + i + 1];
    words[at + counts] = this.#counts.move(block, size - 1, size - 1);
    return false;
  }

  /** Longest prefix of 33 to `longest` bits over the address, 0 for none. */
  longest(anchor: number, w0: number, w1: number, w2: number, w3: number, longest: number): number {
    const words = this.#slab.words;
    for (let index = (longest - 1) >>> 5; index > 0; index--) {
      let lengths = words[anchor * anchorWords + index];
      // Lengths of this word up to the longest: 1 to 32 of its bits.
      const bits = Math.min(32, longest - 32 * index);
      lengths &= -1 >>> (32 - bits);
      while (lengths !== 0) {
        const bit = 31 - Math.clz32(lengths);
        lengths &= ~(1 << bit);
        const mask = -1 << (31 - bit);
        const id = this.#records.find(
          6,
          w0,
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
}

/** How many of the anchor's lengths are less than `length`. */
function lengthsBelow(words: Int32Array, at: number, length: number): number {
  let found = 0;
  for (let index = 1; index <= 3; index++) {
    const bits = length - 1 - 32 * index;
    if (bits <= 0) break;
    found += onesIn(words[at + index] & (bits >= 32 ? -1 : (1 << bits) - 1));
  }
  return found;
}

function onesIn(word: number): number {
  let ones = word - ((word >>> 1) & 0x55555555);
  ones = (ones & 0x33333333) + ((ones >>> 2) & 0x33333333);
  return Math.imul((ones + (ones >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
