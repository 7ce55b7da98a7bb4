import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { createTopic, plainKafka, testBrokers, uniqueName } from '../support/kafka.ts';
import { eventually, RecordingMember, RecordingReader, testClient } from './reading.ts';

/**
 * The last batch of an idempotent producer outlives compaction without its records. With a limit of one byte a fetch returns one
 * batch, so the empty one comes alone, as it does at the end of a cleaned segment.
 */
describe('hazard D1: a batch without records', () => {
  let brokers: string[];
  before(async () => {
    brokers = await testBrokers();
  });

  it('moves the position of a reader and of a group member', async () => {
    const topic = await createTopic(brokers, 'd01', 1, {
      'cleanup.policy': 'compact',
      'segment.ms': '50',
      'min.cleanable.dirty.ratio': '0.001',
      'max.compaction.lag.ms': '50',
    });
    const values = ['first', 'second'];
    for (const value of values) {
      const producer = plainKafka(brokers).producer({ idempotent: true, maxInFlightRequests: 1 });
      await producer.connect();
      const messages = Array.from({ length: 10 }, (_, i) => ({ key: `k${i}`, value, partition: 0 }));
      await producer.send({ topic, messages });
      await producer.disconnect();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const client = testClient(brokers, { maxBytesPerPartition: 1, fetchWaitMs: 50 });
    const filler = plainKafka(brokers).producer();
    await filler.connect();
    let reader = client.partitionReader();
    let seen = new RecordingReader();
    await eventually(
      'the first batch to be compacted away',
      async () => {
        await filler.send({ topic, messages: [{ key: 'filler', value: 'x', partition: 0 }] });
        reader = client.partitionReader();
        seen = new RecordingReader();
        await reader.run(seen);
        reader.assign(topic, 0, 0);
        await eventually('the second batch', () => seen.records.length >= 10);
        await reader.stop();
        return seen.records[0].value === 'second';
      },
      60_000,
    );
    await filler.disconnect();
    assert.deepEqual(seen.batches[0], { ...seen.batches[0], count: 0, nextOffset: 10 });
    assert.ok(seen.records.slice(0, 10).every(({ offset }, i) => offset === 10 + i));

    const member = new RecordingMember();
    const consumer = client.groupConsumer({ groupId: uniqueName('d01'), topics: [topic] });
    member.consumer = consumer;
    await consumer.run(member);
    await eventually('the second batch in the group', () => member.records.length >= 10);
    await consumer.stop();
    assert.equal(member.records[0].offset, 10);
    assert.deepEqual(member.batches[0], { topic, partition: 0, count: 0, nextOffset: 10 });
  });
});
