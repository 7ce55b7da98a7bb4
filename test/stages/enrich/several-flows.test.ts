/** Records of several flows: each becomes an output record of its own, is handed on or refused by itself, and counted once. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { flowDecoder } from '../../../src/decode/flow/formats.ts';
import { Attribution } from '../../../src/encode/attribution.ts';
import { flowEncoder } from '../../../src/encode/formats.ts';
import type { RecordSink } from '../../../src/kafka/types.ts';
import { Lookup } from '../../../src/lookup/ladder.ts';
import { createRouterDirectory } from '../../../src/lookup/router-directory.ts';
import { shardOfRouter } from '../../../src/model/router.ts';
import type { DeadLetters } from '../../../src/stages/dead-letters.ts';
import { FlowBatch } from '../../../src/stages/enrich/flow-batch.ts';
import { createFlowCounters, flowResults } from '../../../src/stages/enrich/flow-counters.ts';
import type { ShardHost } from '../../../src/stages/enrich/shard-host.ts';
import { initiation, type PeerOptions, peerUp, routeMonitoring } from '../../support/bmp-builder.ts';
import { obmpBinary } from '../../support/obmp-builder.ts';
import { type DriverRecord, headersOf, MemoryKafka } from '../../support/memory-kafka.ts';
import { Pipeline, type PipelineOptions } from '../../support/stage-pipeline.ts';

const near = '192.0.2.1';
const nearShard = shardOfRouter(near, 2);
const farShard = 1 - nearShard;
const far = ['192.0.2.2', '192.0.2.3', '192.0.2.4', '192.0.2.5'].find((r) => shardOfRouter(r, 2) === farShard) ?? '';

async function started(options: PipelineOptions = {}): Promise<Pipeline> {
  const pipeline = new Pipeline({ flowFormat: 'pmacct-json', outputFormat: 'native', ...options });
  after(() => pipeline.stop());
  await pipeline.start();
  const peer: PeerOptions = { address: '198.51.100.9', as: 65001, bgpId: '198.51.100.9', timestampMs: 1000 };
  const route = { origin: 0, asPath: [65001, 7], nextHop: '198.51.100.9', announced: ['10.0.0.0/8'] };
  const messages = [initiation(), peerUp(peer), routeMonitoring(peer, route)];
  for (const router of [near, far]) {
    for (const message of messages) pipeline.kafka.produce('bmp', 0, { value: obmpBinary(message, { router }) });
  }
  await pipeline.route();
  return pipeline;
}

function flow(router: string, bytes: number, dst = '10.1.1.1'): string {
  return `{"event_type": "purge", "peer_ip_src": "${router}", "ip_src": "172.16.0.1", "ip_dst": "${dst}", "bytes": ${bytes}}`;
}

const marker = '{"event_type": "purge_init", "writer_id": "k/1"}';

function counts(pipeline: Pipeline): Record<string, number> {
  const results = flowResults(pipeline.counters);
  assert.equal(
    results.reduce((sum, { count }) => sum + count, 0),
    pipeline.counters.read,
  );
  return Object.fromEntries(results.filter(({ count }) => count > 0).map(({ result, count }) => [result, count]));
}

function bytesOf({ value }: DriverRecord): number {
  return (JSON.parse(value?.toString() ?? '') as { bytes: number }).bytes;
}

const position = { 'flowrib.topic': 'flows', 'flowrib.partition': '1', 'flowrib.offset': '0' };

test('each flow is an output record with the number of its part; without positions nothing is added', async () => {
  for (const positions of [true, false]) {
    const pipeline = await started({ positions });
    await pipeline.own([0, 1], [0, 1]);
    const value = Buffer.from(`${flow(near, 1)}\n${flow(far, 2, '11.1.1.1')}\n${flow(far, 3)}\n`);
    pipeline.kafka.produce('flows', 1, { key: 'k', value, headers: { own: 'x' }, timestampMs: 7 });
    await pipeline.flowConsumer.poll();
    const out = pipeline.kafka.all('out');
    assert.deepEqual(out.map(bytesOf), [1, 2, 3]);
    assert.deepEqual(
      out.map(({ partition, key, timestampMs }) => [partition, key?.toString(), timestampMs]),
      [
        [1, 'k', 7],
        [1, 'k', 7],
        [1, 'k', 7],
      ],
    );
    assert.equal(out[1].value?.toString(), flow(far, 2, '11.1.1.1'));
    assert.ok(out[0].value?.toString().startsWith(`${flow(near, 1).slice(0, -1)}, `));
    out.forEach((record, part) => {
      const { 'flowrib.routes': routes, ...headers } = headersOf(record);
      assert.equal(routes !== undefined, positions);
      assert.deepEqual(headers, positions ? { own: 'x', ...position, 'flowrib.part': String(part) } : { own: 'x' });
    });
    assert.deepEqual(counts(pipeline), { enriched: 2, 'no-route': 1 });
  }
});

test('a record of one flow has no part, and keeps all its bytes', async () => {
  const pipeline = await started({ positions: true });
  await pipeline.own([0, 1], [0, 1]);
  pipeline.kafka.produce('flows', 0, { value: Buffer.from(`${flow(near, 1, '11.1.1.1')}\n`) });
  await pipeline.flowConsumer.poll();
  const [out] = pipeline.kafka.all('out');
  assert.equal(out.value?.toString(), `${flow(near, 1, '11.1.1.1')}\n`);
  assert.equal(headersOf(out)['flowrib.part'], undefined);
});

test('parts whose shard is elsewhere are handed on by themselves, and go on carrying their number', async () => {
  const pipeline = await started({ positions: true });
  await pipeline.own([nearShard], [0, 1]);
  const value = Buffer.from(`${flow(far, 1)}\n${flow(near, 2)}\n${flow(far, 3)}`);
  pipeline.kafka.produce('flows', 1, { value, headers: { 'flowrib.part': '9' } });
  await pipeline.flowConsumer.poll();
  const handedOn = pipeline.kafka.all('app.repartition');
  assert.deepEqual(
    handedOn.map(({ value: own }) => own?.toString()),
    [flow(far, 1), flow(far, 3)],
  );
  assert.deepEqual(handedOn.map(headersOf), [
    { ...position, 'flowrib.part': '0' },
    { ...position, 'flowrib.part': '2' },
  ]);
  assert.deepEqual(counts(pipeline), { enriched: 1, forwarded: 2 });

  await pipeline.own([0, 1], [0, 1]);
  await pipeline.flowConsumer.poll();
  assert.deepEqual(counts(pipeline), { enriched: 3, forwarded: 2 });
  assert.equal(pipeline.counters.received, 2);
  const out = pipeline.kafka.all('out');
  assert.deepEqual(
    out.map((record) => [
      bytesOf(record),
      record.partition,
      headersOf(record)['flowrib.part'],
      headersOf(record)['flowrib.offset'],
    ]),
    [
      [2, 1, '1', '0'],
      [1, 1, '0', '0'],
      [3, 1, '2', '0'],
    ],
  );
});

test('a bad part among good ones goes to the dead letters alone, markers are counted', async () => {
  const pipeline = await started();
  await pipeline.own([0, 1], [0, 1]);
  const bad = '{"bytes": 1, "packets": }';
  pipeline.kafka.produce('flows', 1, {
    value: Buffer.from(`${marker}\n${flow(near, 1)}\n${bad}\n${flow(far, 2)}\n${marker}`),
  });
  pipeline.kafka.produce('flows', 1, { value: Buffer.from(marker) });
  pipeline.kafka.produce('flows', 1, { value: Buffer.from('[]') });
  pipeline.kafka.produce('flows', 1, { value: Buffer.from('nothing') });
  await pipeline.flowConsumer.poll();
  assert.deepEqual(pipeline.kafka.all('out').map(bytesOf), [1, 2]);
  const [dead, whole] = pipeline.kafka.all('dead');
  assert.equal(dead.value?.toString(), bad);
  assert.deepEqual(headersOf(dead), {
    ...position,
    'flowrib.part': '2',
    'flowrib.stage': 'enrich',
    'flowrib.error-code': 'flow-malformed',
    'flowrib.error': 'in pmacct-json object at byte 24: malformed JSON',
  });
  assert.equal(whole.value?.toString(), 'nothing');
  assert.equal(headersOf(whole)['flowrib.part'], undefined);
  assert.deepEqual(counts(pipeline), { enriched: 2, 'dead-lettered': 2, marker: 4 });
});

test('records of more flows than are decoded ahead', async () => {
  const pipeline = await started({ positions: true });
  await pipeline.own([0, 1], [0, 1]);
  const sizes = [1, 31, 33, 100, 2];
  let next = 0;
  for (const size of sizes) {
    const flows = Array.from({ length: size }, () => flow(next % 3 === 0 ? far : near, next++));
    pipeline.kafka.produce('flows', 1, { value: Buffer.from(flows.join('\n')) });
  }
  await pipeline.flowConsumer.poll();
  const out = pipeline.kafka.all('out');
  assert.deepEqual(
    out.map(bytesOf),
    Array.from({ length: next }, (_, i) => i),
  );
  const parts = out.map((record) => {
    const headers = headersOf(record);
    return [headers['flowrib.offset'], headers['flowrib.part']].join('/');
  });
  const expected = sizes.flatMap((size, offset) =>
    Array.from({ length: size }, (_, i) => `${offset}/${size === 1 ? '' : i}`),
  );
  assert.deepEqual(parts, expected);
  assert.deepEqual(counts(pipeline), { enriched: next });
});

test('an answer names every shard that it is a function of: the router’s and those of its references', async () => {
  const routers = [
    { name: 'near', bmp: [near], references: ['far'] },
    { name: 'far', bmp: [far] },
  ];
  const pipeline = await started({ positions: true, routers });
  await pipeline.own([0, 1], [0, 1]);
  pipeline.kafka.produce('flows', 0, { value: Buffer.from(`${flow(near, 1)}${flow(far, 2)}`) });
  await pipeline.flowConsumer.poll();
  const at = (shard: number): string => `${shard}:${pipeline.kafka.log('app.routes', shard).length}`;
  assert.deepEqual(
    pipeline.kafka.all('out').map((record) => headersOf(record)['flowrib.routes']),
    [`${at(nearShard)},${at(farShard)}`, at(farShard)],
  );
});

test('between two turns of the event loop no record is begun once enough flows are done', () => {
  const kafka = new MemoryKafka();
  kafka.createTopic('flows', 1);
  for (const size of [2, 2, 5, 1]) {
    kafka.produce('flows', 0, { value: Buffer.from(Array.from({ length: size }, () => flow(near, 1)).join('\n')) });
  }
  const decoder = flowDecoder('pmacct-json');
  const attribution = new Attribution({ asn: ['flow'], net: ['flow'] });
  const flowBatch = new FlowBatch({
    inputs: [{ topic: 'flows', decoder, encoder: flowEncoder({ format: 'native', input: decoder, attribution }) }],
    directory: createRouterDirectory([], 2),
    lookup: new Lookup({ views: [0] }),
    host: { serving: () => null } as unknown as ShardHost,
    repartitionTopic: 'app.repartition',
    outputTopic: 'out',
    outputPartitions: 1,
    positions: false,
  });
  let appended = 0;
  const sink: RecordSink = { append: () => void appended++, flush: async () => {}, pendingBytes: () => 0 };
  const counters = createFlowCounters();
  const reached: number[][] = [];
  for (let from = 0; from < 4;) {
    from = flowBatch.process(kafka.batch('flows', 0, 0, 4), from, 4, sink, {} as DeadLetters, counters, 3);
    reached.push([from, appended]);
  }
  assert.deepEqual(reached, [
    [2, 4],
    [3, 9],
    [4, 10],
  ]);
  assert.equal(counters.forwarded, 10);
});
