import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { KafkaClient } from '../../src/kafka/connection.ts';
import { createTopic, produceRecords, testBrokers, uniqueName } from '../support/kafka.ts';
import { eventually, numbered, RecordingMember, RecordingReader, testClient } from './reading.ts';

describe('hazard D12: a position outside the log', () => {
  let brokers: string[];
  let client: KafkaClient;
  before(async () => {
    brokers = await testBrokers();
    client = testClient(brokers);
  });

  async function trimmedTopic(): Promise<string> {
    const topic = await createTopic(brokers, 'd12', 2);
    for (const partition of [0, 1]) await produceRecords(brokers, topic, partition, numbered(10));
    const admin = client.admin();
    await admin.connect();
    await admin.deleteRecordsBefore(topic, [{ topic, partition: 0, offset: 6 }]);
    assert.deepEqual(await admin.offsets(topic), [
      { partition: 0, low: 6, high: 10 },
      { partition: 1, low: 0, high: 10 },
    ]);
    await admin.disconnect();
    return topic;
  }

  it('is reported to the group member, which goes on at the start of the log; its commits stay as they were', async () => {
    const topic = await trimmedTopic();
    const groupId = uniqueName('d12');
    const member = new RecordingMember();
    member.startAt = () => [
      { topic, partition: 0, offset: 2 },
      { topic, partition: 1, offset: 99 },
    ];
    const consumer = client.groupConsumer({ groupId, topics: [topic] });
    member.consumer = consumer;
    await consumer.run(member);
    assert.equal(await consumer.commit(member.current(), [{ topic, partition: 0, offset: 2 }]), true);
    await eventually('all that is left', () => member.records.length === 14);
    await consumer.stop();
    assert.deepEqual(
      member.lost.toSorted((a, b) => a.at.partition - b.at.partition),
      [
        { at: { topic, partition: 0 }, position: 2, logStart: 6 },
        { at: { topic, partition: 1 }, position: 99, logStart: 0 },
      ],
    );
    assert.equal(member.records.find(({ partition }) => partition === 0)?.offset, 6);
    const admin = client.admin();
    await admin.connect();
    assert.deepEqual(await admin.committed(groupId, topic), new Map([[0, 2]]));
    await admin.disconnect();
  });

  it('stops a reader of that partition and of no other', async () => {
    const topic = await trimmedTopic();
    const reader = client.partitionReader();
    const seen = new RecordingReader();
    await reader.run(seen);
    reader.assign(topic, 0, 2);
    reader.assign(topic, 1, 8);
    await eventually(
      'the report and the other partition',
      () => seen.outOfRange.length === 1 && seen.records.length === 2,
    );
    assert.deepEqual(seen.outOfRange, [{ at: { topic, partition: 0, offset: 2 }, logStart: 6, logEnd: 10 }]);
    assert.ok(seen.records.every(({ partition }) => partition === 1));
    reader.assign(topic, 0, seen.outOfRange[0].logStart);
    await eventually('the rest', () => seen.records.length === 6);
    await reader.stop();
  });
});
