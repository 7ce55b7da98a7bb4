/**
 * The compact prefix table: routes of all routers of a shard in typed arrays (src/rib/MEMORY.md has the bytes). It joins the parts in
 * table/: records, the tree that finds them, route blocks, sources. Sessions write it, lookup reads it; the slow twin in
 * test/oracle/ says what it must do.
 *
 * Invariant: a prefix is in the tree exactly while it has a route, retired ones included. Every route holds one reference
 * on its attribute set. Blocks move while the table is written, never while it is read.
 */

import { randomInt } from 'node:crypto';
import { FatalError } from '../base/errors.ts';
import { LpmTree } from './table/lpm-tree.ts';
import { cellWords, countShift, hasPathIdsBit, isV6Bit, oneRoute, PrefixRecords } from './table/prefix-records.ts';
import { PrefixWalk } from './table/prefix-walk.ts';
import { RouteBlocks } from './table/route-blocks.ts';
import { RouteSources } from './table/route-sources.ts';
import { none, type AttributeTable, type RouteTable } from './types.ts';

/** What the record's count holds. */
const mostRoutes = 2 ** 22 - 1;
/** Changes between two looks at whether blocks should be moved together, at least. */
const changesBetweenChecks = 4096;
/** Records looked at for each change while they are. */
const sweptAChange = 32;

export interface PrefixTableOptions {
  /** Seeds the hash of prefixes; a random one unless told, so that nobody can choose prefixes that collide. */
  seed?: number;
  /** Nodes of the tree from which on 4 MiB are spent on finding IPv4 nodes by 20 bits, 65,536 unless told. */
  nodesForNear?: number;
}

export class PrefixTable implements RouteTable {
  readonly #attributes: AttributeTable;
  readonly #records: PrefixRecords;
  readonly #tree: LpmTree;
  readonly #routes = new RouteBlocks();
  readonly #sources = new RouteSources();
  #prefixesV4 = 0;
  #prefixesV6 = 0;
  /** The record from which the sweep goes on, 0 when there is none under way. */
  #sweepAt = 0;
  #changesToCheck = changesBetweenChecks;
  /** The prefix that is being loaded, and how many of its routes are to come. */
  #loading = 0;
  #loadsLeft = 0;

  constructor(attributes: AttributeTable, options: PrefixTableOptions = {}) {
    this.#attributes = attributes;
    this.#records = new PrefixRecords(options.seed ?? randomInt(2 ** 32));
    this.#tree = new LpmTree(this.#records, options.nodesForNear);
  }

  createSource(): number {
    return this.#sources.create();
  }

  announce(
    source: number,
    family: number,
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    length: number,
    pathId: number,
    attributes: number,
    timeMs: number,
  ): boolean {
    this.#sources.requireLive(source);
    const records = this.#records;
    const routes = this.#routes;
    let id = this.#tree.find(family, w0 | 0, w1 | 0, w2 | 0, w3 | 0, length);
    if (id === 0) id = this.#addPrefix(family, w0, w1, w2, w3, length);
    const words = records.slab.words;
    const at = id * cellWords;
    const meta = words[at + 2];
    const count = meta >>> countShift;
    const stride = (meta & hasPathIdsBit) === 0 ? 3 : 4;
    const known = routes.find(words[at + 1], count, stride, source, pathId);
    if (known >= 0) {
      const replaced = routes.attributes(known);
      routes.set(known, source, pathId, attributes, timeMs);
      if (replaced !== attributes) {
        this.#attributes.retain(attributes);
        this.#attributes.release(replaced);
      }
      return false;
    }
    if (count === mostRoutes) throw new FatalError(`more than ${mostRoutes} routes of one prefix`);
    this.#attributes.retain(attributes);
    if (stride === 4 || pathId < 0) {
      const block = routes.grow(words[at + 1], count, stride);
      routes.set(block + count * stride, source, pathId, attributes, timeMs);
      words[at + 1] = block;
      words[at + 2] = meta + oneRoute;
    } else {
      const block = count === 0 ? routes.grow(0, 0, 4) : routes.widen(words[at + 1], count);
      routes.set(block + count * 4, source, pathId, attributes, timeMs);
      words[at + 1] = block;
      words[at + 2] = (meta + oneRoute) | hasPathIdsBit;
    }
    this.#sources.addRoute(source, family === 6, id, records.end);
    this.#afterChange();
    return true;
  }

  withdraw(
    source: number,
    family: number,
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    length: number,
    pathId: number,
  ): boolean {
    this.#sources.requireLive(source);
    const id = this.#tree.find(family, w0 | 0, w1 | 0, w2 | 0, w3 | 0, length);
    if (id === 0) return false;
    const words = this.#records.slab.words;
    const at = id * cellWords;
    const meta = words[at + 2];
    const stride = (meta & hasPathIdsBit) === 0 ? 3 : 4;
    const route = this.#routes.find(words[at + 1], meta >>> countShift, stride, source, pathId);
    if (route < 0) return false;
    const left = this.#removeRoute(id, route);
    const isLast = stride === 3 || left === 0 || this.#routes.findAny(words[at + 1], left, stride, source) < 0;
    this.#sources.dropRoute(source, family === 6, id, isLast);
    if (left === 0) this.#removePrefix(id);
    this.#afterChange();
    return true;
  }

  retire(source: number): void {
    this.#sources.retire(source);
  }

  isLive(source: number): boolean {
    return this.#sources.isLive(source);
  }

  reclaim(maxRoutes: number): boolean {
    const sources = this.#sources;
    const words = this.#records.slab.words;
    let left = maxRoutes;
    for (;;) {
      const source = sources.nextRetired();
      if (source < 0) return false;
      const id = sources.nextPrefix(source);
      if (id < 0) {
        sources.release(source);
        continue;
      }
      const at = id * cellWords;
      for (;;) {
        const meta = words[at + 2];
        const stride = (meta & hasPathIdsBit) === 0 ? 3 : 4;
        const route = this.#routes.findAny(words[at + 1], meta >>> countShift, stride, source);
        if (route < 0) break;
        if (left-- <= 0) return true;
        const others = this.#removeRoute(id, route);
        this.#afterChange();
        if (others > 0 && stride === 4) continue;
        if (others === 0) this.#removePrefix(id);
        break;
      }
      sources.passPrefix();
    }
  }

  routesOfSource(source: number): number {
    return this.#sources.routesOf(source);
  }

  longestMatch(family: number, w0: number, w1: number, w2: number, w3: number): number {
    const id = this.#tree.longest(family, w0 | 0, w1 | 0, w2 | 0, w3 | 0);
    return id === 0 ? none : id;
  }

  longestMatches(addresses: Int32Array, first: number, count: number, out: Int32Array): void {
    this.#tree.longestOfMany(addresses, first, count, out);
    for (let i = first; i < first + count; i++) if (out[i] === 0) out[i] = none;
  }

  shorter(prefix: number): number {
    const words = this.#records.slab.words;
    const at = prefix * cellWords;
    const meta = words[at + 2];
    const length = (meta & 255) - 1;
    const isV6 = (meta & isV6Bit) !== 0;
    const id = isV6
      ? this.#tree.longestUpTo(6, words[at], words[at + 3], words[at + 4], words[at + 5], length)
      : this.#tree.longestUpTo(4, words[at], 0, 0, 0, length);
    return id === 0 ? none : id;
  }

  exactMatch(family: number, w0: number, w1: number, w2: number, w3: number, length: number): number {
    const id = this.#tree.find(family, w0 | 0, w1 | 0, w2 | 0, w3 | 0, length);
    return id === 0 ? none : id;
  }

  prefixFamily(prefix: number): number {
    return (this.#records.slab.words[prefix * cellWords + 2] & isV6Bit) === 0 ? 4 : 6;
  }

  prefixLength(prefix: number): number {
    return this.#records.slab.words[prefix * cellWords + 2] & 255;
  }

  prefixWord(prefix: number, index: number): number {
    const words = this.#records.slab.words;
    const at = prefix * cellWords;
    if (index === 0) return words[at];
    return (words[at + 2] & isV6Bit) === 0 ? 0 : words[at + 2 + index];
  }

  routeCount(prefix: number): number {
    return this.#records.slab.words[prefix * cellWords + 2] >>> countShift;
  }

  firstRoute(prefix: number): number {
    return this.#records.slab.words[prefix * cellWords + 1];
  }

  routeStride(prefix: number): number {
    return (this.#records.slab.words[prefix * cellWords + 2] & hasPathIdsBit) === 0 ? 3 : 4;
  }

  routeSource(route: number): number {
    return this.#routes.source(route);
  }

  routeAttributes(route: number): number {
    return this.#routes.attributes(route);
  }

  routeTimeMs(route: number): number {
    return this.#routes.timeMs(route);
  }

  routePathId(prefix: number, route: number): number {
    return this.routeStride(prefix) === 3 ? none : this.#routes.pathId(route);
  }

  /** All prefixes in order, IPv4 first; those that only retired sources have included. Good while nothing is written. */
  walk(): PrefixWalk {
    return new PrefixWalk(this.#tree);
  }

  /** Makes room for a table that is loaded prefix by prefix: `loadPrefix`, then `loadRoute` for each of its routes. */
  beginLoad({ prefixesV4, prefixesV6, routes }: { prefixesV4: number; prefixesV6: number; routes: number }): void {
    this.#records.reserve(prefixesV4 + 2 * prefixesV6);
    this.#routes.pages.reserve(routes * 3);
  }

  /**
   * A prefix that the table does not have, of exactly `routes` routes (at least one), which `loadRoute` gives at once. Prefixes in order
   * load fastest.
   */
  loadPrefix(
    family: number,
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    length: number,
    routes: number,
    withPathIds: boolean,
  ): void {
    if (this.#loadsLeft !== 0) throw new RangeError(`${this.#loadsLeft} routes of the prefix before are missing`);
    if (routes < 1 || routes > mostRoutes) throw new RangeError(`a prefix of ${routes} routes`);
    if (this.#tree.find(family, w0 | 0, w1 | 0, w2 | 0, w3 | 0, length) !== 0) throw new RangeError('a prefix twice');
    const id = this.#addPrefix(family, w0, w1, w2, w3, length);
    const words = this.#records.slab.words;
    const at = id * cellWords;
    const stride = withPathIds ? 4 : 3;
    words[at + 1] = this.#routes.pages.allocate(routes * stride);
    if (withPathIds) words[at + 2] |= hasPathIdsBit;
    this.#loading = id;
    this.#loadsLeft = routes;
  }

  /** The next route of the prefix that is being loaded; `pathId` is -1 for none. Takes one reference on `attributes`. */
  loadRoute(source: number, pathId: number, attributes: number, timeMs: number): void {
    if (this.#loadsLeft === 0) throw new RangeError('a route more than the prefix has');
    this.#sources.requireLive(source);
    const words = this.#records.slab.words;
    const at = this.#loading * cellWords;
    const meta = words[at + 2];
    const stride = (meta & hasPathIdsBit) === 0 ? 3 : 4;
    if (stride === 3 && pathId >= 0) throw new RangeError('a path id at a prefix without');
    this.#routes.set(words[at + 1] + (meta >>> countShift) * stride, source, pathId, attributes, timeMs);
    words[at + 2] = meta + oneRoute;
    this.#attributes.retain(attributes);
    this.#sources.addRoute(source, (meta & isV6Bit) !== 0, this.#loading, this.#records.room);
    this.#loadsLeft--;
  }

  endLoad(): void {
    if (this.#loadsLeft !== 0) throw new RangeError(`${this.#loadsLeft} routes of the last prefix are missing`);
    this.#loading = 0;
  }

  counts(): { routesV4: number; routesV6: number; prefixesV4: number; prefixesV6: number } {
    return {
      routesV4: this.#sources.routesV4,
      routesV6: this.#sources.routesV6,
      prefixesV4: this.#prefixesV4,
      prefixesV6: this.#prefixesV6,
    };
  }

  memory(): Record<string, number> {
    return {
      prefixRecords: this.#records.slab.bytes,
      nodes: this.#tree.nodeBytes,
      anchors: this.#tree.anchors.bytes,
      routeBlocks: this.#routes.pages.bytes,
      sources: this.#sources.bytes,
    };
  }

  /** Numbers behind memory(), for the tests of MEMORY.md. */
  occupancy(): { nodes: number; blockWordsLive: number; blockWordsUsed: number } {
    const pages = this.#routes.pages;
    return { nodes: this.#tree.nodes.inUse, blockWordsLive: pages.liveWords, blockWordsUsed: pages.usedWords };
  }

  /** Takes the route out of its block and drops its attributes; the number of routes left at the prefix. */
  #removeRoute(id: number, route: number): number {
    const words = this.#records.slab.words;
    const at = id * cellWords;
    const meta = words[at + 2];
    const attributes = this.#routes.attributes(route);
    const stride = (meta & hasPathIdsBit) === 0 ? 3 : 4;
    words[at + 1] = this.#routes.remove(words[at + 1], meta >>> countShift, stride, route);
    words[at + 2] = meta - oneRoute;
    this.#attributes.release(attributes);
    return (meta >>> countShift) - 1;
  }

  /** A prefix that `find` was asked for last and did not find. */
  #addPrefix(family: number, w0: number, w1: number, w2: number, w3: number, length: number): number {
    const id = this.#records.add(family, w0 | 0, w1 | 0, w2 | 0, w3 | 0, length);
    this.#tree.insert(id);
    if (family === 6) this.#prefixesV6++;
    else this.#prefixesV4++;
    return id;
  }

  #removePrefix(id: number): void {
    if (this.prefixFamily(id) === 6) this.#prefixesV6--;
    else this.#prefixesV4--;
    this.#tree.remove(id);
    this.#records.remove(id);
  }

  /** Moves some blocks out of half-empty pages, so that a long run keeps its memory; the pauses are spread over changes. */
  #afterChange(): void {
    if (this.#sweepAt === 0) {
      if (--this.#changesToCheck > 0) return;
      const pages = this.#routes.pages;
      this.#changesToCheck = Math.max(changesBetweenChecks, pages.usedWords >>> 9);
      if (pages.startVacating()) this.#sweepAt = 1;
      return;
    }
    const words = this.#records.slab.words;
    const pages = this.#routes.pages;
    let id = this.#sweepAt;
    const end = this.#records.end;
    for (let i = 0; i < sweptAChange && id < end; i++) {
      const at = id * cellWords;
      const meta = words[at + 2];
      const count = meta >>> countShift;
      if (count > 0 && pages.isVacated(words[at + 1])) {
        const size = count * ((meta & hasPathIdsBit) === 0 ? 3 : 4);
        words[at + 1] = pages.move(words[at + 1], size, size);
      }
      id += (meta & isV6Bit) === 0 ? 1 : 2;
    }
    this.#sweepAt = id < end ? id : 0;
  }
}
