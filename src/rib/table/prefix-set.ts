/**
 * The prefixes at which a source has routes: a small hash set while they are few, a bitmap over all prefix ids once that is smaller.
 * Reclaiming a source walks its set with a cursor; nothing else is visited, whatever the size of the table.
 *
 * Cost: 5 to 8 bytes a prefix sparse, never more than a bit for each prefix id of the table (and a quarter).
 */

const fewest = 4;
const none = new Int32Array(0);

export class PrefixSet {
  #words: Int32Array = none;
  #isBitmap = false;
  #size = 0;

  get bytes(): number {
    return this.#words.byteLength;
  }

  /** Adds an id; `end` is one more than the largest id of the table. */
  add(id: number, end: number): void {
    if (this.#isBitmap) {
      this.#addBit(id, end);
      return;
    }
    if ((this.#size + 1) * 5 > this.#words.length * 4) {
      const capacity = Math.max(fewest, this.#words.length + (this.#words.length >> 1));
      if (capacity > 64 && capacity * 32 > end) {
        this.#toBitmap(end);
        this.#addBit(id, end);
        return;
      }
      this.#resize(capacity);
    }
    if (place(this.#words, id)) this.#size++;
  }

  delete(id: number): void {
    if (this.#isBitmap) {
      const word = id >>> 5;
      const bit = 1 << (id & 31);
      if (word >= this.#words.length || (this.#words[word] & bit) === 0) return;
      this.#words[word] &= ~bit;
      this.#size--;
      // Far below the point of going over to a bitmap, so that a set does not swing between the two.
      if (this.#size * 8 < this.#words.length) this.#toSparse();
    } else if (this.#take(id)) {
      this.#size--;
      if (this.#size === 0) this.#words = none;
      else if (this.#words.length > 16 && this.#size * 4 < this.#words.length) this.#resize(this.#size * 2);
    }
  }

  /** First position at or after `cursor` that holds an id, -1 at the end. Positions are good while the set is not changed. */
  seek(cursor: number): number {
    const words = this.#words;
    if (!this.#isBitmap) {
      for (let at = cursor; at < words.length; at++) if (words[at] !== 0) return at;
      return -1;
    }
    let at = cursor >>> 5;
    if (at >= words.length) return -1;
    let word = words[at] & (-1 << (cursor & 31));
    while (word === 0) {
      if (++at === words.length) return -1;
      word = words[at];
    }
    return (at << 5) + (31 - Math.clz32(word & -word));
  }

  /** The id at a position. */
  at(position: number): number {
    return this.#isBitmap ? position : this.#words[position];
  }

  #addBit(id: number, end: number): void {
    const word = id >>> 5;
    if (word >= this.#words.length) {
      const grown = new Int32Array(((end >>> 5) + 1 + (end >>> 7)) | 1);
      grown.set(this.#words);
      this.#words = grown;
    }
    const bit = 1 << (id & 31);
    if ((this.#words[word] & bit) !== 0) return;
    this.#words[word] |= bit;
    this.#size++;
  }

  #toBitmap(end: number): void {
    const ids = this.#words;
    this.#words = none;
    this.#size = 0;
    this.#isBitmap = true;
    for (const id of ids) if (id !== 0) this.#addBit(id, end);
  }

  #toSparse(): void {
    const sparse = new Int32Array(Math.max(fewest, this.#size * 2));
    for (let at = this.seek(0); at >= 0; at = this.seek(at + 1)) place(sparse, at);
    this.#words = this.#size === 0 ? none : sparse;
    this.#isBitmap = false;
  }

  #resize(capacity: number): void {
    const words = new Int32Array(capacity);
    for (const id of this.#words) if (id !== 0) place(words, id);
    this.#words = words;
  }

  /** Backward-shift delete. */
  #take(id: number): boolean {
    const words = this.#words;
    const capacity = words.length;
    if (capacity === 0) return false;
    let hole = homeOf(id, capacity);
    while (words[hole] !== id) {
      if (words[hole] === 0) return false;
      hole = hole + 1 === capacity ? 0 : hole + 1;
    }
    let at = hole;
    for (;;) {
      at = at + 1 === capacity ? 0 : at + 1;
      const moved = words[at];
      if (moved === 0) break;
      const home = homeOf(moved, capacity);
      const fromHome = at >= home ? at - home : at - home + capacity;
      const fromHole = at >= hole ? at - hole : at - hole + capacity;
      if (fromHome < fromHole) continue;
      words[hole] = moved;
      hole = at;
    }
    words[hole] = 0;
    return true;
  }
}

function homeOf(id: number, capacity: number): number {
  return Math.floor(((Math.imul(id, 0x9e3779b1) >>> 0) * capacity) / 0x1_0000_0000);
}

/** False when it was there. */
function place(words: Int32Array, id: number): boolean {
  const capacity = words.length;
  let at = homeOf(id, capacity);
  while (words[at] !== 0) {
    if (words[at] === id) return false;
    at = at + 1 === capacity ? 0 : at + 1;
  }
  words[at] = id;
  return true;
}
