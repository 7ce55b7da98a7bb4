/** Topic ids tell a topic that was created again from the one before it (KIP-516). */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeMetadataTopics, fetchTopicIds } from '../../src/kafka/topic-ids.ts';
import { createTopic, plainKafka, testBrokers, uniqueName } from '../support/kafka.ts';
import { loggingClient } from './producing.ts';

void test('a topic created again has another id; one that does not exist has none', async (t) => {
  const brokers = await testBrokers();
  const kept = await createTopic(brokers, 'kept', 12);
  const again = await createTopic(brokers, 'again');
  const missing = uniqueName('missing');
  const cluster = loggingClient(brokers).client.createCluster();
  t.after(async () => cluster.disconnect());
  await cluster.connect();
  const before = await fetchTopicIds(cluster, [kept, missing, again]);
  assert.deepEqual([...before.keys()].sort(), [kept, again].sort());
  assert.match(before.get(kept) ?? '', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  const admin = plainKafka(brokers).admin();
  await admin.connect();
  await admin.deleteTopics({ topics: [again] });
  assert.deepEqual([...(await fetchTopicIds(cluster, [again])).keys()], []);
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic: again, numPartitions: 1 }] });
  await admin.disconnect();
  const after = await fetchTopicIds(cluster, [kept, again]);
  assert.equal(after.get(kept), before.get(kept));
  assert.ok(after.has(again));
  assert.notEqual(after.get(again), before.get(again));
});

void test('a response that is cut short is an error', () => {
  assert.throws(() => decodeMetadataTopics(Buffer.from([0, 0, 0, 0, 0, 2, 0, 0])), /cut short/);
});
