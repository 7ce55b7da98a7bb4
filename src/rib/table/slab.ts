/**
 * An array of int32 words that grows without a long copy. While small it is a plain typed array, doubled by copying; beyond 256 KiB
 * it moves into a WebAssembly.Memory of its own, whose `grow` only maps more pages (a copy of 512 MB would hold the thread for 136 ms).
 * Small ones stay plain because a WebAssembly.Memory reserves several GB of address space, which hundreds of VRF tables would add up.
 *
 * Invariant: `words` is replaced by every growth. Read it anew after anything that can allocate; never keep it across such a call.
 * New words are 0.
 */

import { FatalError } from '../../base/errors.ts';

const plainWords = 65_536;
const wordsAPage = 16_384;
const maxPages = 65_536;

/** What is used of it; Node's types leave the global out. */
interface GrowableMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
declare const WebAssembly: { Memory: new (limits: { initial: number; maximum: number }) => GrowableMemory };

export class Slab {
  words: Int32Array;
  #memory: GrowableMemory | null = null;

  constructor(initialWords: number) {
    this.words = new Int32Array(initialWords);
  }

  get bytes(): number {
    return this.words.byteLength;
  }

  /** Makes room for at least `size` words. */
  ensure(size: number): void {
    if (size > this.words.length) this.#grow(size);
  }

  #grow(size: number): void {
    const old = this.words;
    if (size <= plainWords) {
      this.words = new Int32Array(Math.min(plainWords, Math.max(size, old.length * 2)));
      this.words.set(old);
      return;
    }
    const held = Math.ceil(old.length / wordsAPage);
    // Little more each time: growing is cheap, unused words are not.
    const pages = Math.min(maxPages, Math.max(Math.ceil(size / wordsAPage), held + (held >>> 5)));
    if (size > maxPages * wordsAPage) throw new FatalError('a slab of the prefix table has reached 4 GiB');
    if (this.#memory === null) {
      this.#memory = new WebAssembly.Memory({ initial: pages, maximum: maxPages });
      this.words = new Int32Array(this.#memory.buffer);
      this.words.set(old);
      return;
    }
    this.#memory.grow(pages - held);
    this.words = new Int32Array(this.#memory.buffer);
  }
}
