/**
 * What tests against a real Kafka share: the broker's address, unique names, topics, raw records in and out. It speaks through plain
 * kafkajs, so that a fault in src/kafka does not hide itself.
 */

import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Admin, CompressionTypes, Kafka, logLevel, type IHeaders } from 'kafkajs';
import { startBroker } from '../../dev/broker.ts';

let counter = 0;
let ownBroker: Promise<string[]> | null = null;

/** Brokers of the run's single node. Without the global setup (one file run by hand) the test process starts its own. */
export async function testBrokers(): Promise<string[]> {
  const given = process.env['FLOWRIB_TEST_BROKERS'];
  if (given) return given.split(',');
  ownBroker ??= startOwnBroker();
  return ownBroker;
}

async function startOwnBroker(): Promise<string[]> {
  const broker = await startBroker({ nodes: 1 });
  after(async () => broker.stop());
  return broker.brokers;
}

/** A name no other test uses, fit for topics and groups. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${process.pid}-${Date.now().toString(36)}-${counter++}`;
}

export function plainKafka(brokers: string[]): Kafka {
  return new Kafka({
    clientId: 'test',
    brokers,
    logLevel: logLevel.NOTHING,
    retry: { retries: 20, initialRetryTime: 50 },
  });
}

/** Creates a topic and returns its name once every partition has a leader. */
export async function createTopic(
  brokers: string[],
  prefix: string,
  partitions = 1,
  config: Record<string, string> = {},
  replicationFactor = 1,
): Promise<string> {
  const topic = uniqueName(prefix);
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
  const admin = plainKafka(brokers).admin();
  await admin.connect();
  try {
    await admin.createTopics({
      waitForLeaders: false,
      topics: [{ topic, numPartitions: partitions, replicationFactor, configEntries }],
    });
    while (!(await hasLeaders(admin, topic, partitions))) await sleep(50);
  } finally {
    await admin.disconnect();
  }
  return topic;
}

/** kafkajs's own wait gives up at a node that has not heard of the topic yet. */
async function hasLeaders(admin: Admin, topic: string, partitions: number): Promise<boolean> {
  try {
    const [metadata] = (await admin.fetchTopicMetadata({ topics: [topic] })).topics;
    return metadata.partitions.length === partitions && metadata.partitions.every(({ leader }) => leader >= 0);
  } catch {
    return false;
  }
}

export interface RawRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestampMs: number;
  readonly headers: readonly { readonly name: string; readonly value: Buffer }[];
}

export interface ReadRecord extends RawRecord {
  readonly partition: number;
  readonly offset: number;
}

export interface ProducedRecord {
  readonly key?: Buffer | string | null;
  readonly value: Buffer | string | null;
  readonly timestampMs?: number;
  readonly headers?: Record<string, string | Buffer>;
}

/** Produces to one partition, in order, in sends of at most 500. */
export async function produceRecords(
  brokers: string[],
  topic: string,
  partition: number,
  records: readonly ProducedRecord[],
  compression: CompressionTypes = CompressionTypes.None,
): Promise<void> {
  const producer = plainKafka(brokers).producer();
  await producer.connect();
  try {
    for (let at = 0; at < records.length; at += 500) {
      const messages = records.slice(at, at + 500).map((record) => ({
        key: record.key ?? null,
        value: record.value,
        partition,
        ...(record.timestampMs === undefined ? {} : { timestamp: String(record.timestampMs) }),
        ...(record.headers === undefined ? {} : { headers: record.headers }),
      }));
      await producer.send({ topic, messages, compression });
    }
  } finally {
    await producer.disconnect();
  }
}

/** Where each partition ends now; index = partition. */
export async function endOffsets(brokers: string[], topic: string): Promise<number[]> {
  const admin = plainKafka(brokers).admin();
  await admin.connect();
  try {
    const ends: number[] = [];
    for (const { partition, high } of await admin.fetchTopicOffsets(topic)) ends[partition] = Number(high);
    return ends;
  } finally {
    await admin.disconnect();
  }
}

/** All records from the start of every partition to the ends it had when called; by partition, then offset. */
export async function readTopic(brokers: string[], topic: string): Promise<ReadRecord[]> {
  const ends = await endOffsets(brokers, topic);
  const open = new Set(ends.flatMap((end, partition) => (end > 0 ? [partition] : [])));
  if (open.size === 0) return [];
  const consumer = plainKafka(brokers).consumer({
    groupId: uniqueName('reader'),
    maxWaitTimeInMs: 100,
    readUncommitted: false,
    retry: { retries: 50, initialRetryTime: 50, maxRetryTime: 500 },
  });
  const records: ReadRecord[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  promise.catch(() => undefined);
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) reject(payload.error);
  });
  // The event counts control records too, which no handler sees.
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
    if (Number(payload.lastOffset) + 1 >= ends[payload.partition]) open.delete(payload.partition);
    if (open.size === 0) resolve();
  });
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      for (const message of batch.messages) {
        records.push({
          partition: batch.partition,
          offset: Number(message.offset),
          key: message.key,
          value: message.value,
          timestampMs: Number(message.timestamp),
          headers: listHeaders(message.headers ?? {}),
        });
      }
    },
  });
  try {
    await promise;
  } finally {
    await consumer.disconnect();
  }
  return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}

function listHeaders(headers: IHeaders): { name: string; value: Buffer }[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((one) => ({ name, value: Buffer.from(one ?? '') })),
  );
}
