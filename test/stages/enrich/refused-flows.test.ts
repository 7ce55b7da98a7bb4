/** Flows that cannot be read at all: dead letters with code and the position where they were first read. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { buildFlowRecord } from '../../../dev/flow-builder.ts';
import { headersOf } from '../../support/memory-kafka.ts';
import { Pipeline } from '../../support/stage-pipeline.ts';

async function deadLetters(produce: (pipeline: Pipeline) => void): Promise<string[][]> {
  const pipeline = new Pipeline();
  after(() => pipeline.stop());
  await pipeline.start();
  produce(pipeline);
  await pipeline.own([0, 1], [0, 1]);
  await pipeline.flowConsumer.poll();
  assert.deepEqual(pipeline.failures, []);
  return pipeline.kafka
    .all('dead')
    .map(headersOf)
    .map((h) => [h['flowrib.error-code'], h['flowrib.topic'], h['flowrib.partition'], h['flowrib.offset']]);
}

const good = buildFlowRecord({ samplerAddress: '192.0.2.1', srcAddr: '10.0.0.1', dstAddr: '10.0.0.2' });

test('a record without a value, an empty one, a truncated one', async () => {
  const dead = await deadLetters(({ kafka }) => {
    for (const value of [good, null, Buffer.alloc(0), good.subarray(0, 9)]) kafka.produce('flows', 1, { value });
  });
  assert.deepEqual(dead, [
    ['flow-no-value', 'flows', '1', '1'],
    ['flow-empty', 'flows', '1', '2'],
    ['flow-truncated', 'flows', '1', '3'],
  ]);
});

test('a handed-on flow whose topic is no input here, or that does not tell its topic', async () => {
  const position = { 'flowrib.topic': 'flows-of-others', 'flowrib.partition': '7', 'flowrib.offset': '42' };
  const dead = await deadLetters(({ kafka }) => {
    kafka.produce('app.repartition', 0, { value: good, headers: position });
    kafka.produce('app.repartition', 0, { value: good });
    kafka.produce('app.repartition', 0, { value: good, headers: { ...position, 'flowrib.offset': 'x' } });
    kafka.produce('app.repartition', 0, { value: good, headers: { ...position, 'flowrib.topic': 'flows' } });
  });
  assert.deepEqual(dead, [
    ['flow-unknown-input', 'flows-of-others', '7', '42'],
    ['flow-unknown-input', 'app.repartition', '0', '1'],
    ['flow-unknown-input', 'flows-of-others', '0', '2'],
  ]);
});
