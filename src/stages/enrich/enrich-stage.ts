/**
 * The enrich stage (group `<app>`): flows and repartitioned flows in, enriched flows out. It knows when: at every assignment it lets
 * the shard host restore what is new, and only then starts the flows; a batch's offsets are committed after its output is
 * acknowledged (at-least-once). How a flow is enriched, flow-batch.ts knows.
 *
 *   joined ──► restoring ──(every held shard serves)──► running ──(next join)──► restoring …
 */

import { errorText } from '../../base/errors.ts';
import type {
  Admin,
  Assignment,
  GroupConsumer,
  GroupHandlers,
  Producer,
  RecordBatch,
  TopicPartition,
  TopicPartitionOffset,
} from '../../kafka/types.ts';
import type { Logger } from 'pino';
import { Commits } from '../commits.ts';
import type { DeadLetters } from '../dead-letters.ts';
import type { FlowBatch } from './flow-batch.ts';
import { addFlowCounters, createFlowCounters, type FlowCounters } from './flow-counters.ts';
import { flowPositions } from './flow-positions.ts';
import type { ShardHost } from './shard-host.ts';

export interface EnrichStageDependencies {
  readonly consumer: GroupConsumer;
  readonly producer: Producer;
  readonly makeDeadLetters: () => DeadLetters;
  readonly admin: Admin;
  readonly host: ShardHost;
  readonly flowBatch: FlowBatch;
  readonly counters: FlowCounters;
  readonly group: string;
  readonly repartitionTopic: string;
  readonly routesTopic: string;
  readonly startAt: 'earliest' | 'latest';
  readonly commitIntervalMs: number;
  readonly purgeIntervalMs: number;
  readonly lagIntervalMs: number;
  readonly logger: Logger;
  readonly onFatal: (error: Error) => void;
}

export type EnrichState = 'joining' | 'restoring' | 'running' | 'stopped';

/** Flows handled between two turns of the event loop: a few milliseconds of work. */
const sliceFlows = 1024;

export class EnrichStage implements GroupHandlers {
  state: EnrichState = 'joining';
  assignment: Assignment | null = null;
  rebalances = 0;
  readonly commits: Commits;
  private readonly deps: EnrichStageDependencies;
  /** Next record to read of each partition held, from before the restore on. */
  private readonly positions = new Map<string, TopicPartitionOffset>();
  private lag: { at: TopicPartition; records: number }[] = [];
  private topicIds: ReadonlyMap<string, string> = new Map();
  private lagTimer: NodeJS.Timeout | null = null;
  private readonly repartitionDone = new Map<number, number>();
  private purgeTimer: NodeJS.Timeout | null = null;

  constructor(deps: EnrichStageDependencies) {
    this.deps = deps;
    deps.host.onShardLost = () => this.onShardLost();
    deps.host.onSnapshot = (shard, logOffset, logTopicId) => this.onSnapshot(shard, logOffset, logTopicId);
    this.commits = new Commits(deps.consumer, deps.commitIntervalMs, (error) =>
      deps.logger.warn({ reason: errorText(error) }, 'commit of flow offsets failed'),
    );
  }

  async start(): Promise<void> {
    await this.deps.host.start();
    this.purgeTimer = setInterval(() => void this.purge(), this.deps.purgeIntervalMs);
    this.lagTimer = setInterval(() => void this.measureLag(), this.deps.lagIntervalMs);
    await this.deps.consumer.run(this);
  }

  async stop(): Promise<void> {
    this.state = 'stopped';
    if (this.purgeTimer !== null) clearInterval(this.purgeTimer);
    if (this.lagTimer !== null) clearInterval(this.lagTimer);
    await this.deps.consumer.stop();
    await this.deps.host.stop();
  }

  /** Records behind the end of each partition held, as last measured; also while nothing is read. */
  lags(): readonly { at: TopicPartition; records: number }[] {
    return this.lag;
  }

  private async measureLag(): Promise<void> {
    const { assignment } = this;
    try {
      const lag: { at: TopicPartition; records: number }[] = [];
      for (const topic of new Set(assignment?.partitions.map((p) => p.topic))) {
        for (const { partition, high } of await this.deps.admin.offsets(topic)) {
          const position = this.positions.get(`${topic}/${partition}`);
          if (position === undefined) continue;
          lag.push({ at: { topic, partition }, records: Math.max(0, high - position.offset) });
        }
      }
      if (this.assignment === assignment) this.lag = lag;
    } catch (error) {
      this.deps.logger.info({ reason: errorText(error) }, 'lag not measured this time');
    }
  }

  onAssigned(assignment: Assignment): void {
    this.assignment = assignment;
    this.rebalances++;
    this.lag = [];
    this.positions.clear();
    this.repartitionDone.clear();
    if (this.state !== 'stopped') this.state = 'restoring';
    void this.prepare(assignment);
  }

  private async prepare(assignment: Assignment): Promise<void> {
    const { host, consumer, logger } = this.deps;
    try {
      const shards = shardsOf(assignment, this.deps.repartitionTopic);
      const flowPartitions = assignment.partitions.filter((p) => p.topic !== this.deps.repartitionTopic);
      logger.info({ epoch: assignment.epoch, shards, flowPartitions }, 'assigned');
      host.abandonWaiters();
      // Before the restore, however long it takes: where flows start is then settled, and how far behind they are is known.
      const { positions, topicIds } = await flowPositions(assignment, {
        admin: this.deps.admin,
        consumer,
        group: this.deps.group,
        repartitionTopic: this.deps.repartitionTopic,
        startAt: this.deps.startAt,
        onLostOffsets: (at, logStart) => this.onLostOffsets(at, at.offset, logStart),
      });
      if (!assignment.isCurrent()) return;
      this.topicIds = topicIds;
      for (const at of positions) this.positions.set(`${at.topic}/${at.partition}`, at);
      void this.measureLag();
      await host.hold(shards);
      await host.whenServing(shards);
      if (!assignment.isCurrent()) return;
      consumer.start(assignment, positions);
      this.state = 'running';
      logger.info({ epoch: assignment.epoch, shards: shards.length, partitions: positions.length }, 'running');
    } catch (error) {
      if (!assignment.isCurrent()) return;
      this.deps.onFatal(error instanceof Error ? error : new Error(errorText(error)));
    }
  }

  /** A shard that is being restored again: flows wait for it as they do after an assignment. */
  onShardLost(): void {
    const { assignment } = this;
    if (assignment === null || !assignment.isCurrent() || this.state !== 'running') return;
    this.state = 'restoring';
    this.deps.consumer.pause(assignment.partitions);
    void this.deps.host.whenServing(shardsOf(assignment, this.deps.repartitionTopic)).then(() => {
      if (!assignment.isCurrent() || this.state !== 'restoring') return;
      this.deps.consumer.resume(assignment.partitions);
      this.state = 'running';
    });
  }

  /** The group does not read the routes log; the commit makes its lag read what a failure of this member would replay. */
  private onSnapshot(shard: number, logOffset: number, logTopicId: string): void {
    const { assignment } = this;
    if (assignment === null || !shardsOf(assignment, this.deps.repartitionTopic).includes(shard)) return;
    this.commits.done(assignment, this.deps.routesTopic, shard, logOffset, logTopicId);
  }

  async onRevoking(_assignment: Assignment): Promise<void> {
    await this.commits.flush();
  }

  onLostOffsets(at: TopicPartition, position: number, logStart: number): void {
    const lost = Math.max(0, logStart - position);
    this.deps.counters.lostOffsets += lost;
    this.deps.logger.error(
      { topic: at.topic, partition: at.partition, position, logStart, lost },
      'flows were deleted before they were read (retention)',
    );
  }

  onCrash(error: Error): void {
    this.deps.onFatal(error);
  }

  async onBatch(batch: RecordBatch, assignment: Assignment): Promise<void> {
    const { topic, partition, nextOffset } = batch;
    const sink = this.deps.producer.createSink();
    const deadLetters = this.deps.makeDeadLetters();
    const counts = createFlowCounters();
    for (let from = 0; from < batch.count;) {
      // Ownership is checked right before anything is produced (hazard D6).
      if (!assignment.isCurrent()) return;
      from = this.deps.flowBatch.process(batch, from, batch.count, sink, deadLetters, counts, sliceFlows);
      if (from < batch.count) await new Promise(setImmediate);
    }
    await sink.flush();
    await deadLetters.flush();
    addFlowCounters(this.deps.counters, counts);
    if (!assignment.isCurrent()) return;
    this.commits.done(assignment, topic, partition, nextOffset, this.topicIds.get(topic));
    this.positions.set(`${topic}/${partition}`, { topic, partition, offset: nextOffset });
    if (topic === this.deps.repartitionTopic) this.repartitionDone.set(partition, nextOffset);
  }

  /** `<app>.repartition` is ours alone: what is committed is deleted. */
  private async purge(): Promise<void> {
    const topic = this.deps.repartitionTopic;
    if (this.repartitionDone.size === 0 || this.assignment?.isCurrent() !== true) return;
    try {
      const committed = await this.deps.admin.committed(this.deps.group, topic);
      const offsets: TopicPartitionOffset[] = [];
      for (const partition of this.repartitionDone.keys()) {
        const offset = committed.get(partition);
        if (offset !== undefined && offset > 0) offsets.push({ topic, partition, offset });
      }
      this.repartitionDone.clear();
      if (offsets.length > 0) await this.deps.admin.deleteRecordsBefore(topic, offsets);
    } catch (error) {
      this.deps.logger.warn({ reason: errorText(error) }, 'purge of the repartition topic failed; tried again later');
    }
  }
}

function shardsOf(assignment: Assignment, repartitionTopic: string): number[] {
  return assignment.partitions
    .filter((p) => p.topic === repartitionTopic)
    .map((p) => p.partition)
    .sort((a, b) => a - b);
}
