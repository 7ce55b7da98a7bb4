import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CompressionTypes } from 'kafkajs';
import { findHeader } from '../../src/base/record-headers.ts';
import type { KafkaClient } from '../../src/kafka/connection.ts';
import type { PartitionReaderOptions } from '../../src/kafka/partition-reader.ts';
import type { PartitionReader } from '../../src/kafka/types.ts';
import { createTopic, plainKafka, produceRecords, testBrokers } from '../support/kafka.ts';
import { eventually, numbered, RecordingReader, testClient } from './reading.ts';

let brokers: string[];
let client: KafkaClient;
const open: PartitionReader[] = [];

before(async () => {
  brokers = await testBrokers();
  client = testClient(brokers);
});

after(async () => {
  await Promise.all(open.map((reader) => reader.stop()));
});

async function reading(options: PartitionReaderOptions = {}): Promise<[PartitionReader, RecordingReader]> {
  const reader = client.partitionReader(options);
  const handlers = new RecordingReader();
  await reader.run(handlers);
  open.push(reader);
  return [reader, handlers];
}

describe('partition reader', () => {
  it('reads every record with key, value, time, headers and goes on with new ones', async () => {
    const topic = await createTopic(brokers, 'reader');
    await produceRecords(brokers, topic, 0, [
      { key: 'a', value: 'one', timestampMs: 1_700_000_000_000, headers: { h: 'x', 'other-header': 'yy' } },
      { key: null, value: 'two', timestampMs: 1_700_000_009_999 },
      { key: 'c', value: null, timestampMs: 1_699_999_999_000 },
    ]);
    const [reader, seen] = await reading();
    const details: unknown[] = [];
    seen.onEach = (batch) => {
      for (let i = 0; i < batch.count; i++) {
        const { buffer, keyStarts, keyEnds, valueStarts, valueEnds, headerStarts, headerEnds } = batch;
        details.push([
          batch.offsets[i],
          batch.timestamps[i],
          keyStarts[i] < 0 ? null : buffer.toString('utf8', keyStarts[i], keyEnds[i]),
          valueStarts[i] < 0 ? null : buffer.toString('utf8', valueStarts[i], valueEnds[i]),
          findHeader(buffer, headerStarts[i], headerEnds[i], Buffer.from('other-header'))?.toString() ?? null,
          headerStarts[i] === headerEnds[i],
        ]);
      }
    };
    reader.assign(topic, 0, 0);
    await eventually('three records', () => seen.records.length === 3);
    assert.deepEqual(details, [
      [0, 1_700_000_000_000, 'a', 'one', 'yy', false],
      [1, 1_700_000_009_999, null, 'two', null, true],
      [2, 1_699_999_999_000, 'c', null, null, true],
    ]);
    await produceRecords(brokers, topic, 0, numbered(2));
    await eventually('the new ones', () => seen.records.length === 5);
    assert.equal(seen.batches.at(-1)?.nextOffset, 5);
    assert.equal(seen.batches.at(-1)?.highWatermark, 5);
  });

  for (const [name, type] of [
    ['gzip', CompressionTypes.GZIP],
    ['snappy', CompressionTypes.Snappy],
    ['lz4', CompressionTypes.LZ4],
    ['zstd', CompressionTypes.ZSTD],
  ] as const) {
    it(`reads ${name} batches between uncompressed ones, from the middle of a batch`, async () => {
      const topic = await createTopic(brokers, `reader-${name}`);
      await produceRecords(brokers, topic, 0, numbered(20, 0));
      await produceRecords(brokers, topic, 0, numbered(20, 20), type);
      await produceRecords(brokers, topic, 0, numbered(20, 40), type);
      await produceRecords(brokers, topic, 0, numbered(20, 60));
      const [reader, seen] = await reading();
      reader.assign(topic, 0, 30);
      await eventually('the rest', () => seen.records.length >= 50);
      assert.deepEqual(
        seen.values(),
        numbered(50, 30).map(({ value }) => value),
      );
      assert.deepEqual(
        seen.records.map(({ offset }) => offset),
        Array.from({ length: 50 }, (_, i) => 30 + i),
      );
    });
  }

  it('tells the end once after assign, with an empty batch when there is nothing', async () => {
    const topic = await createTopic(brokers, 'reader-end', 2);
    await produceRecords(brokers, topic, 0, numbered(3));
    const [reader, seen] = await reading();
    reader.assign(topic, 0, 3);
    reader.assign(topic, 1, 0);
    await eventually('both ends', () => seen.batches.length >= 2);
    await sleep(600);
    const ends = seen.batches.toSorted((a, b) => a.partition - b.partition);
    assert.deepEqual(ends, [
      { topic, partition: 0, count: 0, nextOffset: 3, highWatermark: 3 },
      { topic, partition: 1, count: 0, nextOffset: 0, highWatermark: 0 },
    ]);
  });

  it('delivers nothing of an unassigned or paused partition, not even what is fetched already', async () => {
    const topic = await createTopic(brokers, 'reader-pause', 3);
    for (const partition of [0, 1, 2]) await produceRecords(brokers, topic, partition, numbered(5));
    const [reader, seen] = await reading();
    // Whichever of the three comes first takes away the other two, whose records are in the same response.
    let first = -1;
    seen.onEach = async ({ partition }) => {
      if (first >= 0) return;
      first = partition;
      await sleep(50);
      reader.unassign(topic, (partition + 1) % 3);
      reader.pause(topic, (partition + 2) % 3);
    };
    for (const partition of [0, 1, 2]) reader.assign(topic, partition, 0);
    await eventually('the first', () => first >= 0);
    await sleep(700);
    assert.deepEqual(new Set(seen.records.map(({ partition }) => partition)), new Set([first]));
    reader.resume(topic, (first + 2) % 3);
    await eventually('the paused one', () => seen.records.length === 10);
    assert.deepEqual(new Set(seen.records.map(({ partition }) => partition)), new Set([first, (first + 2) % 3]));
  });

  it('starts over where it is assigned again, also from inside a handler', async () => {
    const topic = await createTopic(brokers, 'reader-again');
    await produceRecords(brokers, topic, 0, numbered(4));
    const [reader, seen] = await reading();
    let again = true;
    seen.onEach = () => {
      if (again) reader.assign(topic, 0, 2);
      again = false;
    };
    reader.assign(topic, 0, 0);
    await eventually('both passes', () => seen.records.length >= 6);
    assert.deepEqual(seen.values(), ['v0', 'v1', 'v2', 'v3', 'v2', 'v3']);
  });

  it('waits for a topic that is made later and is not disturbed by one that goes', async () => {
    const topic = await createTopic(brokers, 'reader-stays');
    const doomed = await createTopic(brokers, 'reader-doomed');
    await produceRecords(brokers, topic, 0, numbered(1));
    const [reader, seen] = await reading();
    reader.assign(topic, 0, 0);
    reader.assign(doomed, 0, 0);
    await eventually('both ends', () => seen.batches.length >= 2);
    const admin = plainKafka(brokers).admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [doomed] });
    await sleep(500);
    await produceRecords(brokers, topic, 0, numbered(1, 1));
    await eventually('the other topic', () => seen.values().includes('v1'));
    await admin.createTopics({ topics: [{ topic: doomed, numPartitions: 1, replicationFactor: 1 }] });
    await admin.disconnect();
    await produceRecords(brokers, doomed, 0, [{ value: 'reborn' }]);
    await eventually('the topic that came back', () => seen.values().includes('reborn'));
    assert.deepEqual(seen.crashes, []);
  });

  it('reports a handler that fails and stops', async () => {
    const topic = await createTopic(brokers, 'reader-crash');
    await produceRecords(brokers, topic, 0, numbered(1));
    const [reader, seen] = await reading();
    seen.onEach = () => {
      throw new Error('cannot apply');
    };
    reader.assign(topic, 0, 0);
    await eventually('the crash', () => seen.crashes.length === 1);
    assert.match(seen.crashes[0].message, /cannot apply/);
  });
});
