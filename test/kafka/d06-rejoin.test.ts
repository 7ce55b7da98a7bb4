import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaClient } from '../../src/kafka/connection.ts';
import type { Assignment, GroupConsumer } from '../../src/kafka/types.ts';
import { createTopic, produceRecords, testBrokers, uniqueName } from '../support/kafka.ts';
import { eventually, numbered, RecordingMember, testClient } from './reading.ts';

describe('hazard D6: assignments that end', () => {
  let brokers: string[];
  let client: KafkaClient;
  before(async () => {
    brokers = await testBrokers();
    client = testClient(brokers);
  });

  async function join(groupId: string, topic: string): Promise<{ consumer: GroupConsumer; member: RecordingMember }> {
    const member = new RecordingMember();
    const consumer = client.groupConsumer({ groupId, topics: [topic] });
    member.consumer = consumer;
    await consumer.run(member);
    return { consumer, member };
  }

  it('a join waits for running handlers, then for onRevoking, and only then ends the old assignment', async () => {
    const topic = await createTopic(brokers, 'd06', 2);
    const groupId = uniqueName('d06');
    const { consumer, member } = await join(groupId, topic);
    const order: string[] = [];
    const { promise: release, resolve } = Promise.withResolvers<void>();
    member.onEach = async (_batch, assignment) => {
      order.push('handler starts');
      await release;
      order.push(`handler ends ${assignment.epoch} ${assignment.isCurrent()}`);
    };
    let revoking: Assignment | null = null;
    member.onEnd = async (assignment) => {
      revoking ??= assignment;
      order.push(`revoking ${assignment.epoch} ${assignment.isCurrent()}`);
      await sleep(100);
      order.push(`commit ${await consumer.commit(assignment, [{ topic, partition: 0, offset: 3 }])}`);
    };
    await produceRecords(brokers, topic, 0, numbered(3));
    await eventually('the handler', () => order.length === 1);
    const joining = join(groupId, topic);
    // Longer than a heartbeat, so that the rebalance is known here while the handler still runs.
    await sleep(2_500);
    assert.deepEqual(order, ['handler starts']);
    assert.equal(member.current().isCurrent(), true);
    resolve();
    const second = await joining;
    await eventually('a new assignment', () => member.assignments.length === 2);
    assert.deepEqual(order, ['handler starts', 'handler ends 1 true', 'revoking 1 true', 'commit true']);
    assert.equal(member.assignments[0].isCurrent(), false);
    assert.equal(await consumer.commit(member.assignments[0], [{ topic, partition: 0, offset: 1 }]), false);
    assert.ok(member.assignments[1].generationId > member.assignments[0].generationId);
    await Promise.all([consumer.stop(), second.consumer.stop()]);
  });

  it('a handler that runs longer than the session does not cost the membership', async () => {
    const topic = await createTopic(brokers, 'd06-long');
    const { consumer, member } = await join(uniqueName('d06'), topic);
    member.onEach = () => sleep(8_000);
    await produceRecords(brokers, topic, 0, numbered(1));
    await eventually('the handler to end', () => member.batches.length === 1);
    assert.equal(await consumer.commit(member.current(), [{ topic, partition: 0, offset: 1 }]), true);
    assert.equal(member.assignments.length, 1);
    await consumer.stop();
  });

  it('a member the coordinator no longer knows cannot commit, and its old assignment stays over after it joined again', async () => {
    const topic = await createTopic(brokers, 'd06-fenced');
    const groupId = uniqueName('d06');
    const { consumer, member } = await join(groupId, topic);
    const old = member.current();
    const cluster = client.createCluster();
    await cluster.connect();
    await cluster.refreshMetadata();
    const coordinator = await cluster.findGroupCoordinator({ groupId });
    const { leaveGroup } = coordinator as unknown as { leaveGroup: (member: object) => Promise<void> };
    await leaveGroup.call(coordinator, { groupId, memberId: old.memberId });
    assert.equal(await consumer.commit(old, [{ topic, partition: 0, offset: 1 }]), false);
    assert.equal(old.isCurrent(), false, 'the refusal ends the assignment at once');
    await eventually('a new assignment', () => member.assignments.length === 2);
    assert.deepEqual(member.revoked, [old]);
    assert.equal(await consumer.commit(old, [{ topic, partition: 0, offset: 1 }]), false);
    assert.equal(await consumer.commit(member.current(), [{ topic, partition: 0, offset: 0 }]), true);
    await consumer.stop();
    await cluster.disconnect();
  });

  it('kafkajs groups that are not ours are left as they are', async () => {
    const topic = await createTopic(brokers, 'd06-plain');
    await produceRecords(brokers, topic, 0, numbered(2));
    const consumer = client.kafka.consumer({ groupId: uniqueName('plain'), maxWaitTimeInMs: 100 });
    const values: string[] = [];
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({ eachMessage: async ({ message }) => void values.push(String(message.value)) });
    await eventually('both records', () => values.length === 2);
    await consumer.disconnect();
    assert.deepEqual(values, ['v0', 'v1']);
  });
});
