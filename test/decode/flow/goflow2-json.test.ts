import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGoflow2JsonDecoder } from '../../../src/decode/flow/goflow2-json.ts';
import { namingPascal, namingPascalAcronym, namingSnake } from '../../../src/model/flow-layout.ts';
import { absent, Flow } from '../../../src/model/flow.ts';
import { flowView, recordedValues } from '../../support/flows.ts';

function decode(text: string | Buffer): Flow {
  const value = Buffer.from(text);
  const decoder = createGoflow2JsonDecoder();
  const flow = new Flow();
  assert.equal(decoder.begin(value, 0, value.length), 1);
  assert.equal(decoder.read(0, flow), true, JSON.stringify(decoder.error));
  return flow;
}

function refusal(text: string): { code: string; offset: number } {
  const value = Buffer.from(text);
  const decoder = createGoflow2JsonDecoder();
  const ok = decoder.begin(value, 0, value.length) === 1 && decoder.read(0, new Flow());
  assert.equal(ok, false, text);
  return { code: decoder.error.code, offset: decoder.error.offset };
}

function namingOf(text: string): number {
  const value = Buffer.from(text);
  const decoder = createGoflow2JsonDecoder();
  decoder.begin(value, 0, value.length);
  const flow = new Flow();
  assert.equal(decoder.read(0, flow), true);
  return flow.layout.naming;
}

void test('v2 names', () => {
  const flow =
    decode(`{"type":"IPFIX","time_received_ns":1795535038052999999,"sampling_rate":100,"sampler_address":"192.0.2.1",
    "time_flow_start_ns":1795535037500000000,"time_flow_end_ns":"2026-11-24T15:43:57.900123456Z","bytes":1099511627776,"packets":10,
    "src_addr":"2001:db8:9::7","dst_addr":"::ffff:198.51.100.9","proto":"ICMPv6","src_port":1,"dst_port":443,"in_if":1,"out_if":4294967295,
    "src_as":4200000001,"dst_as":0,"next_hop":"","src_net":"2001:db8:9::/48","dst_net":"198.51.100.0/24","bgp_next_hop":"",
    "as_path":[],"ingress_vrf_id":7,"extra":{"a":[1,{"b":null}]}}`);
  assert.deepEqual(flowView(flow), {
    exporter: '192.0.2.1',
    srcAddr: '2001:db8:9::7',
    dstAddr: '198.51.100.9',
    nextHop: '',
    bgpNextHop: '',
    srcPort: 1,
    dstPort: 443,
    proto: 58,
    bytes: 1_099_511_627_776,
    packets: 10,
    samplingRate: 100,
    inIf: 1,
    outIf: 4_294_967_295,
    srcAs: 4_200_000_001,
    dstAs: 0,
    srcNetLen: 48,
    dstNetLen: 24,
    timeReceivedMs: 1_795_535_038_052,
    timeStartMs: 1_795_535_037_500,
    timeEndMs: Date.UTC(2026, 10, 24, 15, 43, 57, 900),
    ingressVrfId: 7,
    egressVrfId: absent,
    rd: '',
    vrf: '',
  });
});

void test('v1 names, numbers and seconds; lists without commas', () => {
  const flow = decode(`{"Type":"SFLOW_5","TimeReceived":1700000001,"TimeFlowStart":1700000000,"TimeFlowEnd":1700000002,
    "TimeFlowEndMs":1700000002345,"SamplerAddress":"192.0.2.1","SrcAddr":"192.0.2.7","DstAddr":"198.51.100.9","Proto":17,"ProtoName":"UDP",
    "SrcAS":64500,"DstAS":64501,"SrcNet":24,"DstNet":20,"IngressVrfID":3,"EgressVrfId":4,"BgpNextHop":"","ASPath":[64500 64501]}`);
  assert.equal(flow.timeReceivedMs, 1_700_000_001_000);
  assert.equal(flow.timeStartMs, 1_700_000_000_000);
  assert.equal(flow.timeEndMs, 1_700_000_002_345);
  assert.equal(flow.proto, 17);
  assert.equal(flow.srcAs, 64_500);
  assert.deepEqual([flow.srcNetLen, flow.dstNetLen], [24, 20]);
  assert.deepEqual([flow.ingressVrfId, flow.egressVrfId], [3, 4]);
});

void test('how names are spelt', () => {
  assert.equal(namingOf('{"src_as":1}'), namingSnake);
  assert.equal(namingOf('{"SamplerAddress":"","SrcAS":1,"DstAddr":""}'), namingPascalAcronym);
  assert.equal(namingOf('{"ASPath":[]}'), namingPascalAcronym);
  assert.equal(namingOf('{"SrcAs":1,"AsPath":[],"NextHopAs":0}'), namingPascal);
  assert.equal(namingOf('{}'), namingSnake);
});

void test('values of another kind, or out of range, are absent', () => {
  const flow = decode(
    '{"bytes":-1,"packets":1.5,"src_port":null,"dst_port":"443","in_if":[1],"out_if":1e3,"src_as":4294967296,"proto":"NOPE","src_addr":7,"time_received_ns":0,"src_net":"invalid Prefix","dst_net":"10.0.0.0/129"}',
  );
  assert.deepEqual(
    [flow.bytes, flow.packets, flow.srcPort, flow.inIf, flow.srcAs],
    [absent, absent, absent, absent, absent],
  );
  assert.deepEqual([flow.dstPort, flow.outIf], [443, 1000]);
  assert.deepEqual([flow.proto, flow.timeReceivedMs, flow.srcNetLen, flow.dstNetLen], [absent, absent, absent, absent]);
  assert.equal(flow.srcAddr.family, 0);
});

void test('counters beyond 2^53 keep all their digits', () => {
  const flow = decode('{"bytes":18446744073709551615,"packets":9007199254740991}');
  assert.deepEqual([flow.bytes, flow.exactBytes], [Number.MAX_SAFE_INTEGER, '18446744073709551615']);
  assert.deepEqual([flow.packets, flow.exactPackets], [Number.MAX_SAFE_INTEGER, '9007199254740991']);
});

void test('escapes in wanted strings', () => {
  assert.equal(decode('{"src_addr":"192\\u002e0.2.7"}').srcAddr.toString(), '192.0.2.7');
});

void test('the last of two equal members counts', () => {
  assert.equal(decode('{"src_as":1,"src_as":2}').srcAs, 2);
});

void test('what is no JSON object is refused where it stops being one', () => {
  const value = Buffer.alloc(0);
  const decoder = createGoflow2JsonDecoder();
  assert.equal(decoder.begin(value, 0, 0), -1);
  assert.equal(decoder.error.code, 'flow-empty');
  assert.deepEqual(refusal('[1]'), { code: 'flow-malformed', offset: 0 });
  assert.deepEqual(refusal('{"bytes":1,"packets":'), { code: 'flow-truncated', offset: 21 });
  assert.deepEqual(refusal('{"bytes":1'), { code: 'flow-truncated', offset: 10 });
  assert.deepEqual(refusal('{"bytes":1}x'), { code: 'flow-malformed', offset: 11 });
  assert.deepEqual(refusal('{"bytes":01}'), { code: 'flow-malformed', offset: 10 });
  assert.deepEqual(refusal('{"a":"b"c"}'), { code: 'flow-malformed', offset: 8 });
  for (const text of [
    '{,}',
    '{"a":1,}',
    '{"a" 1}',
    '{"a":tru}',
    '{"a":"\\x"}',
    '{"a":[1,]}',
    '{"a":{"b"}}',
    '{"a":--1}',
    '{"a":1.}',
    '{"a":1e}',
  ])
    refusal(text);
  refusal(`{"a":${'['.repeat(100)}${']'.repeat(100)}}`);
});

void test('recorded flows: the same values as JSON.parse reads', () => {
  for (const file of ['goflow2-json.jsonl', 'goflow2-vrf-json.jsonl']) {
    for (const value of recordedValues(file)) {
      const flow = decode(value);
      const other = JSON.parse(value.toString()) as Record<string, string | number | undefined>;
      assert.equal(flow.exporter.toString(), other['sampler_address']);
      assert.equal(flow.dstAddr.toString(), other['dst_addr']);
      assert.equal(flow.bytes, other['bytes']);
      assert.equal(flow.srcAs, other['src_as'] ?? absent);
      assert.equal(flow.ingressVrfId, other['ingress_vrf_id'] ?? absent);
      const digits = /"time_received_ns":(\d+)/.exec(value.toString());
      assert.equal(flow.timeReceivedMs, Number(BigInt(digits?.[1] ?? 0) / 1_000_000n));
    }
  }
});
