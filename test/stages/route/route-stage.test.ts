/** BMP records to the routes log: router, shard, position; bad ones to the dead letters. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { shardOfRouter } from '../../../src/model/router.ts';
import { initiation } from '../../support/bmp-builder.ts';
import { obmpBinary, obmpText } from '../../support/obmp-builder.ts';
import { headersOf } from '../../support/memory-kafka.ts';
import { Pipeline, type PipelineOptions } from '../../support/stage-pipeline.ts';

async function started(options: PipelineOptions = {}): Promise<Pipeline> {
  const pipeline = new Pipeline({ shards: 4, ...options });
  after(() => pipeline.stop());
  await pipeline.start();
  return pipeline;
}

test('an OpenBMP record is appended unchanged at the shard of its router, with its position', async () => {
  const pipeline = await started();
  const values = [
    obmpBinary(initiation(), { router: '192.0.2.1', collectorHash: '000102030405060708090a0b0c0d0e0f' }),
    obmpText(initiation(), { router: '2001:db8::1' }),
  ];
  for (const value of values)
    pipeline.kafka.produce('bmp', 0, { key: 'k', value, timestampMs: 77, headers: { own: 'x' } });
  await pipeline.route();
  const log = pipeline.kafka
    .all('app.routes')
    .sort((a, b) => Number(headersOf(a)['flowrib.offset']) - Number(headersOf(b)['flowrib.offset']));
  assert.deepEqual(
    log.map((r) => r.value),
    values,
  );
  assert.deepEqual(
    log.map((r) => r.partition),
    ['192.0.2.1', '2001:db8::1'].map((r) => shardOfRouter(r, 4)),
  );
  assert.deepEqual(
    log.map((r) => [r.key?.toString(), r.timestampMs]),
    [
      ['k', 77],
      ['k', 77],
    ],
  );
  assert.deepEqual(headersOf(log[1]), {
    'flowrib.topic-id': 'id-1',
    'flowrib.topic': 'bmp',
    'flowrib.partition': '0',
    'flowrib.offset': '1',
    'flowrib.part': '0',
    'flowrib.format': 'openbmp',
    'flowrib.router': '2001:db8::1',
    'flowrib.collector': '000102030405060708090a0b0c0d0e0f',
    own: 'x',
  });
  assert.equal(pipeline.routeStage.counters.appended, 2);
});

test('a timestamp in the future becomes that of the append: the clock of the shard goes by it', async () => {
  const pipeline = await started();
  const before = Date.now();
  pipeline.kafka.produce('bmp', 0, { value: obmpBinary(initiation()), timestampMs: before + 86_400_000 });
  await pipeline.route();
  const [{ timestampMs }] = pipeline.kafka.all('app.routes');
  assert.ok(timestampMs >= before && timestampMs <= Date.now(), `${timestampMs - before} ms from now`);
});

test('a configured router has the shard of its first BMP address, whichever it speaks from', async () => {
  const pipeline = await started({ routers: [{ name: 'edge', bmp: ['198.51.100.1', '198.51.100.2'] }] });
  pipeline.kafka.produce('bmp', 0, { value: obmpBinary(initiation(), { router: '198.51.100.2' }) });
  await pipeline.route();
  assert.deepEqual(
    pipeline.kafka.all('app.routes').map((r) => r.partition),
    [shardOfRouter('198.51.100.1', 4)],
  );
});

for (const [from, record] of [
  [{ from: 'key' } as const, { key: '192.0.2.9' }],
  [{ from: 'header', name: Buffer.from('router') } as const, { headers: { router: '192.0.2.9' } }],
  [{ from: 'address', address: '192.0.2.9' } as const, {}],
] as const) {
  test(`bare BMP: router from ${from.from}`, async () => {
    const pipeline = await started({ routeFormat: 'bmp', routerFrom: from });
    pipeline.kafka.produce('bmp', 0, { value: initiation(), ...record });
    await pipeline.route();
    const log = pipeline.kafka.all('app.routes');
    assert.equal(log.length, 1);
    assert.equal(headersOf(log[0])['flowrib.router'], '192.0.2.9');
    assert.equal(log[0].partition, shardOfRouter('192.0.2.9', 4));
  });
}

test('collector messages are counted; garbage, unknown versions and records without a router are dead letters; the rest goes on', async () => {
  const pipeline = await started();
  const unknownVersion = initiation();
  unknownVersion[0] = 4;
  pipeline.kafka.produce('bmp', 0, { value: obmpBinary(Buffer.alloc(0), { flags: 0, objectType: 0 }) });
  pipeline.kafka.produce('bmp', 0, { value: Buffer.from('garbage') });
  pipeline.kafka.produce('bmp', 0, { value: null });
  pipeline.kafka.produce('bmp', 0, { value: obmpBinary(initiation(), { router: '0.0.0.0' }) });
  pipeline.kafka.produce('bmp', 0, { value: obmpBinary(unknownVersion) });
  pipeline.kafka.produce('bmp', 0, { value: obmpBinary(initiation()) });
  await pipeline.route();
  assert.deepEqual(pipeline.routeStage.counters, { appended: 1, collector: 1, deadLettered: 4, lostOffsets: 0 });
  const dead = pipeline.kafka.all('dead').map(headersOf);
  assert.deepEqual(
    dead.map((h) => h['flowrib.offset']),
    ['1', '2', '3', '4'],
  );
  assert.equal(dead[1]['flowrib.error-code'], 'bmp-no-value');
  assert.equal(dead[2]['flowrib.error-code'], 'bmp-no-router');
  for (const h of dead) assert.equal(h['flowrib.stage'], 'route');
});

test('a re-created topic is read from its start under its new id', async () => {
  const pipeline = await started({ idCheckMs: -1 });
  const record = (i: number): Buffer => obmpBinary(initiation({ sysName: `r${i}` }), { router: '192.0.2.1' });
  pipeline.kafka.produce('bmp', 0, { value: record(0) });
  await pipeline.route();
  pipeline.kafka.createTopic('bmp', 1);
  for (let i = 1; i <= 3; i++) pipeline.kafka.produce('bmp', 0, { value: record(i) });
  await pipeline.route();
  const log = pipeline.kafka.all('app.routes').map(headersOf);
  const oldId = log[0]['flowrib.topic-id'];
  const renewed = log.filter((h) => h['flowrib.topic-id'] !== oldId);
  assert.deepEqual(
    renewed.map((h) => h['flowrib.offset']),
    ['0', '1', '2'],
  );
  assert.equal(log.length, 4, 'nothing of the new log under the old id');
});

test('a commit made for a former topic id counts for nothing', async () => {
  const pipeline = await started();
  const record = (i: number): Buffer => obmpBinary(initiation({ sysName: `r${i}` }), { router: '192.0.2.1' });
  for (let i = 0; i < 3; i++) pipeline.kafka.produce('bmp', 0, { value: record(i) });
  await pipeline.route();
  await pipeline.routeConsumer.assign([{ topic: 'bmp', partition: 0 }]);
  await pipeline.route();
  assert.equal(pipeline.kafka.all('app.routes').length, 3, 'the commit of this id counts');
  pipeline.kafka.createTopic('bmp', 1);
  for (let i = 3; i < 8; i++) pipeline.kafka.produce('bmp', 0, { value: record(i) });
  await pipeline.routeConsumer.assign([{ topic: 'bmp', partition: 0 }]);
  await pipeline.route();
  assert.equal(pipeline.kafka.all('app.routes').length, 8, 'the new log is read from its start');
  assert.equal(pipeline.sources.recreated, 1);
});
