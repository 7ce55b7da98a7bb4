import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { listHeaders } from '../../src/base/record-headers.ts';
import { decodeBatches } from '../../src/kafka/fetch.ts';
import { RecordBatchView } from '../../src/kafka/record-batch-view.ts';

interface Bytes {
  readonly buffer: Buffer;
}
const require = createRequire(import.meta.url);
const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0') as {
  RecordBatch: (batch: object) => Promise<Bytes>;
};
const encodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => Bytes;

const someBytes = fc.option(fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)));
const someRecord = fc.record({
  key: someBytes,
  value: someBytes,
  timestampDelta: fc.maxSafeInteger().map((n) => n % 2 ** 44),
  gap: fc.nat(300),
  headers: fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), fc.string({ maxLength: 20 }), { maxKeys: 4 }),
});
const someBatch = fc.record({
  gap: fc.nat(5),
  firstTimestamp: fc.integer({ min: 0, max: 2 ** 41 }),
  compression: fc.constantFrom(0, 0, 0, 1),
  records: fc.array(someRecord, { minLength: 1, maxLength: 12 }),
});

/** What kafkajs writes is read back by the walk over bytes, over any number of batches, from any position, in a view that was used. */
describe('record batch view', () => {
  it('reads what kafkajs writes', async () => {
    const view = new RecordBatchView();
    await fc.assert(
      fc.asyncProperty(fc.array(someBatch, { maxLength: 4 }), fc.nat(40), async (batches, skip) => {
        const parts: Buffer[] = [];
        const expected: unknown[] = [];
        let next = 1_000_000_000_000;
        const position = next + skip;
        for (const { gap, firstTimestamp, compression, records } of batches) {
          const baseOffset = next + gap;
          let delta = -1;
          const encoded = records.map(({ key, value, timestampDelta, gap: hole, headers }) => {
            delta += 1 + hole;
            if (baseOffset + delta >= position) {
              const list = Object.entries(headers).map(([name, text]) => ({ name, value: Buffer.from(text) }));
              expected.push([baseOffset + delta, firstTimestamp + timestampDelta, key, value, list]);
            }
            return encodeRecord({ offsetDelta: delta, timestampDelta, key, value, headers });
          });
          const { buffer } = await RecordBatch({
            compression,
            firstOffset: String(baseOffset),
            firstTimestamp,
            maxTimestamp: firstTimestamp,
            lastOffsetDelta: delta,
            records: encoded,
          });
          parts.push(buffer);
          next = baseOffset + delta + 1;
        }
        const raw = Buffer.concat([Buffer.alloc(7), ...parts, Buffer.from([1, 2, 3])]);
        const decoded = await decodeBatches(raw, 7, raw.length - 3);
        const none = { errorCode: 0, highWatermark: next, lastStableOffset: next, aborted: [] };
        const fetched = { topic: 't', partition: 3, ...none, ...decoded };
        view.show(fetched, position, true);
        assert.equal(view.nextOffset, Math.max(next, position));
        assert.deepEqual(rowsOf(view), expected);
      }),
      { numRuns: 200 },
    );
  });
});

function rowsOf(view: RecordBatchView): unknown[] {
  const slice = (start: number, end: number): Buffer | null =>
    start < 0 ? null : Buffer.from(view.buffer.subarray(start, end));
  return Array.from({ length: view.count }, (_, i) => [
    view.offsets[i],
    view.timestamps[i],
    slice(view.keyStarts[i], view.keyEnds[i]),
    slice(view.valueStarts[i], view.valueEnds[i]),
    listHeaders(view.buffer, view.headerStarts[i], view.headerEnds[i]).map(({ name, value }) => ({
      name,
      value: value === null ? null : Buffer.from(value),
    })),
  ]);
}
