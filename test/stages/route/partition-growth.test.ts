/** A source topic that grows: new partitions begin when the old ones are read to the ends they had. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import type { Assignment, PartitionOffsets } from '../../../src/kafka/types.ts';
import { PartitionGrowth } from '../../../src/stages/route/partition-growth.ts';
import { SourceTopics } from '../../../src/stages/route/source-topics.ts';
import { MemoryKafka } from '../../support/memory-kafka.ts';
import { DriverConsumer, driverAdmin, DriverProducer } from '../../support/stage-driver.ts';

class Grown {
  readonly kafka = new MemoryKafka();
  readonly consumer = new DriverConsumer(this.kafka, 'app-routes');
  readonly topics: SourceTopics;

  /** Partitions 0 and 1 were there before, with these commits and three records each. */
  constructor(commits: readonly (number | null)[], partitions = 3) {
    this.kafka.createTopic('bmp', partitions);
    this.kafka.createTopic('app.routes', 1);
    for (const partition of [0, 1]) for (let i = 0; i < 3; i++) this.produce(partition);
    this.produce(2);
    for (const [partition, offset] of commits.entries()) if (offset !== null) this.commit(partition, offset);
    this.topics = new SourceTopics({
      admin: driverAdmin(this.kafka),
      consumer: this.consumer,
      producer: new DriverProducer(this.kafka),
      group: 'app-routes',
      topics: ['bmp'],
      routesTopic: 'app.routes',
      shards: 1,
      tickIntervalMs: 1 << 30,
      idCheckMs: -1,
      growthPollMs: 2,
      logger: pino({ level: 'silent' }),
    });
    after(() => this.topics.stop());
  }

  produce(partition: number): void {
    this.kafka.produce('bmp', partition, { value: Buffer.from('x') });
  }

  commit(partition: number, offset: number): void {
    this.kafka.commits.set(`app-routes/bmp/${partition}`, offset);
    this.kafka.metadata.set(`app-routes/bmp/${partition}`, this.kafka.topics.get('bmp')?.id ?? '');
  }

  async join(): Promise<{ assignment: Assignment; begun: number[] }> {
    await this.consumer.run({
      onAssigned: () => {},
      onRevoking: async () => {},
      onBatch: async () => {},
      onLostOffsets: () => {},
      onCrash: () => {},
    });
    const partitions = [0, 1, 2].map((partition) => ({ topic: 'bmp', partition }));
    const assignment = await this.consumer.assign(partitions);
    const positions = await this.topics.begin(assignment);
    return { assignment, begun: positions.map((at) => at.partition) };
  }

  started(): number[] {
    return [...this.consumer.started.values()].map((at) => at.partition);
  }
}

async function becomes(started: () => number[], wanted: number[]): Promise<void> {
  for (let i = 0; i < 200 && started().join() !== wanted.join(); i++) await sleep(2);
  assert.deepEqual(started(), wanted);
}

test('a new partition waits until each old one is committed to the end it had at the join', async () => {
  const grown = new Grown([1, 3]);
  const { begun } = await grown.join();
  assert.deepEqual(begun, [0, 1]);
  assert.equal(grown.topics.waitingPartitions(), 1);
  grown.commit(0, 2);
  await sleep(20);
  assert.deepEqual(grown.started(), []);
  // What comes to the old partition after the join is not waited for: its producer may go on for ever.
  grown.produce(0);
  grown.commit(0, 3);
  await becomes(() => grown.started(), [2]);
  assert.equal(grown.consumer.started.get('bmp/2')?.offset, 0);
  assert.equal(grown.topics.waitingPartitions(), 0);
});

test('nothing waits when no partition has a commit, or all that have one are read', async () => {
  assert.deepEqual((await new Grown([null, null]).join()).begun, [0, 1, 2]);
  assert.deepEqual((await new Grown([3, 3]).join()).begun, [0, 1, 2]);
});

test('the next assignment begins its own wait; the former starts nothing', async () => {
  const grown = new Grown([1, 3]);
  await grown.join();
  const { begun } = await grown.join();
  assert.deepEqual(begun, [0, 1]);
  assert.equal(grown.topics.waitingPartitions(), 1);
  grown.commit(0, 3);
  await becomes(() => grown.started(), [2]);
});

test('a topic re-created meanwhile is read from its start, all partitions at once', async () => {
  const grown = new Grown([1, 3]);
  const { assignment } = await grown.join();
  grown.kafka.createTopic('bmp', 3);
  for (const partition of [0, 1, 2]) grown.produce(partition);
  await grown.topics.topicIdFor(grown.kafka.batch('bmp', 0, 0, 1), assignment);
  assert.deepEqual(grown.started(), [0, 1, 2]);
  assert.equal(grown.topics.waitingPartitions(), 0);
});

test('records that retention took before they were read hold up nobody', () => {
  const bounds = new Map<number, PartitionOffsets>([
    [0, { partition: 0, low: 10, high: 10 }],
    [1, { partition: 1, low: 0, high: 5 }],
  ]);
  assert.equal(PartitionGrowth.mustWait(1, new Map([[0, 4]]), bounds), false);
  assert.equal(
    PartitionGrowth.mustWait(1, new Map([[0, 4]]), new Map([[0, { partition: 0, low: 3, high: 10 }]])),
    true,
  );
});
