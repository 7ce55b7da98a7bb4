/** What the tables found out about their input that an operator can mend, logged once for each router: how to key the producer. */

import type { Logger } from 'pino';
import type { CompiledConfig } from '../config/types.ts';
import type { RibEvent } from '../rib/counters.ts';
import type { RibShardOptions } from '../rib/shard.ts';

/** Beyond these many, routers are warned of again. */
const maxRouters = 10_000;

const howToKey =
  'records of this router come over several partitions of one topic, so their order is not known and its answers are suspect: key the ' +
  'producer by router (pmacct: bmp_daemon_msglog_kafka_partition_key: $bmp_router; OpenBMP: key = router hash; gobmp: a topic of one partition)';

export class RibWarnings {
  private readonly logger: Logger;
  private readonly warned = new Set<string>();

  constructor(logger: Logger) {
    this.logger = logger;
  }

  /** Restores tell the same again: once a router is enough, until it is in order. */
  note({ kind, router, text }: RibEvent): void {
    if (kind === 'router-ordered') {
      if (this.warned.delete(router)) this.logger.info({ router }, 'records of this router have an order again');
      return;
    }
    if (kind !== 'router-unordered' || this.warned.has(router)) return;
    if (this.warned.size >= maxRouters) this.warned.clear();
    this.warned.add(router);
    this.logger.warn({ router, seen: text }, howToKey);
  }
}

export function ribShardOptions({ peers, routes }: CompiledConfig): RibShardOptions {
  const reordering = routes.filter(({ reorderMs }) => reorderMs > 0);
  const { staleTimeMs, endOfRibTimeoutMs, silenceMs } = peers;
  const reorderMs = new Map(reordering.map(({ topic, reorderMs: windowMs }) => [topic, windowMs]));
  return { staleTimeMs, endOfRibTimeoutMs, silenceMs, reorderMs };
}
