import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RecordBatch } from '../../src/kafka/types.ts';
import { createTopic, produceRecords, testBrokers } from '../support/kafka.ts';
import { eventually, numbered, RecordingReader, testClient } from './reading.ts';

describe('hazard D10: what a batch shows lives as long as its handler', () => {
  it('the response is let go when the handler ends, copies stay', async () => {
    const brokers = await testBrokers();
    const topic = await createTopic(brokers, 'd10');
    await produceRecords(brokers, topic, 0, numbered(2));
    const reader = testClient(brokers).partitionReader();
    const seen = new RecordingReader();
    const kept: RecordBatch[] = [];
    const copies: Buffer[] = [];
    seen.onEach = (batch) => {
      kept.push(batch);
      for (let i = 0; i < batch.count; i++) {
        copies.push(Buffer.from(batch.buffer.subarray(batch.valueStarts[i], batch.valueEnds[i])));
      }
    };
    await reader.run(seen);
    reader.assign(topic, 0, 0);
    await eventually('the records', () => copies.length === 2);
    await reader.stop();
    assert.equal(kept[0].count, 0);
    assert.equal(kept[0].buffer.length, 0);
    assert.deepEqual(copies.map(String), ['v0', 'v1']);
    assert.ok(copies.every((copy) => copy.buffer.byteLength <= Buffer.poolSize));
  });
});
