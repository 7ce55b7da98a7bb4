/**
 * Runs a whole stage without Kafka and without time: logs in memory behind the seam of src/kafka/types.ts. A test produces records,
 * assigns partitions, polls, and reads what came out. What only a broker can show (leaders, rebalances, retries) is not tested here.
 */

import type {
  Admin,
  Assignment,
  CommitPosition,
  GroupConsumer,
  GroupHandlers,
  PartitionReader,
  PartitionReaderHandlers,
  Producer,
  RecordSink,
  TopicPartition,
  TopicPartitionOffset,
} from '../../src/kafka/types.ts';
import type { MemoryKafka } from './memory-kafka.ts';

export class DriverConsumer implements GroupConsumer {
  readonly started = new Map<string, TopicPartitionOffset>();
  assignment: Assignment | null = null;
  private readonly kafka: MemoryKafka;
  private readonly group: string;
  private handlers: GroupHandlers | null = null;
  private epoch = 0;

  constructor(kafka: MemoryKafka, group: string) {
    this.kafka = kafka;
    this.group = group;
  }

  async run(handlers: GroupHandlers): Promise<void> {
    this.handlers = handlers;
  }

  /** A rebalance: what is assigned now. */
  async assign(partitions: readonly TopicPartition[]): Promise<Assignment> {
    const handlers = this.need();
    if (this.assignment !== null) await handlers.onRevoking(this.assignment);
    const epoch = ++this.epoch;
    this.started.clear();
    const assignment: Assignment = {
      epoch,
      memberId: 'member',
      generationId: epoch,
      partitions,
      isCurrent: () => this.epoch === epoch,
    };
    this.assignment = assignment;
    handlers.onAssigned(assignment);
    await settle();
    return assignment;
  }

  start(assignment: Assignment, positions: readonly TopicPartitionOffset[]): void {
    if (!assignment.isCurrent()) return;
    for (const position of positions) this.started.set(`${position.topic}/${position.partition}`, position);
  }

  readonly paused = new Set<string>();

  pause(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) this.paused.add(`${topic}/${partition}`);
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) this.paused.delete(`${topic}/${partition}`);
  }

  async commit(assignment: Assignment, positions: readonly CommitPosition[]): Promise<boolean> {
    if (!assignment.isCurrent()) return false;
    for (const { topic, partition, offset, metadata } of positions) {
      this.kafka.metadata.set(`${this.group}/${topic}/${partition}`, metadata ?? '');
      this.kafka.commits.set(`${this.group}/${topic}/${partition}`, offset);
    }
    return true;
  }

  /** Delivers what is there to every started partition, `size` records a batch, until nothing is left. */
  async poll(size = 100): Promise<void> {
    const handlers = this.need();
    for (let progress = true; progress;) {
      progress = false;
      for (const [key, { topic, partition, offset }] of Array.from(this.started)) {
        const end = this.kafka.log(topic, partition).length;
        if (offset >= end || this.assignment === null || this.paused.has(key)) continue;
        progress = true;
        const to = Math.min(end, offset + size);
        const before = this.started.get(key);
        await handlers.onBatch(this.kafka.batch(topic, partition, offset, to), this.assignment);
        if (this.started.get(key) === before) this.started.set(key, { topic, partition, offset: to });
      }
    }
  }

  async stop(): Promise<void> {
    if (this.assignment !== null) await this.need().onRevoking(this.assignment);
    this.epoch++;
  }

  private need(): GroupHandlers {
    if (this.handlers === null) throw new Error('run was not called');
    return this.handlers;
  }
}

export class DriverReader implements PartitionReader {
  readonly positions = new Map<number, TopicPartitionOffset>();
  assigned = 0;
  private readonly kafka: MemoryKafka;
  private handlers: PartitionReaderHandlers | null = null;

  constructor(kafka: MemoryKafka) {
    this.kafka = kafka;
  }

  async run(handlers: PartitionReaderHandlers): Promise<void> {
    this.handlers = handlers;
  }

  assign(topic: string, partition: number, offset: number): void {
    this.assigned++;
    this.paused.delete(partition);
    this.positions.set(partition, { topic, partition, offset });
  }

  unassign(_topic: string, partition: number): void {
    this.positions.delete(partition);
  }

  readonly paused = new Set<number>();

  pause(_topic: string, partition: number): void {
    this.paused.add(partition);
  }

  resume(_topic: string, partition: number): void {
    this.paused.delete(partition);
  }

  /** The log no longer has the position of this partition. */
  loseOffset(partition: number, logStart: number, logEnd: number): void {
    const at = this.positions.get(partition);
    if (at !== undefined) this.handlers?.onOffsetOutOfRange(at, logStart, logEnd);
  }

  async stop(): Promise<void> {
    this.positions.clear();
  }

  async poll(size = 100): Promise<void> {
    for (const [key, { topic, partition, offset }] of Array.from(this.positions)) {
      if (this.paused.has(partition)) continue;
      const low = this.kafka.low(topic, partition);
      if (offset < low) {
        this.positions.delete(key);
        this.handlers?.onOffsetOutOfRange({ topic, partition, offset }, low, this.kafka.log(topic, partition).length);
        continue;
      }
      const end = this.kafka.log(topic, partition).length;
      for (let from = offset; from < end; from += size) {
        const to = Math.min(end, from + size);
        await this.handlers?.onBatch(this.kafka.batch(topic, partition, from, to));
        if (this.positions.has(key)) this.positions.set(key, { topic, partition, offset: to });
      }
    }
    await settle();
  }
}

/** Delivers by itself what is assigned to it, one record a batch, as a reader of a broker does. */
export class LiveReader implements PartitionReader {
  /** Called before each record is delivered: what happens meanwhile elsewhere. */
  beforeRecord: (offset: number) => void = () => {};
  delivered = 0;
  private readonly kafka: MemoryKafka;
  private readonly cursors = new Map<string, { isPaused: boolean }>();
  private handlers: PartitionReaderHandlers | null = null;

  constructor(kafka: MemoryKafka) {
    this.kafka = kafka;
  }

  async run(handlers: PartitionReaderHandlers): Promise<void> {
    this.handlers = handlers;
  }

  assign(topic: string, partition: number, offset: number): void {
    const cursor = { isPaused: false };
    this.cursors.set(`${topic}/${partition}`, cursor);
    void this.deliver(topic, partition, offset, cursor);
  }

  unassign(topic: string, partition: number): void {
    this.cursors.delete(`${topic}/${partition}`);
  }

  pause(topic: string, partition: number): void {
    const cursor = this.cursors.get(`${topic}/${partition}`);
    if (cursor !== undefined) cursor.isPaused = true;
  }

  resume(topic: string, partition: number): void {
    const cursor = this.cursors.get(`${topic}/${partition}`);
    if (cursor !== undefined) cursor.isPaused = false;
  }

  async stop(): Promise<void> {
    this.cursors.clear();
  }

  private async deliver(topic: string, partition: number, from: number, cursor: { isPaused: boolean }): Promise<void> {
    let atEnd = false;
    for (let offset = from; ;) {
      await new Promise(setImmediate);
      if (this.cursors.get(`${topic}/${partition}`) !== cursor) return;
      const end = this.kafka.log(topic, partition).length;
      if (cursor.isPaused || (offset === end && atEnd)) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        continue;
      }
      this.beforeRecord(offset);
      const low = this.kafka.low(topic, partition);
      if (offset < low || offset > end) {
        this.cursors.delete(`${topic}/${partition}`);
        this.handlers?.onOffsetOutOfRange({ topic, partition, offset }, low, end);
        return;
      }
      atEnd = offset === end;
      const to = atEnd ? offset : offset + 1;
      if (!atEnd) this.delivered++;
      await this.handlers?.onBatch(this.kafka.batch(topic, partition, offset, to));
      offset = to;
    }
  }
}

export class DriverProducer implements Producer {
  private readonly kafka: MemoryKafka;

  constructor(kafka: MemoryKafka) {
    this.kafka = kafka;
  }

  async connect(): Promise<void> {}
  async disconnect(): Promise<void> {}

  createSink(): RecordSink {
    const cut = (bytes: Uint8Array, start: number, end: number): Buffer | null =>
      start < 0 ? null : Buffer.from(bytes.subarray(start, end));
    return {
      append: (topic, partition, timestampMs, key, ks, ke, value, vs, ve, headers, hs, he) => {
        this.kafka.log(topic, partition).push({
          timestampMs,
          key: cut(key, ks, ke),
          value: cut(value, vs, ve),
          headers: cut(headers, hs, he) ?? Buffer.alloc(0),
        });
      },
      flush: async () => {},
      pendingBytes: () => 0,
    };
  }
}

/** What of Admin the stages use. */
export function driverAdmin(kafka: MemoryKafka): Admin {
  const refuse = async (): Promise<never> => {
    throw new Error('not part of the driver');
  };
  return {
    connect: async () => {},
    disconnect: async () => {},
    partitionCounts: async (topics) =>
      new Map(
        topics.flatMap((t) => (kafka.topics.has(t) ? [[t, kafka.topics.get(t)!.partitions.length] as const] : [])),
      ),
    topicIds: async (topics) =>
      new Map(topics.flatMap((t) => (kafka.topics.has(t) ? [[t, kafka.topics.get(t)!.id] as const] : []))),
    offsets: async (topic) =>
      (kafka.topics.get(topic)?.partitions ?? []).map((log, partition) => ({
        partition,
        low: kafka.low(topic, partition),
        high: log.length,
      })),
    offsetsAtTime: refuse,
    committed: async (group, topic, metadata) => {
      const found = new Map<number, number>();
      for (const [key, offset] of kafka.commits) {
        const [g, t, partition] = key.split('/');
        const own = kafka.metadata.get(key) ?? '';
        if (metadata !== undefined && own !== '' && own !== metadata) continue;
        if (g === group && t === topic) found.set(Number(partition), offset);
      }
      return found;
    },
    createTopics: refuse,
    topicConfig: refuse,
    deleteRecordsBefore: async (_topic, offsets) => {
      for (const { topic, partition, offset } of offsets) kafka.deleteBefore(topic, partition, offset);
    },
    groupMembers: refuse,
  };
}

/** Lets promises and immediates that are due run. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
}
