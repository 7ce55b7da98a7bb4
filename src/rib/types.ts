/**
 * The prefix table of one shard as the rest of rib/ and lookup/ see it: all routes of all routers of the shard in one instance (the
 * global one; VRFs get tables of their own), in one tree for each family. The compact one (prefix-table.ts) and its slow twin
 * (test/oracle/slow-table.ts) both are one.
 *
 * Invariant: ids and refs are good until the next announce, withdraw or reclaim.
 */

/** A prefix with at least one route. */
export type PrefixId = number;
/** An interned attribute set (attribute-store.ts). */
export type AttributeSetId = number;
/** One (BMP source, peer, epoch, view, SAFI): whatever can disappear as one. At most 2^20 at a time in a shard. */
export type SourceId = number;
/** A route's place inside the table. */
export type RouteRef = number;

export const none = -1;

export interface RouteTable {
  /** A source without routes. Ids of retired sources come back once they are reclaimed. */
  createSource(): SourceId;
  /**
   * Sets a route. `pathId` is uint32, -1 for none (0 is a path id). Host bits of the words are 0. `timeMs` is the record's time. Takes
   * one reference on `attributes`. True when the route is new, false when it replaced one of the same key.
   */
  announce(
    source: SourceId,
    family: number,
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    length: number,
    pathId: number,
    attributes: AttributeSetId,
    timeMs: number,
  ): boolean;
  /** True when there was such a route. Drops the reference on its attributes. */
  withdraw(
    source: SourceId,
    family: number,
    w0: number,
    w1: number,
    w2: number,
    w3: number,
    length: number,
    pathId: number,
  ): boolean;
  /** All routes of the source stop answering at once: `isLive` is false from here on. `reclaim` frees them in slices. */
  retire(source: SourceId): void;
  isLive(source: SourceId): boolean;
  /** Frees up to `maxRoutes` routes of retired sources; true while there is more to do. */
  reclaim(maxRoutes: number): boolean;
  /** Routes of a live source. */
  routesOfSource(source: SourceId): number;

  /** Longest prefix that covers the address and has at least one route, of whatever source, retired ones included; -1 for none. */
  longestMatch(family: number, w0: number, w1: number, w2: number, w3: number): PrefixId;
  /** `longestMatch` of the addresses [first, first + count), five words each (family, address), into the same places of `out`. */
  longestMatches(addresses: Int32Array, first: number, count: number, out: Int32Array): void;
  /** Next shorter prefix covering this one, or -1. */
  shorter(prefix: PrefixId): PrefixId;
  exactMatch(family: number, w0: number, w1: number, w2: number, w3: number, length: number): PrefixId;
  prefixFamily(prefix: PrefixId): number;
  prefixLength(prefix: PrefixId): number;
  /** Word `index` (0-3) of the prefix. */
  prefixWord(prefix: PrefixId, index: number): number;

  /** Routes of the prefix, retired ones included: refs are `firstRoute(p) + i * routeStride(p)` for i in [0, routeCount(p)). */
  routeCount(prefix: PrefixId): number;
  firstRoute(prefix: PrefixId): RouteRef;
  routeStride(prefix: PrefixId): number;
  routeSource(route: RouteRef): SourceId;
  routeAttributes(route: RouteRef): AttributeSetId;
  /** Milliseconds since the epoch, exact. */
  routeTimeMs(route: RouteRef): number;
  /** uint32, or -1. Needs the prefix, since only blocks with path ids carry them. */
  routePathId(prefix: PrefixId, route: RouteRef): number;

  /** Live routes by family, prefixes by family (retired ones included until reclaimed). */
  counts(): { routesV4: number; routesV6: number; prefixesV4: number; prefixesV6: number };
  /** Bytes by part, from the real arrays. */
  memory(): Record<string, number>;
}

export interface AttributeTable {
  /** Finds or stores the set; adds one reference, for the caller. */
  intern(words: Int32Array, length: number): AttributeSetId;
  retain(id: AttributeSetId): void;
  release(id: AttributeSetId): void;
  /** Word array and start of a set, for AttributeReader.read; good until the next intern. */
  words(id: AttributeSetId): Int32Array;
  start(id: AttributeSetId): number;
  /** Distinct sets stored. */
  readonly size: number;
  memory(): Record<string, number>;
}
