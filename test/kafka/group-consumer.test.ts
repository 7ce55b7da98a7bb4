import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { OwnershipLost } from '../../src/base/errors.ts';
import type { KafkaClient } from '../../src/kafka/connection.ts';
import type { GroupConsumerOptions } from '../../src/kafka/group-consumer.ts';
import type { GroupConsumer } from '../../src/kafka/types.ts';
import { createTopic, plainKafka, produceRecords, testBrokers, uniqueName } from '../support/kafka.ts';
import { eventually, keyOf, numbered, RecordingMember, testClient } from './reading.ts';

let brokers: string[];
let client: KafkaClient;
const open: GroupConsumer[] = [];

before(async () => {
  brokers = await testBrokers();
  client = testClient(brokers);
});

after(async () => {
  await Promise.all(open.map((consumer) => consumer.stop()));
});

async function joined(
  options: GroupConsumerOptions,
  member = new RecordingMember(),
): Promise<{ consumer: GroupConsumer; member: RecordingMember }> {
  const consumer = client.groupConsumer(options);
  member.consumer = consumer;
  open.push(consumer);
  await consumer.run(member);
  return { consumer, member };
}

describe('group consumer', () => {
  it('reads what it is told to, from where it is told to, and commits for the next run', async () => {
    const topic = await createTopic(brokers, 'group', 2);
    const groupId = uniqueName('group');
    await produceRecords(brokers, topic, 0, numbered(10));
    await produceRecords(brokers, topic, 1, numbered(10));
    const first = new RecordingMember();
    first.startAt = () => [{ topic, partition: 1, offset: 7 }];
    const { consumer } = await joined({ groupId, topics: [topic] }, first);
    assert.deepEqual(
      first.current().partitions.map(({ partition }) => partition),
      [0, 1],
    );
    await eventually('three records', () => first.records.length === 3);
    await sleep(500);
    assert.deepEqual(
      first.records.map(({ partition, value }) => [partition, value]),
      [
        [1, 'v7'],
        [1, 'v8'],
        [1, 'v9'],
      ],
    );
    const other = { topic: await createTopic(brokers, 'not-subscribed'), partition: 0 };
    assert.equal(
      await consumer.commit(first.current(), [
        { topic, partition: 1, offset: 10 },
        { ...other, offset: 4 },
      ]),
      true,
    );
    await consumer.stop();
    assert.equal(first.revoked.length, 1, 'a member that leaves may still commit before');
    assert.equal(first.current().isCurrent(), false);
    assert.equal(await consumer.commit(first.current(), [{ topic, partition: 1, offset: 9 }]), false);

    const admin = client.admin();
    await admin.connect();
    assert.deepEqual(await admin.committed(groupId, topic), new Map([[1, 10]]));
    assert.deepEqual(await admin.committed(groupId, other.topic), new Map([[0, 4]]));
    await admin.disconnect();
  });

  it('pauses and resumes single partitions and seeks again while one is read', async () => {
    const topic = await createTopic(brokers, 'group-pause', 2);
    await produceRecords(brokers, topic, 0, numbered(3));
    const { consumer, member } = await joined({ groupId: uniqueName('group'), topics: [topic] });
    await eventually('the first records', () => member.records.length === 3);
    consumer.pause([{ topic, partition: 0 }]);
    await produceRecords(brokers, topic, 0, numbered(2, 3));
    await produceRecords(brokers, topic, 1, numbered(1));
    await eventually('the other partition', () => member.records.length === 4);
    await sleep(500);
    assert.equal(member.records.length, 4);
    consumer.resume([{ topic, partition: 0 }]);
    await eventually('the rest', () => member.records.length === 6);

    // A position set from inside the handler wins over the one that the end of the handler would set.
    let again = true;
    member.onEach = async ({ partition }, assignment) => {
      if (again && partition === 0) consumer.start(assignment, [{ topic, partition: 0, offset: 4 }]);
      again = false;
    };
    await produceRecords(brokers, topic, 0, numbered(1, 5));
    await eventually('both passes', () => member.records.length === 9);
    assert.deepEqual(
      member.records.slice(6).map(({ value }) => value),
      ['v5', 'v4', 'v5'],
    );
  });

  it('shares partitions with members that come and go, losing and repeating nothing', async () => {
    const flows = await createTopic(brokers, 'group-share', 5);
    const shards = await createTopic(brokers, 'group-shards', 4);
    const options: GroupConsumerOptions = {
      groupId: uniqueName('group'),
      topics: [flows, shards],
      ownedTopic: shards,
      memberData: () => Buffer.from('http://127.0.0.1:1'),
    };
    const positions = new Map();
    const members: RecordingMember[] = [];
    const join = async (): Promise<GroupConsumer> => {
      const member = new RecordingMember();
      Object.assign(member, { positions });
      members.push(member);
      return (await joined(options, member)).consumer;
    };
    let produced = 0;
    const produce = async (): Promise<void> => {
      for (let partition = 0; partition < 5; partition++) {
        await produceRecords(brokers, flows, partition, numbered(20, produced));
      }
      produced += 20;
    };
    const total = (): number => members.reduce((sum, { records }) => sum + records.length, 0);

    const first = await join();
    await produce();
    const second = await join();
    await produce();
    await eventually('the second to hold its share', () => members[1].current()?.partitions.length >= 4);
    await eventually('the first to know', () => members[0].current().partitions.length <= 5);
    const held = members.flatMap((member) => member.current().partitions.map(keyOf));
    assert.equal(new Set(held).size, 9);
    const kept = members[0].current().partitions.map(keyOf);
    assert.ok(kept.every((key) => members[0].assignments[0].partitions.map(keyOf).includes(key)));

    const admin = client.admin();
    await admin.connect();
    const described = await admin.groupMembers(options.groupId);
    await admin.disconnect();
    assert.deepEqual(
      new Map(described.map((m) => [m.memberId, [m.partitions.length, m.userData.toString()]])),
      new Map(members.map((m) => [m.current().memberId, [m.current().partitions.length, 'http://127.0.0.1:1']])),
    );

    await first.stop();
    await produce();
    await eventually('all records', () => total() >= produced * 5);
    await second.stop();
    const seen = members.flatMap(({ records }) => records.map((r) => `${r.partition}/${r.offset}`));
    assert.equal(seen.length, produced * 5);
    assert.equal(new Set(seen).size, produced * 5);
    for (const member of members) assert.deepEqual(member.crashes, []);
    for (const member of members) {
      const epochs = member.assignments.map(({ epoch }) => epoch);
      assert.deepEqual(
        epochs,
        epochs.map((_, i) => i + 1),
      );
      assert.ok(member.assignments.every((a) => !a.isCurrent()));
    }
  });

  it('takes over partitions that are added to a topic', async () => {
    const topic = await createTopic(brokers, 'group-grow', 1);
    client = testClient(brokers, { metadataMaxAgeMs: 300 });
    const { member } = await joined({ groupId: uniqueName('group'), topics: [topic] });
    const admin = plainKafka(brokers).admin();
    await admin.connect();
    await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
    await admin.disconnect();
    await eventually('three partitions', () => member.current().partitions.length === 3);
    assert.equal(member.revoked[0], member.assignments[0]);
    client = testClient(brokers);
  });

  it('reads on when one of its topics is deleted, and joins anew when it comes back', async () => {
    const topic = await createTopic(brokers, 'group-stays');
    const doomed = await createTopic(brokers, 'group-doomed');
    client = testClient(brokers, { metadataMaxAgeMs: 300 });
    await produceRecords(brokers, doomed, 0, numbered(3));
    const { member } = await joined({ groupId: uniqueName('group'), topics: [topic, doomed] });
    await eventually('the first records', () => member.records.length === 3);
    const admin = plainKafka(brokers).admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [doomed] });
    await sleep(500);
    await produceRecords(brokers, topic, 0, numbered(1, 10));
    await eventually('the other topic', () => member.records.some(({ value }) => value === 'v10'));
    await admin.createTopics({ topics: [{ topic: doomed, numPartitions: 1, replicationFactor: 1 }] });
    await admin.disconnect();
    await eventually('a new assignment', () => member.assignments.length > 1);
    assert.deepEqual(member.crashes, []);
    client = testClient(brokers);
  });

  it('gives up a batch quietly when its handler lost ownership', async () => {
    const topic = await createTopic(brokers, 'group-lost', 2);
    await produceRecords(brokers, topic, 0, numbered(1));
    const { member } = await joined({ groupId: uniqueName('group'), topics: [topic] });
    let calls = 0;
    member.onEach = async ({ partition }) => {
      if (partition === 0) {
        calls++;
        throw new OwnershipLost('fenced');
      }
    };
    await eventually('the batch', () => calls === 1);
    await produceRecords(brokers, topic, 1, numbered(1));
    await eventually('the other partition', () => member.records.length === 1);
    assert.equal(calls, 1);
    assert.deepEqual(member.crashes, []);
  });
});
