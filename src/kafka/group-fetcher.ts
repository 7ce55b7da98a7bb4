/**
 * The fetching half of a group consumer: which of the assigned partitions to read, from where, and what came. It takes the place of
 * ConsumerGroup.fetch of kafkajs, so positions are ours alone: a partition without an explicit position is not read, a position is
 * moved only by a handler that ended well, and kafkajs neither looks up nor commits offsets.
 *
 * Hazard D12: kafkajs answers a position out of the log by committing the default position to the group, which also erases the
 * commit that was there. Here the loss is reported and reading goes on at the log's start; nothing is committed.
 * Test: test/kafka/d12-lost-offsets.test.ts.
 */

import { errorText } from '../base/errors.ts';
import { type FetchedPartition, fetchPartitions } from './fetch.ts';
import { Alarm, FetchCursor, inFetchOrder, logBounds, outcomeOf, updateLeaders } from './fetch-cursor.ts';
import {
  type Broker,
  type Cluster,
  type ClusterMetadata,
  type ConsumerGroup,
  createErrorFromCode,
  isTransient,
} from './internals.ts';
import type { KafkaLogger } from './logger.ts';
import type { KafkaOptions } from './options.ts';
import type { TopicPartition } from './types.ts';

const rebalanceInProgress = 27;
/** Handlers at work at the same time, each with at most one partition's share of a Fetch at hand. */
const maxHandlers = 32;
/** Longest wait of a Fetch while handlers are at work. */
const busyWaitMs = 10;
/** A topic that is gone may be created again: waiting for the metadata to age would leave it unread for so long. */
const leaderlessRefreshMs = 1_000;

/** Data of one partition on its way through kafkajs to the handler; the rest of the fields are what its runner asks a batch. */
export class FetchedBatch {
  readonly topic: string;
  readonly partition: number;
  readonly cursor: FetchCursor;
  readonly version: number;
  readonly fetched: FetchedPartition;
  readonly messages: readonly never[] = [];
  readonly highWatermark = '0';

  constructor(cursor: FetchCursor, version: number, fetched: FetchedPartition) {
    this.topic = fetched.topic;
    this.partition = fetched.partition;
    this.cursor = cursor;
    this.version = version;
    this.fetched = fetched;
  }

  isEmpty(): boolean {
    return false;
  }
  isEmptyDueToFiltering(): boolean {
    return false;
  }
  firstOffset(): string {
    return '0';
  }
  lastOffset(): string {
    return '0';
  }
  offsetLag(): string {
    return '0';
  }
  offsetLagLow(): string {
    return '0';
  }
}

export class GroupFetcher {
  private readonly cluster: Cluster;
  private readonly options: KafkaOptions;
  private readonly logger: KafkaLogger;
  private readonly readCommitted: boolean;
  private readonly onLostOffsets: (at: TopicPartition, position: number, logStart: number) => void;
  private readonly alarm = new Alarm();
  private cursors: FetchCursor[] = [];
  private byPartition = new Map<string, FetchCursor>();
  private metadata: ClusterMetadata | null = null;
  private fetches = 0;
  /** When partitions without a leader are looked for again. */
  private nextLookAtMs = 0;

  constructor(
    cluster: Cluster,
    options: KafkaOptions,
    logger: KafkaLogger,
    readCommitted: boolean,
    onLostOffsets: (at: TopicPartition, position: number, logStart: number) => void,
  ) {
    this.cluster = cluster;
    this.options = options;
    this.logger = logger;
    this.readCommitted = readCommitted;
    this.onLostOffsets = onLostOffsets;
  }

  /** A new assignment: everything paused and without a position; nothing is left of pauses and positions of earlier ones. */
  reset(partitions: readonly TopicPartition[]): void {
    for (const cursor of this.cursors) cursor.version++;
    this.cursors = partitions.map(({ topic, partition }) => new FetchCursor(topic, partition));
    for (const cursor of this.cursors) cursor.paused = true;
    this.byPartition = new Map(this.cursors.map((cursor) => [keyOf(cursor), cursor]));
    this.metadata = null;
  }

  cursorOf(at: TopicPartition): FetchCursor | undefined {
    return this.byPartition.get(keyOf(at));
  }

  wake(): void {
    this.alarm.ring();
  }

  /** One round for one broker, as the fetch loop of kafkajs asks for it. Throws only what must end the consumer or its generation. */
  async fetch(group: ConsumerGroup, nodeId: string): Promise<FetchedBatch[]> {
    try {
      await this.refresh(group);
      const node = Number(nodeId);
      if (this.cursors.some((c) => c.leader < 0) && Date.now() >= this.nextLookAtMs) {
        this.nextLookAtMs = Date.now() + leaderlessRefreshMs;
        await this.recover(false);
        await this.refresh(group);
      }
      const wanted = this.cursors.filter((c) => c.leader === node && !c.paused && !c.busy && c.position >= 0);
      if (wanted.length === 0) {
        await this.alarm.wait(this.options.fetchWaitMs);
        return [];
      }
      // What handlers hold, input and output, is bounded however many partitions there are.
      const free = maxHandlers - this.cursors.filter((cursor) => cursor.busy).length;
      if (free <= 0) {
        await this.alarm.wait(this.options.fetchWaitMs);
        return [];
      }
      const broker = await this.cluster.findBroker({ nodeId });
      return await this.fetchFrom(broker, inFetchOrder(wanted).slice(0, free));
    } catch (error) {
      if (!isTransient(error) || endsGeneration(error)) throw error;
      this.logger.info({ broker: nodeId, error: errorText(error) }, 'fetch failed, trying again');
      await this.recover();
      return [];
    }
  }

  private async fetchFrom(broker: Broker, wanted: readonly FetchCursor[]): Promise<FetchedBatch[]> {
    const versions = new Map(wanted.map((cursor) => [cursor, cursor.version]));
    const answer = await fetchPartitions(broker, {
      // A partition whose handler ends meanwhile must not sit out a long wait for others that have nothing.
      waitMs: this.cursors.some((cursor) => cursor.busy)
        ? Math.min(busyWaitMs, this.options.fetchWaitMs)
        : this.options.fetchWaitMs,
      maxBytes: this.options.maxBytesPerFetch,
      maxBytesPerPartition: this.options.maxBytesPerPartition,
      readCommitted: this.readCommitted,
      targets: wanted,
    });
    const number = ++this.fetches;
    const batches: FetchedBatch[] = [];
    let stale = 0;
    for (const fetched of answer) {
      const cursor = this.byPartition.get(keyOf(fetched));
      if (cursor === undefined || cursor.version !== versions.get(cursor)) continue;
      const outcome = outcomeOf(fetched.errorCode);
      if (outcome === 'fatal') throw createErrorFromCode(fetched.errorCode);
      if (outcome === 'retry') stale = fetched.errorCode;
      if (outcome === 'out-of-range') await this.goToLogStart(broker, cursor);
      if (outcome !== 'data' || fetched.batches.length === 0) continue;
      cursor.servedAt = number;
      if (!cursor.paused) batches.push(new FetchedBatch(cursor, cursor.version, fetched));
    }
    if (stale !== 0) {
      this.logger.debug({ error: createErrorFromCode(stale).type }, 'partition not readable, refreshing metadata');
      await this.recover(batches.length === 0);
    }
    return batches;
  }

  /** New partitions of a topic, or a topic that came back, ask for a new assignment: the runner joins when all handlers ended. */
  private async refresh(group: ConsumerGroup): Promise<void> {
    await this.cluster.refreshMetadataIfNecessary();
    const { metadata } = this.cluster.brokerPool;
    if (metadata === this.metadata) return;
    const gone = this.cursors.filter((cursor) => cursor.vanished);
    updateLeaders(this.cluster, this.cursors);
    this.metadata = metadata;
    const back = gone.some((cursor) => cursor.leader >= 0);
    if (back || hasNewPartitions(group)) throw createErrorFromCode(rebalanceInProgress);
  }

  private async recover(wait = true): Promise<void> {
    try {
      await this.cluster.refreshMetadata();
    } catch (error) {
      if (!isTransient(error)) throw error;
    }
    if (wait) await this.alarm.wait(this.options.fetchWaitMs);
  }

  private async goToLogStart(broker: Broker, cursor: FetchCursor): Promise<void> {
    const { topic, partition, position, version } = cursor;
    const { start, end } = await logBounds(broker, topic, partition);
    // A new leader may be behind for a moment: then the position is good and will be served.
    if (cursor.version !== version || (position >= start && position <= end)) return;
    this.logger.warn({ topic, partition, position, start, end }, 'position is outside the log, going to its start');
    this.onLostOffsets({ topic, partition }, position, start);
    if (cursor.version === version) cursor.moveTo(start);
  }
}

/** Thrown to have the group joined anew; kafkajs stops all fetching and waits for the handlers first. */
export function endsGeneration(error: unknown): boolean {
  return (error as { code?: number }).code === rebalanceInProgress;
}

function hasNewPartitions(group: ConsumerGroup): boolean {
  try {
    group.checkForStaleAssignment();
    return false;
  } catch (error) {
    if ((error as Error).name === 'KafkaJSStaleTopicMetadataAssignment') return true;
    throw error;
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${partition} ${topic}`;
}
