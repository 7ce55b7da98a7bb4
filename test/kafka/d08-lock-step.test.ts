import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTopic, produceRecords, testBrokers, uniqueName } from '../support/kafka.ts';
import { eventually, RecordingMember, testClient } from './reading.ts';

describe('hazard D8: a handler that takes long', () => {
  it('holds up its own partition only; a leave waits for it and commits what it did', async () => {
    const brokers = await testBrokers();
    const topic = await createTopic(brokers, 'd08', 3);
    for (const partition of [0, 1, 2])
      await produceRecords(brokers, topic, partition, [{ value: `first ${partition}` }]);
    const member = new RecordingMember();
    const slow = Promise.withResolvers<void>();
    let running = 0;
    let most = 0;
    member.onEach = async (batch) => {
      if (batch.partition !== 0 || batch.count === 0) return;
      most = Math.max(most, ++running);
      await slow.promise;
      running--;
    };
    const consumer = testClient(brokers).groupConsumer({ groupId: uniqueName('d08'), topics: [topic] });
    member.consumer = consumer;
    await consumer.run(member);
    const of = (partition: number): number => member.records.filter((r) => r.partition === partition).length;
    await eventually('the slow handler runs', () => running === 1);
    for (let round = 2; round <= 6; round++) {
      for (const partition of [0, 1, 2]) await produceRecords(brokers, topic, partition, [{ value: `round ${round}` }]);
      await eventually(`the others go on, round ${round}`, () => of(1) === round && of(2) === round);
    }
    assert.equal(running, 1);
    let left = false;
    const leaving = consumer.stop().then(() => (left = true));
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(left, false, 'the handler is not cut off');
    slow.resolve();
    await leaving;
    assert.equal(most, 1, 'one handler a partition at a time');
    assert.equal(member.revoked.length, 1);
  });
});
