/** What the route stage knows of its source topics while questions to the cluster are under way, fail, or are overtaken. */

import assert from 'node:assert/strict';
import { after, mock, test } from 'node:test';
import { pino } from 'pino';
import { readTickValue } from '../../../src/model/route-log.ts';
import type { Admin, Assignment, PartitionOffsets } from '../../../src/kafka/types.ts';
import { SourceTopics } from '../../../src/stages/route/source-topics.ts';
import { headersOf, MemoryKafka } from '../../support/memory-kafka.ts';
import { DriverConsumer, driverAdmin, DriverProducer, settle } from '../../support/stage-driver.ts';

const never = 1 << 30;

class Sources {
  readonly kafka = new MemoryKafka();
  readonly consumer = new DriverConsumer(this.kafka, 'app-routes');
  readonly topics: SourceTopics;
  /** Replaces the answer about a topic's offsets. */
  offsets: ((topic: string, answer: () => Promise<PartitionOffsets[]>) => Promise<PartitionOffsets[]>) | null = null;

  constructor(tickIntervalMs = never) {
    this.kafka.createTopic('bmp', 2);
    this.kafka.createTopic('other', 1);
    this.kafka.createTopic('app.routes', 1);
    const memory = driverAdmin(this.kafka);
    const admin: Admin = {
      ...memory,
      offsets: (topic) => {
        const answer = (): Promise<PartitionOffsets[]> => memory.offsets(topic);
        return this.offsets === null ? answer() : this.offsets(topic, answer);
      },
    };
    this.topics = new SourceTopics({
      admin,
      consumer: this.consumer,
      producer: new DriverProducer(this.kafka),
      group: 'app-routes',
      topics: ['bmp', 'other'],
      routesTopic: 'app.routes',
      shards: 1,
      tickIntervalMs,
      idCheckMs: -1,
      growthPollMs: 5,
      logger: pino({ level: 'silent' }),
    });
    after(() => this.topics.stop());
  }

  async joined(): Promise<Assignment> {
    await this.consumer.run({
      onAssigned: () => {},
      onRevoking: async () => {},
      onBatch: async () => {},
      onLostOffsets: () => {},
      onCrash: () => {},
    });
    return this.consumer.assign([
      { topic: 'bmp', partition: 0 },
      { topic: 'bmp', partition: 1 },
      { topic: 'other', partition: 0 },
    ]);
  }

  produce(partition: number, count: number): void {
    for (let i = 0; i < count; i++) this.kafka.produce('bmp', partition, { value: Buffer.from('x') });
  }
}

test('while a re-created topic is sent to its start, no batch of the former log goes out under the new id', async () => {
  const sources = new Sources();
  const assignment = await sources.joined();
  for (const partition of [0, 1]) sources.produce(partition, 4);
  await sources.topics.begin(assignment);
  const former = await sources.topics.topicIdFor(sources.kafka.batch('bmp', 1, 0, 2), assignment);

  sources.kafka.createTopic('bmp', 2);
  for (const partition of [0, 1]) sources.produce(partition, 4);
  const gate = Promise.withResolvers<void>();
  sources.offsets = async (_topic, answer) => {
    await gate.promise;
    return answer();
  };
  const first = sources.topics.topicIdFor(sources.kafka.batch('bmp', 0, 2, 4), assignment);
  await settle();
  const second = sources.topics.topicIdFor(sources.kafka.batch('bmp', 1, 2, 4), assignment);
  await settle();
  gate.resolve();
  assert.deepEqual([await first, await second], [null, null]);
  assert.deepEqual(
    [...sources.consumer.started.values()].map(({ topic, partition, offset }) => [topic, partition, offset]),
    [
      ['bmp', 0, 0],
      ['bmp', 1, 0],
    ],
  );
  const present = await sources.topics.topicIdFor(sources.kafka.batch('bmp', 1, 0, 2), assignment);
  assert.notEqual(present, former);
  assert.equal(sources.topics.recreated, 1);
});

test('a new id is not taken over while the start of its log is unknown', async () => {
  const sources = new Sources();
  const assignment = await sources.joined();
  sources.produce(0, 4);
  await sources.topics.begin(assignment);
  const former = sources.kafka.topics.get('bmp')?.id;

  sources.kafka.createTopic('bmp', 2);
  sources.produce(0, 4);
  sources.offsets = () => Promise.reject(new Error('no leader'));
  await assert.rejects(sources.topics.topicIdFor(sources.kafka.batch('bmp', 0, 2, 4), assignment), /no leader/);
  assert.equal(sources.consumer.started.size, 0);
  sources.offsets = null;
  assert.equal(await sources.topics.topicIdFor(sources.kafka.batch('bmp', 0, 2, 4), assignment), null);
  assert.equal(sources.consumer.started.get('bmp/0')?.offset, 0);
  assert.notEqual(await sources.topics.topicIdFor(sources.kafka.batch('bmp', 0, 0, 2), assignment), former);
});

test('an assignment that ended while it was prepared leaves the later one its ticks', async () => {
  mock.timers.enable({ apis: ['setInterval'] });
  after(() => mock.timers.reset());
  const sources = new Sources(10);
  const first = await sources.joined();
  const gate = Promise.withResolvers<void>();
  sources.offsets = async (_topic, answer) => {
    await gate.promise;
    return answer();
  };
  const slow = sources.topics.begin(first);
  await settle();
  sources.offsets = null;
  const second = await sources.joined();
  await sources.topics.begin(second);
  gate.resolve();
  assert.deepEqual(await slow, []);
  mock.timers.tick(10);
  await settle();
  assert.equal(sources.topics.ticks, 1);
});

test('a topic that is gone does not stop the ticks of the others', async () => {
  mock.timers.enable({ apis: ['setInterval'] });
  after(() => mock.timers.reset());
  const sources = new Sources(10);
  const assignment = await sources.joined();
  await sources.topics.begin(assignment);
  sources.kafka.topics.delete('bmp');
  sources.offsets = (topic, answer) =>
    topic === 'bmp' ? Promise.reject(new Error('topic bmp does not exist')) : answer();
  mock.timers.tick(10);
  await settle();
  const ticks = sources.kafka.all('app.routes');
  assert.deepEqual(ticks.map(headersOf), [{ 'flowrib.tick': '1' }]);
  const { value } = ticks[0];
  assert.ok(value !== null);
  assert.deepEqual(
    readTickValue(value, 0, value.length)?.map(({ topic }) => topic),
    ['other'],
  );
});
