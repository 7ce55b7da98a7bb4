/** All that snapshots need, wired: what shards are restored from, and for those that this member owns, who takes them and when. */

import type { Admin, PartitionReader, Producer } from '../../../kafka/types.ts';
import type { DumpShard, LoadShard } from '../../../rib/dump/types.ts';
import type { Logger } from 'pino';
import type { HeldShard } from '../shard-logs.ts';
import { RangeReader } from './range-reader.ts';
import { SnapshotSchedule } from './snapshot-schedule.ts';
import { SnapshotStore } from './snapshot-store.ts';
import { type PausableLogs, SnapshotTaker } from './snapshot-taker.ts';

export interface ShardSnapshotsOptions {
  readonly reader: PartitionReader;
  /** Of its own: chunks are compressed already, and a slow snapshot must not hold up flows. */
  readonly producer: Producer;
  readonly dumpShard: DumpShard;
  readonly loadShard: LoadShard;
  readonly snapshotsTopic: string;
  readonly intervalMs: number;
  readonly leastLogBytes: number;
  readonly checkEveryMs: number;
  /** Host and process, for whoever reads manifests. */
  readonly takenBy: string;
}

export interface ShardSnapshotsDependencies extends ShardSnapshotsOptions {
  readonly admin: Admin;
  readonly routesTopic: string;
  readonly logs: PausableLogs & { all(): readonly HeldShard[] };
  readonly onTaken: (shard: number, logOffset: number, logTopicId: string) => void;
  readonly logger: Logger;
  readonly onFatal: (error: Error) => void;
}

export class ShardSnapshots {
  readonly store: SnapshotStore;
  readonly taker: SnapshotTaker;
  readonly schedule: SnapshotSchedule;
  private readonly reader: RangeReader;

  constructor(deps: ShardSnapshotsDependencies) {
    const { logs } = deps;
    this.reader = new RangeReader(deps.reader, deps.onFatal);
    this.store = new SnapshotStore({ ...deps, reader: this.reader });
    this.taker = new SnapshotTaker({ ...deps, store: this.store });
    this.schedule = new SnapshotSchedule({ ...deps, shards: () => logs.all(), take: (held) => this.taker.take(held) });
  }

  async start(): Promise<void> {
    await this.reader.start();
    this.schedule.start();
  }

  /** Gives up what is being taken. */
  async stop(): Promise<void> {
    this.taker.stop();
    await this.schedule.stop();
    await this.reader.stop();
  }
}
