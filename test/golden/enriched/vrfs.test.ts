/**
 * Flows in VRFs through the whole pipeline, over the recordings of the demo's routers: pmacct's JSON in and `native` and `json` out, and
 * goflow2's with VRF ids mapped. Expected are the distinct answers with the number of flows that got each. UPDATE_GOLDEN=1 writes them anew.
 *
 * pmacct's own answers (nfacctd took the same BMP) are no oracle: it reads the ADD-PATH of these routers wrongly.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRecording } from '../../../demo/feed.ts';
import { flowResults } from '../../../src/stages/enrich/flow-counters.ts';
import type { Vrf } from '../../../src/model/router.ts';
import { recordedValues } from '../../support/flows.ts';
import { assertGoldenLines } from '../../support/golden.ts';
import { Pipeline } from '../../support/stage-pipeline.ts';

const bmp = readRecording('gobmp-raw.jsonl');

function vrf(name: string, id: number, rd: string): Vrf {
  return { name, rds: [rd], localDistinguishers: [], importTargets: new Int32Array(0), ids: [id] };
}

const vrfs = [vrf('customer', 100, '0:65002:100'), vrf('transit', 7, '1:10.99.0.2:7')];
const routers = [
  { name: 'frr', bmp: ['10.99.0.1'], vrfs },
  { name: 'gobgp-2', bmp: ['10.99.0.2'], vrfs },
  { name: 'gobgp-3', bmp: ['10.99.0.3'], vrfs },
];

type JsonRecord = Readonly<Record<string, unknown>>;

async function enrich(flowFormat: string, outputFormat: string, values: readonly Buffer[]): Promise<JsonRecord[]> {
  const pipeline = new Pipeline({ flowFormat, outputFormat, routers });
  await pipeline.start();
  for (const { timestampMs, value } of bmp) pipeline.kafka.produce('bmp', 0, { timestampMs, value });
  await pipeline.route();
  await pipeline.own([0, 1], [0, 1]);
  for (const value of values) pipeline.kafka.produce('flows', 0, { value });
  await pipeline.flowConsumer.poll();
  await pipeline.stop();
  assert.deepEqual(pipeline.failures, []);
  assert.equal(pipeline.kafka.all('dead').length, 0);
  assert.equal(
    flowResults(pipeline.counters).reduce((sum, { count }) => sum + count, 0),
    pipeline.counters.read,
  );
  return pipeline.kafka.all('out').map(({ value }) => JSON.parse(value?.toString() ?? '') as JsonRecord);
}

function distinct(records: readonly unknown[]): unknown[] {
  const counts = new Map<string, number>();
  for (const record of records) {
    const line = JSON.stringify(record);
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  const lines = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  return lines.map(([line, flows]) => ({ ...(JSON.parse(line) as object), flows }));
}

function picked(record: JsonRecord, names: string): JsonRecord {
  return Object.fromEntries(names.split(' ').map((name) => [name, record[name] ?? null]));
}

const pmacct = recordedValues('pmacct-flows.jsonl');

test('pmacct, native', async () => {
  const records = await enrich('pmacct-json', 'native', pmacct);
  assert.equal(records.length, pmacct.length);
  const shown =
    'peer_ip_src ip_dst mpls_vpn_rd peer_ip_dst as_path comms ecomms lcomms local_pref med peer_as_dst as_dst net_dst mask_dst';
  assertGoldenLines('enriched/pmacct-native.expected.jsonl', distinct(records.map((record) => picked(record, shown))));
});

test('pmacct, json; native says the same of the same flow', async () => {
  const records = await enrich('pmacct-json', 'json', pmacct);
  const native = await enrich('pmacct-json', 'native', pmacct);
  const shown = 'exporter router dst_addr bgp_next_hop rd vrf dst_as dst_net_len dst';
  assertGoldenLines('enriched/pmacct-json.expected.jsonl', distinct(records.map((record) => picked(record, shown))));
  records.forEach((record, i) => {
    const dst = record['dst'] as JsonRecord;
    const before = JSON.parse(pmacct[i].toString()) as JsonRecord;
    if (dst['status'] !== 'matched') {
      assert.deepEqual([native[i]['as_path'], native[i]['comms']], [before['as_path'], before['comms']]);
      return;
    }
    const path = (dst['as_path_text'] as string | null) ?? (dst['as_path'] as number[]).join(' ');
    assert.equal(native[i]['as_path'], path.replaceAll(' ', '_'));
    assert.equal(native[i]['lcomms'], (dst['large_communities'] as string[]).join('_'));
    const nextHop = dst['next_hop'];
    const isNamed = nextHop !== null && nextHop !== '0.0.0.0' && nextHop !== '::';
    assert.equal(native[i]['peer_ip_dst'], isNamed ? nextHop : before['peer_ip_dst']);
  });
  const inVrf = records.filter((record) => record['vrf'] === 'customer');
  assert.ok(inVrf.length > 0);
  for (const record of inVrf) assert.equal((JSON.parse(pmacct[records.indexOf(record)].toString()) as JsonRecord)['vrf_id_ingress'], '100');
});

test('goflow2 with mapped VRF ids: protobuf and JSON get the same answers', async () => {
  const shown = 'exporter router dst_addr next_hop vrf src dst';
  const binary = await enrich('goflow2-protobuf', 'json', recordedValues('goflow2-vrf.jsonl'));
  const json = await enrich('goflow2-json', 'json', recordedValues('goflow2-vrf-json.jsonl'));
  const lines = distinct(binary.map((record) => picked(record, shown)));
  assertGoldenLines('enriched/goflow2-vrf.expected.jsonl', lines);
  assert.deepEqual(distinct(json.map((record) => picked(record, shown))), lines);
  assert.deepEqual(new Set(binary.map((record) => record['vrf'])), new Set([null, 'customer', 'transit']));
});
