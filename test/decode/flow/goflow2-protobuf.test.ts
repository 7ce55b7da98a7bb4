import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildFlowRecord, varint } from '../../../dev/flow-builder.ts';
import { flowDecoder } from '../../../src/decode/flow/formats.ts';
import {
  createGoflow2ProtobufDecoder,
  type Goflow2ProtobufOptions,
} from '../../../src/decode/flow/goflow2-protobuf.ts';
import { absent, Flow } from '../../../src/model/flow.ts';
import { readFlowMessage } from '../../support/flow-proto.ts';
import { flowView, recordedValues } from '../../support/flows.ts';

function decode(value: Buffer, options: Goflow2ProtobufOptions = {}): Flow {
  const decoder = createGoflow2ProtobufDecoder(options);
  const flow = new Flow();
  assert.equal(decoder.begin(value, 0, value.length), 1);
  assert.equal(decoder.read(0, flow), true, JSON.stringify(decoder.error));
  return flow;
}

function refusal(value: Buffer, options: Goflow2ProtobufOptions = {}): { code: string; offset: number; field: string } {
  const decoder = createGoflow2ProtobufDecoder(options);
  const ok = decoder.begin(value, 0, value.length) === 1 && decoder.read(0, new Flow());
  assert.equal(ok, false);
  const { code, offset, field } = decoder.error;
  return { code, offset, field };
}

/** v1's messages: numbers only, since its addresses are those of v2. */
function v1Message(fields: [number, bigint][]): Buffer {
  return Buffer.from(fields.flatMap(([field, value]) => [...varint(BigInt(field * 8)), ...varint(value)]));
}

const full = {
  type: 4,
  samplingRate: 1000,
  samplerAddress: '192.0.2.1',
  srcAddr: '2001:db8:9::7',
  dstAddr: '2001:db8:1::1',
  nextHop: '2001:db8::5:1',
  bgpNextHop: '198.51.100.7',
  srcAs: 4_200_000_001,
  dstAs: 65_402,
  srcNet: 48,
  dstNet: 40,
  inIf: 7,
  outIf: 4_294_967_295,
  proto: 6,
  srcPort: 443,
  dstPort: 50_000,
  bytes: 2 ** 40,
  packets: 12,
  ingressVrfId: 17,
  egressVrfId: 18,
  timeReceivedMs: 1_795_535_038_052,
  timeStartMs: 1_795_535_037_000,
  timeEndMs: 1_795_535_037_999,
  extraNs: 999_999,
};

void test('every field, delimited and plain', () => {
  const expected = {
    exporter: '192.0.2.1',
    srcAddr: '2001:db8:9::7',
    dstAddr: '2001:db8:1::1',
    nextHop: '2001:db8::5:1',
    bgpNextHop: '198.51.100.7',
    srcPort: 443,
    dstPort: 50_000,
    proto: 6,
    bytes: 2 ** 40,
    packets: 12,
    samplingRate: 1000,
    inIf: 7,
    outIf: 4_294_967_295,
    srcAs: 4_200_000_001,
    dstAs: 65_402,
    srcNetLen: 48,
    dstNetLen: 40,
    timeReceivedMs: 1_795_535_038_052,
    timeStartMs: 1_795_535_037_000,
    timeEndMs: 1_795_535_037_999,
    ingressVrfId: 17,
    egressVrfId: 18,
    rd: '',
    vrf: '',
  };
  assert.deepEqual(flowView(decode(buildFlowRecord(full))), expected);
  assert.deepEqual(flowView(decode(buildFlowRecord(full, { delimited: false }))), expected);
  assert.deepEqual(flowView(decode(buildFlowRecord(full), { framing: 'delimited' })), expected);
  assert.deepEqual(flowView(decode(buildFlowRecord(full, { delimited: false }), { framing: 'plain' })), expected);
});

void test('a record inside a larger buffer', () => {
  const value = buildFlowRecord({ samplerAddress: '192.0.2.1', srcAs: 5 });
  const buffer = Buffer.concat([Buffer.from([1, 2, 3]), value, Buffer.from([8, 9])]);
  const decoder = createGoflow2ProtobufDecoder();
  const flow = new Flow();
  assert.equal(decoder.begin(buffer, 3, 3 + value.length), 1);
  assert.equal(decoder.read(0, flow), true);
  assert.equal(flow.srcAs, 5);
  assert.equal(flow.layout.messageStart, 4);
  assert.equal(flow.layout.messageEnd, 3 + value.length);
});

void test('a plain message that looks delimited is read as plain', () => {
  // First tag 0x08 is 8, and 8 bytes follow.
  const plain = Buffer.from([0x08, 4, 0x18, 0xe8, 0x07, 0x70, 0xea, 0xfd, 0x03]);
  assert.equal(plain[0], plain.length - 1);
  assert.equal(decode(plain).srcAs, 65_258);
  assert.equal(refusal(plain, { framing: 'delimited' }).code, 'flow-malformed');
});

void test('v1: its own times, and VRF ids under its own numbers', () => {
  const flow = decode(
    v1Message([
      [2, 1_700_000_001n],
      [38, 1_700_000_000n],
      [5, 1_700_000_002n],
      [39, 4n],
      [40, 5n],
    ]),
  );
  assert.equal(flow.timeReceivedMs, 1_700_000_001_000);
  assert.equal(flow.timeStartMs, 1_700_000_000_000);
  assert.equal(flow.timeEndMs, 1_700_000_002_000);
  assert.equal(flow.ingressVrfId, 4);
  assert.equal(flow.egressVrfId, 5);
  const precise = decode(
    v1Message([
      [2, 1n],
      [38, 1_700_000_000n],
      [63, 1_700_000_000_123n],
      [64, 1_700_000_000_456n],
    ]),
  );
  assert.equal(precise.timeStartMs, 1_700_000_000_123);
  assert.equal(precise.timeEndMs, 1_700_000_000_456);
});

void test('counters beyond 2^53 keep all their digits', () => {
  const flow = decode(
    v1Message([
      [9, 0xffff_ffff_ffff_ffffn],
      [10, 9_007_199_254_740_993n],
    ]),
  );
  assert.deepEqual([flow.bytes, flow.exactBytes], [Number.MAX_SAFE_INTEGER, '18446744073709551615']);
  assert.deepEqual([flow.packets, flow.exactPackets], [Number.MAX_SAFE_INTEGER, '9007199254740993']);
  const small = decode(v1Message([[9, 9_007_199_254_740_990n]]));
  assert.deepEqual([small.bytes, small.exactBytes], [9_007_199_254_740_990, '']);
});

void test('field 38 of v2 is ip_flags and no time', () => {
  const flow = decode(
    v1Message([
      [38, 2n],
      [110, 1_795_535_038_052_064_209n],
    ]),
  );
  assert.equal(flow.timeStartMs, absent);
  assert.equal(flow.timeReceivedMs, 1_795_535_038_052);
});

void test("v1's numbers in a message with v2's times are fields of the own mapping", () => {
  const fields: [number, bigint][] = [
    [110, 1_795_535_038_052_064_209n],
    [112, 1_795_535_038_053_000_000n],
  ];
  for (const field of [2n, 5n, 38n, 63n, 64n]) fields.push([Number(field), 7n]);
  const flow = decode(v1Message(fields));
  assert.equal(flow.timeReceivedMs, 1_795_535_038_052);
  assert.equal(flow.timeStartMs, absent);
  assert.equal(flow.timeEndMs, 1_795_535_038_053);
});

void test('VRF ids under numbers of the own mapping', () => {
  const flow = decode(
    v1Message([
      [1005, 12n],
      [1006, 13n],
      [39, 99n],
    ]),
    { ingressVrfField: 1005, egressVrfField: 1006 },
  );
  assert.equal(flow.ingressVrfId, 12);
  assert.equal(flow.egressVrfId, 13);
});

void test('numbers that are left out are zero; times and VRF ids are absent; an exporter is not demanded', () => {
  const flow = decode(buildFlowRecord({ srcAddr: '192.0.2.7' }));
  assert.equal(flow.exporter.family, 0);
  assert.deepEqual([flow.srcAs, flow.bytes, flow.inIf, flow.dstNetLen], [0, 0, 0, 0]);
  assert.deepEqual([flow.timeReceivedMs, flow.timeStartMs, flow.ingressVrfId], [absent, absent, absent]);
});

void test('addresses: v4-mapped ones are unmapped, ones of another size are none', () => {
  const mapped = decode(buildFlowRecord({ samplerAddress: '::ffff:192.0.2.1', dstAddr: '::ffff:198.51.100.1' }));
  assert.equal(mapped.exporter.toString(), '192.0.2.1');
  assert.equal(mapped.dstAddr.toString(), '198.51.100.1');
  assert.equal(decode(Buffer.from([0x32, 3, 1, 2, 3, 0x48, 1])).srcAddr.family, 0);
});

void test('bad records are refused with a code, an offset and a field', () => {
  assert.deepEqual(refusal(Buffer.alloc(0)), { code: 'flow-empty', offset: 0, field: 'message' });
  const value = buildFlowRecord(full, { delimited: false });
  assert.deepEqual(refusal(value.subarray(0, value.length - 1), { framing: 'plain' }), {
    code: 'flow-truncated',
    offset: value.length - 11,
    field: 'message',
  });
  assert.equal(refusal(buildFlowRecord(full).subarray(0, -2), { framing: 'delimited' }).code, 'flow-truncated');
  assert.equal(refusal(Buffer.from([0x0b, 1])).code, 'flow-malformed');
});

void test('an error does not outlive its record', () => {
  const decoder = createGoflow2ProtobufDecoder();
  const flow = new Flow();
  const bad = Buffer.from([0x0b, 1]);
  decoder.begin(bad, 0, 2);
  assert.equal(decoder.read(0, flow), false);
  const good = buildFlowRecord(full);
  decoder.begin(good, 0, good.length);
  assert.equal(decoder.read(0, flow), true);
  assert.equal(decoder.error.code, '');
});

void test('recorded flows: the same values as protobufjs reads', () => {
  for (const file of ['goflow2-bin.jsonl', 'goflow2-vrf.jsonl']) {
    for (const value of recordedValues(file)) {
      const flow = decode(value);
      const other = readFlowMessage(value);
      const number = (name: string): number => Number(other[name] ?? 0);
      assert.equal(flow.bytes, number('bytes'));
      assert.equal(flow.srcAs, number('src_as'));
      assert.equal(flow.dstNetLen, number('dst_net'));
      assert.equal(flow.srcPort, number('src_port'));
      assert.equal(flow.ingressVrfId, Number(other['ingress_vrf_id'] ?? absent));
      assert.equal(flow.timeReceivedMs, Number(BigInt(String(other['time_received_ns'])) / 1_000_000n));
      assert.equal(flow.timeEndMs, Number(BigInt(String(other['time_flow_end_ns'])) / 1_000_000n));
    }
  }
});

void test('flowDecoder knows both formats and no other', () => {
  assert.equal(flowDecoder('goflow2-protobuf').format, 'goflow2-protobuf');
  assert.equal(flowDecoder('goflow2-json').format, 'goflow2-json');
  assert.throws(() => flowDecoder('nonsense'), /unknown format nonsense/);
});
