/**
 * Nodes of the longest-match tree, each in a block of exactly its size (a tree bitmap). A node looks at four bits of the address.
 *
 *   node   0 bitmap of the node's own prefixes: a prefix of k bits within the node (1-4) whose bits are b has bit 2^k - 2 + b
 *          1 bitmap of its children, one bit for each value of the four bits
 *          then the children, then the ids of the prefixes, both in the order of their bits
 *
 * The longest prefix over a slot is thus the highest bit that is set both in the bitmap and in `coveringBits` of the slot.
 *
 * Invariant: a node has a prefix or a child. Nodes move when they grow or shrink: whoever changes one enters the new place with its
 * parent. Place 0 is an empty node that stands for none. Cost: 8 bytes a node, 4 a prefix, 4 a child, and up to 4 after a removal.
 */

import { onesIn } from './bits.ts';
import { BlockPages } from './block-pages.ts';

export const bitsANode = 4;
export const headerWords = 2;

/** Bits of the prefixes that cover a slot, by slot. */
export const coveringBits = Int32Array.from({ length: 16 }, (_, nibble) => {
  let bits = 0;
  for (let length = 1; length <= 4; length++) bits |= 1 << prefixBit(length, nibble >>> (4 - length));
  return bits;
});
/** Bits of the prefixes of up to k bits. */
export const bitsUpTo = Int32Array.of(0, 0x3, 0x3f, 0x3fff, 0x3fffffff);

/** Bit of the prefix of `length` bits (1 to 4) with the value. */
export function prefixBit(length: number, value: number): number {
  return (1 << length) - 2 + value;
}

export class TreeNodes {
  readonly pages = new BlockPages();
  #inUse = 0;

  constructor() {
    this.pages.allocate(headerWords);
  }

  get inUse(): number {
    return this.#inUse;
  }

  /** A node with one prefix. */
  createWithPrefix(bit: number, id: number): number {
    return this.#create(1 << bit, 0, id);
  }

  /** A node with one child. */
  createWithChild(nibble: number, child: number): number {
    return this.#create(0, 1 << nibble, child);
  }

  /** Id of the prefix, 0 for none. */
  prefix(node: number, bit: number): number {
    const words = this.pages.blocks.words;
    return ((words[node] >>> bit) & 1) === 0 ? 0 : words[placeOfPrefix(words, node, bit)];
  }

  /** The child, 0 for none. */
  child(node: number, nibble: number): number {
    const words = this.pages.blocks.words;
    return ((words[node + 1] >>> nibble) & 1) === 0 ? 0 : words[placeOfChild(words, node, nibble)];
  }

  setChild(node: number, nibble: number, child: number): void {
    const words = this.pages.blocks.words;
    words[placeOfChild(words, node, nibble)] = child;
  }

  /** Where the node is now. */
  addPrefix(node: number, bit: number, id: number): number {
    const words = this.pages.blocks.words;
    const moved = this.#insert(node, placeOfPrefix(words, node, bit) - node, id);
    this.pages.blocks.words[moved] |= 1 << bit;
    return moved;
  }

  /** Where the node is now. */
  addChild(node: number, nibble: number, child: number): number {
    const words = this.pages.blocks.words;
    const moved = this.#insert(node, placeOfChild(words, node, nibble) - node, child);
    this.pages.blocks.words[moved + 1] |= 1 << nibble;
    return moved;
  }

  /** Where the node is now, 0 when it had nothing else. */
  removePrefix(node: number, bit: number): number {
    const words = this.pages.blocks.words;
    const place = placeOfPrefix(words, node, bit) - node;
    const size = sizeOf(words, node);
    words[node] &= ~(1 << bit);
    return this.#delete(node, size, place);
  }

  /** Where the node is now, 0 when it had nothing else. */
  removeChild(node: number, nibble: number): number {
    const words = this.pages.blocks.words;
    const place = placeOfChild(words, node, nibble) - node;
    const size = sizeOf(words, node);
    words[node + 1] &= ~(1 << nibble);
    return this.#delete(node, size, place);
  }

  /** Moves the node out of a page that is to be vacated; where it is now. */
  settle(node: number): number {
    if (!this.pages.isVacated(node)) return node;
    const size = sizeOf(this.pages.blocks.words, node);
    return this.pages.move(node, size, size);
  }

  #create(prefixes: number, children: number, entry: number): number {
    const node = this.pages.allocate(headerWords + 1);
    const words = this.pages.blocks.words;
    words[node] = prefixes;
    words[node + 1] = children;
    words[node + 2] = entry;
    this.#inUse++;
    return node;
  }

  #insert(node: number, place: number, entry: number): number {
    const size = sizeOf(this.pages.blocks.words, node);
    let to = node;
    if (size >= this.pages.capacity(node)) to = this.pages.allocate(size + 1);
    const words = this.pages.blocks.words;
    for (let i = size; i > place; i--) words[to + i] = words[node + i - 1];
    words[to + place] = entry;
    if (to === node) return node;
    for (let i = 0; i < place; i++) words[to + i] = words[node + i];
    this.pages.free(node);
    return to;
  }

  #delete(node: number, size: number, place: number): number {
    if (size === headerWords + 1) {
      this.pages.free(node);
      this.#inUse--;
      return 0;
    }
    const words = this.pages.blocks.words;
    for (let i = place; i < size - 1; i++) words[node + i] = words[node + i + 1];
    // One word may stay free, so that a prefix that comes and goes does not move the node each time.
    return this.pages.capacity(node) > size ? this.pages.move(node, size - 1, size - 1) : node;
  }
}

function sizeOf(words: Int32Array, node: number): number {
  return headerWords + onesIn(words[node]) + onesIn(words[node + 1]);
}

/** Where the prefix is, or would be. */
function placeOfPrefix(words: Int32Array, node: number, bit: number): number {
  return node + headerWords + onesIn(words[node + 1]) + onesIn(words[node] & ((1 << bit) - 1));
}

/** Where the child is, or would be. */
function placeOfChild(words: Int32Array, node: number, nibble: number): number {
  return node + headerWords + onesIn(words[node + 1] & ((1 << nibble) - 1));
}
