/**
 * Who has routes where: for each source whether it is live, its routes by family and the set of its prefixes; and the queue of retired
 * sources whose routes are still to be freed.
 *
 * Invariant: an id is given again only after its source was retired and the last of its routes freed.
 */

import { FatalError } from '../../base/errors.ts';
import { PrefixSet } from './prefix-set.ts';
import { maxSources } from './route-blocks.ts';

const sourceFree = 0;
const sourceLive = 1;
const sourceRetired = 2;

export class RouteSources {
  /** Live routes of all sources. */
  routesV4 = 0;
  routesV6 = 0;
  #states = new Uint8Array(16);
  #routesV4 = new Int32Array(16);
  #routesV6 = new Int32Array(16);
  readonly #prefixes: (PrefixSet | null)[] = [];
  readonly #free: number[] = [];
  #retired: number[] = [];
  /** Place in the queue, and in the set of the source there. */
  #reclaimed = 0;
  #cursor = 0;

  get bytes(): number {
    let bytes = this.#states.byteLength + this.#routesV4.byteLength * 2;
    for (const set of this.#prefixes) if (set !== null) bytes += set.bytes;
    return bytes;
  }

  create(): number {
    const source = this.#free.pop() ?? this.#prefixes.length;
    if (source >= maxSources) throw new FatalError(`more than ${maxSources} route sources in one table`);
    if (source >= this.#states.length) this.#grow();
    this.#states[source] = sourceLive;
    this.#prefixes[source] = new PrefixSet();
    return source;
  }

  isLive(source: number): boolean {
    return this.#states[source] === sourceLive;
  }

  requireLive(source: number): void {
    if (this.#states[source] !== sourceLive) throw new RangeError(`route source ${source} is not live`);
  }

  routesOf(source: number): number {
    return this.isLive(source) ? this.#routesV4[source] + this.#routesV6[source] : 0;
  }

  /** A new route of a live source; `end` is one more than the largest prefix id. */
  addRoute(source: number, isV6: boolean, prefix: number, end: number): void {
    if (isV6) {
      this.#routesV6[source]++;
      this.routesV6++;
    } else {
      this.#routesV4[source]++;
      this.routesV4++;
    }
    this.#prefixes[source]?.add(prefix, end);
  }

  /** A live source lost a route; `isLast` when it has no other at the prefix. */
  dropRoute(source: number, isV6: boolean, prefix: number, isLast: boolean): void {
    if (isV6) {
      this.#routesV6[source]--;
      this.routesV6--;
    } else {
      this.#routesV4[source]--;
      this.routesV4--;
    }
    if (isLast) this.#prefixes[source]?.delete(prefix);
  }

  retire(source: number): void {
    this.requireLive(source);
    this.#states[source] = sourceRetired;
    this.routesV4 -= this.#routesV4[source];
    this.routesV6 -= this.#routesV6[source];
    this.#routesV4[source] = 0;
    this.#routesV6[source] = 0;
    this.#retired.push(source);
  }

  /** The retired source whose routes go next, -1 for none. */
  nextRetired(): number {
    return this.#retired[this.#reclaimed] ?? -1;
  }

  /** The next prefix at which that source has routes, -1 when there is none left. Stays there until `passPrefix`. */
  nextPrefix(source: number): number {
    const set = this.#prefixes[source];
    if (!set) return -1;
    this.#cursor = set.seek(this.#cursor);
    return this.#cursor < 0 ? -1 : set.at(this.#cursor);
  }

  passPrefix(): void {
    this.#cursor++;
  }

  /** The retired source has no routes any more: its id is free. */
  release(source: number): void {
    this.#states[source] = sourceFree;
    this.#prefixes[source] = null;
    this.#free.push(source);
    this.#cursor = 0;
    if (++this.#reclaimed < this.#retired.length) return;
    this.#retired = [];
    this.#reclaimed = 0;
  }

  #grow(): void {
    const size = this.#states.length * 2;
    const states = new Uint8Array(size);
    states.set(this.#states);
    this.#states = states;
    const routesV4 = new Int32Array(size);
    routesV4.set(this.#routesV4);
    this.#routesV4 = routesV4;
    const routesV6 = new Int32Array(size);
    routesV6.set(this.#routesV6);
    this.#routesV6 = routesV6;
  }
}
