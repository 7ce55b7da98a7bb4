/**
 * One table that a lookup looks into: of one router, at one tier, global or of a VRF. One object, refilled for each tier; what it was last
 * is what explain.ts tells of.
 */

import type { RouterState } from '../rib/peers.ts';
import type { RibShard } from '../rib/shard.ts';
import type { SourceColumns } from '../rib/sources.ts';
import type { AttributeTable, RouteTable } from '../rib/types.ts';
import type { VrfTable } from './vrf-tables.ts';

export class TableScope {
  shard: RibShard;
  routes: RouteTable;
  sources: SourceColumns;
  attributes: AttributeTable;
  /** Null when no BMP session told of the router. */
  router: RouterState | null = null;
  /** Null for the global table. */
  vrf: VrfTable | null = null;
  /** tierOwn or tierReference (model/answer.ts). */
  tier = 0;
  /** Masks of authority.ts: the views that answer, and all that are configured. */
  authority = 0;
  allViews = 0;
  /** The authority is a complete view. */
  isComplete = false;
  /** Longest prefix within the authority, or -1. */
  prefix = -1;

  constructor(shard: RibShard) {
    this.shard = shard;
    this.routes = shard.routes;
    this.sources = shard.sources;
    this.attributes = shard.attributes;
  }

  setGlobal(shard: RibShard, router: RouterState): void {
    this.shard = shard;
    this.routes = shard.routes;
    this.sources = shard.sources;
    this.attributes = shard.attributes;
    this.router = router;
    this.vrf = null;
  }

  setVrf(shard: RibShard, router: RouterState, vrf: VrfTable): void {
    this.shard = shard;
    this.routes = shard.vpn.routes;
    this.sources = shard.vpn.sources;
    this.attributes = shard.attributes;
    this.router = router;
    this.vrf = vrf;
  }
}
