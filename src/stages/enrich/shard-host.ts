/**
 * The tables of this member: the shards that it owns, and copies of the reference routers' tables, which every member keeps since any
 * flow may need them. Shards lost are dropped before new ones are loaded, shards kept are not touched.
 *
 * A shard that is owned serves as its own copy. When it is lost, its reference routers' tables stay, as the copy, and the rest is
 * dropped; when it is gained, the copy serves until the shard does. So references never pause, and are in memory once.
 */

import { FatalError } from '../../base/errors.ts';
import type { Admin, PartitionOffsets, PartitionReader } from '../../kafka/types.ts';
import type { LookupTables } from '../../lookup/question.ts';
import type { Router } from '../../model/router.ts';
import type { RouteLogApplier } from '../../restore/route-log-applier.ts';
import type { RibShard } from '../../rib/shard.ts';
import type { Logger } from 'pino';
import { type HeldShard, ShardLogs } from './shard-logs.ts';
import { ShardSnapshots, type ShardSnapshotsOptions } from './snapshots/shard-snapshots.ts';

export interface ShardHostDependencies {
  readonly admin: Admin;
  readonly reader: PartitionReader;
  /** Reads the logs of the copies: a shard may be loaded while its copy still serves. */
  readonly copyReader: PartitionReader;
  readonly applier: RouteLogApplier;
  readonly routesTopic: string;
  readonly createShard: (shard: number) => RibShard;
  /** Routers whose tables serve others. */
  readonly references: readonly Router[];
  /** Null = logs are replayed from their start. */
  readonly snapshots: ShardSnapshotsOptions | null;
  readonly logger: Logger;
  readonly onFatal: (error: Error) => void;
}

export class ShardHost implements LookupTables {
  /** Told when a shard or copy that served is being restored again; whoever feeds flows sets it. */
  onShardLost: () => void = () => {};
  /** The routes log of a shard is not needed below the offset any more; whoever commits sets it. */
  onSnapshot: (shard: number, logOffset: number, logTopicId: string) => void = () => {};
  /** Of the shards that this member owns; copies are only restored from them. */
  readonly snapshots: ShardSnapshots | null;
  private readonly deps: ShardHostDependencies;
  private readonly owned: ShardLogs;
  private readonly copied: ShardLogs;
  /** Shard → keys of its reference routers. */
  private readonly references = new Map<number, Set<string>>();
  private wanted: ReadonlySet<number> = new Set();
  private waiters: { shards: readonly number[]; resolve: () => void }[] = [];

  constructor(deps: ShardHostDependencies) {
    this.deps = deps;
    for (const { key, shard } of deps.references) {
      const keys = this.references.get(shard);
      if (keys === undefined) this.references.set(shard, new Set([key]));
      else keys.add(key);
    }
    const { applier, routesTopic, createShard, logger, onFatal } = deps;
    const onLost = (): void => this.onShardLost();
    this.snapshots = deps.snapshots === null ? null : this.createSnapshots(deps.snapshots);
    const store = this.snapshots?.store ?? null;
    this.owned = new ShardLogs({
      reader: deps.reader,
      applier,
      routesTopic,
      createShard,
      store,
      onServing: ({ shard }) => {
        this.copied.remove(shard);
        this.wake();
      },
      onLost,
      logger,
      onFatal,
    });
    this.copied = new ShardLogs({
      reader: deps.copyReader,
      applier,
      routesTopic,
      createShard,
      narrow: (rib) => this.referencesOnly(rib),
      store,
      onServing: () => this.wake(),
      onLost,
      logger: logger.child({ copy: true }),
      onFatal,
    });
  }

  private createSnapshots(options: ShardSnapshotsOptions): ShardSnapshots {
    const { admin, routesTopic, logger, onFatal } = this.deps;
    return new ShardSnapshots({
      ...options,
      admin,
      routesTopic,
      logs: {
        all: () => this.owned.all(),
        isHeld: (held) => this.owned.isHeld(held),
        pause: (held) => this.owned.pause(held),
        resume: (held) => this.owned.resume(held),
      },
      onTaken: (shard, logOffset, logTopicId) => this.onSnapshot(shard, logOffset, logTopicId),
      logger,
      onFatal,
    });
  }

  get restoresStarted(): number {
    return this.owned.restoresStarted + this.copied.restoresStarted;
  }

  get recordsApplied(): number {
    return this.owned.recordsApplied + this.copied.recordsApplied;
  }

  async start(): Promise<void> {
    await this.snapshots?.start();
    await this.owned.start();
    if (this.references.size > 0) await this.copied.start();
  }

  async stop(): Promise<void> {
    await this.snapshots?.stop();
    await Promise.all([this.owned.stop(), this.references.size > 0 ? this.copied.stop() : null]);
  }

  /** The shard if this member owns it and it serves, else null. Hot path. */
  serving(shard: number): HeldShard | null {
    return this.owned.serving(shard);
  }

  /** The shard, or the copy of its reference routers' tables, if either serves. Hot path. */
  servingReference(shard: number): HeldShard | null {
    return this.owned.serving(shard) ?? this.copied.serving(shard);
  }

  shard(shard: number): RibShard | null {
    return this.serving(shard)?.rib ?? null;
  }

  reference(shard: number): RibShard | null {
    return this.servingReference(shard)?.rib ?? null;
  }

  /** The shards that this member owns. */
  all(): readonly HeldShard[] {
    return this.owned.all();
  }

  /** Copies of reference routers' tables, of shards that it does not own or that do not serve yet. */
  copies(): readonly HeldShard[] {
    return this.copied.all();
  }

  /** Drops what is not in `shards`, then starts to restore what is new, copies included. */
  async hold(shards: readonly number[]): Promise<void> {
    this.wanted = new Set(shards);
    for (const { shard } of this.owned.all()) if (!this.wanted.has(shard)) this.drop(shard);
    const isSettled = shards.every((shard) => this.owned.has(shard)) && this.missingCopies().length === 0;
    if (isSettled) return;
    const ends = new Map((await this.deps.admin.offsets(this.deps.routesTopic)).map((o) => [o.partition, o]));
    for (const shard of shards) {
      // A later assignment may have come while the offsets were read.
      if (this.owned.has(shard) || !this.wanted.has(shard)) continue;
      const { low, high } = this.boundsOf(ends, shard);
      this.owned.restore(shard, low, high);
    }
    for (const shard of this.missingCopies()) {
      const { low, high } = this.boundsOf(ends, shard);
      this.copied.restore(shard, low, high);
    }
  }

  /** Shards with reference routers that are neither owned, or about to be, nor copied. */
  private missingCopies(): number[] {
    return [...this.references.keys()].filter((shard) => !this.wanted.has(shard) && !this.copied.has(shard));
  }

  private boundsOf(ends: ReadonlyMap<number, PartitionOffsets>, shard: number): PartitionOffsets {
    const bounds = ends.get(shard);
    if (bounds === undefined) throw new FatalError(`${this.deps.routesTopic} has no partition ${shard}`);
    return bounds;
  }

  private drop(shard: number): void {
    const held = this.owned.remove(shard);
    if (held === null) return;
    const isCopy = this.references.has(shard) && held.state === 'serving';
    if (isCopy) {
      this.referencesOnly(held.rib);
      this.copied.adopt(held);
    }
    this.deps.logger.info({ shard }, isCopy ? 'shard dropped, its reference routers kept' : 'shard dropped');
  }

  private referencesOnly(rib: RibShard): void {
    rib.keepRouters(this.references.get(rib.shard) ?? new Set());
  }

  /** Resolves when all of these shards and all reference routers' tables serve; never, if one is dropped before. */
  whenServing(shards: readonly number[]): Promise<void> {
    return new Promise((resolve) => {
      this.waiters.push({ shards, resolve });
      this.wake();
    });
  }

  /** True when everything that this member holds or should hold serves. */
  areAllServing(): boolean {
    return this.areServing([...this.wanted]);
  }

  private areServing(shards: readonly number[]): boolean {
    if (!shards.every((shard) => this.serving(shard) !== null)) return false;
    for (const shard of this.references.keys()) if (this.servingReference(shard) === null) return false;
    return true;
  }

  private wake(): void {
    this.waiters = this.waiters.filter(({ shards, resolve }) => {
      if (!this.areServing(shards)) return true;
      resolve();
      return false;
    });
  }

  /** Forgets waiters of an assignment that is over. */
  abandonWaiters(): void {
    this.waiters = [];
  }
}
