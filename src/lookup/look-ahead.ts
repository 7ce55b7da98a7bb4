/**
 * Reads ahead what the lookups of some flows are about to read. A lookup is a chain of reads that each wait for memory (tree, prefix,
 * route, attribute set, its words), since a full table fits in no cache. Here the chains of a group go side by side, step by step,
 * so that the processor waits for several at once; the lookups proper then find everything in its caches. Nothing but time depends
 * on it.
 *
 * Invariant: between `add` and the lookups nothing is written to the tables.
 */

import type { IpAddress } from '../base/ip.ts';
import type { Router } from '../model/router.ts';
import type { RouterState } from '../rib/peers.ts';
import type { RibShard } from '../rib/shard.ts';
import { headViewBits, type SourceColumns } from '../rib/sources.ts';
import type { AttributeTable, RouteTable } from '../rib/types.ts';

/** Routes of the router at a prefix whose attributes are read ahead. */
const mostRoutes = 8;
/** Routes of a prefix that are looked at for them. */
const mostLookedAt = 64;
const wordsACacheLine = 16;
const addressWords = 5;

export class LookAhead {
  /** Of what was read; kept, so that no compiler can leave the reads out. */
  checksum = 0;
  private readonly tables: RouteTable[] = [];
  private readonly sources: SourceColumns[] = [];
  /** Index of the router in its shard, -1 for one that is not there. */
  private readonly routers: Int32Array;
  private readonly attributes: AttributeTable[] = [];
  /** Family and words of each address. */
  private readonly addresses: Int32Array;
  private readonly prefixes: Int32Array;
  private readonly firstRoutes: Int32Array;
  private readonly sets: Int32Array;
  private readonly starts: Int32Array;
  private readonly attributesOfSet: AttributeTable[] = [];
  private count = 0;

  /** For up to `capacity` addresses at a time. */
  constructor(capacity: number) {
    this.addresses = new Int32Array(capacity * addressWords);
    this.prefixes = new Int32Array(capacity);
    this.routers = new Int32Array(capacity);
    this.firstRoutes = new Int32Array(capacity);
    this.sets = new Int32Array(capacity * mostRoutes);
    this.starts = new Int32Array(capacity * mostRoutes);
  }

  /** Of the router's global table, or of its VRFs; undefined for a router that the shard does not know. */
  add(shard: RibShard, { family, w0, w1, w2, w3 }: IpAddress, isInVrf: boolean, router: RouterState | undefined): void {
    if (family === 0) return;
    const { addresses } = this;
    const at = this.count * addressWords;
    addresses[at] = family;
    addresses[at + 1] = w0;
    addresses[at + 2] = w1;
    addresses[at + 3] = w2;
    addresses[at + 4] = w3;
    const instance = isInVrf ? shard.vpn : shard.global;
    this.tables[this.count] = instance.routes;
    this.sources[this.count] = instance.sources;
    this.routers[this.count] = router?.index ?? -1;
    this.attributes[this.count++] = shard.attributes;
  }

  /**
   * Reads for all that were added, and forgets them. What a step branches on, the step before has read: a wrong guess of a branch
   * whose data is still on its way would stop the others.
   */
  run(): void {
    const { prefixes, firstRoutes, sets, starts, tables, attributesOfSet, count } = this;
    let checksum = 0;
    this.findPrefixes();
    for (let i = 0; i < count; i++) firstRoutes[i] = prefixes[i] < 0 ? -1 : tables[i].firstRoute(prefixes[i]);
    for (let i = 0; i < count; i++) {
      if (firstRoutes[i] < 0) continue;
      const last = (tables[i].routeCount(prefixes[i]) - 1) * tables[i].routeStride(prefixes[i]);
      const ends = last < wordsACacheLine ? last : wordsACacheLine;
      checksum ^= tables[i].routeSource(firstRoutes[i]) ^ tables[i].routeSource(firstRoutes[i] + ends);
    }
    const found = this.findSets();
    for (let i = 0; i < found; i++) starts[i] = attributesOfSet[i].start(sets[i]);
    for (let i = 0; i < found; i++) {
      const words = attributesOfSet[i].words(sets[i]);
      checksum ^= words[starts[i]] ^ words[starts[i] + wordsACacheLine];
    }
    this.checksum = checksum;
    this.count = 0;
  }

  /** Addresses of one table in a row are searched together. */
  private findPrefixes(): void {
    const { addresses, prefixes, tables, count } = this;
    for (let first = 0, end = 0; first < count; first = end) {
      end = first + 1;
      while (end < count && tables[end] === tables[first]) end++;
      tables[first].longestMatches(addresses, first, end - first, prefixes);
    }
  }

  /** Attribute sets of the routers' routes; how many. */
  private findSets(): number {
    const { prefixes, firstRoutes, sets, tables, sources, routers, attributes, attributesOfSet, count } = this;
    let found = 0;
    for (let i = 0; i < count; i++) {
      let route = firstRoutes[i];
      if (route < 0) continue;
      const routes = tables[i];
      const { head } = sources[i];
      const router = routers[i];
      const stride = routes.routeStride(prefixes[i]);
      const end = Math.min(mostLookedAt, routes.routeCount(prefixes[i]));
      const most = found + mostRoutes;
      for (let n = 0; n < end && found < most; n++, route += stride) {
        if (head[routes.routeSource(route)] >> headViewBits !== router) continue;
        attributesOfSet[found] = attributes[i];
        sets[found++] = routes.routeAttributes(route);
      }
    }
    return found;
  }
}

/** Whose table a flow of the router is looked up in first: its own, or its first reference's when no BMP session told of it. */
export function routerAhead(router: Router, own: RibShard): Router {
  return router.references.length === 0 || own.router(router.key) !== undefined ? router : router.references[0];
}
