/** The HTTP interface over one shard of a test, without Kafka: what a member would answer that holds it, or one that does not. */

import { pino } from 'pino';
import { LookupService } from '../../src/app/lookup-service.ts';
import type { GroupMember } from '../../src/app/group-members.ts';
import { createHttpServer } from '../../src/http/server.ts';
import type { AppStatus } from '../../src/http/status.ts';
import { Lookup } from '../../src/lookup/ladder.ts';
import { type ConfiguredRouter, createRouterDirectory } from '../../src/lookup/router-directory.ts';
import type { RibShard } from '../../src/rib/shard.ts';
import type { HeldShard } from '../../src/stages/enrich/shard-logs.ts';
import { SnapshotProgress } from '../../src/stages/enrich/snapshots/snapshot-progress.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';

export interface LookupServerOptions {
  /** Shard 0 of one; null = held elsewhere. */
  readonly rib: RibShard | null;
  readonly state?: HeldShard['state'];
  readonly routers?: readonly ConfiguredRouter[];
  readonly views?: readonly number[];
  /** What the group looks like at each question; a function that throws is a Kafka that does not tell. */
  readonly group?: () => readonly GroupMember[];
  readonly selfUrl?: string | null;
}

export function lookupService(options: LookupServerOptions): LookupService {
  const { rib, state = 'serving', routers = [], views = [0, 1, 2], group = () => [], selfUrl = null } = options;
  const held: HeldShard[] =
    rib === null
      ? []
      : [
          {
            shard: 0,
            rib,
            state,
            position: 7,
            logEnd: 9,
            restoreEnd: 9,
            restoreStart: 0,
            since: 0,
            restoreMs: 0,
            lastAppliedAt: 0,
            snapshots: new SnapshotProgress(),
          },
        ];
  return new LookupService({
    explain: { lookup: new Lookup({ views }), views },
    directory: createRouterDirectory(routers, 1),
    host: { all: () => held, shard: () => rib, reference: () => rib },
    members: { list: async () => group(), forget: () => {}, selfUrl },
  });
}

export interface RunningLookupServer {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startLookupServer(options: LookupServerOptions): Promise<RunningLookupServer> {
  return serveLookups(lookupService(options));
}

export async function serveLookups(service: LookupService): Promise<RunningLookupServer> {
  const status: AppStatus = {
    isReady: () => true,
    shards: () => [],
    routers: () => [],
    ofGroup: async () => ({ shards: [], routers: [], members: [] }),
    lookup: (query, isForwarded) => service.lookup(query, isForwarded),
  };
  const server = createHttpServer({
    logger: pino({ level: 'silent' }),
    status,
    metrics: createMetrics(),
    listen: { host: '127.0.0.1', port: 0 },
  });
  return { url: await server.start(), stop: () => server.stop() };
}
