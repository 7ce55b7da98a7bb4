/** Hazard D5: the sequence of an idempotent producer wraps at 2^31 as the broker expects it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextSequence } from '../../src/kafka/d05-sequence.ts';
import { createProducer } from '../../src/kafka/producer.ts';
import { createTopic, readTopic, testBrokers } from '../support/kafka.ts';
import { appendRecord, loggingClient } from './producing.ts';

void test('the sequence counts modulo 2^31', () => {
  assert.equal(nextSequence(0, 500), 500);
  assert.equal(nextSequence(2 ** 31 - 2, 1), 2 ** 31 - 1);
  assert.equal(nextSequence(2 ** 31 - 1, 1), 0);
  assert.equal(nextSequence(2 ** 31 - 1, 3), 2);
});

void test('a broker accepts batches before, across and after the wrap without a new producer id', async (t) => {
  const brokers = await testBrokers();
  const topic = await createTopic(brokers, 'wrap', 2);
  const { client, warnings } = loggingClient(brokers);
  const producer = createProducer(client, { firstSequence: 2 ** 31 - 5, maxRecordsPerBatch: 3 });
  t.after(async () => producer.disconnect());
  await producer.connect();
  const sink = producer.createSink();
  // Partition 1 meets the wrap between two batches, partition 0 inside one.
  for (let i = 0; i < 20; i++) appendRecord(sink, topic, 0, String(i));
  for (let i = 0; i < 2; i++) appendRecord(sink, topic, 1, String(i));
  await sink.flush();
  for (let i = 2; i < 20; i++) appendRecord(sink, topic, 1, String(i));
  await sink.flush();
  const values = (await readTopic(brokers, topic)).map(({ value }) => String(value));
  const expected = Array.from({ length: 20 }, (_, i) => String(i));
  assert.deepEqual(values, [...expected, ...expected]);
  assert.deepEqual(
    warnings.filter((text) => text === 'producer id replaced'),
    [],
  );
});
