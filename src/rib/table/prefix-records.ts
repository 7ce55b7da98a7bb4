/**
 * Prefix records, in cells of three words: an IPv4 prefix in one, an IPv6 prefix in two. The number of a record's first cell is its
 * prefix id, so both families share one id space.
 *
 *   word 0   first word of the prefix         (freed: next free record of the family, 0 for none)
 *   word 1   route block (route-blocks.ts)
 *   word 2   bits 0-7 length | bit 8 IPv6 | bit 9 the block has path ids | bits 10-31 number of routes (freed: 0)
 *   word 3-5 IPv6: the other words of the prefix
 *
 * Invariant: ids are 1 and up; a live record has at least one route between calls of the table; a freed record keeps bit 8, so that a
 * sweep over the cells knows its size. Cost: 12 bytes IPv4, 24 bytes IPv6. Ids have 25 bits: at most 33.5 M IPv4 prefixes, or half as
 * many IPv6 ones, in one table.
 */

import { FatalError } from '../../base/errors.ts';
import { Slab } from './slab.ts';
import { finishHash, mixWord } from './tagged-index.ts';

export const cellWords = 3;
export const isV6Bit = 1 << 8;
export const hasPathIdsBit = 1 << 9;
export const countShift = 10;
export const oneRoute = 1 << countShift;
/** What an entry of an anchor has room for (anchor-leaves.ts). */
const mostCells = 2 ** 25;

export class PrefixRecords {
  readonly slab = new Slab(cellWords * 16);
  readonly #seed: number;
  #cells = 1;
  #reserved = 0;
  #freeV4 = 0;
  #freeV6 = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** One more than the largest id ever given: where sweeps end. */
  get end(): number {
    return this.#cells;
  }

  /** One more than the largest id there is room for. */
  get room(): number {
    return Math.max(this.#cells, this.#reserved);
  }

  /** Makes room for that many cells more, as far as ids go. */
  reserve(cells: number): void {
    this.#reserved = Math.min(mostCells, this.#cells + cells);
    this.slab.ensure(this.#reserved * cellWords);
  }

  /** Seeded hash of one word, for whoever indexes by something of a prefix. */
  hashWord(word: number): number {
    return finishHash(mixWord(this.#seed, word));
  }

  /** A record without routes; the caller adds the first one at once. */
  add(family: number, w0: number, w1: number, w2: number, w3: number, length: number): number {
    const id = family === 6 ? this.#takeV6() : this.#takeV4();
    const words = this.slab.words;
    const at = id * cellWords;
    words[at] = w0;
    words[at + 1] = 0;
    words[at + 2] = length;
    if (family === 6) {
      words[at + 2] |= isV6Bit;
      words[at + 3] = w1;
      words[at + 4] = w2;
      words[at + 5] = w3;
    }
    return id;
  }

  remove(id: number): void {
    const words = this.slab.words;
    const at = id * cellWords;
    words[at + 1] = 0;
    if ((words[at + 2] & isV6Bit) === 0) {
      words[at] = this.#freeV4;
      words[at + 2] = 0;
      this.#freeV4 = id;
    } else {
      words[at] = this.#freeV6;
      words[at + 2] = isV6Bit;
      this.#freeV6 = id;
    }
  }

  #takeV4(): number {
    const id = this.#freeV4;
    if (id === 0) return this.#extend(1);
    this.#freeV4 = this.slab.words[id * cellWords];
    return id;
  }

  #takeV6(): number {
    const id = this.#freeV6;
    if (id === 0) return this.#extend(2);
    this.#freeV6 = this.slab.words[id * cellWords];
    return id;
  }

  #extend(cells: number): number {
    const id = this.#cells;
    if (id + cells > mostCells) throw new FatalError(`more than ${mostCells} prefix ids in one table`);
    this.slab.ensure((id + cells) * cellWords);
    this.#cells = id + cells;
    return id;
  }
}
