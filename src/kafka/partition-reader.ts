/**
 * Reads partitions by position, outside any group. One loop for each broker that leads something: fetch all its partitions at once,
 * hand the batches on one after the other, fetch again. A supervisor keeps the map of leaders and starts loops; a partition whose
 * leader moved or is gone waits for it. A position out of the log is reported and never set right here (hazard D12).
 */

import { errorText, FatalError } from '../base/errors.ts';
import { type FetchedPartition, fetchPartitions } from './fetch.ts';
import { Alarm, FetchCursor, inFetchOrder, logBounds, outcomeOf, updateLeaders } from './fetch-cursor.ts';
import { type Broker, type Cluster, type ClusterMetadata, createErrorFromCode, isTransient } from './internals.ts';
import type { KafkaLogger } from './logger.ts';
import type { KafkaOptions } from './options.ts';
import { RecordBatchPool } from './record-batch-view.ts';
import type { PartitionReader, PartitionReaderHandlers } from './types.ts';

export interface PartitionReaderOptions {
  /** Read only what is committed, up to the last stable offset; true unless said otherwise. */
  readonly readCommitted?: boolean;
}

class ReaderCursor extends FetchCursor {
  /** The handler was told, by an empty batch if need be, that there is nothing more to read for now. */
  endReported = false;
}

const maxBackoffMs = 2_000;

export class KafkaPartitionReader implements PartitionReader {
  private readonly cluster: Cluster;
  private readonly options: KafkaOptions;
  private readonly logger: KafkaLogger;
  private readonly readCommitted: boolean;
  private readonly alarm = new Alarm();
  private readonly pool = new RecordBatchPool();
  private readonly cursors = new Map<string, ReaderCursor>();
  private readonly loops = new Map<number, Promise<void>>();
  private handlers: PartitionReaderHandlers | null = null;
  private supervisor: Promise<void> | null = null;
  private metadata: ClusterMetadata | null = null;
  private changed = false;
  private stopped = false;
  private fetches = 0;
  private failures = 0;

  constructor(cluster: Cluster, options: KafkaOptions, logger: KafkaLogger, readerOptions: PartitionReaderOptions) {
    this.cluster = cluster;
    this.options = options;
    this.logger = logger;
    this.readCommitted = readerOptions.readCommitted ?? true;
  }

  /** Connects and starts reading what is assigned, now and later; returns when connected. */
  async run(handlers: PartitionReaderHandlers): Promise<void> {
    this.handlers = handlers;
    await this.cluster.connect();
    this.supervisor = this.supervise();
  }

  assign(topic: string, partition: number, offset: number): void {
    this.unassign(topic, partition);
    const cursor = new ReaderCursor(topic, partition);
    cursor.position = offset;
    this.cursors.set(keyOf(topic, partition), cursor);
    this.change();
  }

  unassign(topic: string, partition: number): void {
    const key = keyOf(topic, partition);
    const cursor = this.cursors.get(key);
    if (cursor === undefined) return;
    cursor.version++;
    this.cursors.delete(key);
  }

  pause(topic: string, partition: number): void {
    const cursor = this.cursors.get(keyOf(topic, partition));
    if (cursor !== undefined) cursor.paused = true;
  }

  resume(topic: string, partition: number): void {
    const cursor = this.cursors.get(keyOf(topic, partition));
    if (cursor !== undefined) cursor.paused = false;
    this.alarm.ring();
  }

  /** Lets a running handler end. Not to be awaited inside one. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.alarm.ring();
    await this.supervisor;
    await Promise.all(this.loops.values());
    await this.cluster.disconnect();
  }

  private change(): void {
    this.changed = true;
    this.alarm.ring();
  }

  private async supervise(): Promise<void> {
    while (!this.stopped) {
      this.changed = false;
      try {
        await this.findLeaders();
      } catch (error) {
        if (!isTransient(error)) return this.crash(error);
        this.failures++;
        this.logger.info({ error: errorText(error) }, 'metadata not available, trying again');
      }
      let lost = false;
      for (const { leader } of this.cursors.values()) {
        if (leader < 0) lost = true;
        else if (!this.loops.has(leader)) this.loops.set(leader, this.loop(leader));
      }
      if (!this.changed) await this.alarm.wait(lost ? this.backoff() : 1_000);
    }
  }

  private async findLeaders(): Promise<void> {
    const topics = new Set<string>();
    let lost = false;
    for (const { topic, leader } of this.cursors.values()) {
      topics.add(topic);
      if (leader < 0) lost = true;
    }
    const added = [...topics].filter((topic) => !this.cluster.targetTopics.has(topic));
    for (const topic of this.cluster.targetTopics) if (!topics.has(topic)) this.cluster.targetTopics.delete(topic);
    if (added.length > 0) await this.cluster.addMultipleTargetTopics(added);
    else if (lost && this.metadata === this.cluster.brokerPool.metadata) await this.cluster.refreshMetadata();
    else await this.cluster.refreshMetadataIfNecessary();
    this.metadata = this.cluster.brokerPool.metadata;
    updateLeaders(this.cluster, this.cursors.values());
  }

  private async loop(node: number): Promise<void> {
    while (!this.stopped) {
      const led = [...this.cursors.values()].filter((cursor) => cursor.leader === node);
      if (led.length === 0) break;
      const wanted = led.filter((cursor) => !cursor.paused);
      if (wanted.length === 0) {
        await this.alarm.wait(1_000);
        continue;
      }
      try {
        const broker = await this.cluster.findBroker({ nodeId: node });
        await this.fetchFrom(broker, inFetchOrder(wanted));
        this.failures = 0;
      } catch (error) {
        if (!isTransient(error)) {
          this.crash(error);
          break;
        }
        this.failures++;
        this.logger.info({ broker: node, error: errorText(error) }, 'fetch failed, trying again');
        for (const cursor of led) cursor.leader = -1;
        await this.alarm.wait(this.backoff());
        this.change();
      }
    }
    this.loops.delete(node);
  }

  private async fetchFrom(broker: Broker, wanted: readonly FetchCursor[]): Promise<void> {
    const versions = new Map(wanted.map((cursor) => [cursor, cursor.version]));
    const answer = await fetchPartitions(broker, {
      waitMs: this.options.fetchWaitMs,
      maxBytes: this.options.maxBytesPerFetch,
      maxBytesPerPartition: this.options.maxBytesPerPartition,
      readCommitted: this.readCommitted,
      targets: wanted,
    });
    const number = ++this.fetches;
    let stale = 0;
    for (const fetched of answer) {
      const cursor = this.cursors.get(keyOf(fetched.topic, fetched.partition));
      if (this.stopped) return;
      if (cursor === undefined || cursor.paused || versions.get(cursor) !== cursor.version) continue;
      const outcome = outcomeOf(fetched.errorCode);
      if (outcome === 'fatal') throw createErrorFromCode(fetched.errorCode);
      if (outcome === 'out-of-range') await this.reportOutOfRange(broker, cursor);
      if (outcome === 'retry') {
        stale = fetched.errorCode;
        cursor.leader = -1;
      }
      if (outcome !== 'data') continue;
      if (fetched.batches.length > 0) cursor.servedAt = number;
      await this.deliver(cursor, fetched);
    }
    if (stale !== 0) throw createErrorFromCode(6);
  }

  /** An empty batch is delivered too, where the position moved over control or compacted records, and once at the end. */
  private async deliver(cursor: ReaderCursor, fetched: FetchedPartition): Promise<void> {
    const { version } = cursor;
    const view = this.pool.take();
    try {
      view.show(fetched, cursor.position, this.readCommitted);
      const { nextOffset } = view;
      const atEnd = nextOffset >= (this.readCommitted ? fetched.lastStableOffset : fetched.highWatermark);
      if (nextOffset === cursor.position && (!atEnd || cursor.endReported)) return;
      await this.handlers?.onBatch(view);
      if (cursor.version !== version) return;
      cursor.endReported ||= atEnd;
      cursor.position = nextOffset;
    } catch (error) {
      throw new FatalError(`reading ${cursor.topic}[${cursor.partition}]: ${errorText(error)}`, { cause: error });
    } finally {
      this.pool.release(view);
    }
  }

  private async reportOutOfRange(broker: Broker, cursor: ReaderCursor): Promise<void> {
    const { topic, partition, position, version } = cursor;
    const { start, end } = await logBounds(broker, topic, partition);
    // A new leader may be behind for a moment: then the position is good and will be served.
    if (cursor.version !== version || (position >= start && position <= end)) return;
    this.unassign(topic, partition);
    this.handlers?.onOffsetOutOfRange({ topic, partition, offset: position }, start, end);
  }

  private backoff(): number {
    return Math.min(maxBackoffMs, 100 * 2 ** Math.min(this.failures, 5));
  }

  private crash(error: unknown): void {
    if (this.stopped) return;
    this.stopped = true;
    this.alarm.ring();
    this.handlers?.onCrash(error instanceof Error ? error : new Error(errorText(error)));
  }
}

function keyOf(topic: string, partition: number): string {
  return `${partition} ${topic}`;
}
