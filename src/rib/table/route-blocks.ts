/**
 * The routes of a prefix: one contiguous block, so that a lookup reads one or two cache lines. Order within the block is arbitrary.
 *
 *   route (3 words, or 4)   0 source (20 bits) << 12 | time's upper 12 bits | 1 time's lower 32 bits
 *                           2 attribute set (31 bits), bit 31: this route has a path id | 3 path id
 *
 * Times are whole milliseconds from 0 to 2^44 - 1; what lies outside is clamped. All routes of a block have four words once one of
 * them has a path id, until the prefix goes. A route's reference is the position of its first word.
 */

import { BlockPages } from './block-pages.ts';

export const maxTimeMs = 2 ** 44 - 1;
export const maxSources = 2 ** 20;
const twoTo32 = 2 ** 32;
const hasPathId = 1 << 31;

export class RouteBlocks {
  readonly pages = new BlockPages();

  source(route: number): number {
    return this.pages.blocks.words[route] >>> 12;
  }

  attributes(route: number): number {
    return this.pages.blocks.words[route + 2] & 0x7fffffff;
  }

  timeMs(route: number): number {
    const words = this.pages.blocks.words;
    return (words[route] & 0xfff) * twoTo32 + (words[route + 1] >>> 0);
  }

  /** Path id of a route in a block that has some. */
  pathId(route: number): number {
    const words = this.pages.blocks.words;
    return words[route + 2] < 0 ? words[route + 3] >>> 0 : -1;
  }

  set(route: number, source: number, pathId: number, attributes: number, timeMs: number): void {
    const words = this.pages.blocks.words;
    const time = timeMs > 0 ? Math.min(Math.floor(timeMs), maxTimeMs) : 0;
    words[route] = (source << 12) | (time / twoTo32);
    words[route + 1] = time | 0;
    if (pathId < 0) {
      words[route + 2] = attributes;
    } else {
      words[route + 2] = attributes | hasPathId;
      words[route + 3] = pathId | 0;
    }
  }

  /** The source's route with the path id, -1 for none. */
  find(block: number, count: number, stride: number, source: number, pathId: number): number {
    if (pathId >= 0 && stride === 3) return -1;
    const words = this.pages.blocks.words;
    const end = block + count * stride;
    for (let route = block; route < end; route += stride) {
      if (words[route] >>> 12 !== source) continue;
      if (stride === 3) return route;
      if (pathId < 0 ? words[route + 2] >= 0 : words[route + 2] < 0 && words[route + 3] === (pathId | 0)) return route;
    }
    return -1;
  }

  /** Any route of the source, -1 for none. */
  findAny(block: number, count: number, stride: number, source: number): number {
    const words = this.pages.blocks.words;
    const end = block + count * stride;
    for (let route = block; route < end; route += stride) if (words[route] >>> 12 === source) return route;
    return -1;
  }

  /** The block with room for one more route, moved if it has none. */
  grow(block: number, count: number, stride: number): number {
    const needed = (count + 1) * stride;
    if (count === 0) return this.pages.allocate(needed);
    return needed <= this.pages.capacity(block) ? block : this.pages.move(block, count * stride, needed);
  }

  /** The block with room for path ids, none set, and for one more route. */
  widen(block: number, count: number): number {
    const to = this.pages.allocate((count + 1) * 4);
    const words = this.pages.blocks.words;
    for (let i = 0; i < count; i++) {
      const from = block + i * 3;
      const at = to + i * 4;
      words[at] = words[from];
      words[at + 1] = words[from + 1];
      words[at + 2] = words[from + 2];
      words[at + 3] = 0;
    }
    this.pages.free(block);
    return to;
  }

  /** Takes a route out of a block of `count`; the block where the others are now (freed when there are none). */
  remove(block: number, count: number, stride: number, route: number): number {
    if (count === 1) {
      this.pages.free(block);
      return 0;
    }
    const words = this.pages.blocks.words;
    const last = block + (count - 1) * stride;
    if (last !== route) for (let i = 0; i < stride; i++) words[route + i] = words[last + i];
    const left = (count - 1) * stride;
    return this.pages.isTooLarge(this.pages.capacity(block), left) ? this.pages.move(block, left, left) : block;
  }
}
