/**
 * One (topic, partition) of a producer: a queue of finished batches, sent one at a time and in order, each until it is acknowledged.
 *
 *            send ──► acknowledged (or DUPLICATE_SEQUENCE_NUMBER: it was there already) ──► next batch
 *             ▲  ├──► outcome unknown, leader moved, broker busy: look for the leader, wait, send the same bytes again
 *             │  ├──► sequence refused: new producer id for this partition, sequence 0, send again
 *             │  ├──► too large: two halves, send again
 *             └──┴──► anything else, or a single record too large: the sink learns of it
 *
 * Invariant: at most one request in flight, and no batch is sent before the one ahead of it is settled. With the producer id and the
 * sequence unchanged a repeat is recognised by the broker, so retrying can neither repeat nor reorder records.
 *
 * A new producer id is safe: the broker's refusal means that the batch is not in the log (an earlier attempt that had got in would
 * have been called a duplicate). It is taken for this partition alone; another one may have a batch of unknown outcome under the old
 * id, which only the old id can repeat without doubling it.
 */

import { errorText, FatalError } from '../base/errors.ts';
import { type Compression, compressionIds, compressRecords } from './codecs.ts';
import { nextSequence } from './d05-sequence.ts';
import { produceFront, produceRequest } from './d02-produce.ts';
import { type Broker, type ClusterMetadata, createErrorFromCode, type KafkaError, sendRequest } from './internals.ts';
import type { BatchIdentity, RecordBatchWriter } from './record-batch-writer.ts';

const messageTooLarge = 10;
const recordListTooLarge = 18;
const duplicateSequenceNumber = 46;
/** OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_PRODUCER_EPOCH, INVALID_PRODUCER_ID_MAPPING, UNKNOWN_PRODUCER_ID. */
const refusedIdentity: ReadonlySet<number> = new Set([45, 47, 49, 59]);

const firstBackoffMs = 20;
const lastBackoffMs = 1_000;
/** From this attempt on retries are worth a line in the log, then every so many. */
const loggedAttempt = 8;

/** A sealed batch on its way, and the sink that waits for it. */
export interface Batch {
  readonly writer: RecordBatchWriter;
  readonly owner: BatchOwner;
  /** Of the owner's making; handed back to it. */
  readonly group: unknown;
}

export interface BatchOwner {
  /** Set once something failed: what is still queued is not to be sent, so that nothing overtakes the failure. */
  readonly failure: Error | null;
  settle(batch: Batch, error: Error | null): void;
  /** One batch became two. */
  split(batch: Batch, first: Batch, second: Batch): void;
}

/** What a queue needs of its producer. */
export interface QueueHost {
  readonly compression: Compression;
  readonly produceTimeoutMs: number;
  readonly firstSequence: number;
  /** Non-null from disconnect on. */
  closed(): Error | null;
  metadata(): ClusterMetadata | null;
  /** Broker that leads the partition; null when nobody does or it is not known. */
  leader(topic: string, partition: number): Promise<Broker | null>;
  /** Asks for fresh metadata, reconnecting where necessary; never throws. */
  refresh(topic: string): Promise<void>;
  /** The producer id that new partitions start with; a fresh one when `other` is given. */
  identity(other?: BatchIdentity): Promise<BatchIdentity>;
  takeWriter(): RecordBatchWriter;
  sleep(ms: number): Promise<void>;
  warn(fields: object, message: string): void;
}

export class PartitionQueue {
  readonly topic: string;
  readonly partition: number;
  private readonly host: QueueHost;
  private readonly front: Buffer;
  private readonly batches: Batch[] = [];
  private isPumping = false;
  private identity: BatchIdentity | null = null;
  private sequence: number;
  private leader: Broker | null = null;
  private leaderMetadata: ClusterMetadata | null = null;

  constructor(host: QueueHost, topic: string, partition: number) {
    this.host = host;
    this.topic = topic;
    this.partition = partition;
    this.sequence = host.firstSequence;
    this.front = produceFront(topic, partition, host.produceTimeoutMs);
  }

  push(batch: Batch): void {
    this.batches.push(batch);
    if (!this.isPumping) void this.pump();
  }

  private async pump(): Promise<void> {
    this.isPumping = true;
    while (this.batches.length > 0) {
      const batch = this.batches[0];
      let error: Error | null = batch.owner.failure ?? this.host.closed();
      let isSplit = false;
      if (error === null) {
        try {
          isSplit = await this.deliver(batch);
        } catch (thrown) {
          error = thrown instanceof Error ? thrown : new FatalError(errorText(thrown));
        }
      }
      if (isSplit) continue;
      this.batches.shift();
      batch.owner.settle(batch, error);
    }
    this.isPumping = false;
  }

  /** Sends until the broker has it. True when the batch was replaced by its halves; throws when it will never be taken. */
  private async deliver(batch: Batch): Promise<boolean> {
    const { writer } = batch;
    let compressed: Buffer | null = null;
    if (this.host.compression !== 'none') {
      const result = compressRecords(this.host.compression, writer.recordsView());
      compressed = result instanceof Promise ? await result : result;
    }
    for (let attempt = 0; ; attempt++) {
      if (attempt > 0) await this.prepareRetry(attempt);
      const closed = this.host.closed();
      if (closed !== null) throw closed;
      const code = await this.attempt(writer, compressed, attempt);
      if (code === null) continue;
      if (code === 0 || code === duplicateSequenceNumber) {
        this.sequence = nextSequence(this.sequence, writer.count);
        return false;
      }
      if (refusedIdentity.has(code)) {
        await this.replaceIdentity(code);
      } else if (code === messageTooLarge || code === recordListTooLarge) {
        if (writer.count === 1) throw this.tooLarge(writer, compressed);
        this.split(batch);
        return true;
      } else {
        const error = createErrorFromCode(code);
        if (error.retriable !== true) throw this.refusal(code, error);
        this.leader = null;
        this.note(attempt, error.type ?? error.message);
      }
    }
  }

  /** One request; the broker's error code, or null when there is no leader, no connection or no answer. */
  private async attempt(writer: RecordBatchWriter, compressed: Buffer | null, attempt: number): Promise<number | null> {
    try {
      this.identity ??= await this.host.identity();
      const leader = await this.findLeader();
      if (leader === null) {
        this.note(attempt, 'no leader');
        return null;
      }
      const attributes = compressed === null ? 0 : compressionIds[this.host.compression];
      const body = writer.finish(this.front, attributes, compressed, this.identity, this.sequence);
      const answer = await sendRequest(leader, produceRequest(body, this.topic, this.partition));
      return answer.errorCode;
    } catch (error) {
      // A fault of our own would be the same at every attempt; whatever the network does may pass.
      if (error instanceof TypeError || error instanceof RangeError) throw error;
      this.leader = null;
      this.note(attempt, errorText(error));
      return null;
    }
  }

  /** The leader is kept while the cluster's metadata stays the same object. */
  private async findLeader(): Promise<Broker | null> {
    const metadata = this.host.metadata();
    if (this.leader === null || this.leaderMetadata !== metadata || !this.leader.isConnected()) {
      this.leader = await this.host.leader(this.topic, this.partition);
      this.leaderMetadata = this.host.metadata();
    }
    return this.leader;
  }

  /** The first repeat comes at once after a look at the metadata: leaders move far more often than brokers fail. */
  private async prepareRetry(attempt: number): Promise<void> {
    if (attempt > 1) {
      const longest = Math.min(lastBackoffMs, firstBackoffMs * 2 ** Math.min(attempt - 1, 10));
      await this.host.sleep(longest * (0.5 + Math.random() / 2));
    }
    if (this.leader === null) await this.host.refresh(this.topic);
  }

  private async replaceIdentity(code: number): Promise<void> {
    const refused = this.identity ?? (await this.host.identity());
    const reason = createErrorFromCode(code).type;
    this.host.warn({ topic: this.topic, partition: this.partition, reason }, 'producer id replaced');
    for (let attempt = 1; ; attempt++) {
      try {
        this.identity = await this.host.identity(refused);
        this.sequence = 0;
        return;
      } catch (error) {
        const closed = this.host.closed();
        if (closed !== null) throw closed;
        this.note(attempt, errorText(error));
        await this.prepareRetry(attempt + 1);
      }
    }
  }

  private split(batch: Batch): void {
    const first: Batch = { ...batch, writer: this.host.takeWriter() };
    const second: Batch = { ...batch, writer: this.host.takeWriter() };
    batch.writer.splitInto(first.writer, second.writer);
    this.batches.splice(0, 1, first, second);
    batch.owner.split(batch, first, second);
  }

  private tooLarge(writer: RecordBatchWriter, compressed: Buffer | null): FatalError {
    const size = writer.recordBytes();
    const wire = compressed === null ? '' : ` (${compressed.length} compressed with ${this.host.compression})`;
    return new FatalError(
      `a record of ${size} bytes${wire} is too large for ${this.topic}[${this.partition}]: raise max.message.bytes of the topic`,
    );
  }

  private refusal(code: number, error: KafkaError): FatalError {
    const name = error.type ?? 'unknown error';
    return new FatalError(`${this.topic}[${this.partition}] refuses records: ${error.message} (${name}, ${code})`);
  }

  private note(attempt: number, reason: string): void {
    if (attempt === 0 || attempt % loggedAttempt !== 0) return;
    const fields = { topic: this.topic, partition: this.partition, attempt, reason };
    this.host.warn(fields, 'still trying to produce');
  }
}
