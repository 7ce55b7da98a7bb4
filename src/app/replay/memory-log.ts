/**
 * What the stages see of Kafka while there is none: a producer whose records go straight to whom they are for, a reader of the routes
 * log that is handed what the route stage appends, and the few answers of an admin that a stage asks for. Nothing is kept.
 */

import type {
  Admin,
  Assignment,
  GroupConsumer,
  PartitionReader,
  PartitionReaderHandlers,
  Producer,
  RecordSink,
} from '../../kafka/types.ts';
import { BatchBuilder } from './record-batches.ts';

export interface AppendedRecord {
  readonly topic: string;
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: Buffer;
}

export interface MemoryLogOptions {
  readonly routesTopic: string;
  readonly shards: number;
  /** Records for any other topic; its views die with the call. */
  readonly onRecord: (record: AppendedRecord) => void;
}

export class MemoryLog {
  readonly reader: PartitionReader;
  readonly producer: Producer;
  readonly admin: Admin;
  private readonly options: MemoryLogOptions;
  private readonly pending: BatchBuilder[];
  /** Next offset of each partition of the routes log. */
  private readonly ends: number[];
  private handlers: PartitionReaderHandlers | null = null;

  constructor(options: MemoryLogOptions) {
    this.options = options;
    this.ends = Array.from({ length: options.shards }, () => 0);
    this.pending = this.ends.map((_, shard) => new BatchBuilder(options.routesTopic, shard));
    this.reader = {
      run: async (handlers) => void (this.handlers = handlers),
      assign: () => {},
      unassign: () => {},
      pause: () => {},
      resume: () => {},
      stop: async () => {},
    };
    this.producer = { connect: async () => {}, disconnect: async () => {}, createSink: () => this.createSink() };
    this.admin = adminOfEmptyLog(options.shards);
  }

  /** Appends to the routes log; delivered by `deliver`. */
  append(shard: number, record: Omit<AppendedRecord, 'topic'>): void {
    this.pending[shard].add(this.ends[shard]++, record.timestampMs, record.key, record.value, record.headers);
  }

  /** Hands everything appended to the shards; resolves when it is applied. */
  async deliver(): Promise<void> {
    for (const [shard, builder] of this.pending.entries()) {
      if (builder.count === 0) continue;
      this.pending[shard] = new BatchBuilder(builder.topic, shard);
      await this.handlers?.onBatch(builder.finish());
    }
  }

  private createSink(): RecordSink {
    const cut = (bytes: Uint8Array, start: number, end: number): Uint8Array | null =>
      start < 0 ? null : bytes.subarray(start, end);
    return {
      append: (
        topic,
        partition,
        timestampMs,
        key,
        keyStart,
        keyEnd,
        value,
        valueStart,
        valueEnd,
        headers,
        from,
        to,
      ) => {
        const record = {
          topic,
          timestampMs,
          key: cut(key, keyStart, keyEnd),
          value: cut(value, valueStart, valueEnd),
          headers: Buffer.from(headers.buffer, headers.byteOffset + from, to - from),
        };
        if (topic === this.options.routesTopic) this.append(partition, record);
        else this.options.onRecord(record);
      },
      flush: () => this.deliver(),
      pendingBytes: () => 0,
    };
  }
}

/** The routes log begins empty: a shard serves at once, and what comes is applied as it comes. */
function adminOfEmptyLog(shards: number): Admin {
  const refuse = async (): Promise<never> => {
    throw new Error('a replay has no broker to ask');
  };
  return {
    connect: async () => {},
    disconnect: async () => {},
    partitionCounts: refuse,
    topicIds: refuse,
    offsets: async () => Array.from({ length: shards }, (_, partition) => ({ partition, low: 0, high: 0 })),
    offsetsAtTime: refuse,
    committed: refuse,
    createTopics: refuse,
    topicConfig: refuse,
    deleteRecordsBefore: refuse,
    groupMembers: refuse,
  };
}

/** The one member of a group that is nowhere. */
export const replayAssignment: Assignment = {
  epoch: 1,
  memberId: 'replay',
  generationId: 1,
  partitions: [],
  isCurrent: () => true,
};

/** Commits are taken and forgotten: a replay begins at the beginning. */
export const replayConsumer: GroupConsumer = {
  run: async () => {},
  start: () => {},
  pause: () => {},
  resume: () => {},
  commit: async () => true,
  stop: async () => {},
};
