/** The batches we write, read back by kafkajs's own decoder; no broker. */

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { crc32c } from '@node-rs/crc32';
import { HeaderSection } from '../../src/base/record-headers.ts';
import { RecordBatchWriter } from '../../src/kafka/record-batch-writer.ts';

const require = createRequire(import.meta.url);
const Decoder = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => object;
const decodeRecordBatch = require('kafkajs/src/protocol/recordBatch/v0/decoder') as (decoder: object) => Promise<{
  producerId: string;
  producerEpoch: number;
  firstSequence: number;
  lastOffsetDelta: number;
  maxTimestamp: string;
  records: { offset: string; timestamp: string; key: Buffer; value: Buffer; headers: Record<string, Buffer> }[];
}>;

const empty = Buffer.alloc(0);
const front = Buffer.from('front');
const identity = { producerId: 77n, producerEpoch: 3 };

interface Sample {
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Buffer;
}

function append(writer: RecordBatchWriter, { timestampMs, key, value, headers }: Sample): boolean {
  return writer.append(
    timestampMs,
    key ?? empty,
    key === null ? -1 : 0,
    key?.length ?? -1,
    value ?? empty,
    value === null ? -1 : 0,
    value?.length ?? -1,
    headers,
    0,
    headers.length,
  );
}

/** Offset of the batch in a finished body: after the front and the size of the record set. */
function batchOf(body: Buffer): Buffer {
  assert.ok(body.subarray(0, front.length).equals(front));
  const batch = body.subarray(front.length + 4);
  assert.equal(body.readInt32BE(front.length), batch.length);
  assert.equal(batch.readUInt32BE(17), crc32c(batch.subarray(21)));
  return batch;
}

async function readBack(writer: RecordBatchWriter): Promise<Sample[]> {
  const batch = batchOf(writer.finish(front, 0, null, identity, 5));
  const { records } = await decodeRecordBatch(new Decoder(batch));
  return records.map(({ timestamp, key, value, headers }) => {
    const section = new HeaderSection();
    for (const [name, one] of Object.entries(headers)) section.add(Buffer.from(name), one);
    return {
      timestampMs: Number(timestamp),
      key,
      value,
      headers: Object.keys(headers).length === 0 ? empty : Buffer.from(section.finish()),
    };
  });
}

function headersOf(names: Record<string, string>): Buffer {
  const section = new HeaderSection();
  for (const [name, value] of Object.entries(names)) section.addText(Buffer.from(name), value);
  return Buffer.from(section.finish());
}

const samples: Sample[] = [
  { timestampMs: 1_700_000_000_000, key: null, value: Buffer.from('a'), headers: empty },
  { timestampMs: 1_700_000_000_001, key: empty, value: empty, headers: headersOf({ one: '1', two: '' }) },
  { timestampMs: 0, key: Buffer.alloc(4), value: null, headers: empty },
  { timestampMs: 2 ** 52 + 1, key: Buffer.from('k'), value: Buffer.alloc(20_000, 7), headers: headersOf({ x: 'y' }) },
  { timestampMs: 1_700_000_000_000 + 2 ** 31, key: null, value: Buffer.alloc(200, 1), headers: empty },
  { timestampMs: 1_700_000_000_000 - 2 ** 31, key: null, value: Buffer.alloc(64, 2), headers: empty },
];

void test('a batch decodes to what was appended', async () => {
  const writer = new RecordBatchWriter(100, 1_000_000);
  for (const sample of samples) assert.ok(append(writer, sample));
  assert.deepEqual(await readBack(writer), samples);
  const decoded = await decodeRecordBatch(new Decoder(batchOf(writer.finish(front, 0, null, identity, 5))));
  assert.deepEqual(
    [decoded.producerId, decoded.producerEpoch, decoded.firstSequence, decoded.lastOffsetDelta, decoded.maxTimestamp],
    ['77', 3, 5, samples.length - 1, String(2 ** 52 + 1)],
  );
});

void test('a reused writer holds nothing of the batch before', async () => {
  const writer = new RecordBatchWriter(100, 1_000_000);
  for (const sample of samples) append(writer, sample);
  writer.reset();
  append(writer, samples[0]);
  assert.deepEqual(await readBack(writer), [samples[0]]);
});

void test('a batch is full by records and by bytes, but takes a first record of any size', async () => {
  const byRecords = new RecordBatchWriter(2, 1_000_000);
  assert.deepEqual(
    [append(byRecords, samples[0]), append(byRecords, samples[0]), append(byRecords, samples[0])],
    [true, true, false],
  );
  assert.equal(byRecords.count, 2);
  const byBytes = new RecordBatchWriter(100, 10_000);
  assert.ok(append(byBytes, samples[3]));
  assert.equal(append(byBytes, samples[0]), false);
  assert.deepEqual(await readBack(byBytes), [samples[3]]);
});

void test('a batch splits into two that hold its records in order', async () => {
  const writer = new RecordBatchWriter(100, 1_000_000);
  for (const sample of samples) append(writer, sample);
  const first = new RecordBatchWriter(100, 1_000_000);
  const second = new RecordBatchWriter(100, 1_000_000);
  writer.splitInto(first, second);
  assert.deepEqual([first.count, second.count], [3, 3]);
  assert.deepEqual([...(await readBack(first)), ...(await readBack(second))], samples);
});

void test('offset deltas and sizes hold over a batch of thousands', async () => {
  const writer = new RecordBatchWriter(20_000, 10_000_000);
  for (let i = 0; i < 20_000; i++) append(writer, { ...samples[0], value: Buffer.from(String(i)) });
  const records = await readBack(writer);
  assert.equal(records.length, 20_000);
  assert.ok(records.every(({ value }, i) => value?.toString() === String(i)));
});
