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
  private readonly sets: Int32Array;
  private readonly attributesOfSet: AttributeTable[] = [];
  private count = 0;

  /** For up to `capacity` addresses at a time. */
  constructor(capacity: number) {
    this.addresses = new Int32Array(capacity * addressWords);
    this.prefixes = new Int32Array(capacity);
    this.routers = new Int32Array(capacity);
    this.sets = new Int32Array(capacity * mostRoutes);
  }

  /** Of the router's global table, or of its VRFs. */
  add(shard: RibShard, { family, w0, w1, w2, w3 }: IpAddress, isInVrf: boolean, router: string): void {
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
    this.routers[this.count] = shard.router(router)?.index ?? -1;
    this.attributes[this.count++] = shard.attributes;
  }

  /** Reads for all that were added, and forgets them. */
  run(): void {
    const { prefixes, sets, tables, sources, routers, attributes, attributesOfSet, count } = this;
    let checksum = 0;
    this.findPrefixes();
    for (let i = 0; i < count; i++) if (prefixes[i] >= 0) checksum ^= tables[i].firstRoute(prefixes[i]);
    let found = 0;
    for (let i = 0; i < count; i++) {
      const routes = tables[i];
      const prefix = prefixes[i];
      if (prefix < 0) continue;
      const { head } = sources[i];
      const router = routers[i];
      const stride = routes.routeStride(prefix);
      const end = Math.min(mostLookedAt, routes.routeCount(prefix));
      const most = found + mostRoutes;
      let route = routes.firstRoute(prefix);
      for (let n = 0; n < end && found < most; n++, route += stride) {
        if (head[routes.routeSource(route)] >> headViewBits !== router) continue;
        attributesOfSet[found] = attributes[i];
        sets[found++] = routes.routeAttributes(route);
      }
    }
    for (let i = 0; i < found; i++) {
      const set = attributesOfSet[i];
      const start = set.start(sets[i]);
      const words = set.words(sets[i]);
      checksum ^= words[start] ^ words[start + wordsACacheLine];
    }
    this.checksum = checksum;
    this.count = 0;
  }

  private findPrefixes(): void {
    const { addresses, prefixes, tables } = this;
    for (let i = 0, at = 0; i < this.count; i++, at += addressWords) {
      prefixes[i] = tables[i].longestMatch(
        addresses[at],
        addresses[at + 1],
        addresses[at + 2],
        addresses[at + 3],
        addresses[at + 4],
      );
    }
  }
}

/** Whose table a flow of the router is looked up in first: its own, or its first reference's when no BMP session told of it. */
export function routerAhead(router: Router, own: RibShard): Router {
  return router.references.length === 0 || own.router(router.key) !== undefined ? router : router.references[0];
}
