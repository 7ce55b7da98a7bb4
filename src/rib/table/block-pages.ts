/**
 * Blocks of words in pages of 1,024 words (4 KiB): the allocator under routes, attribute sets and length counts. A page holds blocks of
 * one size. Sizes up to 64 words are exact, then they step by an eighth up to 512; larger blocks are runs of whole pages. A page whose
 * last block goes returns to the pool, whatever size it had.
 *
 *   page words (8)   0 kind: 0 in the pool, size class > 0, -1 first of a run, -2 rest of a run
 *                    1 live blocks | 2 first free block + 1, 0 none (chained through the blocks' first words) | 3 words handed out so far
 *                    4 next | 5 previous page of the list it is on, -1 none | 6 1 while being vacated | 7 pages of the run
 *
 * Growing tables leave pages half empty. `startVacating` marks some; the owner then sweeps its blocks and moves those for
 * which `isVacated` says so. Nothing is allocated in a marked page, so after a whole sweep all of them are back in the pool.
 *
 * Invariant: a page is on its class's list exactly when it has room and is not marked.
 */

import { Slab } from './slab.ts';

const pageWords = 1024;
const pageShift = 10;
const metaWords = 8;
const kind = 0;
const live = 1;
const freed = 2;
const used = 3;
const next = 4;
const previous = 5;
const vacating = 6;
const runPages = 7;

const exactWords = 64;
const largestClassWords = 512;

/** Words of a block by size class (class 0 is none), and the class by words. */
const classWords = [0];
for (let size = 1; size <= exactWords; size++) classWords.push(size);
for (let size = exactWords; size < largestClassWords;) {
  size = Math.min(largestClassWords, Math.ceil((size * 1.125) / 12) * 12);
  classWords.push(size);
}
const sizeOfClass = Int32Array.from(classWords);
const classOfSize = new Uint8Array(largestClassWords + 1);
for (let size = 1, sizeClass = 1; size <= largestClassWords; size++) {
  if (size > sizeOfClass[sizeClass]) sizeClass++;
  classOfSize[size] = sizeClass;
}

export class BlockPages {
  readonly blocks = new Slab(0);
  readonly #meta = new Slab(metaWords * 4);
  readonly #lists = new Int32Array(classWords.length).fill(-1);
  #pages = 0;
  #pooled = 0;
  #liveWords = 0;

  get bytes(): number {
    return this.blocks.bytes + this.#meta.bytes + this.#lists.byteLength;
  }

  /** Words in blocks handed out. */
  get liveWords(): number {
    return this.#liveWords;
  }

  /** Words of pages in use. */
  get usedWords(): number {
    return (this.#pages - this.#pooled) * pageWords;
  }

  /** Makes room for that many words more. */
  reserve(words: number): void {
    this.blocks.ensure(Math.min(2 ** 30, (this.#pages + Math.ceil(words / pageWords)) * pageWords));
  }

  /** A block of at least `words` words, content undefined. */
  allocate(words: number): number {
    if (words > largestClassWords) return this.#allocateRun(words);
    const sizeClass = classOfSize[words];
    const size = sizeOfClass[sizeClass];
    let page = this.#lists[sizeClass];
    if (page < 0) page = this.#openPage(sizeClass);
    const meta = this.#meta.words;
    const at = page * metaWords;
    let block = meta[at + freed] - 1;
    if (block >= 0) {
      meta[at + freed] = this.blocks.words[block];
    } else {
      block = (page << pageShift) + meta[at + used];
      meta[at + used] += size;
    }
    meta[at + live]++;
    if (isFull(meta, at, size)) this.#unlink(page, sizeClass);
    this.#liveWords += size;
    return block;
  }

  free(block: number): void {
    const page = block >>> pageShift;
    const meta = this.#meta.words;
    const at = page * metaWords;
    const sizeClass = meta[at + kind];
    if (sizeClass < 0) {
      this.#freeRun(page);
      return;
    }
    const size = sizeOfClass[sizeClass];
    const listed = !isFull(meta, at, size) && meta[at + vacating] === 0;
    this.blocks.words[block] = meta[at + freed];
    meta[at + freed] = block + 1;
    this.#liveWords -= size;
    if (--meta[at + live] === 0) {
      if (listed) this.#unlink(page, sizeClass);
      this.#pool(page);
    } else if (!listed && meta[at + vacating] === 0) {
      this.#link(page, sizeClass);
    }
  }

  /** Words that fit into the block. */
  capacity(block: number): number {
    const at = (block >>> pageShift) * metaWords;
    const sizeClass = this.#meta.words[at + kind];
    return sizeClass < 0 ? this.#meta.words[at + runPages] * pageWords : sizeOfClass[sizeClass];
  }

  /** True when a block of `words` words is better moved from `capacity` to a smaller one. */
  isTooLarge(capacity: number, words: number): boolean {
    return capacity <= exactWords ? words < capacity : words * 2 < capacity;
  }

  /** Moves the first `words` words to a new block of room for `room`; frees the old one. */
  move(block: number, words: number, room: number): number {
    const to = this.allocate(room);
    const blocks = this.blocks.words;
    if (words > 64) blocks.copyWithin(to, block, block + words);
    else for (let i = 0; i < words; i++) blocks[to + i] = blocks[block + i];
    this.free(block);
    return to;
  }

  isVacated(block: number): boolean {
    return this.#meta.words[(block >>> pageShift) * metaWords + vacating] !== 0;
  }

  /**
   * Marks pages to vacate when less than 85 % of the words in use are live; true when the owner is to sweep. The emptiest pages first,
   * and no more than hold an eighth of all live words, since marked pages are kept until they are empty while their blocks take new ones.
   */
  startVacating(): boolean {
    if (this.usedWords < 64 * pageWords || this.#liveWords * 20 > this.usedWords * 17) return false;
    let left = this.#liveWords >>> 3;
    let isMarked = false;
    for (let most = pageWords / 8; most <= pageWords * 0.75; most += pageWords / 8) {
      const before = left;
      left = this.#mark(most, left);
      isMarked ||= left < before;
      if (left <= 0) break;
    }
    return isMarked;
  }

  /** Marks pages with at most `most` live words until `left` words are in marked ones; how many may still be. */
  #mark(most: number, left: number): number {
    const meta = this.#meta.words;
    let rest = left;
    for (let page = 0; page < this.#pages && rest > 0; page++) {
      const at = page * metaWords;
      const sizeClass = meta[at + kind];
      if (sizeClass <= 0 || meta[at + vacating] !== 0) continue;
      const filled = meta[at + live] * sizeOfClass[sizeClass];
      if (filled > most) continue;
      this.#unlink(page, sizeClass);
      meta[at + vacating] = 1;
      rest -= filled;
    }
    return rest;
  }

  #openPage(sizeClass: number): number {
    const page = this.#lists[0] >= 0 ? this.#lists[0] : this.#addPages(1);
    this.#takeFromPool(page);
    const at = page * metaWords;
    this.#meta.words[at + kind] = sizeClass;
    this.#link(page, sizeClass);
    return page;
  }

  /** Adds pages at the end, to the pool; the first one. */
  #addPages(count: number): number {
    const first = this.#pages;
    this.#pages += count;
    this.#meta.ensure(this.#pages * metaWords);
    this.blocks.ensure(this.#pages * pageWords);
    for (let page = this.#pages - 1; page >= first; page--) this.#pool(page);
    return first;
  }

  #pool(page: number): void {
    const meta = this.#meta.words;
    const at = page * metaWords;
    meta.fill(0, at, at + metaWords);
    this.#link(page, 0);
    this.#pooled++;
  }

  #takeFromPool(page: number): void {
    this.#unlink(page, 0);
    this.#pooled--;
  }

  #link(page: number, list: number): void {
    const meta = this.#meta.words;
    const head = this.#lists[list];
    meta[page * metaWords + next] = head;
    meta[page * metaWords + previous] = -1;
    if (head >= 0) meta[head * metaWords + previous] = page;
    this.#lists[list] = page;
  }

  #unlink(page: number, list: number): void {
    const meta = this.#meta.words;
    const after = meta[page * metaWords + next];
    const before = meta[page * metaWords + previous];
    if (before >= 0) meta[before * metaWords + next] = after;
    else this.#lists[list] = after;
    if (after >= 0) meta[after * metaWords + previous] = before;
  }

  #allocateRun(words: number): number {
    // An eighth of room, so that a block which grows by one route at a time is not copied each time a page fills.
    const pages = Math.ceil((words * 1.125) / pageWords);
    let first = this.#pooled >= pages ? this.#findRun(pages) : -1;
    if (first < 0) first = this.#addPages(pages);
    const meta = this.#meta.words;
    for (let page = first; page < first + pages; page++) {
      this.#takeFromPool(page);
      meta[page * metaWords + kind] = -2;
    }
    meta[first * metaWords + kind] = -1;
    meta[first * metaWords + runPages] = pages;
    this.#liveWords += pages * pageWords;
    return first << pageShift;
  }

  #findRun(pages: number): number {
    const meta = this.#meta.words;
    let size = 0;
    for (let page = 0; page < this.#pages; page++) {
      size = meta[page * metaWords + kind] === 0 ? size + 1 : 0;
      if (size === pages) return page - pages + 1;
    }
    return -1;
  }

  #freeRun(first: number): void {
    const pages = this.#meta.words[first * metaWords + runPages];
    for (let page = first + pages - 1; page >= first; page--) this.#pool(page);
    this.#liveWords -= pages * pageWords;
  }
}

function isFull(meta: Int32Array, at: number, size: number): boolean {
  return meta[at + freed] === 0 && meta[at + used] + size > pageWords;
}
