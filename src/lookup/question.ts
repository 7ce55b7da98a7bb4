/** What a lookup is asked, and the tables it may look into. One question, refilled for each. */

import type { IpAddress } from '../base/ip.ts';
import { globalVrf, type Router, type VrfChoice } from '../model/router.ts';
import type { RibShard } from '../rib/shard.ts';

export interface LookupTables {
  /** The shard, when it is held here and serves. */
  shard(n: number): RibShard | null;
  /** The shard with the tables of its reference routers, own or a copy of just those, when it serves. */
  reference(n: number): RibShard | null;
}

export class LookupQuestion {
  router: Router;
  /** Where the flow was exported: on a reference router, the peer that is the exporter comes first. */
  exporter: IpAddress | null = null;
  address: IpAddress;
  /** The flow's BGP next hop, else its next hop; null or unspecified = not known. */
  nextHop: IpAddress | null = null;
  vrf: VrfChoice = globalVrf;

  constructor(router: Router, address: IpAddress) {
    this.router = router;
    this.address = address;
  }
}

/** One shard for both tiers: what tests, HTTP and replay have at hand. */
export class SingleShardTables implements LookupTables {
  private readonly only: RibShard;

  constructor(shard: RibShard) {
    this.only = shard;
  }

  shard(): RibShard {
    return this.only;
  }

  reference(): RibShard {
    return this.only;
  }
}
