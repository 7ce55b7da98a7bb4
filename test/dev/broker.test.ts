/** The Kafka that tests use answers, and hands its address on to every test process. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countBrokers, splitAddress } from '../../dev/kafka-probe.ts';
import { freePorts } from '../../dev/ports.ts';
import { testBrokers } from '../support/kafka.ts';

void test('the global setup started a broker that answers', async () => {
  assert.equal(await countBrokers((await testBrokers())[0], 5000), 1);
});

void test('a port where nobody listens counts no broker', async () => {
  const [port] = await freePorts(1);
  assert.equal(await countBrokers(`127.0.0.1:${port}`), 0);
});

void test('addresses are split at the last colon', () => {
  assert.deepEqual(splitAddress('127.0.0.1:9092'), ['127.0.0.1', 9092]);
  assert.deepEqual(splitAddress('::1:9092'), ['::1', 9092]);
});
