import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createProducer } from '../../src/kafka/producer.ts';
import { fetchPartitions, type BatchRange } from '../../src/kafka/fetch.ts';
import { createTopic, testBrokers } from '../support/kafka.ts';
import { appendRecord, loggingClient } from './producing.ts';

async function batchesOf(brokers: string[], topic: string): Promise<readonly BatchRange[]> {
  const cluster = loggingClient(brokers).client.createCluster();
  await cluster.connect();
  await cluster.addTargetTopic(topic);
  const [{ leader }] = cluster.findTopicPartitionMetadata(topic);
  const broker = await cluster.findBroker({ nodeId: String(leader) });
  const batches: BatchRange[] = [];
  for (let position = 0; ; position = (batches.at(-1)?.lastOffset ?? -1) + 1) {
    const [answer] = await fetchPartitions(broker, {
      waitMs: 50,
      maxBytes: 10_000_000,
      maxBytesPerPartition: 10_000_000,
      readCommitted: false,
      targets: [{ topic, partition: 0, position }],
    });
    if (answer.batches.length === 0) break;
    batches.push(...answer.batches);
  }
  await cluster.disconnect();
  return batches;
}

describe('hazard D9: one send is one record batch, and nobody splits it', () => {
  it('no batch has more than 500 records or 900 KB, whatever is appended at once', async () => {
    const brokers = await testBrokers();
    const topic = await createTopic(brokers, 'd09');
    const producer = createProducer(loggingClient(brokers).client);
    await producer.connect();
    const sink = producer.createSink();
    for (let i = 0; i < 1_700; i++) appendRecord(sink, topic, 0, 'small');
    await sink.flush();
    for (let i = 0; i < 40; i++) appendRecord(sink, topic, 0, Buffer.alloc(100_000));
    await sink.flush();
    await producer.disconnect();
    const batches = await batchesOf(brokers, topic);
    assert.equal(
      batches.reduce((sum, { count }) => sum + count, 0),
      1_740,
    );
    for (const { count, start, end } of batches) {
      assert.ok(count <= 500, `${count} records`);
      assert.ok(end - start <= 900_000, `${end - start} bytes`);
    }
    assert.ok(batches.length >= 4 + 5);
  });
});
