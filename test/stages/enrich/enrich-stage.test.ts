/** One member over memory logs: restore before flows, forwarding, counting, headers. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { buildFlowRecord } from '../../../dev/flow-builder.ts';
import { flowResults } from '../../../src/stages/enrich/flow-counters.ts';
import { endOfRib, initiation, type PeerOptions, peerUp, routeMonitoring } from '../../support/bmp-builder.ts';
import { obmpBinary } from '../../support/obmp-builder.ts';
import { headersOf } from '../../support/memory-kafka.ts';
import { settle } from '../../support/stage-driver.ts';
import { Pipeline, type PipelineOptions } from '../../support/stage-pipeline.ts';
import { shardOfRouter } from '../../../src/model/router.ts';

const near = '192.0.2.1';
const nearShard = shardOfRouter(near, 2);
const far = ['192.0.2.2', '192.0.2.3', '192.0.2.4', '192.0.2.5'].find((r) => shardOfRouter(r, 2) !== nearShard) ?? '';

function bmpOf(router: string, as: number): Buffer[] {
  const peer: PeerOptions = {
    address: '198.51.100.9',
    as,
    bgpId: '198.51.100.9',
    timestampMs: 1000,
    isPostPolicy: true,
  };
  return [
    initiation(),
    peerUp(peer, { sentOpen: { as: 64999 }, receivedOpen: { as } }),
    routeMonitoring(peer, { origin: 0, asPath: [as, 7], nextHop: '198.51.100.9', announced: ['10.0.0.0/8'] }),
    endOfRib(peer),
  ].map((message) => obmpBinary(message, { router }));
}

function flow(router: string, dstAddr = '10.1.1.1'): Buffer {
  return buildFlowRecord({ samplerAddress: router, srcAddr: '172.16.0.1', dstAddr });
}

async function started(options: PipelineOptions = {}): Promise<Pipeline> {
  const pipeline = new Pipeline(options);
  after(() => pipeline.stop());
  await pipeline.start();
  for (const value of [...bmpOf(near, 65001), ...bmpOf(far, 65002)]) pipeline.kafka.produce('bmp', 0, { value });
  await pipeline.route();
  return pipeline;
}

function paths(pipeline: Pipeline): (number[] | string)[] {
  return pipeline.kafka.all('out').map((record) => {
    const { dst } = JSON.parse(record.value?.toString() ?? '') as { dst: { status: string; as_path?: number[] } };
    return dst.as_path ?? dst.status;
  });
}

test('flows wait until every held shard is read to the end its log had', async () => {
  const pipeline = await started();
  pipeline.kafka.produce('flows', 0, { value: flow(near) });
  await pipeline.flowConsumer.assign([
    { topic: 'flows', partition: 0 },
    { topic: 'app.repartition', partition: nearShard },
  ]);
  await pipeline.flowConsumer.poll();
  assert.equal(pipeline.counters.read, 0);
  assert.equal(pipeline.enrichStage.state, 'restoring');
  await pipeline.reader.poll(1);
  assert.equal(pipeline.enrichStage.state, 'running');
  await pipeline.flowConsumer.poll();
  assert.deepEqual(paths(pipeline), [[65001, 7]]);
});

test('a flow whose shard is elsewhere is handed on unchanged with its position, and enriched there once', async () => {
  const pipeline = await started({ positions: true });
  await pipeline.own([nearShard], [0, 1]);
  pipeline.kafka.produce('flows', 1, { key: 'k', value: flow(near), timestampMs: 5 });
  pipeline.kafka.produce('flows', 1, { key: 'k', value: flow(far), timestampMs: 6, headers: { own: 'x' } });
  await pipeline.flowConsumer.poll();
  assert.deepEqual(paths(pipeline), [[65001, 7]]);
  const handedOn = pipeline.kafka.all('app.repartition');
  assert.deepEqual(
    handedOn.map((r) => [r.partition, r.key?.toString(), r.timestampMs]),
    [[1 - nearShard, 'k', 6]],
  );
  assert.deepEqual(handedOn[0].value, flow(far));
  assert.deepEqual(headersOf(handedOn[0]), {
    own: 'x',
    'flowrib.topic': 'flows',
    'flowrib.partition': '1',
    'flowrib.offset': '1',
  });

  const other = pipeline.counters.read;
  await pipeline.own([0, 1], [0, 1]);
  await pipeline.flowConsumer.poll();
  assert.equal(pipeline.counters.read, other + 1);
  const out = pipeline.kafka.all('out');
  assert.deepEqual(
    out.map((r) => r.partition),
    [1, 1],
    'output partition is that of the original flow',
  );
  assert.deepEqual(paths(pipeline), [
    [65001, 7],
    [65002, 7],
  ]);
  const farShard = 1 - nearShard;
  assert.deepEqual(headersOf(out[1]), {
    own: 'x',
    'flowrib.topic': 'flows',
    'flowrib.partition': '1',
    'flowrib.offset': '1',
    'flowrib.routes': `${farShard}:${pipeline.kafka.log('app.routes', farShard).length}`,
  });
});

test('every flow read is counted once, and the results sum to what was read', async () => {
  const pipeline = await started();
  await pipeline.own([nearShard], [0]);
  const values = [
    flow(near),
    flow(near, '11.1.1.1'),
    flow(far),
    Buffer.from([1, 2, 3]),
    null,
    buildFlowRecord({ dstAddr: '10.1.1.1' }),
  ];
  for (const value of values) pipeline.kafka.produce('flows', 0, { value });
  await pipeline.flowConsumer.poll();
  const results = flowResults(pipeline.counters);
  assert.equal(
    results.reduce((sum, r) => sum + r.count, 0),
    values.length,
  );
  assert.equal(pipeline.counters.read, values.length);
  const of = (name: string): number | undefined => results.find((r) => r.result === name)?.count;
  assert.deepEqual(['enriched', 'no-route', 'forwarded', 'dead-lettered', 'no-router'].map(of), [1, 1, 1, 2, 1]);
  assert.equal(
    pipeline.kafka.all('out').length + pipeline.kafka.all('app.repartition').length + pipeline.kafka.all('dead').length,
    values.length,
  );
});

test('a shard that stays is not loaded again; one that is lost and regained is', async () => {
  const pipeline = await started();
  await pipeline.own([0, 1], [0]);
  assert.equal(pipeline.host.restoresStarted, 2);
  const kept = pipeline.host.serving(nearShard)?.rib;
  await pipeline.own([nearShard], [0]);
  assert.equal(pipeline.host.restoresStarted, 2);
  assert.equal(pipeline.host.serving(nearShard)?.rib, kept);
  assert.equal(pipeline.host.serving(1 - nearShard), null);
  await pipeline.own([0, 1], [0]);
  assert.equal(pipeline.host.restoresStarted, 3);
});

test('two assignments in a row: the first one, still preparing, starts nothing', async () => {
  const pipeline = await started();
  pipeline.kafka.produce('flows', 0, { value: flow(near) });
  await pipeline.flowConsumer.assign([
    { topic: 'flows', partition: 0 },
    { topic: 'app.repartition', partition: 0 },
  ]);
  await pipeline.flowConsumer.assign([
    { topic: 'flows', partition: 0 },
    { topic: 'app.repartition', partition: 1 },
  ]);
  await pipeline.reader.poll();
  await settle();
  assert.deepEqual(
    pipeline.host.all().map((h) => h.shard),
    [1],
  );
  assert.deepEqual([...pipeline.flowConsumer.started.keys()].sort(), ['app.repartition/1', 'flows/0']);
  assert.deepEqual(pipeline.failures, []);
});

test('offsets are committed after the output, before a rejoin; a restart goes on there', async () => {
  const pipeline = await started();
  await pipeline.own([0, 1], [0, 1]);
  for (let i = 0; i < 3; i++) pipeline.kafka.produce('flows', 0, { value: flow(near) });
  await pipeline.flowConsumer.poll(2);
  await pipeline.own([0, 1], [0, 1]);
  assert.equal(pipeline.kafka.commits.get('app/flows/0'), 3);
  await pipeline.flowConsumer.poll();
  assert.equal(pipeline.counters.read, 3);
});

test('startAt latest is resolved once and committed before the first fetch', async () => {
  const pipeline = await started({ startAt: 'latest' });
  for (let i = 0; i < 3; i++) pipeline.kafka.produce('flows', 0, { value: flow(near) });
  await pipeline.own([0, 1], [0, 1]);
  assert.equal(pipeline.kafka.commits.get('app/flows/0'), 3);
  pipeline.kafka.produce('flows', 0, { value: flow(near) });
  await pipeline.own([0, 1], [0, 1]);
  await pipeline.flowConsumer.poll();
  assert.equal(pipeline.counters.read, 1, 'what came after the first start is read, though nothing was read before');
});

test('a position that the log no longer has wipes the shard and restores it, and flows wait for it', async () => {
  const pipeline = await started();
  await pipeline.own([0, 1], [0]);
  const before = pipeline.host.serving(nearShard);
  pipeline.reader.loseOffset(nearShard, 0, 4);
  assert.equal(pipeline.host.serving(nearShard), null);
  assert.equal(pipeline.enrichStage.state, 'restoring');
  pipeline.kafka.produce('flows', 0, { value: flow(near) });
  await pipeline.flowConsumer.poll();
  assert.equal(pipeline.counters.read, 0);
  await pipeline.reader.poll();
  assert.notEqual(pipeline.host.serving(nearShard)?.rib, before?.rib);
  assert.equal(pipeline.enrichStage.state, 'running');
  await pipeline.flowConsumer.poll();
  assert.deepEqual(paths(pipeline), [[65001, 7]]);
});

test('the lag is known while the shards are still being restored', async () => {
  const pipeline = await started();
  for (let i = 0; i < 3; i++) pipeline.kafka.produce('flows', 0, { value: flow(near) });
  await pipeline.flowConsumer.assign([
    { topic: 'flows', partition: 0 },
    { topic: 'app.repartition', partition: nearShard },
  ]);
  assert.equal(pipeline.enrichStage.state, 'restoring');
  const lag = pipeline.enrichStage.lags().find(({ at }) => at.topic === 'flows');
  assert.equal(lag?.records, 3);
});

test('a flow topic that was created anew is read from its start, whatever was committed of the former one', async () => {
  const pipeline = await started();
  await pipeline.own([0, 1], [0]);
  for (let i = 0; i < 2; i++) pipeline.kafka.produce('flows', 0, { value: flow(near) });
  await pipeline.flowConsumer.poll();
  await pipeline.own([0, 1], []);
  pipeline.kafka.createTopic('flows', 2);
  for (let i = 0; i < 5; i++) pipeline.kafka.produce('flows', 0, { value: flow(near) });
  await pipeline.own([0, 1], [0]);
  await pipeline.flowConsumer.poll();
  assert.equal(pipeline.counters.read, 7);
});
