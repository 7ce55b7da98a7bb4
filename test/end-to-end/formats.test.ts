/** The output formats and compressions through a real Kafka, Avro with a real schema registry, each read back by somebody else's code. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import { buildFlowJson, buildFlowRecord, type FlowFields } from '../../dev/flow-builder.ts';
import { startRegistry, type StartedRegistry } from '../../dev/registry.ts';
import { Application, type ApplicationOptions } from '../support/application.ts';
import { endOfRib, initiation, type PeerOptions, peerUp, routeMonitoring } from '../support/bmp-builder.ts';
import { readFlowMessage } from '../support/flow-proto.ts';
import { obmpText } from '../support/obmp-builder.ts';

const router = '192.0.2.1';
const peer: PeerOptions = {
  address: '198.51.100.9',
  as: 65001,
  bgpId: '198.51.100.9',
  timestampMs: 1000,
  isPostPolicy: true,
};
const bmp = [
  initiation({ sysName: 'edge' }),
  peerUp(peer, { sentOpen: { as: 64999 }, receivedOpen: { as: 65001 } }),
  routeMonitoring(peer, {
    origin: 0,
    asPath: [65001, 4_200_000_001],
    nextHop: '198.51.100.9',
    communities: ['65001:7'],
    announced: ['10.0.0.0/8'],
  }),
  endOfRib(peer),
].map((message) => obmpText(message, { router }));
const flow: FlowFields = {
  type: 4,
  samplerAddress: router,
  srcAddr: '172.16.0.1',
  dstAddr: '10.1.2.3',
  bytes: 1234,
  packets: 2,
  proto: 6,
  timeReceivedMs: 1_795_535_038_074,
  extraNs: 123_457,
  asPath: [1, 2, 3],
};

/** Runs one flow through an application and returns its output value. */
async function enrich(options: ApplicationOptions, value: Buffer): Promise<Buffer> {
  const app = await Application.create({ flowPartitions: 1, shards: 2, ...options });
  after(() => app.stopAll());
  await app.produceBmp(bmp.map((record) => ({ value: record })));
  await app.start();
  await app.routesApplied();
  await app.produceFlows([{ value }]);
  const [record] = await app.output(1);
  assert.ok(record.value !== null);
  await app.stopAll();
  return record.value;
}

for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
  test(`native protobuf, ${compression}: read by protobufjs with goflow2's own schema`, async () => {
    const value = await enrich({ outputFormat: 'native', compression }, buildFlowRecord(flow));
    const read = readFlowMessage(value);
    assert.deepEqual(read['as_path'], [65001, 4_200_000_001]);
    assert.deepEqual(read['bgp_communities'], [65001 * 65536 + 7]);
    assert.equal(read['next_hop_as'], 65001);
    assert.equal(String(read['bytes']), '1234');
  });
}

test('native goflow2 JSON keeps 64-bit numbers exact', async () => {
  const text = buildFlowJson(flow);
  const value = await enrich({ flowFormat: 'goflow2-json', outputFormat: 'native' }, Buffer.from(text));
  const out = value.toString();
  const [time] = /"time_received_ns":\d+/.exec(text) ?? [];
  assert.ok(time !== undefined && time.endsWith('123457') && out.includes(time), out);
  const read = JSON.parse(out) as { as_path: number[]; bgp_communities: number[]; dst_addr: string };
  assert.deepEqual(read.as_path, [65001, 4_200_000_001]);
  assert.deepEqual(read.bgp_communities, [65001 * 65536 + 7]);
  assert.equal(read.dst_addr, '10.1.2.3');
});

let registry: StartedRegistry;
before(async () => {
  registry = await startRegistry();
});
after(() => registry.stop());

test('avro: registered before the first record, read by the registry client', async () => {
  const value = await enrich(
    { outputFormat: 'avro', extra: `schemaRegistry: {url: "${registry.url}"}` },
    buildFlowRecord(flow),
  );
  const read = (await new SchemaRegistry({ host: registry.url }).decode(value)) as {
    exporter: string;
    dst: { status: string; as_path: number[]; communities: string[]; view: string };
  };
  assert.equal(read.exporter, router);
  assert.equal(read.dst.status, 'matched');
  assert.deepEqual(read.dst.as_path, [65001, 4_200_000_001]);
  assert.deepEqual(read.dst.communities, ['65001:7']);
  assert.equal(read.dst.view, 'adj-rib-in-post');
});
