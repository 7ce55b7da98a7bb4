/**
 * The last thing that happened to each router of a shard, for /api/v1/routers: peers and sessions that come and go, problems. Kept
 * beside the shard, not in it: what a shard is must be a function of its log alone, and no lookup needs this.
 */

import type { LastEvent } from '../http/status.ts';
import type { RibEvent } from '../rib/counters.ts';
import { createRibShard, type RibShard, type RibShardOptions } from '../rib/shard.ts';

/** Routers beyond this many are forgotten, the one heard of longest ago first. */
const maxRouters = 10_000;

export class RouterEvents {
  private readonly byShard = new WeakMap<RibShard, Map<string, LastEvent>>();

  /** A shard whose events are kept for as long as it is. */
  createShard(shard: number, options: RibShardOptions, onEvent: (event: RibEvent) => void = () => {}): RibShard {
    const events = new Map<string, LastEvent>();
    let clock: Pick<RibShard, 'clockMs'> = { clockMs: 0 };
    const rib = createRibShard(shard, options, (event) => {
      const { kind, router, peer, text } = event;
      onEvent(event);
      events.delete(router);
      events.set(router, { kind, peer, text, at: new Date(clock.clockMs).toISOString() });
      if (events.size <= maxRouters) return;
      for (const oldest of events.keys()) {
        events.delete(oldest);
        break;
      }
    });
    clock = rib;
    this.byShard.set(rib, events);
    return rib;
  }

  last(rib: RibShard, router: string): LastEvent | null {
    return this.byShard.get(rib)?.get(router) ?? null;
  }
}
