import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTopic, produceRecords, testBrokers, uniqueName } from '../support/kafka.ts';
import { eventually, numbered, RecordingMember, testClient } from './reading.ts';

describe('hazard D13: a consumer that stops', () => {
  let brokers: string[];
  before(async () => {
    brokers = await testBrokers();
  });

  it('says so once, with the error of the handler, and leaves the group', async () => {
    const topic = await createTopic(brokers, 'd13');
    const groupId = uniqueName('d13');
    await produceRecords(brokers, topic, 0, numbered(1));
    const client = testClient(brokers);
    const member = new RecordingMember();
    const failure = new TypeError('handler is wrong');
    member.onEach = async () => {
      throw failure;
    };
    const consumer = client.groupConsumer({ groupId, topics: [topic] });
    member.consumer = consumer;
    await consumer.run(member);
    await eventually('the crash', () => member.crashes.length > 0);
    await sleep(500);
    assert.deepEqual(member.crashes, [failure]);
    assert.equal(member.current().isCurrent(), false);
    const admin = client.admin();
    await admin.connect();
    assert.deepEqual(await admin.groupMembers(groupId), []);
    await admin.disconnect();
    await consumer.stop();
  });

  it('also when the handler that fails is onAssigned or onLostOffsets', async () => {
    const topic = await createTopic(brokers, 'd13');
    const client = testClient(brokers);
    const failing = new RecordingMember();
    failing.onAssigned = () => {
      throw new Error('cannot prepare');
    };
    const first = client.groupConsumer({ groupId: uniqueName('d13'), topics: [topic] });
    await assert.rejects(first.run(failing), /cannot prepare/);
    await first.stop();

    const member = new RecordingMember();
    member.startAt = () => [{ topic, partition: 0, offset: 50 }];
    member.onLostOffsets = () => {
      throw new Error('cannot go on');
    };
    const second = client.groupConsumer({ groupId: uniqueName('d13'), topics: [topic] });
    member.consumer = second;
    await second.run(member);
    await eventually('the crash', () => member.crashes.length > 0, 5_000);
    assert.match(member.crashes[0].message, /cannot go on/);
    await second.stop();
  });

  it('rejects run when it cannot even join', async () => {
    const client = testClient(brokers, { sessionTimeoutMs: 2, heartbeatIntervalMs: 1 });
    const consumer = client.groupConsumer({ groupId: uniqueName('d13'), topics: [await createTopic(brokers, 'd13')] });
    await assert.rejects(consumer.run(new RecordingMember()), /session timeout/i);
    await consumer.stop();
  });
});
