/**
 * A member of a consumer group, as the stages see one: assignments with an epoch, batches, one-attempt commits. kafkajs keeps the
 * membership (join, sync, heartbeat, leave) and runs the fetch loops; positions, fetching and commits are ours (group-fetcher.ts,
 * d06-rejoin.ts).
 *
 *            joined                 rebalance noticed, all handlers ended
 *   (none) ─────────► current ─────────────────────────────► revoking ──► ended
 *                        └── fenced: session timed out, generation superseded ──┘   (handlers still get onRevoking)
 *
 * Hazard D13: kafkajs restarts itself after errors that may pass and stops quietly after others. The first is a new join like any
 * other here, the second reaches onCrash.
 */

import type { EachBatchPayload, Kafka } from 'kafkajs';
import { errorText, OwnershipLost } from '../base/errors.ts';
import { type GroupHooks, setGroupHooks } from './d06-rejoin.ts';
import { endsGeneration, type FetchedBatch, GroupFetcher } from './group-fetcher.ts';
import { type Cluster, type ConsumerGroup, errorType, isTransient, kafkajsModule } from './internals.ts';
import type { KafkaLogger } from './logger.ts';
import { createAssigner } from './member-data.ts';
import { tolerateMissingTopics } from './missing-topics.ts';
import type { KafkaOptions } from './options.ts';
import { commitOffsets, fencingErrors, lostCoordinator } from './group-commit.ts';
import { RecordBatchPool } from './record-batch-view.ts';
import type {
  Assignment,
  CommitPosition,
  GroupConsumer,
  GroupHandlers,
  TopicPartition,
  TopicPartitionOffset,
} from './types.ts';

export interface GroupConsumerOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** The topic whose partitions are shards; they are spread apart from all others. */
  readonly ownedTopic?: string;
  /** Bytes to announce to whoever describes the group; asked for at every join. Keep them small. */
  readonly memberData?: () => Buffer;
  /** Skip records of aborted transactions; true unless said otherwise. */
  readonly readCommitted?: boolean;
}

/** Handlers that run at once, over all partitions. */
const concurrency = 64;

class GroupAssignment implements Assignment {
  readonly epoch: number;
  readonly memberId: string;
  readonly generationId: number;
  readonly partitions: readonly TopicPartition[];
  readonly group: ConsumerGroup;
  revoked = false;
  ended = false;

  constructor(epoch: number, group: ConsumerGroup) {
    this.epoch = epoch;
    this.group = group;
    this.memberId = group.memberId ?? '';
    this.generationId = group.generationId ?? -1;
    this.partitions = group
      .assigned()
      .flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })))
      .sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1));
  }

  isCurrent(): boolean {
    return !this.ended;
  }
}

export class KafkaGroupConsumer implements GroupConsumer {
  private readonly options: KafkaOptions;
  private readonly logger: KafkaLogger;
  private readonly groupOptions: GroupConsumerOptions;
  private readonly consumer: ReturnType<Kafka['consumer']>;
  private readonly cluster: Cluster;
  private readonly fetcher: GroupFetcher;
  private readonly pool = new RecordBatchPool();
  private readonly readCommitted: boolean;
  private handlers: GroupHandlers | null = null;
  private assignment: GroupAssignment | null = null;
  private epoch = 0;
  private joined = false;
  private stopped = false;
  private failure: Error | null = null;
  private readonly handling = new Set<Promise<void>>();
  private heartbeats: NodeJS.Timeout | null = null;
  private readonly first = Promise.withResolvers<void>();

  constructor(kafka: Kafka, options: KafkaOptions, logger: KafkaLogger, groupOptions: GroupConsumerOptions) {
    this.options = options;
    this.logger = logger;
    this.groupOptions = groupOptions;
    this.readCommitted = groupOptions.readCommitted ?? true;
    let own: Cluster | null = null;
    this.consumer = kafka.consumer({
      groupId: groupOptions.groupId,
      sessionTimeout: options.sessionTimeoutMs,
      heartbeatInterval: options.heartbeatIntervalMs,
      rebalanceTimeout: options.rebalanceTimeoutMs,
      metadataMaxAge: options.metadataMaxAgeMs,
      maxWaitTimeInMs: options.fetchWaitMs,
      allowAutoTopicCreation: false,
      retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 10, restartOnFailure: async () => !this.stopped },
      partitionAssigners: [
        ({ cluster }) => {
          own = cluster as unknown as Cluster;
          return createAssigner(own, groupOptions.ownedTopic ?? null, () => this.announce());
        },
      ],
    });
    if (own === null) throw new TypeError('kafkajs made no assigner');
    this.cluster = own;
    tolerateMissingTopics(this.cluster);
    this.fetcher = new GroupFetcher(this.cluster, options, logger, this.readCommitted, (at, position, logStart) => {
      this.handlers?.onLostOffsets(at, position, logStart);
    });
    setGroupHooks(this.cluster, this.hooks());
  }

  async run(handlers: GroupHandlers): Promise<void> {
    this.handlers = handlers;
    this.consumer.on(this.consumer.events.CRASH, ({ payload }) => this.crashed(payload.error, payload.restart));
    this.heartbeats = setInterval(() => this.heartbeat(), this.options.heartbeatIntervalMs);
    await this.consumer.connect();
    await this.consumer.subscribe({ topics: [...this.groupOptions.topics], fromBeginning: true });
    await this.consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: concurrency,
      eachBatch: async (payload: EachBatchPayload) => this.deliver(payload.batch as unknown as FetchedBatch),
    });
    await this.first.promise;
  }

  start(assignment: Assignment, positions: readonly TopicPartitionOffset[]): void {
    if (!assignment.isCurrent()) return;
    for (const at of positions) {
      const cursor = this.fetcher.cursorOf(at);
      if (cursor === undefined) continue;
      cursor.moveTo(at.offset);
      cursor.paused = false;
    }
    this.fetcher.wake();
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const at of partitions) {
      const cursor = this.fetcher.cursorOf(at);
      if (cursor !== undefined) cursor.paused = true;
    }
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const at of partitions) {
      const cursor = this.fetcher.cursorOf(at);
      if (cursor !== undefined) cursor.paused = false;
    }
    this.fetcher.wake();
  }

  async commit(assignment: Assignment, positions: readonly CommitPosition[]): Promise<boolean> {
    if (!(assignment instanceof GroupAssignment)) return false;
    if (positions.length === 0) return assignment.isCurrent();
    try {
      return await commitOffsets(this.cluster, assignment.group, assignment, positions);
    } catch (error) {
      this.logger.info({ group: this.groupOptions.groupId, error: errorText(error) }, 'commit refused');
      if (fencingErrors.has(errorType(error) ?? '')) assignment.ended = true;
      if (lostCoordinator(error)) await this.findCoordinator(assignment.group).catch(() => undefined);
      return false;
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.heartbeats !== null) clearInterval(this.heartbeats);
    this.fetcher.wake();
    await this.consumer.disconnect();
    this.first.resolve();
  }

  private announce(): { generation: number; held: readonly TopicPartition[]; application: Buffer } {
    return {
      generation: this.assignment?.generationId ?? -1,
      held: this.assignment?.partitions ?? [],
      application: this.groupOptions.memberData?.() ?? Buffer.alloc(0),
    };
  }

  private hooks(): GroupHooks {
    return {
      beforeJoin: async (group) => {
        if (this.assignment === null) return;
        await this.revoke(group);
        // All members look at the topics now, so that partitions added meanwhile cost one join, not one a member.
        await this.cluster.refreshMetadata().catch(() => undefined);
      },
      beforeLeave: (group) => this.revoke(group),
      joined: (group) => {
        this.assignment = new GroupAssignment(++this.epoch, group);
        this.fetcher.reset(this.assignment.partitions);
        try {
          this.handlers?.onAssigned(this.assignment);
        } catch (error) {
          throw this.fail(error);
        }
        this.joined = true;
        this.first.resolve();
      },
      fetch: async (group, nodeId) => {
        if (this.failure !== null) throw this.fail(this.failure);
        try {
          return await this.fetcher.fetch(group, nodeId);
        } catch (error) {
          throw isTransient(error) || endsGeneration(error) ? error : this.fail(error);
        }
      },
      heartbeat: (group, send) => this.sendHeartbeat(group, send),
    };
  }

  private async revoke(group: ConsumerGroup): Promise<void> {
    const assignment = this.assignment;
    if (assignment === null || assignment.revoked) return;
    if (group.memberId !== assignment.memberId) assignment.ended = true;
    await Promise.allSettled(this.handling);
    if (assignment.revoked) return;
    assignment.revoked = true;
    try {
      await this.handlers?.onRevoking(assignment);
    } catch (error) {
      this.logger.error({ group: this.groupOptions.groupId, error: errorText(error) }, 'revoking failed');
    }
    assignment.ended = true;
    this.fetcher.reset([]);
  }

  /**
   * Hazard D8: kafkajs asks a broker again only when all handlers of its last answer have ended, so a slow partition holds up every
   * other one there. Here a handler runs beside the fetch loop, one for a partition at a time, and the loop leaves its partition out
   * until it ends. Test: test/kafka/d08-lock-step.test.ts.
   */
  private deliver(batch: FetchedBatch): void {
    const { cursor } = batch;
    if (cursor.busy) return;
    cursor.busy = true;
    const handling = this.handle(batch).finally(() => {
      cursor.busy = false;
      this.handling.delete(handling);
      this.fetcher.wake();
    });
    this.handling.add(handling);
  }

  private async handle(batch: FetchedBatch): Promise<void> {
    const { cursor, version } = batch;
    const { assignment, handlers } = this;
    if (cursor.version !== version || cursor.paused || assignment === null || handlers === null) return;
    const view = this.pool.take();
    try {
      view.show(batch.fetched, cursor.position, this.readCommitted);
      if (view.nextOffset === cursor.position) return;
      const { nextOffset } = view;
      await handlers.onBatch(view, assignment);
      if (cursor.version === version) cursor.position = nextOffset;
    } catch (error) {
      if (!assignment.isCurrent() || error instanceof OwnershipLost) {
        cursor.paused = true;
        this.logger.info({ topic: batch.topic, partition: batch.partition, error: errorText(error) }, 'batch given up');
        return;
      }
      // The next fetch throws it, which is where kafkajs learns of it.
      this.fail(error);
    } finally {
      this.pool.release(view);
    }
  }

  /** Keeps what went wrong for onCrash, in a form that kafkajs does not try again. */
  private fail(error: unknown): Error {
    this.failure ??= error instanceof Error ? error : new Error(errorText(error));
    return new kafkajsModule.KafkaJSNonRetriableError(this.failure.message);
  }

  /** Beside the heartbeats that kafkajs sends between batches: a handler that waits long must not cost the membership. */
  private heartbeat(): void {
    const assignment = this.assignment;
    if (assignment === null || assignment.revoked) return;
    // Whatever it says, the next one from the fetch loop is told too, and that one leads to a new join.
    assignment.group.heartbeat({ interval: this.options.heartbeatIntervalMs }).catch(() => undefined);
  }

  private async sendHeartbeat(group: ConsumerGroup, send: () => Promise<void>): Promise<void> {
    try {
      await send();
    } catch (error) {
      if (fencingErrors.has(errorType(error) ?? '') && this.assignment !== null) this.assignment.ended = true;
      if (!lostCoordinator(error)) throw error;
      await this.findCoordinator(group);
    }
  }

  private async findCoordinator(group: ConsumerGroup): Promise<void> {
    this.logger.info({ group: group.groupId }, 'looking for the coordinator again');
    group.coordinator = await this.cluster.findGroupCoordinator({ groupId: group.groupId });
  }

  private crashed(error: Error, restart: boolean): void {
    if (this.assignment !== null) this.assignment.ended = true;
    if (restart) {
      const line = { error: errorText(error), group: this.groupOptions.groupId };
      // A coordinator that is still loading, say; what does not pass comes again, or as a crash.
      if (isTransient(error)) this.logger.info(line, 'group joined anew');
      else this.logger.warn(line, 'group joined anew after an error');
      return;
    }
    if (this.heartbeats !== null) clearInterval(this.heartbeats);
    const failure = this.failure ?? error;
    if (!this.joined) this.first.reject(failure);
    else this.handlers?.onCrash(failure);
  }
}
