/**
 * Records of all handlers in, Produce requests out: idempotent, acks=all, one (topic, partition) a request and one request in flight
 * for each (hazard D2), in batches built in place (hazard D9). Connections, authentication and metadata are kafkajs's; the batches,
 * their sequences and the retries are ours.
 *
 *   append ─► open batch of (sink, topic, partition) ─ full, or flush ─► PartitionQueue ─► leader ─► group settled ─► flush resolves
 */

import { FatalError } from '../base/errors.ts';
import { type Compression } from './codecs.ts';
import type { KafkaClient } from './connection.ts';
import { type Broker, type Cluster, type ClusterMetadata, type KafkaError, sendRequest } from './internals.ts';
import { PartitionQueue, type QueueHost } from './partition-queue.ts';
import { initProducerIdRequest } from './init-producer-id.ts';
import { type BatchIdentity, RecordBatchWriter } from './record-batch-writer.ts';
import { KafkaSink, type SinkHost } from './sink.ts';
import type { Producer, RecordSink } from './types.ts';

export interface ProducerOptions {
  readonly compression: Compression;
  readonly maxRecordsPerBatch: number;
  /** Of one batch, uncompressed. A single record may be larger. */
  readonly maxBytesPerBatch: number;
  /** How long a leader may wait for its replicas before it answers REQUEST_TIMED_OUT, and we repeat. */
  readonly produceTimeoutMs: number;
  /** Sequence that partitions start with. Anything but 0 is for the test of the wrap (hazard D5). */
  readonly firstSequence: number;
}

export const producerDefaults: ProducerOptions = {
  compression: 'none',
  maxRecordsPerBatch: 500,
  maxBytesPerBatch: 900_000,
  produceTimeoutMs: 20_000,
  firstSequence: 0,
};

/** Buffers of settled batches that are kept for the next ones. */
const maxSpareWriters = 64;

export function createProducer(
  client: Pick<KafkaClient, 'createCluster' | 'logger'>,
  options: Partial<ProducerOptions> = {},
): Producer {
  return new KafkaProducer(client, { ...producerDefaults, ...options });
}

class KafkaProducer implements Producer, QueueHost, SinkHost {
  readonly compression: Compression;
  readonly produceTimeoutMs: number;
  readonly firstSequence: number;
  private readonly client: Pick<KafkaClient, 'createCluster' | 'logger'>;
  private readonly options: ProducerOptions;
  private readonly cluster: Cluster;
  private readonly queues = new Map<string, PartitionQueue[]>();
  private readonly spareWriters: RecordBatchWriter[] = [];
  private readonly sleepers = new Set<() => void>();
  private currentIdentity: Promise<BatchIdentity> | null = null;
  private closedBy: Error | null = null;

  constructor(client: Pick<KafkaClient, 'createCluster' | 'logger'>, options: ProducerOptions) {
    this.client = client;
    this.options = options;
    this.compression = options.compression;
    this.produceTimeoutMs = options.produceTimeoutMs;
    this.firstSequence = options.firstSequence;
    this.cluster = client.createCluster();
  }

  async connect(): Promise<void> {
    await this.cluster.connect();
    await this.cluster.refreshMetadata();
    await this.identity();
  }

  createSink(): RecordSink {
    return new KafkaSink(this);
  }

  /** What is not acknowledged by now is given up: flushes reject. */
  async disconnect(): Promise<void> {
    this.closedBy ??= new FatalError('producer is disconnected');
    for (const wake of this.sleepers) wake();
    await this.cluster.disconnect();
  }

  // What sinks need.

  queue(topic: string, partition: number): PartitionQueue {
    let ofTopic = this.queues.get(topic);
    if (ofTopic === undefined) {
      ofTopic = [];
      this.queues.set(topic, ofTopic);
    }
    return (ofTopic[partition] ??= new PartitionQueue(this, topic, partition));
  }

  takeWriter(): RecordBatchWriter {
    const writer = this.spareWriters.pop();
    return writer ?? new RecordBatchWriter(this.options.maxRecordsPerBatch, this.options.maxBytesPerBatch);
  }

  giveBackWriter(writer: RecordBatchWriter): void {
    writer.reset();
    if (this.spareWriters.length < maxSpareWriters) this.spareWriters.push(writer);
  }

  // What partition queues need.

  closed(): Error | null {
    return this.closedBy;
  }

  metadata(): ClusterMetadata | null {
    return this.cluster.brokerPool.metadata;
  }

  async leader(topic: string, partition: number): Promise<Broker | null> {
    if (!this.cluster.targetTopics.has(topic)) await this.cluster.addTargetTopic(topic);
    const found = this.cluster.findTopicPartitionMetadata(topic).find((one) => one.partitionId === partition);
    if (found === undefined || found.leader < 0) return null;
    return this.cluster.findBroker({ nodeId: found.leader });
  }

  async refresh(topic: string): Promise<void> {
    if (this.closedBy !== null) return;
    try {
      if (!this.cluster.isConnected()) await this.cluster.connect();
      this.cluster.targetTopics.add(topic);
      await this.cluster.refreshMetadata();
    } catch (error) {
      this.client.logger.debug({ error: (error as Error).message }, 'metadata not refreshed');
    }
  }

  async identity(other?: BatchIdentity): Promise<BatchIdentity> {
    if (other === undefined) {
      this.currentIdentity ??= this.initProducerId();
    } else if (this.currentIdentity === null || (await this.currentIdentity).producerId === other.producerId) {
      this.currentIdentity = this.initProducerId();
    }
    const asked = this.currentIdentity;
    try {
      return await asked;
    } catch (error) {
      if (this.currentIdentity === asked) this.currentIdentity = null;
      throw error;
    }
  }

  async sleep(ms: number): Promise<void> {
    if (this.closedBy !== null) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.sleepers.add(resolve);
    await promise;
    clearTimeout(timer);
    this.sleepers.delete(resolve);
  }

  warn(fields: object, message: string): void {
    this.client.logger.warn(fields, message);
  }

  /** Any broker gives producer ids; a fresh cluster answers "not ready" for a while. */
  private async initProducerId(): Promise<BatchIdentity> {
    for (let attempt = 0; ; attempt++) {
      if (this.closedBy !== null) throw this.closedBy;
      try {
        const broker = await this.cluster.brokerPool.findConnectedBroker();
        return await sendRequest(broker, initProducerIdRequest());
      } catch (error) {
        const { retriable, message } = error as KafkaError;
        if (retriable === false) throw new FatalError(`no producer id: ${message}`, { cause: error });
        this.client.logger.debug({ error: message, attempt }, 'no producer id yet');
        await this.sleep(Math.min(1_000, 50 * 2 ** attempt));
      }
    }
  }
}
