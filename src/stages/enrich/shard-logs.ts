/**
 * Shards that are fed from `<app>.routes` by one reader: each with its table, its place in the log, and its state. Records are applied
 * in slices, so that flows get their turn; sources that are gone are reclaimed in slices too.
 *
 *            restore()           newest snapshot, then the log, read to the end it had at restore()
 *   (none) ──────────► restoring ──────────────────────────────────► serving
 *      ▲                   │                                            │
 *      └────── remove() ───┴────────────── remove() ────────────────────┘
 *
 * While a snapshot of a shard is written nothing is applied to it: its log waits, those of others go on.
 *
 * A shard that another ShardLogs served goes on here with `adopt()`, at its place, serving all the time.
 */

import { errorText } from '../../base/errors.ts';
import type { PartitionReader, PartitionReaderHandlers, RecordBatch, TopicPartitionOffset } from '../../kafka/types.ts';
import type { RouteLogApplier } from '../../restore/route-log-applier.ts';
import type { RibShard } from '../../rib/shard.ts';
import type { Logger } from 'pino';
import { SnapshotProgress } from './snapshots/snapshot-progress.ts';
import type { SnapshotStore } from './snapshots/snapshot-store.ts';

export type ShardState = 'restoring' | 'serving';

export interface HeldShard {
  readonly shard: number;
  rib: RibShard;
  state: ShardState;
  /** Next offset of routes[shard] to apply: the table is a function of the log below it. */
  position: number;
  /** End of the log as the leader last told it. */
  logEnd: number;
  /** Where the restore ends, and where its replay begins: at the snapshot, else at what is retained. */
  restoreEnd: number;
  restoreStart: number;
  readonly since: number;
  /** Wall-clock ms that the restore took; 0 while it runs. */
  restoreMs: number;
  /** Wall-clock time of the last record applied. */
  lastAppliedAt: number;
  readonly snapshots: SnapshotProgress;
}

export interface ShardLogsDependencies {
  readonly reader: PartitionReader;
  readonly applier: RouteLogApplier;
  readonly routesTopic: string;
  readonly createShard: (shard: number) => RibShard;
  /** Told of every shard that is new or loaded, before anything is applied to it. */
  readonly narrow?: (rib: RibShard) => void;
  /** Where snapshots are; null = the log is replayed from its start. */
  readonly store: Pick<SnapshotStore, 'load'> | null;
  /** A shard serves from now on. */
  readonly onServing: (held: HeldShard) => void;
  /** A shard that served is being restored again. */
  readonly onLost: (shard: number) => void;
  readonly logger: Logger;
  readonly onFatal: (error: Error) => void;
}

const sliceMs = 5;
const checkEvery = 64;
const reclaimRoutes = 2000;
const reclaimEveryMs = 20;
const progressEveryMs = 2000;

export class ShardLogs implements PartitionReaderHandlers {
  restoresStarted = 0;
  recordsApplied = 0;
  private readonly deps: ShardLogsDependencies;
  private readonly held = new Map<number, HeldShard>();
  /** Shards to which a batch is being applied, until that ends. */
  private readonly applying = new Map<number, Promise<void>>();
  private timers: NodeJS.Timeout[] = [];

  constructor(deps: ShardLogsDependencies) {
    this.deps = deps;
  }

  async start(): Promise<void> {
    await this.deps.reader.run(this);
    this.timers = [
      setInterval(() => this.reclaim(), reclaimEveryMs),
      setInterval(() => this.logProgress(), progressEveryMs),
    ];
  }

  async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    await this.deps.reader.stop();
  }

  has(shard: number): boolean {
    return this.held.has(shard);
  }

  /** The shard if it serves, else null. Hot path. */
  serving(shard: number): HeldShard | null {
    const held = this.held.get(shard);
    return held !== undefined && held.state === 'serving' ? held : null;
  }

  all(): readonly HeldShard[] {
    return [...this.held.values()];
  }

  /** `start` and `end` are those of the log as it is now. */
  restore(shard: number, start: number, end: number): void {
    const now = Date.now();
    const held: HeldShard = {
      shard,
      rib: this.deps.createShard(shard),
      state: 'restoring',
      position: start,
      logEnd: end,
      restoreStart: start,
      restoreEnd: end,
      since: now,
      restoreMs: 0,
      lastAppliedAt: now,
      snapshots: new SnapshotProgress(),
    };
    this.held.set(shard, held);
    this.restoresStarted++;
    this.deps.narrow?.(held.rib);
    if (this.deps.store === null) this.replay(held);
    else void this.load(held, this.deps.store);
  }

  private async load(held: HeldShard, store: Pick<SnapshotStore, 'load'>): Promise<void> {
    const { shard, snapshots } = held;
    const isWanted = (): boolean => this.isHeld(held);
    try {
      const loaded = await store.load(shard, () => this.deps.createShard(shard), isWanted);
      if (!isWanted()) return;
      if (loaded !== null) {
        const { rib, manifest } = loaded;
        this.deps.narrow?.(rib);
        held.rib = rib;
        held.restoreStart = manifest.logOffset;
        held.position = manifest.logOffset;
        held.logEnd = Math.max(held.logEnd, held.position);
        held.restoreEnd = Math.max(held.restoreEnd, held.position);
        snapshots.restoredFrom = 'snapshot';
        snapshots.isCut = manifest.isIncomplete;
        snapshots.note(manifest, snapshots.mark(rib));
      }
      this.replay(held);
    } catch (error) {
      if (isWanted()) this.deps.onFatal(error instanceof Error ? error : new Error(errorText(error)));
    }
  }

  /** Goes on in the log from where the table is. */
  private replay(held: HeldShard): void {
    const { shard, position, restoreEnd, snapshots } = held;
    snapshots.replayed = restoreEnd - position;
    if (snapshots.restoredFrom === 'log' && position > 0) {
      snapshots.isCut = true;
      this.deps.logger.error(
        { topic: this.deps.routesTopic, partition: shard, offset: position },
        'no snapshot, and the beginning of the routes log is gone: the shard is incomplete until its routers have told everything again',
      );
    }
    this.deps.reader.assign(this.deps.routesTopic, shard, position);
    this.settle(held);
  }

  adopt(held: HeldShard): void {
    this.held.set(held.shard, held);
    this.deps.reader.assign(this.deps.routesTopic, held.shard, held.position);
  }

  /** Nothing is applied to it any more. */
  remove(shard: number): HeldShard | null {
    const held = this.held.get(shard);
    if (held === undefined) return null;
    this.deps.reader.unassign(this.deps.routesTopic, shard);
    this.held.delete(shard);
    return held;
  }

  isHeld(held: HeldShard): boolean {
    return this.held.get(held.shard) === held;
  }

  /** Resolves when nothing is applied to it any more, until `resume`. */
  async pause({ shard }: HeldShard): Promise<void> {
    this.deps.reader.pause(this.deps.routesTopic, shard);
    await this.applying.get(shard);
  }

  resume({ shard }: HeldShard): void {
    this.deps.reader.resume(this.deps.routesTopic, shard);
  }

  async onBatch(batch: RecordBatch): Promise<void> {
    const held = this.held.get(batch.partition);
    if (held === undefined || batch.topic !== this.deps.routesTopic) return;
    const applied = this.apply(held, batch);
    this.applying.set(held.shard, applied);
    try {
      await applied;
    } finally {
      this.applying.delete(held.shard);
    }
  }

  private async apply(held: HeldShard, batch: RecordBatch): Promise<void> {
    let sliceEnd = performance.now() + sliceMs;
    for (let i = 0; i < batch.count; i++) {
      if (batch.offsets[i] < held.position) continue;
      this.deps.applier.apply(
        held.rib,
        batch.buffer,
        batch.headerStarts[i],
        batch.headerEnds[i],
        batch.valueStarts[i],
        batch.valueEnds[i],
        batch.offsets[i],
        batch.timestamps[i],
      );
      held.position = batch.offsets[i] + 1;
      held.snapshots.logBytes += batch.valueEnds[i] - batch.valueStarts[i];
      this.recordsApplied++;
      if (i % checkEvery === checkEvery - 1 && performance.now() > sliceEnd) {
        await new Promise(setImmediate);
        if (this.held.get(batch.partition) !== held) return;
        sliceEnd = performance.now() + sliceMs;
      }
    }
    if (batch.count > 0) held.lastAppliedAt = Date.now();
    held.position = Math.max(held.position, batch.nextOffset);
    held.logEnd = Math.max(batch.highWatermark, held.position);
    this.settle(held);
  }

  private settle(held: HeldShard): void {
    if (held.state === 'serving' || held.position < held.restoreEnd) return;
    held.state = 'serving';
    held.restoreMs = Date.now() - held.since;
    const { shard, restoreMs, snapshots } = held;
    const { replayed, restoredFrom } = snapshots;
    this.deps.logger.info({ shard, from: restoredFrom, records: replayed, ms: restoreMs }, 'shard restored');
    this.deps.onServing(held);
  }

  onOffsetOutOfRange(at: TopicPartitionOffset, logStart: number, logEnd: number): void {
    const held = this.remove(at.partition);
    if (held === null) return;
    this.deps.logger.error(
      { shard: at.partition, position: at.offset, logStart, logEnd },
      'the routes log no longer has the records this shard needs: wiped and restored anew',
    );
    this.restore(at.partition, logStart, logEnd);
    if (held.state === 'serving') this.deps.onLost(at.partition);
  }

  onCrash(error: Error): void {
    this.deps.onFatal(error);
  }

  private reclaim(): void {
    try {
      for (const held of this.held.values()) if (!held.snapshots.isDumping) held.rib.reclaim(reclaimRoutes);
    } catch (error) {
      this.deps.onFatal(error instanceof Error ? error : new Error(errorText(error)));
    }
  }

  private logProgress(): void {
    for (const held of this.held.values()) {
      if (held.state === 'serving') continue;
      const done = held.position - held.restoreStart;
      const total = held.restoreEnd - held.restoreStart;
      const seconds = (Date.now() - held.since) / 1000;
      this.deps.logger.info(
        { shard: held.shard, records: done, of: total, recordsPerS: Math.round(done / Math.max(seconds, 0.001)) },
        'restoring shard',
      );
    }
  }
}
