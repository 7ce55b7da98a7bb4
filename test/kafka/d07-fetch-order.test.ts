import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTopic, produceRecords, testBrokers, uniqueName } from '../support/kafka.ts';
import { eventually, RecordingMember, RecordingReader, testClient } from './reading.ts';

describe('hazard D7: a response that does not hold all partitions', () => {
  it('no partition is served twice before all are served once', async () => {
    const brokers = await testBrokers();
    const partitions = 8;
    const topic = await createTopic(brokers, 'd07', partitions);
    const value = 'x'.repeat(1_000);
    for (let partition = 0; partition < partitions; partition++) {
      for (let send = 0; send < 3; send++) {
        await produceRecords(
          brokers,
          topic,
          partition,
          Array.from({ length: 20 }, () => ({ value })),
        );
      }
    }
    // One batch of 20 KB fills a partition's share, two fill the response.
    const client = testClient(brokers, { maxBytesPerPartition: 15_000, maxBytesPerFetch: 30_000 });
    const reader = client.partitionReader();
    const seen = new RecordingReader();
    for (let partition = 0; partition < partitions; partition++) reader.assign(topic, partition, 0);
    await reader.run(seen);
    const member = new RecordingMember();
    const consumer = client.groupConsumer({ groupId: uniqueName('d07'), topics: [topic] });
    member.consumer = consumer;
    await consumer.run(member);
    const total = partitions * 60;
    await eventually('all records', () => seen.records.length === total && member.records.length === total);
    await Promise.all([reader.stop(), consumer.stop()]);
    for (const { batches } of [seen, member]) {
      const withData = batches.filter(({ count }) => count > 0);
      assert.equal(withData.length, partitions * 3);
      const first = withData.slice(0, partitions).map(({ partition }) => partition);
      assert.equal(new Set(first).size, partitions, `first served: ${first.join()}`);
    }
  });
});
