/**
 * Longest-prefix match over the first 32 bits of both families, in nodes of 16 slots, one cache line each: node level n looks at bits
 * 4n to 4n+3 and holds the prefixes of lengths 4n+1 to 4n+4. Longer IPv6 prefixes hang on anchors (anchors.ts) in the last level.
 *
 *   slot (1 word)      0 nothing | > 0 id of the longest prefix of this node that covers the slot | < 0 ~child (last level: ~anchor)
 *   header (2 words)   0 what the parent's slot would hold without the child | 1 bitmap of the node's own prefixes: a prefix of k bits
 *                      within the node (1-4) whose bits are b has bit 2^k - 2 + b
 *
 * So an update writes to one node (and the headers below it), and a lookup that ends on an empty slot climbs the headers. The two roots
 * are nodes 0 (IPv4) and 1 (IPv6); the default route is the root's header value.
 *
 * Invariant: a node other than a root has a prefix or a child. Cost: 72 bytes a node, and 256 KiB once there are 4,096.
 */

import { Anchors } from './anchors.ts';
import { isV6Bit, cellWords, type PrefixRecords } from './prefix-records.ts';
import { Slab } from './slab.ts';

const nodeSlots = 16;
const lastLevel = 7;
/** Once a table is large, IPv4 nodes of this level are also found by a table over the 16 bits above them. */
const shortcutLevel = 4;
const nodesForShortcuts = 4096;
/** Bits of a node's bitmap that stand for prefixes of up to k bits. */
const upTo = Int32Array.of(0, 0x3, 0x3f, 0x3fff, 0x3fffffff);

export class LpmTree {
  readonly #slots = new Slab(nodeSlots * 4);
  readonly #headers = new Slab(8);
  readonly #anchors: Anchors;
  readonly #records: PrefixRecords;
  /** Nodes from the root to where the last walk ended. */
  readonly #path = new Int32Array(lastLevel + 1);
  #shortcuts = new Int32Array(0);
  #nodes = 2;
  #freeNode = 0;
  #nodesInUse = 2;

  constructor(records: PrefixRecords) {
    this.#records = records;
    this.#anchors = new Anchors(records);
  }

  get nodes(): number {
    return this.#nodesInUse;
  }

  get nodeBytes(): number {
    return this.#slots.bytes + this.#headers.bytes + this.#shortcuts.byteLength;
  }

  get anchorBytes(): number {
    return this.#anchors.bytes;
  }

  /** Longest prefix over the address, 0 for none. */
  longest(family: number, w0: number, w1: number, w2: number, w3: number): number {
    if (family === 6) {
      const anchor = this.#anchors.find(w0);
      if (anchor !== 0) {
        const found = this.#anchors.longest(anchor, w0, w1, w2, w3, 128);
        if (found !== 0) return found;
      }
    }
    const slots = this.#slots.words;
    let node = family === 6 ? 1 : 0;
    let slot = 0;
    let level = 0;
    const shortcuts = this.#shortcuts;
    if (family === 4 && shortcuts.length !== 0) {
      const skipped = shortcuts[w0 >>> 16];
      if (skipped !== 0) {
        node = skipped;
        level = shortcutLevel;
      }
    }
    for (; ; level++) {
      slot = slots[node * nodeSlots + ((w0 >>> (28 - 4 * level)) & 15)];
      if (slot >= 0 || level === lastLevel) break;
      node = ~slot;
    }
    return slot > 0 ? slot : this.#climb(family, w0, level);
  }

  /** Longest prefix of at most `length` bits over the address, 0 for none. */
  longestUpTo(family: number, w0: number, w1: number, w2: number, w3: number, length: number): number {
    if (length < 0) return 0;
    const slots = this.#slots.words;
    const end = length > 32 ? lastLevel : length === 0 ? 0 : (length - 1) >> 2;
    let node = family === 6 ? 1 : 0;
    let level = 0;
    for (; level < end; level++) {
      const slot = slots[node * nodeSlots + ((w0 >>> (28 - 4 * level)) & 15)];
      if (slot >= 0) return slot > 0 ? slot : this.#climb(family, w0, level);
      node = ~slot;
    }
    const nibble = (w0 >>> (28 - 4 * level)) & 15;
    if (length > 32) {
      const slot = slots[node * nodeSlots + nibble];
      if (slot > 0) return slot;
      const found = slot < 0 ? this.#anchors.longest(~slot, w0, w1, w2, w3, length) : 0;
      return found === 0 ? this.#climb(family, w0, level) : found;
    }
    const found = this.#inNode(family, node, level, w0, length - 4 * level);
    if (found !== 0) return found;
    const inherited = this.#headers.words[node * 2];
    return inherited === 0 ? this.#climb(family, w0, level - 1) : inherited;
  }

  insert(id: number): void {
    const words = this.#records.slab.words;
    const record = id * cellWords;
    const w0 = words[record];
    const length = words[record + 2] & 255;
    const root = (words[record + 2] & isV6Bit) === 0 ? 0 : 1;
    if (length === 0) {
      this.#headers.words[root * 2] = id;
      return;
    }
    const end = length > 32 ? lastLevel : (length - 1) >> 2;
    let node = root;
    for (let level = 0; level < end; level++) {
      const at = node * nodeSlots + ((w0 >>> (28 - 4 * level)) & 15);
      const slot = this.#slots.words[at];
      node = slot < 0 ? ~slot : this.#addNode(at);
      if (slot >= 0 && level + 1 === shortcutLevel && root === 0) this.#setShortcut(w0, node);
    }
    if (length > 32) {
      const at = node * nodeSlots + (w0 & 15);
      const slot = this.#slots.words[at];
      const anchor = slot < 0 ? ~slot : this.#anchors.add(w0, slot);
      this.#slots.words[at] = ~anchor;
      this.#anchors.insert(anchor, length);
      return;
    }
    const bits = length - 4 * end;
    const value = ((w0 >>> (28 - 4 * end)) & 15) >>> (4 - bits);
    this.#fill(node, end, bits, value, id);
    this.#headers.words[node * 2 + 1] |= 1 << ((1 << bits) - 2 + value);
  }

  /** Takes a prefix out; its record is still there. */
  remove(id: number): void {
    const words = this.#records.slab.words;
    const record = id * cellWords;
    const w0 = words[record];
    const length = words[record + 2] & 255;
    const family = (words[record + 2] & isV6Bit) === 0 ? 4 : 6;
    const root = family === 4 ? 0 : 1;
    if (length === 0) {
      this.#headers.words[root * 2] = 0;
      return;
    }
    const slots = this.#slots.words;
    const end = length > 32 ? lastLevel : (length - 1) >> 2;
    let node = root;
    this.#path[0] = root;
    for (let level = 0; level < end; level++) {
      node = ~slots[node * nodeSlots + ((w0 >>> (28 - 4 * level)) & 15)];
      this.#path[level + 1] = node;
    }
    if (length > 32) {
      const at = node * nodeSlots + (w0 & 15);
      const anchor = ~slots[at];
      if (this.#anchors.remove(anchor, length)) slots[at] = this.#anchors.free(anchor);
    } else {
      const bits = length - 4 * end;
      const value = ((w0 >>> (28 - 4 * end)) & 15) >>> (4 - bits);
      this.#headers.words[node * 2 + 1] &= ~(1 << ((1 << bits) - 2 + value));
      this.#fill(node, end, bits, value, this.#inNode(family, node, end, w0, bits - 1));
    }
    this.#prune(w0, end);
  }

  /** Writes `id` to the slots of a prefix, but for those that a longer prefix of the node covers. The prefix's bit does not matter. */
  #fill(node: number, level: number, bits: number, value: number, id: number): void {
    const slots = this.#slots.words;
    const headers = this.#headers.words;
    const bitmap = headers[node * 2 + 1] & ~upTo[bits];
    const first = value << (4 - bits);
    const end = first + (1 << (4 - bits));
    for (let nibble = first; nibble < end; nibble++) {
      if (bitmap !== 0 && longestBits(bitmap, nibble, 4) > 0) continue;
      const at = node * nodeSlots + nibble;
      const slot = slots[at];
      if (slot >= 0) slots[at] = id;
      else if (level === lastLevel) this.#anchors.setValue(~slot, id);
      else headers[~slot * 2] = id;
    }
  }

  /** Longest prefix of at most `bits` bits within the node over the address, 0 for none. */
  #inNode(family: number, node: number, level: number, w0: number, bits: number): number {
    if (bits <= 0) return 0;
    const bitmap = this.#headers.words[node * 2 + 1] & upTo[bits];
    if (bitmap === 0) return 0;
    const found = longestBits(bitmap, (w0 >>> (28 - 4 * level)) & 15, bits);
    if (found === 0) return 0;
    const length = 4 * level + found;
    return this.#records.find(family, w0 & (-1 << (32 - length)), 0, 0, 0, length);
  }

  /** What the slot on the way of `w0` at `level` holds for itself, or the nearest header above that holds something. */
  #climb(family: number, w0: number, level: number): number {
    const slots = this.#slots.words;
    const headers = this.#headers.words;
    let node = family === 6 ? 1 : 0;
    let found = headers[node * 2];
    for (let n = 0; n <= level; n++) {
      const slot = slots[node * nodeSlots + ((w0 >>> (28 - 4 * n)) & 15)];
      if (slot >= 0) return slot > 0 ? slot : found;
      const value = n === lastLevel ? this.#anchors.value(~slot) : headers[~slot * 2];
      if (value !== 0) found = value;
      node = ~slot;
    }
    return found;
  }

  #addNode(parent: number): number {
    let node = this.#freeNode;
    if (node === 0) {
      node = this.#nodes++;
      this.#slots.ensure(this.#nodes * nodeSlots);
      this.#headers.ensure(this.#nodes * 2);
    } else {
      this.#freeNode = this.#headers.words[node * 2];
    }
    this.#nodesInUse++;
    this.#headers.words[node * 2] = this.#slots.words[parent];
    this.#headers.words[node * 2 + 1] = 0;
    this.#slots.words[parent] = ~node;
    return node;
  }

  #setShortcut(w0: number, node: number): void {
    if (this.#shortcuts.length !== 0) {
      this.#shortcuts[w0 >>> 16] = node;
    } else if (this.#nodesInUse > nodesForShortcuts) {
      this.#shortcuts = new Int32Array(65_536);
      this.#findShortcuts(0, 0, 0);
    }
  }

  /** Enters all nodes of the level that are below `node`. */
  #findShortcuts(node: number, level: number, bits: number): void {
    const slots = this.#slots.words;
    for (let nibble = 0; nibble < nodeSlots; nibble++) {
      const slot = slots[node * nodeSlots + nibble];
      if (slot >= 0) continue;
      if (level + 1 === shortcutLevel) this.#shortcuts[(bits << 4) | nibble] = ~slot;
      else this.#findShortcuts(~slot, level + 1, (bits << 4) | nibble);
    }
  }

  /** Frees nodes without prefixes and children, from the end of the path upwards. Slots of such a node are all 0. */
  #prune(w0: number, end: number): void {
    const slots = this.#slots.words;
    const headers = this.#headers.words;
    for (let level = end; level > 0; level--) {
      const node = this.#path[level];
      if (headers[node * 2 + 1] !== 0) return;
      for (let at = node * nodeSlots; at < (node + 1) * nodeSlots; at++) if (slots[at] !== 0) return;
      const parent = this.#path[level - 1] * nodeSlots + ((w0 >>> (32 - 4 * level)) & 15);
      slots[parent] = headers[node * 2];
      headers[node * 2] = this.#freeNode;
      this.#freeNode = node;
      this.#nodesInUse--;
      if (level === shortcutLevel && this.#path[0] === 0) this.#setShortcut(w0, 0);
    }
  }
}

/** Length (1 to `bits`) of the longest prefix in the bitmap that covers the slot, 0 for none. */
function longestBits(bitmap: number, nibble: number, bits: number): number {
  for (let length = bits; length > 0; length--) {
    if ((bitmap & (1 << ((1 << length) - 2 + (nibble >>> (4 - length))))) !== 0) return length;
  }
  return 0;
}
