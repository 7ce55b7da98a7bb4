import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type StartedBroker, startBroker } from '../../dev/broker.ts';
import type { KafkaClient } from '../../src/kafka/connection.ts';
import { createTopic, plainKafka, uniqueName } from '../support/kafka.ts';
import { eventually, RecordingMember, RecordingReader, testClient } from './reading.ts';

/** Nodes of a three-node cluster go one after the other: leaders move, and so does the group's coordinator. */
describe('when leaders and coordinators move', () => {
  let cluster: StartedBroker;
  let client: KafkaClient;
  before(async () => {
    cluster = await startBroker({
      nodes: 3,
      config: { 'offsets.topic.replication.factor': '3', 'offsets.topic.num.partitions': '3' },
    });
    client = testClient(cluster.brokers);
  });
  after(() => cluster.stop());

  it('a reader and a group member see every record once, in order, and the membership lasts', async () => {
    const partitions = 4;
    const topic = await createTopic(cluster.brokers, 'moves', partitions, { 'min.insync.replicas': '1' }, 3);
    const member = new RecordingMember();
    const groupId = uniqueName('moves');
    const consumer = client.groupConsumer({ groupId, topics: [topic] });
    member.consumer = consumer;
    await consumer.run(member);
    const reader = client.partitionReader();
    const seen = new RecordingReader();
    await reader.run(seen);
    for (let partition = 0; partition < partitions; partition++) reader.assign(topic, partition, 0);

    const producer = plainKafka(cluster.brokers).producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    let produced = 0;
    const end = new AbortController();
    const writing = (async (): Promise<void> => {
      while (!end.signal.aborted) {
        for (let partition = 0; partition < partitions; partition++) {
          await producer.send({ topic, messages: [{ value: `v${produced}`, partition }] });
        }
        produced++;
        await sleep(20);
      }
    })();
    // The coordinator's node goes in order and comes back, then another is killed and stays away.
    const admin = client.createCluster();
    await admin.connect();
    await admin.refreshMetadata();
    const coordinator = Number((await admin.findGroupCoordinator({ groupId })).nodeId);
    await admin.disconnect();
    await cluster.node(coordinator).stop();
    await sleep(1_500);
    await cluster.node(coordinator).start();
    const soFar = produced;
    await cluster.node((coordinator % 3) + 1).kill();
    await eventually('the leaders to move', () => produced > soFar + 20, 60_000);
    end.abort();
    await writing;
    await producer.disconnect();
    const total = (): number => produced * partitions;
    await eventually('all records', () => seen.records.length >= total() && member.records.length >= total(), 60_000);
    assert.equal(await consumer.commit(member.current(), [{ topic, partition: 0, offset: produced }]), true);
    await Promise.all([reader.stop(), consumer.stop()]);

    for (const records of [seen.records, member.records]) {
      for (let partition = 0; partition < partitions; partition++) {
        assert.deepEqual(
          records.filter((record) => record.partition === partition).map(({ value }) => value),
          Array.from({ length: produced }, (_, i) => `v${i}`),
        );
      }
    }
    assert.deepEqual([...seen.crashes, ...member.crashes], []);
    assert.deepEqual([...seen.outOfRange, ...member.lost], []);
    assert.equal(member.assignments.length, 1, 'a coordinator that moves takes the membership along');
  });
});
