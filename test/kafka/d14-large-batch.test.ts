import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FatalError } from '../../src/base/errors.ts';
import { decodeBatches, type FetchedPartition } from '../../src/kafka/fetch.ts';
import { RecordBatchView } from '../../src/kafka/record-batch-view.ts';

/** A record batch in Kafka's bytes: each record without key, with a value of one byte and no headers. */
function batchOf(baseOffset: number, records: number): Buffer {
  const body = Buffer.alloc(records * 12);
  let at = 0;
  for (let i = 0; i < records; i++) {
    const delta = varint(i);
    at = body.writeUInt8((6 + delta.length) * 2 - 0, at);
    body.set([0, 0, ...delta, 1, 2, i & 0xff, 0], at);
    at += 6 + delta.length;
  }
  const header = Buffer.alloc(61);
  header.writeBigInt64BE(BigInt(baseOffset), 0);
  header.writeInt32BE(49 + at, 8);
  header.writeInt8(2, 16);
  header.writeInt32BE(records - 1, 23);
  header.writeBigInt64BE(-1n, 43);
  header.writeInt32BE(records, 57);
  return Buffer.concat([header, body.subarray(0, at)]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value * 2;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return [...bytes, rest];
}

async function fetched(raw: Buffer): Promise<FetchedPartition> {
  const decoded = await decodeBatches(raw, 0, raw.length);
  const none = { errorCode: 0, highWatermark: 0, lastStableOffset: 0, aborted: [] };
  return { topic: 't', partition: 0, ...none, ...decoded };
}

describe('hazard D14: batches of any number of records', () => {
  it('200,000 records in one batch are read', async () => {
    const count = 200_000;
    const view = new RecordBatchView();
    view.show(await fetched(batchOf(5_000_000_000, count)), 5_000_000_010, true);
    assert.equal(view.count, count - 10);
    assert.equal(view.nextOffset, 5_000_000_000 + count);
    for (let i = 0; i < view.count; i += 9_999) {
      assert.equal(view.offsets[i], 5_000_000_010 + i);
      assert.equal(view.buffer[view.valueStarts[i]], (i + 10) & 0xff);
      assert.equal(view.valueEnds[i] - view.valueStarts[i], 1);
      assert.equal(view.keyStarts[i], -1);
    }
  });

  it('a batch that is cut off is left for the next fetch', async () => {
    const whole = batchOf(0, 10);
    const view = new RecordBatchView();
    view.show(await fetched(Buffer.concat([whole, batchOf(10, 10).subarray(0, 100)])), 0, true);
    assert.equal(view.nextOffset, 10);
    assert.equal(view.count, 10);
  });

  it('malformed records and formats before Kafka 0.11 are refused', async () => {
    const broken = batchOf(0, 10);
    broken[61] = 0x7e;
    broken.writeInt32BE(10, 57);
    const view = new RecordBatchView();
    const partition = await fetched(broken);
    assert.throws(() => view.show(partition, 0, true), FatalError);
    const old = batchOf(0, 1);
    old[16] = 1;
    await assert.rejects(fetched(old), /message format 1/);
  });
});
