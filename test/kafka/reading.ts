/** What the tests of consumers share: handlers that note everything, and a way to wait for it. */

import { setTimeout as sleep } from 'node:timers/promises';
import { createKafka, type KafkaClient } from '../../src/kafka/connection.ts';
import { type KafkaOptions, kafkaOptions } from '../../src/kafka/options.ts';
import type {
  Assignment,
  GroupConsumer,
  GroupHandlers,
  PartitionReaderHandlers,
  RecordBatch,
  TopicPartition,
  TopicPartitionOffset,
} from '../../src/kafka/types.ts';

export function testClient(brokers: string[], options: Partial<KafkaOptions> = {}): KafkaClient {
  return createKafka(kafkaOptions({ brokers, clientId: 'under-test', sessionTimeoutMs: 6_000, ...options }));
}

/** Polls, so that a test says what it waits for; fails after a time no healthy run needs. */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  ms = 20_000,
): Promise<void> {
  const end = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited ${ms} ms for: ${what}`);
    await sleep(20);
  }
}

export function valuesOf(batch: RecordBatch): string[] {
  const values: string[] = [];
  for (let i = 0; i < batch.count; i++) {
    values.push(batch.buffer.toString('utf8', batch.valueStarts[i], batch.valueEnds[i]));
  }
  return values;
}

interface Seen {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly value: string;
}

function note(batch: RecordBatch, into: Seen[]): void {
  const values = valuesOf(batch);
  for (let i = 0; i < batch.count; i++) {
    into.push({ topic: batch.topic, partition: batch.partition, offset: batch.offsets[i], value: values[i] });
  }
}

/** A member that starts every partition where the group's commits or its own last offsets say, else at 0. */
export class RecordingMember implements GroupHandlers {
  readonly assignments: Assignment[] = [];
  readonly revoked: Assignment[] = [];
  readonly records: Seen[] = [];
  readonly batches: { topic: string; partition: number; count: number; nextOffset: number }[] = [];
  readonly lost: { at: TopicPartition; position: number; logStart: number }[] = [];
  readonly crashes: Error[] = [];
  readonly positions = new Map<string, TopicPartitionOffset>();
  consumer: GroupConsumer | null = null;
  onEach: (batch: RecordBatch, assignment: Assignment) => Promise<void> = async () => undefined;
  onEnd: (assignment: Assignment) => Promise<void> = async () => undefined;
  startAt: (assignment: Assignment) => TopicPartitionOffset[] = (assignment) =>
    assignment.partitions.map((at) => ({ ...at, offset: this.positions.get(keyOf(at))?.offset ?? 0 }));

  onAssigned(assignment: Assignment): void {
    this.assignments.push(assignment);
    setImmediate(() => this.consumer?.start(assignment, this.startAt(assignment)));
  }

  async onRevoking(assignment: Assignment): Promise<void> {
    await this.onEnd(assignment);
    this.revoked.push(assignment);
  }

  async onBatch(batch: RecordBatch, assignment: Assignment): Promise<void> {
    await this.onEach(batch, assignment);
    note(batch, this.records);
    const { topic, partition, nextOffset, count } = batch;
    this.batches.push({ topic, partition, count, nextOffset });
    this.positions.set(keyOf(batch), { topic, partition, offset: nextOffset });
  }

  onLostOffsets(at: TopicPartition, position: number, logStart: number): void {
    this.lost.push({ at, position, logStart });
  }

  onCrash(error: Error): void {
    this.crashes.push(error);
  }

  current(): Assignment {
    return this.assignments[this.assignments.length - 1];
  }
}

export class RecordingReader implements PartitionReaderHandlers {
  readonly records: Seen[] = [];
  readonly batches: { topic: string; partition: number; count: number; nextOffset: number; highWatermark: number }[] =
    [];
  readonly outOfRange: { at: TopicPartitionOffset; logStart: number; logEnd: number }[] = [];
  readonly crashes: Error[] = [];
  onEach: (batch: RecordBatch) => void | Promise<void> = () => undefined;

  async onBatch(batch: RecordBatch): Promise<void> {
    const { topic, partition, count, nextOffset, highWatermark } = batch;
    note(batch, this.records);
    this.batches.push({ topic, partition, count, nextOffset, highWatermark });
    await this.onEach(batch);
  }

  onOffsetOutOfRange(at: TopicPartitionOffset, logStart: number, logEnd: number): void {
    this.outOfRange.push({ at, logStart, logEnd });
  }

  onCrash(error: Error): void {
    this.crashes.push(error);
  }

  values(): string[] {
    return this.records.map(({ value }) => value);
  }
}

export function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

export function numbered(count: number, from = 0): { key: string; value: string }[] {
  return Array.from({ length: count }, (_, i) => ({ key: `k${from + i}`, value: `v${from + i}` }));
}
