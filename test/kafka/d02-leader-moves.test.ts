/**
 * Hazard D2: while leaders move over three nodes, by clean stops and by kills, every acknowledged record is there, once and in order.
 * The nodes are the test's own; it takes about half a minute.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type StartedBroker, startBroker } from '../../dev/broker.ts';
import { createProducer } from '../../src/kafka/producer.ts';
import type { RecordSink } from '../../src/kafka/types.ts';
import { createTopic, readTopic } from '../support/kafka.ts';
import { appendRecord, loggingClient } from './producing.ts';

const partitions = 9;

/** One node goes down in order, another is killed; each comes back before anything else happens. */
async function moveLeaders(cluster: StartedBroker): Promise<void> {
  for (const id of [2, 3]) {
    const node = cluster.node(id);
    await (id === 3 ? node.kill() : node.stop());
    await sleep(1500);
    await node.start();
    await sleep(500);
  }
}

/** Appends numbered records to every partition until told to stop; one flush a round. Returns how many each partition got. */
async function produceUntil(sink: RecordSink, topic: string, isOver: () => boolean): Promise<number> {
  let count = 0;
  while (!isOver()) {
    for (let i = 0; i < 20; i++, count++) {
      for (let partition = 0; partition < partitions; partition++) appendRecord(sink, topic, partition, String(count));
    }
    await sink.flush();
    await sleep(5);
  }
  return count;
}

void test('leader moves lose, repeat and reorder nothing', async (t) => {
  const cluster = await startBroker({ nodes: 3 });
  t.after(async () => cluster.stop());
  const topic = await createTopic(cluster.brokers, 'moves', partitions, { 'min.insync.replicas': '2' }, 3);
  const { client } = loggingClient(cluster.brokers, { requestTimeoutMs: 10_000 });
  const producer = createProducer(client, { maxRecordsPerBatch: 8, produceTimeoutMs: 5_000 });
  t.after(async () => producer.disconnect());
  await producer.connect();
  let isOver = false;
  const producing = produceUntil(producer.createSink(), topic, () => isOver);
  await moveLeaders(cluster);
  isOver = true;
  const count = await producing;
  assert.ok(count > 100, `${count} records a partition`);
  const records = await readTopic(cluster.brokers, topic);
  const expected = Array.from({ length: count }, (_, i) => String(i));
  for (let partition = 0; partition < partitions; partition++) {
    const values = records.filter((one) => one.partition === partition).map(({ value }) => String(value));
    // Compared as text: a difference in an array of thousands takes minutes to print.
    assert.equal(describe(values, expected), `${count} in order`, `partition ${partition}`);
  }
});

function describe(values: readonly string[], expected: readonly string[]): string {
  const wrong = values.findIndex((value, i) => value !== expected[i]);
  if (wrong >= 0) return `${values.length}, at ${wrong}: ${values.slice(wrong, wrong + 5).join(' ')}`;
  return `${values.length} in order`;
}
