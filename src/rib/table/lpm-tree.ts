/**
 * Prefixes by their bits: longest and exact match, and the walk in order. The first 32 bits of both families are looked at in nodes of
 * four bits (tree-nodes.ts): level n looks at bits 4n to 4n+3 and has the prefixes of lengths 4n+1 to 4n+4. Longer IPv6 prefixes hang
 * on anchors (anchors.ts), the children of the last level, one for each /32.
 *
 * Once a table is large, IPv4 nodes of level 4 are also found by a table over the 16 bits above them; once it is larger, those of level 5
 * by one over 20 bits, filled as nodes are made, moved or looked up. Anchors always have an index of their own.
 * Cost: see tree-nodes.ts and anchors.ts; 256 KiB once there are 4,096 nodes, and 4 MiB once there are 65,536.
 */

import { Anchors } from './anchors.ts';
import { onesIn } from './bits.ts';
import { cellWords, isV6Bit, type PrefixRecords } from './prefix-records.ts';
import { bitsUpTo, coveringBits, headerWords, prefixBit, TreeNodes } from './tree-nodes.ts';

export const lastLevel = 7;
const shortcutLevel = 4;
const nodesForShortcuts = 4096;
/** The level of the nodes that most IPv4 prefixes are in, and the bits below what finds them. */
const nearLevel = 5;
const nearShift = 12;
export const nodesForNear = 65_536;
const noShortcuts = new Int32Array(0);

export class LpmTree {
  readonly nodes = new TreeNodes();
  readonly anchors: Anchors;
  /** Root nodes and default routes of IPv4 and IPv6, 0 for none. */
  readonly roots = new Int32Array(2);
  readonly defaults = new Int32Array(2);
  readonly #records: PrefixRecords;
  readonly #nodesForNear: number;
  #shortcuts = noShortcuts;
  /** Nodes by the first 20 bits, 0 where there is none or none was entered yet. */
  #near = noShortcuts;
  /** What the last descent went through: the nodes from `#pathStart` to `#depth`, -1 when there is not even a root. */
  readonly #path = new Int32Array(lastLevel + 1);
  #pathStart = 0;
  #depth = -1;
  #anchor = 0;
  /** Of `longestOfMany`: where each address is, and the node with its longest prefix so far. */
  #nodesOf = new Int32Array(64);
  #bestOf = new Int32Array(64);
  /** Of what was read ahead; kept, so that no compiler can leave the reads out. */
  checksum = 0;

  constructor(records: PrefixRecords, nearFrom = nodesForNear) {
    this.#records = records;
    this.#nodesForNear = nearFrom;
    this.anchors = new Anchors(records);
  }

  get nodeBytes(): number {
    return this.nodes.pages.bytes + this.#shortcuts.byteLength + this.#near.byteLength;
  }

  /** Longest prefix over the address, 0 for none. */
  longest(family: number, w0: number, w1: number, w2: number, w3: number): number {
    if (family === 6) {
      const anchor = this.anchors.find(w0);
      if (anchor !== 0) {
        const found = this.anchors.longest(anchor, w1, w2, w3, 128);
        if (found !== 0) return found;
      }
      return this.#longestFrom(1, this.roots[1], 28, w0);
    }
    if (this.#shortcuts.length !== 0) {
      if (this.#near.length !== 0 && this.#near[w0 >>> nearShift] !== 0) {
        const found = this.#longestFrom(-1, this.#near[w0 >>> nearShift], nearShift - 4, w0);
        if (found !== 0) return found;
      }
      const skipped = this.#shortcuts[w0 >>> 16];
      if (skipped !== 0) {
        if (this.#near.length !== 0) this.#near[w0 >>> nearShift] = this.nodes.child(skipped, (w0 >>> nearShift) & 15);
        const found = this.#longestFrom(-1, skipped, 12, w0);
        if (found !== 0) return found;
      }
    }
    return this.#longestFrom(0, this.roots[0], 28, w0);
  }

  /**
   * `longest` of `count` addresses (family and four words each), into `out`. IPv4 addresses of a large table go level by level, and
   * what a level reads is read for all of them before anything depends on it, so that the waits for memory overlap.
   */
  longestOfMany(addresses: Int32Array, first: number, count: number, out: Int32Array): void {
    const near = this.#near;
    if (near.length > 0) this.#walkNear(addresses, first, count, out);
    for (let i = first, at = first * 5; i < first + count; i++, at += 5) {
      if (near.length > 0 && out[i] > 0) continue;
      out[i] = this.longest(addresses[at], addresses[at + 1], addresses[at + 2], addresses[at + 3], addresses[at + 4]);
    }
  }

  /** From the nodes of `#near` down; 0 where that finds nothing. */
  #walkNear(addresses: Int32Array, first: number, count: number, out: Int32Array): void {
    if (count > this.#nodesOf.length) {
      this.#nodesOf = new Int32Array(count * 2);
      this.#bestOf = new Int32Array(count * 2);
    }
    const near = this.#near;
    const words = this.nodes.pages.blocks.words;
    const nodes = this.#nodesOf;
    const best = this.#bestOf;
    let checksum = 0;
    for (let i = 0, at = first * 5; i < count; i++, at += 5) {
      nodes[i] = addresses[at] === 4 ? near[addresses[at + 1] >>> nearShift] : 0;
      best[i] = 0;
    }
    for (let shift = nearShift - 4; shift >= 0; shift -= 4) {
      for (let i = 0; i < count; i++) checksum ^= words[nodes[i]];
      for (let i = 0, at = first * 5 + 1; i < count; i++, at += 5) {
        const node = nodes[i];
        const nibble = (addresses[at] >>> shift) & 15;
        const own = words[node] & coveringBits[nibble];
        const children = words[node + 1];
        if (own !== 0) {
          best[i] = node + headerWords + onesIn(children) + onesIn(words[node] & ((1 << (31 - Math.clz32(own))) - 1));
        }
        const hasChild = ((children >>> nibble) & 1) !== 0;
        nodes[i] = hasChild ? words[node + headerWords + onesIn(children & ((1 << nibble) - 1))] : 0;
      }
    }
    this.checksum = checksum;
    for (let i = 0; i < count; i++) out[first + i] = best[i] === 0 ? 0 : words[best[i]];
  }

  /** Longest prefix of at most `length` bits over the address, 0 for none. */
  longestUpTo(family: number, w0: number, w1: number, w2: number, w3: number, length: number): number {
    if (length < 0) return 0;
    const root = family === 6 ? 1 : 0;
    if (length > 32) {
      const anchor = this.anchors.find(w0);
      const found = anchor === 0 ? 0 : this.anchors.longest(anchor, w1, w2, w3, length);
      return found === 0 ? this.#longestFrom(1, this.roots[1], 28, w0) : found;
    }
    const words = this.nodes.pages.blocks.words;
    let node = this.roots[root];
    let best = 0;
    let bestOwn = 0;
    for (let left = length, shift = 28; left > 0; left -= 4, shift -= 4) {
      const nibble = (w0 >>> shift) & 15;
      const own = words[node] & coveringBits[nibble] & (left < 4 ? bitsUpTo[left] : -1);
      if (own !== 0) {
        best = node;
        bestOwn = own;
      }
      const children = words[node + 1];
      if (((children >>> nibble) & 1) === 0) break;
      node = words[node + headerWords + onesIn(children & ((1 << nibble) - 1))];
    }
    return best === 0 ? this.defaults[root] : longestOf(words, best, bestOwn);
  }

  /** Id of the prefix, 0 for none. `insert` may follow at once. */
  find(family: number, w0: number, w1: number, w2: number, w3: number, length: number): number {
    const root = family === 6 ? 1 : 0;
    if (length === 0) return this.defaults[root];
    if (length > 32) {
      this.#anchor = this.anchors.find(w0);
      return this.#anchor === 0 ? 0 : this.anchors.exact(this.#anchor, w1, w2, w3, length);
    }
    const end = (length - 1) >> 2;
    this.#descend(root, w0, end);
    return this.#depth < end ? 0 : this.nodes.prefix(this.#path[end], bitAt(w0, length));
  }

  /** Enters a prefix for which `find` was called last and found none. */
  insert(id: number): void {
    const words = this.#records.slab.words;
    const record = id * cellWords;
    const w0 = words[record];
    const length = words[record + 2] & 255;
    const root = (words[record + 2] & isV6Bit) === 0 ? 0 : 1;
    if (length === 0) {
      this.defaults[root] = id;
      return;
    }
    if (length > 32) {
      const anchor = this.#anchor === 0 ? this.anchors.add(w0) : this.#anchor;
      if (this.#anchor === 0) {
        this.#descend(root, w0, lastLevel);
        this.#attach(root, w0, lastLevel + 1, anchor);
      }
      this.anchors.insert(anchor, id, words[record + 3], words[record + 4], words[record + 5], length);
      return;
    }
    const end = (length - 1) >> 2;
    const bit = bitAt(w0, length);
    if (this.#depth < end) {
      this.#attach(root, w0, end, this.nodes.createWithPrefix(bit, id));
      return;
    }
    const node = this.#path[end];
    const moved = this.nodes.addPrefix(node, bit, id);
    if (moved !== node) this.#relink(root, w0, end, moved);
  }

  /** Takes a prefix out; its record is still there. */
  remove(id: number): void {
    const words = this.#records.slab.words;
    const record = id * cellWords;
    const w0 = words[record];
    const length = words[record + 2] & 255;
    const root = (words[record + 2] & isV6Bit) === 0 ? 0 : 1;
    if (length === 0) {
      this.defaults[root] = 0;
      return;
    }
    if (length > 32) {
      const anchor = this.anchors.find(w0);
      if (!this.anchors.remove(anchor, words[record + 3], words[record + 4], words[record + 5], length)) return;
      this.anchors.free(anchor);
      this.#descend(root, w0, lastLevel);
      this.#detach(root, w0, lastLevel + 1);
      return;
    }
    const end = (length - 1) >> 2;
    this.#descend(root, w0, end);
    const node = this.#path[end];
    const left = this.nodes.removePrefix(node, bitAt(w0, length));
    if (left === 0) this.#detach(root, w0, end);
    else if (left !== node) this.#relink(root, w0, end, left);
  }

  /** Longest prefix in the nodes from `node` on; the default route of `root` when there is none (-1: none). */
  #longestFrom(root: number, from: number, firstShift: number, w0: number): number {
    const words = this.nodes.pages.blocks.words;
    let node = from;
    let best = 0;
    let bestOwn = 0;
    for (let shift = firstShift; ; shift -= 4) {
      const nibble = (w0 >>> shift) & 15;
      const own = words[node] & coveringBits[nibble];
      if (own !== 0) {
        best = node;
        bestOwn = own;
      }
      const children = words[node + 1];
      // The children of the last level are anchors.
      if (((children >>> nibble) & 1) === 0 || shift === 0) break;
      node = words[node + headerWords + onesIn(children & ((1 << nibble) - 1))];
    }
    if (best === 0) return root < 0 ? 0 : this.defaults[root];
    return longestOf(words, best, bestOwn);
  }

  /** Notes the nodes on the way of `w0`, down to level `end` or as far as there are some. */
  #descend(root: number, w0: number, end: number): void {
    const path = this.#path;
    const words = this.nodes.pages.blocks.words;
    let level = 0;
    let node = this.roots[root];
    if (root === 0 && end >= shortcutLevel && this.#shortcuts.length !== 0 && this.#shortcuts[w0 >>> 16] !== 0) {
      node = this.#shortcuts[w0 >>> 16];
      level = shortcutLevel;
      if (end >= nearLevel && this.#near.length !== 0 && this.#near[w0 >>> nearShift] !== 0) {
        node = this.#near[w0 >>> nearShift];
        level = nearLevel;
      }
    }
    this.#pathStart = level;
    if (node === 0) {
      this.#depth = -1;
      return;
    }
    path[level] = node;
    while (level < end) {
      const nibble = (w0 >>> (28 - 4 * level)) & 15;
      const children = words[node + 1];
      if (((children >>> nibble) & 1) === 0) break;
      node = words[node + headerWords + onesIn(children & ((1 << nibble) - 1))];
      path[++level] = node;
    }
    this.#depth = level;
  }

  /** The node at `level` on the way of the last descent. */
  #nodeAt(root: number, w0: number, level: number): number {
    if (level >= this.#pathStart) return this.#path[level];
    let node = this.roots[root];
    for (let n = 0; n < level; n++) node = this.nodes.child(node, (w0 >>> (28 - 4 * n)) & 15);
    return node;
  }

  /** Hangs a new node (or an anchor, at the level after the last) below the node where the last descent ended, through new ones. */
  #attach(root: number, w0: number, level: number, bottom: number): void {
    let child = bottom;
    let at = level;
    for (; at > this.#depth + 1; at--) {
      if (root === 0) this.#enterShortcut(w0, at, child);
      child = this.nodes.createWithChild((w0 >>> (32 - 4 * at)) & 15, child);
    }
    if (root === 0) this.#enterShortcut(w0, at, child);
    if (at === 0) {
      this.roots[root] = child;
      return;
    }
    const parent = this.#nodeAt(root, w0, at - 1);
    const moved = this.nodes.addChild(parent, (w0 >>> (32 - 4 * at)) & 15, child);
    if (moved !== parent) this.#relink(root, w0, at - 1, moved);
  }

  /** Takes the child at `level` out of its parent, and each parent that is left with nothing. */
  #detach(root: number, w0: number, level: number): void {
    for (let at = level; ; at--) {
      if (root === 0) this.#enterShortcut(w0, at, 0);
      if (at === 0) {
        this.roots[root] = 0;
        return;
      }
      const parent = this.#nodeAt(root, w0, at - 1);
      const left = this.nodes.removeChild(parent, (w0 >>> (32 - 4 * at)) & 15);
      if (left === 0) continue;
      if (left !== parent) this.#relink(root, w0, at - 1, left);
      return;
    }
  }

  /** Enters the new place of a node. */
  #relink(root: number, w0: number, level: number, node: number): void {
    if (root === 0) this.#enterShortcut(w0, level, node);
    if (level === 0) this.roots[root] = node;
    else this.nodes.setChild(this.#nodeAt(root, w0, level - 1), (w0 >>> (32 - 4 * level)) & 15, node);
  }

  #enterShortcut(w0: number, level: number, node: number): void {
    if (level === shortcutLevel) this.#setShortcut(w0, node);
    else if (level === nearLevel && this.#near.length !== 0) this.#near[w0 >>> nearShift] = node;
    else if (level === nearLevel && this.nodes.inUse > this.#nodesForNear) this.#near = new Int32Array(2 ** 20);
  }

  #setShortcut(w0: number, node: number): void {
    if (this.#shortcuts.length !== 0) {
      this.#shortcuts[w0 >>> 16] = node;
    } else if (this.nodes.inUse > nodesForShortcuts) {
      this.#shortcuts = new Int32Array(65_536);
      this.#findShortcuts(this.roots[0], 0, 0);
      this.#shortcuts[w0 >>> 16] = node;
    }
  }

  /** Enters all nodes of the level that are below `node`. */
  #findShortcuts(node: number, level: number, bits: number): void {
    for (let nibble = 0; nibble < 16; nibble++) {
      const child = this.nodes.child(node, nibble);
      if (child === 0) continue;
      if (level + 1 === shortcutLevel) this.#shortcuts[(bits << 4) | nibble] = child;
      else this.#findShortcuts(child, level + 1, (bits << 4) | nibble);
    }
  }
}

/** The prefix's bit in its node. */
function bitAt(w0: number, length: number): number {
  const level = (length - 1) >> 2;
  const bits = length - 4 * level;
  return prefixBit(bits, ((w0 >>> (28 - 4 * level)) & 15) >>> (4 - bits));
}

/** Id of the longest of the node's prefixes `own`. */
function longestOf(words: Int32Array, node: number, own: number): number {
  const bit = 31 - Math.clz32(own);
  return words[node + headerWords + onesIn(words[node + 1]) + onesIn(words[node] & ((1 << bit) - 1))];
}
