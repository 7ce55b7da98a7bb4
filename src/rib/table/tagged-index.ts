/**
 * A hash index of ids: what finds a prefix record or an attribute set from its content. It stores neither keys nor hashes, only ids
 * with 8 bits of the hash as a tag; the owner compares candidates and gives the hash of an id when entries have to move.
 *
 *   slot (1 word)    bits 0-7 tag | bits 8-31 id, never 0
 *   hash             bits 0-15 home slot (scaled to the segment's size) | bits 15-22 tag | bits 23-31 segment
 *
 * 512 segments grow and shrink on their own, so that no rehash is long; linear probing, backward-shift delete, at most 80 % full.
 * Cost: 5 to 7 bytes an entry. Ids have 24 bits.
 */

import { FatalError } from '../../base/errors.ts';

const segmentCount = 512;
const smallestSegment = 8;
const empty = new Int32Array(0);

/** Gives the hash under which an id was inserted. */
export interface HashSource {
  hashOf(id: number): number;
}

export const maxIndexId = 0xffffff;

export class TaggedIndex {
  readonly #segments: Int32Array[] = Array.from({ length: segmentCount }, () => empty);
  readonly #sizes = new Int32Array(segmentCount);
  readonly #hashes: HashSource;
  #probed: Int32Array = empty;
  #at = 0;
  #tag = 0;

  constructor(hashes: HashSource) {
    this.#hashes = hashes;
  }

  get bytes(): number {
    let bytes = this.#sizes.byteLength + segmentCount * 8;
    for (const segment of this.#segments) bytes += segment.byteLength;
    return bytes;
  }

  /** First candidate for the hash, 0 for none; `next` gives the others. No insert or remove in between. */
  seek(hash: number): number {
    const slots = this.#segments[hash >>> 23];
    const capacity = slots.length;
    if (capacity === 0) {
      this.#probed = empty;
      return 0;
    }
    this.#probed = slots;
    this.#tag = (hash >>> 15) & 255;
    return this.#probe(((hash & 0xffff) * capacity) >>> 16);
  }

  next(): number {
    const at = this.#at + 1;
    return this.#probe(at === this.#probed.length ? 0 : at);
  }

  insert(hash: number, id: number): void {
    if (id > maxIndexId) throw new FatalError(`more than ${maxIndexId} entries in one index of the prefix table`);
    const segment = hash >>> 23;
    const size = ++this.#sizes[segment];
    const capacity = this.#segments[segment].length;
    if (size * 5 > capacity * 4) {
      this.#resize(segment, Math.max(smallestSegment, capacity + (capacity >>> (capacity < 1024 ? 1 : 2))));
    }
    place(this.#segments[segment], hash, id);
  }

  remove(hash: number, id: number): void {
    const segment = hash >>> 23;
    const slots = this.#segments[segment];
    const capacity = slots.length;
    const word = (id << 8) | ((hash >>> 15) & 255);
    let hole = ((hash & 0xffff) * capacity) >>> 16;
    while (slots[hole] !== word) {
      if (slots[hole] === 0) throw new FatalError(`no entry ${id} in an index of the prefix table`);
      hole = hole + 1 === capacity ? 0 : hole + 1;
    }
    let at = hole;
    for (;;) {
      at = at + 1 === capacity ? 0 : at + 1;
      const moved = slots[at];
      if (moved === 0) break;
      const home = ((this.#hashes.hashOf(moved >>> 8) & 0xffff) * capacity) >>> 16;
      const fromHome = at >= home ? at - home : at - home + capacity;
      const fromHole = at >= hole ? at - hole : at - hole + capacity;
      if (fromHome < fromHole) continue;
      slots[hole] = moved;
      hole = at;
    }
    slots[hole] = 0;
    const size = --this.#sizes[segment];
    if (size === 0) this.#segments[segment] = empty;
    else if (capacity > 2 * smallestSegment && size * 10 < capacity * 3) {
      this.#resize(segment, Math.max(smallestSegment, size * 2));
    }
  }

  #probe(from: number): number {
    const slots = this.#probed;
    const capacity = slots.length;
    const tag = this.#tag;
    for (let at = from; ; at = at + 1 === capacity ? 0 : at + 1) {
      const word = slots[at];
      if (word === 0) return 0;
      if ((word & 255) === tag) {
        this.#at = at;
        return word >>> 8;
      }
    }
  }

  #resize(segment: number, capacity: number): void {
    if (capacity > 65_536) throw new FatalError('a segment of an index of the prefix table is full');
    const from = this.#segments[segment];
    const to = new Int32Array(capacity);
    for (const word of from) {
      if (word !== 0) place(to, this.#hashes.hashOf(word >>> 8), word >>> 8);
    }
    this.#segments[segment] = to;
  }
}

function place(slots: Int32Array, hash: number, id: number): void {
  const capacity = slots.length;
  let at = ((hash & 0xffff) * capacity) >>> 16;
  while (slots[at] !== 0) at = at + 1 === capacity ? 0 : at + 1;
  slots[at] = (id << 8) | ((hash >>> 15) & 255);
}

/** One round of murmur3 over a word. */
export function mixWord(hash: number, word: number): number {
  let mixed = Math.imul(word, 0xcc9e2d51);
  mixed = (mixed << 15) | (mixed >>> 17);
  const sum = hash ^ Math.imul(mixed, 0x1b873593);
  return (Math.imul((sum << 13) | (sum >>> 19), 5) + 0xe6546b64) | 0;
}

/** Murmur3's finalizer. */
export function finishHash(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
