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

  it('rejects run when it cannot even join', async () => {
    const client = testClient(brokers, { sessionTimeoutMs: 2, heartbeatIntervalMs: 1 });
    const consumer = client.groupConsumer({ groupId: uniqueName('d13'), topics: [await createTopic(brokers, 'd13')] });
    await assert.rejects(consumer.run(new RecordingMember()), /session timeout/i);
    await consumer.stop();
  });
});
