/**
 * The obviously right twins of the prefix table and the attribute store: Maps of strings, one object a route, nothing clever. Property
 * tests compare the compact ones with them; other tests take them where only the behaviour of src/rib/types.ts matters. The order in
 * which `reclaim` frees retired routes is the only thing in which a twin and the real one may differ.
 */

import type { AttributeTable, RouteTable } from '../../src/rib/types.ts';

interface SlowRoute {
  key: string;
  source: number;
  pathId: number;
  attributes: number;
  timeMs: number;
}

interface SlowPrefix {
  id: number;
  family: number;
  words: number[];
  length: number;
  routes: SlowRoute[];
}

interface SlowSource {
  live: boolean;
  routes: Map<string, { prefix: SlowPrefix; route: SlowRoute }>;
}

const refsAPrefix = 2 ** 20;

/** The first `length` bits of four words, the rest 0. */
export function maskWords(words: readonly number[], length: number): number[] {
  return words.map((word, index) => {
    const bits = Math.min(32, Math.max(0, length - 32 * index));
    return bits === 0 ? 0 : word & (-1 << (32 - bits));
  });
}

function prefixKey(family: number, words: readonly number[], length: number): string {
  return `${family} ${words.map((word) => (word >>> 0).toString(16)).join(':')}/${length}`;
}

class SlowTable implements RouteTable {
  readonly #attributes: AttributeTable;
  readonly #prefixes = new Map<string, SlowPrefix>();
  readonly #byId = new Map<number, SlowPrefix>();
  readonly #sources: (SlowSource | null)[] = [];
  #nextPrefix = 0;

  constructor(attributes: AttributeTable) {
    this.#attributes = attributes;
  }

  createSource(): number {
    const free = this.#sources.indexOf(null);
    const id = free < 0 ? this.#sources.length : free;
    this.#sources[id] = { live: true, routes: new Map() };
    return id;
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
    const owner = this.#liveSource(source);
    const words = [w0 | 0, w1 | 0, w2 | 0, w3 | 0];
    const key = prefixKey(family, words, length);
    const routeKey = `${key} ${pathId}`;
    this.#attributes.retain(attributes);
    const known = owner.routes.get(routeKey);
    if (known !== undefined) {
      this.#attributes.release(known.route.attributes);
      known.route.attributes = attributes;
      known.route.timeMs = timeMs;
      return false;
    }
    let prefix = this.#prefixes.get(key);
    if (prefix === undefined) {
      prefix = { id: this.#nextPrefix++, family, words, length, routes: [] };
      this.#prefixes.set(key, prefix);
      this.#byId.set(prefix.id, prefix);
    }
    const route = { key: routeKey, source, pathId, attributes, timeMs };
    prefix.routes.push(route);
    owner.routes.set(routeKey, { prefix, route });
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
    const owner = this.#liveSource(source);
    const routeKey = `${prefixKey(family, [w0 | 0, w1 | 0, w2 | 0, w3 | 0], length)} ${pathId}`;
    return this.#remove(owner, routeKey);
  }

  retire(source: number): void {
    this.#liveSource(source).live = false;
  }

  isLive(source: number): boolean {
    return this.#sources[source]?.live ?? false;
  }

  reclaim(maxRoutes: number): boolean {
    let left = maxRoutes;
    for (const [id, owner] of this.#sources.entries()) {
      if (owner === null || owner.live) continue;
      for (const routeKey of owner.routes.keys()) {
        if (left-- <= 0) return true;
        this.#remove(owner, routeKey);
      }
      this.#sources[id] = null;
    }
    return false;
  }

  routesOfSource(source: number): number {
    const owner = this.#sources[source];
    return owner?.live ? owner.routes.size : 0;
  }

  longestMatches(addresses: Int32Array, first: number, count: number, out: Int32Array): void {
    for (let i = first; i < first + count; i++) {
      const [family, w0, w1, w2, w3] = addresses.subarray(i * 5, i * 5 + 5);
      out[i] = this.longestMatch(family, w0, w1, w2, w3);
    }
  }

  longestMatch(family: number, w0: number, w1: number, w2: number, w3: number): number {
    return this.#cover(family, [w0 | 0, w1 | 0, w2 | 0, w3 | 0], family === 4 ? 32 : 128);
  }

  shorter(prefix: number): number {
    const { family, words, length } = this.#prefix(prefix);
    return this.#cover(family, words, length - 1);
  }

  exactMatch(family: number, w0: number, w1: number, w2: number, w3: number, length: number): number {
    return this.#prefixes.get(prefixKey(family, [w0 | 0, w1 | 0, w2 | 0, w3 | 0], length))?.id ?? -1;
  }

  prefixFamily(prefix: number): number {
    return this.#prefix(prefix).family;
  }

  prefixLength(prefix: number): number {
    return this.#prefix(prefix).length;
  }

  prefixWord(prefix: number, index: number): number {
    return this.#prefix(prefix).words[index];
  }

  routeCount(prefix: number): number {
    return this.#prefix(prefix).routes.length;
  }

  firstRoute(prefix: number): number {
    return prefix * refsAPrefix;
  }

  routeStride(): number {
    return 1;
  }

  routeSource(route: number): number {
    return this.#route(route).source;
  }

  routeAttributes(route: number): number {
    return this.#route(route).attributes;
  }

  routeTimeMs(route: number): number {
    return this.#route(route).timeMs;
  }

  routePathId(_prefix: number, route: number): number {
    return this.#route(route).pathId;
  }

  counts(): { routesV4: number; routesV6: number; prefixesV4: number; prefixesV6: number } {
    const counts = { routesV4: 0, routesV6: 0, prefixesV4: 0, prefixesV6: 0 };
    for (const prefix of this.#prefixes.values()) {
      const live = prefix.routes.filter((route) => this.isLive(route.source)).length;
      if (prefix.family === 4) {
        counts.prefixesV4++;
        counts.routesV4 += live;
      } else {
        counts.prefixesV6++;
        counts.routesV6 += live;
      }
    }
    return counts;
  }

  memory(): Record<string, number> {
    return {};
  }

  #liveSource(source: number): SlowSource {
    const owner = this.#sources[source];
    if (!owner?.live) throw new RangeError(`source ${source} is not live`);
    return owner;
  }

  #prefix(id: number): SlowPrefix {
    const prefix = this.#byId.get(id);
    if (prefix === undefined) throw new RangeError(`no prefix ${id}`);
    return prefix;
  }

  #route(ref: number): SlowRoute {
    return this.#prefix(Math.floor(ref / refsAPrefix)).routes[ref % refsAPrefix];
  }

  #cover(family: number, words: readonly number[], longest: number): number {
    for (let length = longest; length >= 0; length--) {
      const prefix = this.#prefixes.get(prefixKey(family, maskWords(words, length), length));
      if (prefix !== undefined) return prefix.id;
    }
    return -1;
  }

  #remove(owner: SlowSource, routeKey: string): boolean {
    const found = owner.routes.get(routeKey);
    if (found === undefined) return false;
    const { prefix, route } = found;
    owner.routes.delete(routeKey);
    prefix.routes.splice(prefix.routes.indexOf(route), 1);
    if (prefix.routes.length === 0) {
      this.#prefixes.delete(prefixKey(prefix.family, prefix.words, prefix.length));
      this.#byId.delete(prefix.id);
    }
    this.#attributes.release(route.attributes);
    return true;
  }
}

class SlowAttributes implements AttributeTable {
  readonly #ids = new Map<string, number>();
  readonly #sets = new Map<number, { key: string; words: Int32Array; references: number }>();
  #nextId = 0;

  intern(words: Int32Array, length: number): number {
    const kept = words.slice(0, length);
    const key = kept.join(' ');
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#nextId++;
      this.#ids.set(key, id);
      this.#sets.set(id, { key, words: kept, references: 0 });
    }
    this.retain(id);
    return id;
  }

  retain(id: number): void {
    this.#set(id).references++;
  }

  release(id: number): void {
    const set = this.#set(id);
    if (--set.references > 0) return;
    this.#sets.delete(id);
    this.#ids.delete(set.key);
  }

  words(id: number): Int32Array {
    return this.#set(id).words;
  }

  start(): number {
    return 0;
  }

  get size(): number {
    return this.#sets.size;
  }

  memory(): Record<string, number> {
    return {};
  }

  #set(id: number): { key: string; words: Int32Array; references: number } {
    const set = this.#sets.get(id);
    if (set === undefined) throw new RangeError(`no attribute set ${id}`);
    return set;
  }
}

export function createSlowTable(attributes: AttributeTable): RouteTable {
  return new SlowTable(attributes);
}

export function createSlowAttributes(): AttributeTable {
  return new SlowAttributes();
}
