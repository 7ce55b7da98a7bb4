/** Our murmur2 against that of kafkajs's Java-compatible partitioner, and against values of Kafka's own test (UtilsTest.testMurmur2). */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import kafkajs from 'kafkajs';
import { murmur2, partitionOfKey } from '../../src/base/murmur2.ts';

test("values of Kafka's UtilsTest", () => {
  const vectors: [string, number][] = [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ];
  for (const [text, hash] of vectors) assert.equal(murmur2(Buffer.from(text)), hash, text);
  assert.equal(murmur2(Buffer.from('abc')), 479470107);
});

test('the same partition as kafkajs gives the key', () => {
  const partition = kafkajs.Partitioners.DefaultPartitioner();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 4096 }), (key, count) => {
      const partitionMetadata = Array.from({ length: count }, (_, partitionId) => ({
        partitionErrorCode: 0,
        partitionId,
        leader: 1,
        replicas: [],
        isr: [],
      }));
      const expected = partition({ topic: 't', partitionMetadata, message: { key: Buffer.from(key), value: null } });
      assert.equal(partitionOfKey(key, count), expected);
    }),
    { numRuns: 200 },
  );
});
