/**
 * Walks the prefixes of a table in prefix order: IPv4 before IPv6, by address, shorter before longer. Resumable, good only while nothing
 * is written.
 */

import type { LpmTree } from './lpm-tree.ts';
import { lastLevel } from './lpm-tree.ts';
import { prefixBit } from './tree-nodes.ts';

/** What a node has, in order: below 30 the bit of a prefix, beyond that 32 and the slot of a child. */
const child = 32;
const order = new Uint8Array(46);
let filled = 0;
function fillOrder(length: number, value: number): void {
  if (length > 0) order[filled++] = prefixBit(length, value);
  if (length === 4) {
    order[filled++] = child | value;
    return;
  }
  fillOrder(length + 1, value * 2);
  fillOrder(length + 1, value * 2 + 1);
}
fillOrder(0, 0);

export class PrefixWalk {
  readonly #tree: LpmTree;
  /** Nodes on the way, and how far each has been walked. */
  readonly #nodes = new Int32Array(lastLevel + 1);
  readonly #steps = new Int32Array(lastLevel + 1);
  /** -1: the next family begins. */
  #level = -1;
  #family = -1;
  #anchor = 0;
  #leaf = 0;
  #entry = 0;

  constructor(tree: LpmTree) {
    this.#tree = tree;
  }

  /** The next prefix, -1 after the last. */
  next(): number {
    const { nodes } = this.#tree;
    for (;;) {
      if (this.#anchor !== 0) {
        const id = this.#nextOfAnchor();
        if (id !== 0) return id;
      }
      const level = this.#level;
      if (level < 0) {
        if (this.#family === 1) return -1;
        const id = this.#beginFamily();
        if (id !== 0) return id;
        continue;
      }
      if (this.#steps[level] === order.length) {
        this.#level--;
        continue;
      }
      const step = order[this.#steps[level]++];
      const node = this.#nodes[level];
      if (step < child) {
        const id = nodes.prefix(node, step);
        if (id !== 0) return id;
        continue;
      }
      const below = nodes.child(node, step & 15);
      if (below === 0) continue;
      if (level === lastLevel) this.#enterAnchor(below);
      else this.#enterNode(level + 1, below);
    }
  }

  /** The family's default route, 0 when there is none. */
  #beginFamily(): number {
    const family = ++this.#family;
    const root = this.#tree.roots[family];
    if (root !== 0) this.#enterNode(0, root);
    return this.#tree.defaults[family];
  }

  #enterNode(level: number, node: number): void {
    this.#level = level;
    this.#nodes[level] = node;
    this.#steps[level] = 0;
  }

  #enterAnchor(anchor: number): void {
    this.#anchor = anchor;
    this.#leaf = 0;
    this.#entry = 0;
  }

  #nextOfAnchor(): number {
    const { anchors } = this.#tree;
    if (this.#entry === anchors.countAt(this.#anchor, this.#leaf)) {
      this.#entry = 0;
      if (++this.#leaf === anchors.leafCount(this.#anchor)) {
        this.#anchor = 0;
        return 0;
      }
    }
    return anchors.idIn(anchors.leafAt(this.#anchor, this.#leaf), this.#entry++);
  }
}
