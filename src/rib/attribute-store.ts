/**
 * Interned attribute sets (words as src/model/attribute-words.ts lays them out): equal sets are stored once and counted. A route holds
 * one reference, whoever interns holds one; a set goes with its last reference and its space is used again.
 *
 *   set (4 words)    0 place of its words in the arena | 1 length in words | 2 references (freed: 0) | 3 hash (freed: next free id)
 *
 * Invariant: ids are 1 and up, at most 2^24 - 1 sets. Words move only within `intern` and `release`: read `words` and `start` together,
 * after both. Cost: 16 bytes, 5 to 7 in the index, 4 a word: about 71 bytes for a set of 12 words.
 */

import { randomInt } from 'node:crypto';
import { BlockPages } from './table/block-pages.ts';
import { Slab } from './table/slab.ts';
import { finishHash, mixWord, TaggedIndex, type HashSource } from './table/tagged-index.ts';
import type { AttributeTable } from './types.ts';

const setWords = 4;
const changesBetweenChecks = 4096;
const sweptAChange = 32;

export interface AttributeStoreOptions {
  /** Seeds the hash of sets; a random one unless told. */
  seed?: number;
}

export class AttributeStore implements AttributeTable, HashSource {
  readonly #arena = new BlockPages();
  readonly #sets = new Slab(setWords * 16);
  readonly #index: TaggedIndex;
  readonly #seed: number;
  #end = 1;
  #free = 0;
  #size = 0;
  #sweepAt = 0;
  #changesToCheck = changesBetweenChecks;

  constructor(options: AttributeStoreOptions = {}) {
    this.#seed = options.seed ?? randomInt(2 ** 32);
    this.#index = new TaggedIndex(this);
  }

  get size(): number {
    return this.#size;
  }

  intern(words: Int32Array, length: number): number {
    const hash = this.#hash(words, 0, length);
    const known = this.#find(hash, words, length);
    if (known !== 0) {
      this.#sets.words[known * setWords + 2]++;
      return known;
    }
    return this.#store(words, 0, length, hash);
  }

  /** Stores a set that the store does not have, without looking for it; one reference, for the caller. */
  load(words: Int32Array, start: number, length: number): number {
    return this.#store(words, start, length, this.#hash(words, start, length));
  }

  /** One more than the largest id ever given. */
  get end(): number {
    return this.#end;
  }

  /** References of a set; 0 for an id that is free. */
  references(id: number): number {
    return this.#sets.words[id * setWords + 2];
  }

  #hash(words: Int32Array, start: number, length: number): number {
    let hash = this.#seed ^ length;
    for (let i = start; i < start + length; i++) hash = mixWord(hash, words[i]);
    return finishHash(hash);
  }

  #store(words: Int32Array, start: number, length: number, hash: number): number {
    const block = this.#arena.allocate(Math.max(1, length));
    const arena = this.#arena.blocks.words;
    for (let i = 0; i < length; i++) arena[block + i] = words[start + i];
    const id = this.#takeId();
    const sets = this.#sets.words;
    const at = id * setWords;
    sets[at] = block;
    sets[at + 1] = length;
    sets[at + 2] = 1;
    sets[at + 3] = hash;
    this.#index.insert(hash, id);
    this.#size++;
    this.#afterChange();
    return id;
  }

  retain(id: number): void {
    this.#sets.words[id * setWords + 2]++;
  }

  release(id: number): void {
    const sets = this.#sets.words;
    const at = id * setWords;
    if (sets[at + 2] <= 0) throw new RangeError(`attribute set ${id} has no references`);
    if (--sets[at + 2] > 0) return;
    this.#index.remove(sets[at + 3], id);
    this.#arena.free(sets[at]);
    sets[at + 3] = this.#free;
    this.#free = id;
    this.#size--;
    this.#afterChange();
  }

  words(_id: number): Int32Array {
    return this.#arena.blocks.words;
  }

  start(id: number): number {
    return this.#sets.words[id * setWords];
  }

  /** Number of words of the set. */
  wordCount(id: number): number {
    return this.#sets.words[id * setWords + 1];
  }

  hashOf(id: number): number {
    return this.#sets.words[id * setWords + 3];
  }

  memory(): Record<string, number> {
    return {
      attributeWords: this.#arena.bytes,
      attributeSets: this.#sets.bytes,
      attributeIndex: this.#index.bytes,
    };
  }

  #find(hash: number, words: Int32Array, length: number): number {
    const sets = this.#sets.words;
    const arena = this.#arena.blocks.words;
    for (let id = this.#index.seek(hash); id !== 0; id = this.#index.next()) {
      const at = id * setWords;
      if (sets[at + 3] !== hash || sets[at + 1] !== length) continue;
      const start = sets[at];
      let i = 0;
      while (i < length && arena[start + i] === words[i]) i++;
      if (i === length) return id;
    }
    return 0;
  }

  #takeId(): number {
    const id = this.#free;
    if (id !== 0) {
      this.#free = this.#sets.words[id * setWords + 3];
      return id;
    }
    this.#sets.ensure((this.#end + 1) * setWords);
    return this.#end++;
  }

  /** As in the prefix table: moves some sets out of half-empty pages. */
  #afterChange(): void {
    if (this.#sweepAt === 0) {
      if (--this.#changesToCheck > 0) return;
      this.#changesToCheck = Math.max(changesBetweenChecks, this.#arena.usedWords >>> 9);
      if (this.#arena.startVacating()) this.#sweepAt = 1;
      return;
    }
    const sets = this.#sets.words;
    let id = this.#sweepAt;
    for (let i = 0; i < sweptAChange && id < this.#end; i++, id++) {
      const at = id * setWords;
      if (sets[at + 2] <= 0 || !this.#arena.isVacated(sets[at])) continue;
      const length = Math.max(1, sets[at + 1]);
      sets[at] = this.#arena.move(sets[at], length, length);
    }
    this.#sweepAt = id < this.#end ? id : 0;
  }
}
