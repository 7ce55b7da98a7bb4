/** Snapshots over memory logs: store and taker as the host wires them, a shard whose position a test moves, records it tampers with. */

import { Writable } from 'node:stream';
import { pino } from 'pino';
import { createRibShard, type RibShard } from '../../src/rib/shard.ts';
import type { HeldShard } from '../../src/stages/enrich/shard-logs.ts';
import { RangeReader } from '../../src/stages/enrich/snapshots/range-reader.ts';
import { SnapshotProgress } from '../../src/stages/enrich/snapshots/snapshot-progress.ts';
import { type LoadedSnapshot, SnapshotStore } from '../../src/stages/enrich/snapshots/snapshot-store.ts';
import { SnapshotTaker } from '../../src/stages/enrich/snapshots/snapshot-taker.ts';
import { type FakeDumps, fakeDumps } from './fake-dump.ts';
import { MemoryKafka } from './memory-kafka.ts';
import { driverAdmin, DriverProducer, LiveReader } from './stage-driver.ts';

export const shard = 1;
export const routes = 'app.routes';
export const snapshots = 'app.snapshots';

export function emptyShard(): RibShard {
  return createRibShard(shard, { staleTimeMs: 300_000, endOfRibTimeoutMs: 300_000 });
}

export class SnapshotRig {
  readonly kafka: MemoryKafka;
  readonly live: LiveReader;
  readonly reader: RangeReader;
  readonly dumps: FakeDumps;
  readonly store: SnapshotStore;
  readonly taker: SnapshotTaker;
  readonly held: HeldShard;
  readonly failures: Error[] = [];
  /** Log lines, parsed. */
  readonly lines: Record<string, unknown>[] = [];
  /** What the owner was told, as `shard@offset`. */
  readonly taken: string[] = [];
  /** What happened to the shard's log, in order. */
  readonly pauses: string[] = [];
  isHeld = true;

  /** Another rig's `kafka` makes this one a second member. */
  constructor(options: { kafka?: MemoryKafka; fillerBytes?: number; takenBy?: string } = {}) {
    this.kafka = options.kafka ?? new MemoryKafka();
    if (options.kafka === undefined) {
      this.kafka.createTopic(routes, 2);
      this.kafka.createTopic(snapshots, 2);
    }
    const admin = driverAdmin(this.kafka);
    const write = (line: Buffer, _: unknown, done: () => void): void => {
      this.lines.push(JSON.parse(line.toString()) as Record<string, unknown>);
      done();
    };
    const logger = pino({ level: 'debug' }, new Writable({ write }));
    this.live = new LiveReader(this.kafka);
    this.reader = new RangeReader(this.live, (error) => void this.failures.push(error));
    this.dumps = fakeDumps(options.fillerBytes ?? 100);
    const common = { admin, routesTopic: routes, snapshotsTopic: snapshots, logger, ...this.dumps };
    this.store = new SnapshotStore({ ...common, reader: this.reader });
    this.taker = new SnapshotTaker({
      ...common,
      producer: new DriverProducer(this.kafka),
      store: this.store,
      dumpShard: (rib) => this.dumps.dumpShard(rib),
      logs: {
        isHeld: () => this.isHeld,
        pause: async () => void this.pauses.push('pause'),
        resume: () => void this.pauses.push('resume'),
      },
      takenBy: options.takenBy ?? 'here',
      onTaken: (n, offset, topicId) => void this.taken.push(`${n}@${offset} ${topicId}`),
    });
    this.held = {
      shard,
      rib: emptyShard(),
      state: 'serving',
      position: 0,
      logEnd: 0,
      restoreStart: 0,
      restoreEnd: 0,
      since: 0,
      restoreMs: 0,
      lastAppliedAt: 0,
      snapshots: new SnapshotProgress(),
    };
  }

  async start(): Promise<void> {
    await this.reader.start();
  }

  async stop(): Promise<void> {
    await this.reader.stop();
  }

  /** The shard has applied records up to the offset; the log goes on for a while. */
  advance(position: number): void {
    const log = this.kafka.log(routes, shard);
    while (log.length < position + 10) this.kafka.produce(routes, shard, { value: Buffer.from('r') });
    this.held.position = position;
    this.held.rib.clockMs = position;
  }

  /** A snapshot at the position. */
  async take(position: number): Promise<boolean> {
    this.advance(position);
    return this.taker.take(this.held);
  }

  load(): Promise<LoadedSnapshot | null> {
    return this.store.load(shard, emptyShard, () => true);
  }

  /** Where the snapshot that `load` finds ends; null = none. The clock of the fake dump must agree. */
  async found(): Promise<number | null> {
    const loaded = await this.load();
    if (loaded !== null && loaded.rib.clockMs !== loaded.manifest.logOffset) throw new Error('another dump was loaded');
    return loaded?.manifest.logOffset ?? null;
  }

  /** Offsets of the manifests. */
  manifests(): number[] {
    return this.kafka
      .log(snapshots, shard)
      .flatMap(({ key }, offset) => (key?.toString().startsWith('manifest') === true ? [offset] : []));
  }

  /** Offsets of the chunks of the snapshot whose manifest is there. */
  chunksOf(manifest: number): number[] {
    const log = this.kafka.log(snapshots, shard);
    const id = log[manifest].key?.toString().split(' ')[1] ?? '';
    return log.flatMap(({ key }, at) => (key?.toString().startsWith(`chunk ${id}`) === true ? [at] : []));
  }

  /** Replaces a record's value by a changed copy. */
  tamper(offset: number, change: (value: Buffer) => Buffer): void {
    const log = this.kafka.log(snapshots, shard);
    log[offset] = { ...log[offset], value: change(Buffer.from(log[offset].value ?? '')) };
  }

  /** Reasons of the refusals told so far, with their offsets. */
  refusals(): string[] {
    return this.lines
      .filter(({ msg }) => String(msg).startsWith('snapshot cannot be used'))
      .map(
        ({ topic, partition, offset, reason }) =>
          `${String(topic)}[${String(partition)}]@${String(offset)}: ${String(reason)}`,
      );
  }
}
