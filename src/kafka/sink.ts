/**
 * One handler's way into the producer. Records are copied into an open batch for each (topic, partition); full batches go to their
 * queue at once, the rest at flush. What was appended between two flushes is a group, and a flush settles when its group and those
 * before it have settled.
 *
 * Invariant: after a failure nothing that was appended later is sent until flush has told of it: queued batches are dropped, open
 * ones discarded, appends ignored, and all of it counts as failed. So a caller that starts again at the failed record keeps the order.
 */

import type { Batch, BatchOwner } from './partition-queue.ts';
import type { RecordBatchWriter } from './record-batch-writer.ts';
import type { RecordSink } from './types.ts';

export interface BatchQueue {
  push(batch: Batch): void;
}

export interface SinkHost {
  queue(topic: string, partition: number): BatchQueue;
  takeWriter(): RecordBatchWriter;
  giveBackWriter(writer: RecordBatchWriter): void;
}

/** The batches sealed between two flushes. */
interface FlushGroup {
  unsettled: number;
  failure: Error | null;
  onSettled: (() => void) | null;
}

/** The sink's view of a (topic, partition). */
interface Open {
  readonly queue: BatchQueue;
  /** Null while nothing is open. */
  writer: RecordBatchWriter | null;
}

export class KafkaSink implements RecordSink, BatchOwner {
  failure: Error | null = null;
  private readonly host: SinkHost;
  private readonly topics = new Map<string, Open[]>();
  private readonly opens: Open[] = [];
  private lastTopic: string | null = null;
  private lastPartitions: Open[] = [];
  private openBytes = 0;
  private sealedBytes = 0;
  private group: FlushGroup = newGroup();
  private flushing: Promise<void> = Promise.resolve();
  private runningFlushes = 0;

  constructor(host: SinkHost) {
    this.host = host;
  }

  append(
    topic: string,
    partition: number,
    timestampMs: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    headers: Uint8Array,
    headersStart: number,
    headersEnd: number,
  ): void {
    if (this.failure !== null) {
      this.group.failure ??= this.failure;
      return;
    }
    if (topic !== this.lastTopic) this.selectTopic(topic);
    const open = this.lastPartitions[partition] ?? this.openPartition(topic, partition);
    let writer = (open.writer ??= this.host.takeWriter());
    let before = writer.recordBytes();
    if (
      !writer.append(timestampMs, key, keyStart, keyEnd, value, valueStart, valueEnd, headers, headersStart, headersEnd)
    ) {
      this.seal(open, writer);
      writer = this.host.takeWriter();
      open.writer = writer;
      before = 0;
      writer.append(timestampMs, key, keyStart, keyEnd, value, valueStart, valueEnd, headers, headersStart, headersEnd);
    }
    this.openBytes += writer.recordBytes() - before;
  }

  flush(): Promise<void> {
    for (const open of this.opens) if (open.writer !== null && open.writer.count > 0) this.seal(open, open.writer);
    const group = this.group;
    this.group = newGroup();
    const flushed = this.settleGroup(group, this.flushing);
    this.flushing = flushed.catch(() => undefined);
    return flushed;
  }

  pendingBytes(): number {
    return this.openBytes + this.sealedBytes;
  }

  settle(batch: Batch, error: Error | null): void {
    const group = batch.group as FlushGroup;
    this.sealedBytes -= batch.writer.recordBytes();
    this.host.giveBackWriter(batch.writer);
    if (error !== null) {
      group.failure ??= error;
      this.fail(error);
    }
    group.unsettled--;
    if (group.unsettled === 0 && group.onSettled !== null) group.onSettled();
  }

  split(batch: Batch, first: Batch, second: Batch): void {
    (batch.group as FlushGroup).unsettled++;
    this.sealedBytes += first.writer.recordBytes() + second.writer.recordBytes() - batch.writer.recordBytes();
    this.host.giveBackWriter(batch.writer);
  }

  private selectTopic(topic: string): void {
    let partitions = this.topics.get(topic);
    if (partitions === undefined) {
      partitions = [];
      this.topics.set(topic, partitions);
    }
    this.lastTopic = topic;
    this.lastPartitions = partitions;
  }

  private openPartition(topic: string, partition: number): Open {
    const open: Open = { queue: this.host.queue(topic, partition), writer: null };
    this.lastPartitions[partition] = open;
    this.opens.push(open);
    return open;
  }

  private seal(open: Open, writer: RecordBatchWriter): void {
    const size = writer.recordBytes();
    this.openBytes -= size;
    this.sealedBytes += size;
    this.group.unsettled++;
    open.writer = null;
    open.queue.push({ writer, owner: this, group: this.group });
  }

  /** Throws away what is open, on the account of the group that would have sent it. */
  private fail(error: Error): void {
    this.failure ??= error;
    for (const open of this.opens) {
      if (open.writer === null) continue;
      if (open.writer.count > 0) this.group.failure ??= error;
      this.host.giveBackWriter(open.writer);
      open.writer = null;
    }
    this.openBytes = 0;
  }

  private async settleGroup(group: FlushGroup, earlier: Promise<void>): Promise<void> {
    this.runningFlushes++;
    await earlier;
    if (group.unsettled > 0) {
      await new Promise<void>((resolve) => {
        group.onSettled = resolve;
      });
    }
    this.runningFlushes--;
    if (group.failure === null) return;
    const isTold = this.runningFlushes === 0 && this.group.failure === null && this.group.unsettled === 0;
    if (isTold) this.failure = null;
    throw group.failure;
  }
}

function newGroup(): FlushGroup {
  return { unsettled: 0, failure: null, onSettled: null };
}
