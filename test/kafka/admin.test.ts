import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Admin } from '../../src/kafka/types.ts';
import { createTopic, plainKafka, produceRecords, testBrokers, uniqueName } from '../support/kafka.ts';
import { numbered, testClient } from './reading.ts';

describe('admin', () => {
  let brokers: string[];
  let admin: Admin;
  before(async () => {
    brokers = await testBrokers();
    admin = testClient(brokers).admin();
    await admin.connect();
  });
  after(() => admin.disconnect());

  it('counts partitions and names topics; what does not exist is absent', async () => {
    const topic = await createTopic(brokers, 'admin', 3);
    assert.deepEqual(await admin.partitionCounts([topic, 'no-such-topic']), new Map([[topic, 3]]));
    assert.deepEqual(await admin.partitionCounts([]), new Map());
    const ids = await admin.topicIds([topic, 'no-such-topic']);
    assert.deepEqual([...ids.keys()], [topic]);
    assert.notEqual(ids.get(topic), '');
  });

  it('a re-created topic has another id, and one that is gone harms no other question', async () => {
    const topic = await createTopic(brokers, 'admin-again', 1);
    const other = await createTopic(brokers, 'admin-other', 1);
    const first = (await admin.topicIds([topic])).get(topic);
    await admin.offsets(topic);
    const plain = plainKafka(brokers).admin();
    await plain.connect();
    await plain.deleteTopics({ topics: [topic] });
    assert.deepEqual(await admin.partitionCounts([topic, other]), new Map([[other, 1]]));
    assert.deepEqual(await admin.offsets(other), [{ partition: 0, low: 0, high: 0 }]);
    await assert.rejects(admin.offsets(topic), /does not exist/);
    assert.deepEqual(await admin.committed(uniqueName('nobody'), topic), new Map());
    await plain.createTopics({ topics: [{ topic, numPartitions: 2, replicationFactor: 1 }] });
    await plain.disconnect();
    assert.notEqual((await admin.topicIds([topic])).get(topic), first);
    assert.deepEqual(await admin.partitionCounts([topic]), new Map([[topic, 2]]));
  });

  it('finds offsets: first, last, by time', async () => {
    const topic = await createTopic(brokers, 'admin-offsets', 2);
    const time = 1_700_000_000_000;
    await produceRecords(brokers, topic, 1, [
      { value: 'a', timestampMs: time },
      { value: 'b', timestampMs: time + 1_000 },
      { value: 'c', timestampMs: time + 2_000 },
    ]);
    assert.deepEqual(await admin.offsets(topic), [
      { partition: 0, low: 0, high: 0 },
      { partition: 1, low: 0, high: 3 },
    ]);
    assert.deepEqual(await admin.offsetsAtTime(topic, time + 1_000), [
      { topic, partition: 0, offset: 0 },
      { topic, partition: 1, offset: 1 },
    ]);
    assert.deepEqual(await admin.offsetsAtTime(topic, time + 5_000), [
      { topic, partition: 0, offset: 0 },
      { topic, partition: 1, offset: 3 },
    ]);
  });

  it('tells what a group committed, and nothing where it did not', async () => {
    const topic = await createTopic(brokers, 'admin-committed', 3);
    const group = uniqueName('group');
    const cluster = testClient(brokers).createCluster();
    await cluster.connect();
    await cluster.refreshMetadata();
    const coordinator = await cluster.findGroupCoordinator({ groupId: group });
    await coordinator.offsetCommit({
      groupId: group,
      memberId: '',
      groupGenerationId: -1,
      topics: [{ topic, partitions: [{ partition: 1, offset: '0' }] }],
    });
    await cluster.disconnect();
    assert.deepEqual(await admin.committed(group, topic), new Map([[1, 0]]));
    assert.deepEqual(await admin.committed(uniqueName('nobody'), topic), new Map());
  });

  it('creates what is missing, with its settings, and leaves the rest alone', async () => {
    const there = await createTopic(brokers, 'admin-there', 1, { 'retention.ms': '1000' });
    const made = uniqueName('admin-made');
    const config = { 'retention.ms': '-1', 'cleanup.policy': 'delete' };
    const spec = { partitions: 4, replicationFactor: 1, config };
    const created = await admin.createTopics([
      { ...spec, topic: there },
      { ...spec, topic: made },
    ]);
    assert.deepEqual(
      created,
      new Map([
        [there, false],
        [made, true],
      ]),
    );
    assert.deepEqual(
      await admin.partitionCounts([there, made]),
      new Map([
        [there, 1],
        [made, 4],
      ]),
    );
    assert.deepEqual(await admin.topicConfig(made, ['retention.ms']), new Map([['retention.ms', '-1']]));
    assert.deepEqual(await admin.topicConfig(there, ['retention.ms']), new Map([['retention.ms', '1000']]));
  });

  it('deletes records before an offset, also as the first thing it does', async () => {
    const topic = await createTopic(brokers, 'admin-delete', 2);
    await produceRecords(brokers, topic, 0, numbered(5));
    const fresh = testClient(brokers).admin();
    await fresh.connect();
    await fresh.deleteRecordsBefore(topic, [{ topic, partition: 0, offset: 3 }]);
    await fresh.deleteRecordsBefore(topic, []);
    assert.deepEqual((await fresh.offsets(topic))[0], { partition: 0, low: 3, high: 5 });
    await fresh.disconnect();
  });

  it('a group that does not exist has no members', async () => {
    assert.deepEqual(await admin.groupMembers(uniqueName('nobody')), []);
  });
});
