/** Compression both ways: in memory, against the caps, and against Kafka's own Java code on either side. */

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { lz4Compress, snappyCompress } from '@platformatic/wasm-utils';
import { CompressionTypes } from 'kafkajs';
import { kafkaTools } from '../../dev/broker.ts';
import { type Compression, compressRecords, decompressRecords } from '../../src/kafka/codecs.ts';
import { createProducer } from '../../src/kafka/producer.ts';
import { createTopic, produceRecords, readTopic, testBrokers } from '../support/kafka.ts';
import { appendRecord, loggingClient } from './producing.ts';

const codecs = ['gzip', 'snappy', 'lz4', 'zstd'] as const;
const kafkajsTypes: Record<(typeof codecs)[number], CompressionTypes> = {
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
};

function mixedBytes(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < size; i++) bytes[i] = i % 3 === 0 ? (i * 2654435761) >>> 24 : i & 15;
  return bytes;
}

for (const codec of codecs) {
  void test(`${codec}: bytes of any size come back`, async () => {
    for (const size of [1, 100, 32_768, 32_769, 200_000, 5_000_000]) {
      const bytes = mixedBytes(size);
      const compressed = await compressRecords(codec, bytes);
      assert.ok((await decompressRecords(codec, compressed)).equals(bytes), `${size} bytes`);
    }
  });

  void test(`${codec}: a batch that would grow beyond the cap is refused`, async () => {
    const compressed = await compressRecords(codec, Buffer.alloc(3_000_000));
    await assert.rejects(async () => decompressRecords(codec, compressed, 1_000_000));
    assert.equal((await decompressRecords(codec, compressed, 8_000_000)).length, 3_000_000);
  });

  void test(`${codec}: what we produce and what kafkajs produces is read by kafkajs`, async (t) => {
    const brokers = await testBrokers();
    const topic = await createTopic(brokers, codec);
    const producer = createProducer(loggingClient(brokers).client, { compression: codec });
    t.after(async () => producer.disconnect());
    await producer.connect();
    const values = Array.from({ length: 1500 }, (_, i) => `${i} ${'abc'.repeat(i % 100)}`);
    const sink = producer.createSink();
    for (const value of values) appendRecord(sink, topic, 0, value);
    await sink.flush();
    await produceRecords(brokers, topic, 0, [{ value: 'last', key: 'k' }], kafkajsTypes[codec]);
    const records = await readTopic(brokers, topic);
    assert.deepEqual(
      records.map(({ value }) => String(value)),
      [...values, 'last'],
    );
  });
}

void test('bare snappy, without the stream around it, is read too', async () => {
  const bytes = mixedBytes(10_000);
  assert.ok((await decompressRecords('snappy', snappyCompress(bytes))).equals(bytes));
});

void test('damaged input is an error, not a crash', async () => {
  const inputs: [Exclude<Compression, 'none'>, Buffer][] = [
    ['lz4', lz4Compress(mixedBytes(1000)).subarray(0, 40)],
    ['lz4', Buffer.from('nonsense')],
    ['snappy', (await compressRecords('snappy', mixedBytes(1000))).subarray(0, 40)],
    ['gzip', gzipSync(mixedBytes(1000)).subarray(0, 40)],
    ['zstd', zstdCompressSync(mixedBytes(1000)).subarray(0, 40)],
  ];
  for (const [codec, bytes] of inputs) await assert.rejects(async () => decompressRecords(codec, bytes), codec);
  const bytes = mixedBytes(100_000);
  const compressed = await compressRecords('lz4', bytes);
  assert.ok((await decompressRecords('lz4', compressed)).equals(bytes), 'the decoder works on after its errors');
});

void test("all four are read by Kafka's console consumer, and read from its console producer", async (t) => {
  const tools = await kafkaTools();
  if (tools === null) {
    t.skip('needs Java and Maven');
    return;
  }
  const brokers = await testBrokers();
  const topic = await createTopic(brokers, 'java', 4);
  const expected: string[] = [];
  for (const [partition, compression] of codecs.entries()) {
    const producer = createProducer(loggingClient(brokers).client, { compression });
    await producer.connect();
    const sink = producer.createSink();
    for (let i = 0; i < 600; i++) {
      appendRecord(sink, topic, partition, `${compression} ${i} ${'x'.repeat(200)}`);
      expected.push(`${compression} ${i} ${'x'.repeat(200)}`);
    }
    await sink.flush();
    await producer.disconnect();
  }
  const java = [
    '-Xmx128m',
    '-XX:TieredStopAtLevel=1',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=off',
    '-cp',
    tools.classPath,
  ];
  const server = ['--bootstrap-server', brokers[0], '--topic', topic];
  const consumer = [...java, 'org.apache.kafka.tools.consumer.ConsoleConsumer', ...server, '--from-beginning'];
  const { stdout } = await promisify(execFile)(
    tools.java,
    [...consumer, '--max-messages', String(expected.length), '--timeout-ms', '30000'],
    { maxBuffer: 64 * 1024 * 1024 },
  );
  assert.deepEqual(stdout.trimEnd().split('\n').sort(), expected.sort());

  await Promise.all(
    codecs.map(async (compression) => {
      const producer = [...java, 'org.apache.kafka.tools.ConsoleProducer', ...server];
      const child = spawn(tools.java, [...producer, '--compression-codec', compression], {
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      child.stdin.end(Array.from({ length: 50 }, (_, i) => `from java ${compression} ${i}\n`).join(''));
      assert.deepEqual(await once(child, 'close'), [0, null]);
    }),
  );
  const back = (await readTopic(brokers, topic)).map(({ value }) => String(value));
  const fromJava = back.filter((value) => value.startsWith('from java'));
  const wanted = codecs.flatMap((codec) => Array.from({ length: 50 }, (_, i) => `from java ${codec} ${i}`));
  assert.deepEqual(fromJava.sort(), wanted.sort());
});
