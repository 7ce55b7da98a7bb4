/** What topics a configuration needs, against a real broker: made as they must be, and warned of when somebody else made them otherwise. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { describeTopics } from '../../src/app/check.ts';
import { inspectTopics, prepareTopics } from '../../src/app/topics.ts';
import { compileConfig } from '../../src/config/compile.ts';
import { parseConfig } from '../../src/config/load.ts';
import { createKafka } from '../../src/kafka/connection.ts';
import { kafkaOptions } from '../../src/kafka/options.ts';
import { Application } from '../support/application.ts';
import { plainKafka } from '../support/kafka.ts';

test('own topics that others made too small or too short-lived are warned of, with the command', async () => {
  const app = await Application.create({ shards: 2 });
  const plain = plainKafka(app.brokers).admin();
  await plain.connect();
  await plain.createTopics({
    topics: [
      {
        topic: app.deadLetterTopic,
        numPartitions: 1,
        configEntries: [{ name: 'max.message.bytes', value: '100000' }],
      },
      {
        topic: `${app.name}.routes`,
        numPartitions: 2,
        configEntries: [
          { name: 'retention.ms', value: '3600000' },
          { name: 'max.message.bytes', value: '67108864' },
        ],
      },
    ],
  });
  await plain.disconnect();
  const config = compileConfig(parseConfig('test.yaml', app.yaml, {}));
  const admin = createKafka(kafkaOptions(config.kafka)).admin();
  await admin.connect();
  after(() => admin.disconnect());
  const world = await prepareTopics(config, admin);
  assert.deepEqual(world.warnings.map((w) => w.topic).sort(), [`${app.name}.routes`, app.deadLetterTopic].sort());
  const warningOf = (topic: string): string => world.warnings.find((w) => w.topic === topic)?.warning ?? '';
  assert.match(warningOf(app.deadLetterTopic), /--add-config max\.message\.bytes=67108864$/);
  assert.match(warningOf(`${app.name}.routes`), /retention\.ms is 3600000.*--add-config retention\.ms=-1$/s);
  const made = (await inspectTopics(config, admin)).find((s) => s.topic === app.outputTopic);
  assert.deepEqual([made?.actual, made?.warning], [4, '']);
  const { ok, lines } = await describeTopics(config);
  assert.equal(ok, true);
  assert.equal(lines.filter((line) => line.includes('warning:')).length, 2);
});

test('another number of shards than the topics have is refused with what mends it', async () => {
  const app = await Application.create({ shards: 2 });
  const config = compileConfig(parseConfig('test.yaml', app.yaml, {}));
  const admin = createKafka(kafkaOptions(config.kafka)).admin();
  await admin.connect();
  after(() => admin.disconnect());
  await prepareTopics(config, admin);
  await assert.rejects(prepareTopics({ ...config, shards: 3 }, admin), /has 2 partitions.*set "shards: 2"/s);
  const missing = { ...config, flows: [{ ...config.flows[0], topic: 'nowhere' }] };
  await assert.rejects(prepareTopics(missing, admin), /nowhere \(flow input.*does not exist/s);
  const forbidden = { ...config, application: 'x', internalTopics: { ...config.internalTopics, routes: 'x.routes' } };
  await assert.rejects(
    prepareTopics({ ...forbidden, topics: { create: false, replicationFactor: 1 } }, admin),
    /kafka-topics\.sh .*--create --topic x\.routes --partitions 2/s,
  );
});
