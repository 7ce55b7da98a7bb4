/** The producer against a real broker, read back by plain kafkajs. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FatalError } from '../../src/base/errors.ts';
import { HeaderSection } from '../../src/base/record-headers.ts';
import { createProducer, type ProducerOptions } from '../../src/kafka/producer.ts';
import type { Producer } from '../../src/kafka/types.ts';
import { createTopic, plainKafka, type ReadRecord, readTopic, testBrokers, uniqueName } from '../support/kafka.ts';
import { appendRecord, loggingClient } from './producing.ts';

let brokers: string[] = [];
const producers: Producer[] = [];

before(async () => {
  brokers = await testBrokers();
});

after(async () => {
  await Promise.all(producers.map(async (producer) => producer.disconnect()));
});

async function connectedProducer(options: Partial<ProducerOptions> = {}): Promise<Producer> {
  const producer = createProducer(loggingClient(brokers).client, options);
  producers.push(producer);
  await producer.connect();
  return producer;
}

const valuesOf = (records: readonly ReadRecord[]): string[] => records.map(({ value }) => String(value));

void test('keys, values, headers and timestamps arrive as they were appended', async () => {
  const topic = await createTopic(brokers, 'exact');
  const sink = (await connectedProducer()).createSink();
  const section = new HeaderSection();
  section.addText(Buffer.from('name'), 'välue');
  section.add(Buffer.from('empty'), Buffer.alloc(0));
  section.addText(Buffer.from('name'), 'again');
  const headers = Buffer.from(section.finish());
  const now = Date.now();
  const keys = [null, Buffer.alloc(0), Buffer.alloc(4), Buffer.from('key')];
  const times = [now, now - 2 ** 33, 1, now + 1];
  keys.forEach((key, i) => appendRecord(sink, topic, 0, `v${i}`, key, times[i], i === 2 ? headers : undefined));
  appendRecord(sink, topic, 0, null, Buffer.from('tombstone'), now);
  await sink.flush();
  const records = await readTopic(brokers, topic);
  assert.deepEqual(
    records.map(({ key }) => key),
    [...keys, Buffer.from('tombstone')],
  );
  assert.deepEqual(valuesOf(records), ['v0', 'v1', 'v2', 'v3', 'null']);
  assert.equal(records[4].value, null);
  assert.deepEqual(
    records.map(({ timestampMs }) => timestampMs),
    [...times, now],
  );
  assert.deepEqual(
    records[2].headers.map(({ name, value }) => `${name}=${value.toString()}`),
    ['name=välue', 'name=again', 'empty='],
  );
  assert.deepEqual(records[0].headers, []);
});

void test('records of many partitions and several sinks keep the order of each sink', async () => {
  const topic = await createTopic(brokers, 'many', 40);
  const producer = await connectedProducer({ maxRecordsPerBatch: 7 });
  const sinks = [producer.createSink(), producer.createSink()];
  for (let i = 0; i < 8000; i++) appendRecord(sinks[i & 1], topic, i % 40, `${i & 1}:${i}`);
  await Promise.all(sinks.map(async (sink) => sink.flush()));
  assert.deepEqual(
    sinks.map((sink) => sink.pendingBytes()),
    [0, 0],
  );
  const records = await readTopic(brokers, topic);
  assert.equal(records.length, 8000);
  for (let partition = 0; partition < 40; partition++) {
    const numbers = valuesOf(records.filter((record) => record.partition === partition)).map((v) => Number(v.slice(2)));
    assert.deepEqual(
      numbers,
      Array.from({ length: 200 }, (_, i) => partition + 40 * i),
    );
  }
});

void test('batches beyond the limit of the topic are split; a record beyond it is refused by name and size', async () => {
  const topic = await createTopic(brokers, 'small', 1, { 'max.message.bytes': '2000' });
  const sink = (await connectedProducer()).createSink();
  for (let i = 0; i < 100; i++) appendRecord(sink, topic, 0, String(i).padEnd(150, '.'));
  await sink.flush();
  appendRecord(sink, topic, 0, 'x'.repeat(5000));
  const refused = sink.flush();
  await assert.rejects(refused, (error: Error) => {
    assert.ok(error instanceof FatalError);
    assert.match(error.message, new RegExp(`a record of 50\\d\\d bytes is too large for ${topic}\\[0\\]`));
    return true;
  });
  appendRecord(sink, topic, 0, 'after');
  await sink.flush();
  const expected = Array.from({ length: 100 }, (_, i) => String(i).padEnd(150, '.'));
  assert.deepEqual(valuesOf(await readTopic(brokers, topic)), [...expected, 'after']);
});

void test('records of a topic that does not exist wait until it does', async () => {
  const topic = uniqueName('late');
  const other = await createTopic(brokers, 'other');
  const producer = await connectedProducer();
  const sink = producer.createSink();
  appendRecord(sink, topic, 0, 'early');
  const flushed = sink.flush();
  const otherSink = producer.createSink();
  appendRecord(otherSink, other, 0, 'meanwhile');
  await otherSink.flush();
  const admin = plainKafka(brokers).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] });
  await admin.disconnect();
  await flushed;
  assert.deepEqual(valuesOf(await readTopic(brokers, topic)), ['early']);
});

void test('disconnect rejects what is not acknowledged', async () => {
  const producer = await connectedProducer();
  const sink = producer.createSink();
  appendRecord(sink, uniqueName('never'), 0, 'lost');
  const flushed = assert.rejects(sink.flush(), /producer is disconnected/);
  await sleep(50);
  await producer.disconnect();
  await flushed;
});
