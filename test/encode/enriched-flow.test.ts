import assert from 'node:assert/strict';
import { test } from 'node:test';
import avro from 'avsc';
import { readFileSync } from 'node:fs';
import { ByteWriter } from '../../src/base/byte-writer.ts';
import { ConfigError } from '../../src/base/errors.ts';
import { Attribution } from '../../src/encode/attribution.ts';
import { enrichedFlowSchema } from '../../src/encode/avro.ts';
import { flowEncoder } from '../../src/encode/formats.ts';
import {
  decidedByNextHop,
  statusNames,
  statusNoRoute,
  tierReference,
  viewAdjRibInPost,
} from '../../src/model/answer.ts';
import type { EnrichedFlow } from '../../src/model/answer.ts';
import { Flow } from '../../src/model/flow.ts';
import { enrichedBy, matchedAnswer, unmatchedAnswer, type AnswerFields } from '../support/route-answers.ts';

const attribution = new Attribution({ asn: ['flow', 'routing'], net: ['flow', 'routing'] });
const input = { format: 'goflow2-protobuf' };
const empty = Buffer.alloc(0);

function exampleFlow(): Flow {
  const flow = new Flow();
  flow.exporter.parse('192.0.2.1');
  flow.srcAddr.parse('2001:db8:9::7');
  flow.dstAddr.parse('2001:db8:1::1');
  flow.nextHop.parse('2001:db8::5:1');
  flow.bgpNextHop.parse('0.0.0.0');
  flow.srcPort = 443;
  flow.dstPort = 50_000;
  flow.proto = 6;
  flow.bytes = 1500;
  flow.packets = 1;
  flow.samplingRate = 1000;
  flow.inIf = 1;
  flow.outIf = 2;
  flow.timeReceivedMs = 5;
  flow.timeStartMs = 0;
  flow.srcAs = 65_001;
  flow.srcNetLen = 48;
  return flow;
}

const exampleRoute: AnswerFields = {
  prefix: '2001:db8:1::/48',
  asPath: [65_401, 65_402],
  communities: [(65_402 << 16) | 31],
  nextHop: '2001:db8::5:1',
  localPref: 100,
  origin: 0,
  view: viewAdjRibInPost,
  peer: '2001:db8::5:1',
  nextHopMatch: true,
  decidedBy: decidedByNextHop,
  ageMs: 1234,
};

function jsonOf(enriched: EnrichedFlow, flow = exampleFlow()): string {
  const out = new ByteWriter(8);
  flowEncoder({ format: 'json', input, attribution }).encode(empty, 0, 0, flow, enriched, out);
  return out.view().toString();
}

function avroOf(enriched: EnrichedFlow, flow = exampleFlow()): Buffer {
  const out = new ByteWriter(8);
  out.writeText('ab');
  flowEncoder({ format: 'avro', input, attribution, schemaId: 0x01020304 }).encode(empty, 0, 0, flow, enriched, out);
  return Buffer.from(out.view().subarray(2));
}

const exampleText =
  '{"exporter":"192.0.2.1","router":"edge1","src_addr":"2001:db8:9::7","dst_addr":"2001:db8:1::1","src_port":443,"dst_port":50000,' +
  '"proto":6,"bytes":1500,"packets":1,"sampling_rate":1000,"in_if":1,"out_if":2,"next_hop":"2001:db8::5:1","bgp_next_hop":null,' +
  '"rd":null,"vrf":null,"time_received_ms":5,"time_start_ms":0,"time_end_ms":null,"src_as":65001,"dst_as":65402,"src_net_len":48,' +
  '"dst_net_len":48,"src":{"status":"no-route"},"dst":{"status":"matched","prefix":"2001:db8:1::/48","origin_as":65402,' +
  '"neighbor_as":65401,"as_path":[65401,65402],"as_path_text":null,"communities":["65402:31"],"large_communities":[],' +
  '"ext_communities":[],"next_hop":"2001:db8::5:1","local_pref":100,"med":null,"origin":"igp","router":"edge1","tier":"own",' +
  '"view":"adj-rib-in-post","peer":"2001:db8::5:1","path_id":null,"next_hop_match":true,"default_route":false,' +
  '"decided_by":"next-hop","stale":false,"suspect":false,"age_ms":1234}}';

void test('json: the keys of the contract in their order', () => {
  assert.equal(jsonOf(enrichedBy(matchedAnswer(exampleRoute))), exampleText);
});

void test('json: a flow with nothing is all null', () => {
  const record = JSON.parse(
    jsonOf({ ...enrichedBy(unmatchedAnswer(statusNoRoute)), router: '' }, new Flow()),
  ) as object;
  for (const [name, value] of Object.entries(record)) {
    if (name === 'src' || name === 'dst') assert.deepEqual(value, { status: 'no-route' });
    else assert.equal(value, null, name);
  }
});

void test('json: an answer that is not matched is its status alone', () => {
  for (let status = 1; status < statusNames.length; status++) {
    const record = JSON.parse(jsonOf(enrichedBy(unmatchedAnswer(status)))) as { dst: unknown };
    assert.deepEqual(record.dst, { status: statusNames[status] });
  }
});

void test('json: sets, confederations and every kind of community', () => {
  const { dst } = JSON.parse(
    jsonOf(
      enrichedBy(
        matchedAnswer({
          ...exampleRoute,
          asPath: [
            [3, 65_001, 65_002],
            [4, 65_003, 65_004],
            [2, 3320, 4_200_000_001],
            [1, 7, 8],
          ],
          med: 4_294_967_295,
          origin: 2,
          pathId: 0,
          tier: tierReference,
          stale: true,
          largeCommunities: [[4_200_000_001, 1, 2]],
          extCommunities: [
            0x0002_fde8_0000_0001n,
            0x0003_fde8_ffff_ffffn,
            0x0102_c000_0201_0005n,
            0x0202_fa56_ea01_0007n,
            0x4302_0000_0000_00ffn,
            0x0004_fde8_0000_0001n,
          ],
        }),
      ),
    ),
  ) as { dst: Record<string, unknown> };
  assert.equal(dst['as_path_text'], '(65001 65002) [65003,65004] 3320 4200000001 {7,8}');
  assert.deepEqual(dst['as_path'], [65_001, 65_002, 65_003, 65_004, 3320, 4_200_000_001, 7, 8]);
  assert.equal(dst['origin_as'], null);
  assert.equal(dst['neighbor_as'], 3320);
  assert.equal(dst['med'], 4_294_967_295);
  assert.equal(dst['origin'], 'incomplete');
  assert.equal(dst['path_id'], 0);
  assert.equal(dst['tier'], 'reference');
  assert.deepEqual(dst['large_communities'], ['4200000001:1:2']);
  assert.deepEqual(dst['ext_communities'], [
    'rt:65000:1',
    'soo:65000:4294967295',
    'rt:192.0.2.1:5',
    'rt:4200000001:7',
    '0x43020000000000ff',
    '0x0004fde800000001',
  ]);
});

void test('json: names are escaped', () => {
  const text = jsonOf({ ...enrichedBy(matchedAnswer({ ...exampleRoute, router: 'a"b' })), router: 'ü\n' });
  const record = JSON.parse(text) as { router: string; dst: { router: string } };
  assert.equal(record.router, 'ü\n');
  assert.equal(record.dst.router, 'a"b');
  assert.ok(!text.includes('\n'));
});

void test('json: counters beyond 2^53 have all their digits', () => {
  const flow = exampleFlow();
  flow.bytes = Number.MAX_SAFE_INTEGER;
  flow.exactBytes = '18446744073709551615';
  flow.packets = Number.MAX_SAFE_INTEGER;
  flow.exactPackets = '9007199254740993';
  const text = jsonOf({ ...enrichedBy(matchedAnswer(exampleRoute)), router: '"bytes":9007199254740990' }, flow);
  assert.match(text, /"proto":6,"bytes":18446744073709551615,"packets":9007199254740993,"sampling_rate":1000/);
  assert.equal((JSON.parse(text) as { router: string }).router, '"bytes":9007199254740990');
});

void test('json: RD and VRF of the flow, else the name of the VRF that was looked up in', () => {
  const of = (rd: string, vrf: string, lookedUp: string): unknown[] => {
    const flow = exampleFlow();
    flow.rd = rd;
    flow.vrf = vrf;
    const record = JSON.parse(jsonOf({ ...enrichedBy(unmatchedAnswer(statusNoRoute)), vrf: lookedUp }, flow)) as Record<
      string,
      unknown
    >;
    return [record['rd'], record['vrf']];
  };
  assert.deepEqual(of('', '', ''), [null, null]);
  assert.deepEqual(of('0:65000:11', '', 'blue'), ['0:65000:11', 'blue']);
  assert.deepEqual(of('', 'Blue-1', 'blue'), [null, 'Blue-1']);
});

void test('avro: framed, and read back by the schema as the same record', () => {
  const schema = readFileSync(new URL('../../schemas/enriched-flow.avsc', import.meta.url), 'utf8');
  const reader = avro.Type.forSchema(JSON.parse(schema) as avro.Schema);
  assert.equal(enrichedFlowSchema(), schema);
  for (const enriched of [
    enrichedBy(matchedAnswer(exampleRoute), matchedAnswer({ ...exampleRoute, asPath: [[1, 4_200_000_001]] })),
    enrichedBy(matchedAnswer({ prefix: '0.0.0.0/0', asPath: Array.from({ length: 2000 }, (_, i) => i + 1) })),
    enrichedBy(unmatchedAnswer(statusNoRoute)),
  ]) {
    const value = avroOf(enriched);
    assert.deepEqual([...value.subarray(0, 5)], [0, 1, 2, 3, 4]);
    const read: unknown = JSON.parse(JSON.stringify(reader.fromBuffer(value.subarray(5))));
    const expected = JSON.parse(jsonOf(enriched)) as Record<string, Record<string, unknown>>;
    for (const side of ['src', 'dst']) {
      expected[side] = { ...Object.fromEntries(routeKeys(schema)), ...expected[side] };
    }
    assert.deepEqual(read, expected);
  }
});

function routeKeys(schema: string): [string, null][] {
  const { fields } = JSON.parse(schema) as { fields: { name: string; type: { fields: { name: string }[] } }[] };
  const route = fields.find((field) => field.name === 'src');
  return (route?.type.fields ?? []).map((field) => [field.name, null]);
}

void test('avro: the schema has the keys of the contract in their order', () => {
  const schema = JSON.parse(enrichedFlowSchema()) as { fields: { name: string }[] };
  assert.deepEqual(
    schema.fields.map((field) => field.name),
    Object.keys(JSON.parse(exampleText) as object),
  );
  assert.deepEqual(
    routeKeys(enrichedFlowSchema()).map(([name]) => name),
    Object.keys((JSON.parse(exampleText) as { dst: object }).dst),
  );
});

void test('formats that cannot be are refused', () => {
  assert.throws(() => flowEncoder({ format: 'avro', input, attribution }), ConfigError);
  assert.throws(() => flowEncoder({ format: 'xml', input, attribution }), ConfigError);
  assert.throws(() => flowEncoder({ format: 'native', input: { format: 'json' }, attribution }), ConfigError);
});
