import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildFlowRecord, type FlowFields, varint } from '../../dev/flow-builder.ts';
import { ByteWriter } from '../../src/base/byte-writer.ts';
import { createGoflow2ProtobufDecoder } from '../../src/decode/flow/goflow2-protobuf.ts';
import { Attribution, type AttributionOptions } from '../../src/encode/attribution.ts';
import { flowEncoder } from '../../src/encode/formats.ts';
import { type EnrichedFlow, statusNoRoute } from '../../src/model/answer.ts';
import { Flow } from '../../src/model/flow.ts';
import { readFlowMessage } from '../support/flow-proto.ts';
import { recordedValues } from '../support/flows.ts';
import { enrichedBy, matchedAnswer, unmatchedAnswer } from '../support/route-answers.ts';

const defaults: AttributionOptions = { asn: ['flow', 'routing'], net: ['flow', 'routing'] };

function encode(value: Buffer, enriched: EnrichedFlow, options: AttributionOptions = defaults): Buffer {
  const input = createGoflow2ProtobufDecoder();
  const encoder = flowEncoder({ format: 'native', input, attribution: new Attribution(options) });
  const flow = new Flow();
  const out = new ByteWriter(8);
  // Neither the record nor the output begin at 0.
  const buffer = Buffer.concat([Buffer.from('xyz'), value, Buffer.from('z')]);
  out.writeText('ab');
  assert.equal(input.begin(buffer, 3, 3 + value.length), 1);
  assert.equal(input.read(0, flow), true);
  encoder.encode(buffer, 3, 3 + value.length, flow, enriched, out);
  assert.equal(out.view().toString('latin1', 0, 2), 'ab');
  return Buffer.from(out.view().subarray(2));
}

const route = {
  prefix: '100.64.0.0/10',
  asPath: [65_001, 4_200_000_001, 3320],
  communities: [(65_001 << 16) | 7, 0xffffff01 | 0],
  nextHop: '192.0.2.9',
};
const none = unmatchedAnswer(statusNoRoute);

const given: FlowFields = {
  type: 1,
  samplerAddress: '192.0.2.1',
  srcAddr: '192.0.2.7',
  dstAddr: '100.64.1.1',
  nextHop: '192.0.2.8',
  nextHopAs: 64_999,
  srcAs: 64_500,
  dstNet: 24,
  bgpNextHop: '192.0.2.8',
  bgpCommunities: [1, 2, 3],
  asPath: [64_999, 64_998],
  timeReceivedMs: 1_795_535_038_052,
  extraNs: 64_209,
};

void test('a matched destination replaces what the flow had', () => {
  const out = encode(buildFlowRecord(given), enrichedBy(matchedAnswer(route)));
  assert.deepEqual(readFlowMessage(out), {
    ...readFlowMessage(buildFlowRecord(given)),
    next_hop_as: 65_001,
    dst_as: 3320,
    bgp_next_hop: 'c0000209',
    bgp_communities: [4_259_905_543, 4_294_967_041],
    as_path: [65_001, 4_200_000_001, 3320],
  });
});

void test('a plain message stays plain', () => {
  const out = encode(buildFlowRecord(given, { delimited: false }), enrichedBy(matchedAnswer(route)));
  assert.deepEqual(
    readFlowMessage(out, false),
    readFlowMessage(encode(buildFlowRecord(given), enrichedBy(matchedAnswer(route)))),
  );
});

void test('an unmatched destination leaves the record as it came', () => {
  const value = buildFlowRecord(given);
  assert.deepEqual(encode(value, enrichedBy(none)), value);
});

void test('what the route lacks is taken away but for the next hop, what the chains refuse becomes zero', () => {
  const bare = matchedAnswer({ prefix: '100.64.0.0/10', asPath: [[1, 7, 8]], neighborAs: -1, originAs: -1 });
  const fields = readFlowMessage(
    encode(buildFlowRecord(given), enrichedBy(bare), { asn: ['routing'], net: ['routing'] }),
  );
  assert.deepEqual(fields['as_path'], [7, 8]);
  for (const name of ['next_hop_as', 'bgp_communities', 'src_as', 'dst_as', 'src_net']) {
    assert.equal(fields[name], undefined, name);
  }
  assert.equal(fields['dst_net'], 10);
  assert.equal(fields['bgp_next_hop'], 'c0000208');
});

void test("the next hop of a router's own route is no next hop: the flow keeps what it had", () => {
  for (const nextHop of ['0.0.0.0', '::']) {
    const own = matchedAnswer({ ...route, nextHop });
    const fields = readFlowMessage(encode(buildFlowRecord(given), enrichedBy(own)));
    assert.equal(fields['bgp_next_hop'], 'c0000208', nextHop);
  }
});

void test('source and destination by the chains', () => {
  const src = matchedAnswer({ prefix: '192.0.2.0/25', asPath: [65_001, 3356] });
  const fields = readFlowMessage(
    encode(buildFlowRecord(given), enrichedBy(none, src), { asn: ['routing', 'flow'], net: ['routing', 'flow'] }),
  );
  assert.equal(fields['src_as'], 3356);
  assert.equal(fields['src_net'], 25);
  assert.equal(fields['dst_net'], 24);
  assert.deepEqual(fields['as_path'], [64_999, 64_998]);
});

void test('an IPv6 next hop with a link-local one gives the global one', () => {
  const v6 = matchedAnswer({ ...route, prefix: '2001:db8::/32', nextHop: '2001:db8::5', linkLocal: 'fe80::1' });
  assert.equal(
    readFlowMessage(encode(buildFlowRecord(given), enrichedBy(v6)))['bgp_next_hop'],
    '20010db8000000000000000000000005',
  );
});

void test('unpacked repeated fields and fields that occur twice are replaced wholly', () => {
  const unpacked = Array.from({ length: 40 }, (_, i) => [
    ...varint(BigInt(102 * 8)),
    ...varint(BigInt(64_000 + i)),
  ]).flat();
  const tail = [...varint(14n * 8n), 5, ...varint(14n * 8n), 6, ...varint(1000n * 8n + 2n), 2, 0xaa, 0xbb];
  const message = Buffer.concat([buildFlowRecord(given, { delimited: false }), Buffer.from([...unpacked, ...tail])]);
  const value = Buffer.concat([Buffer.from(varint(BigInt(message.length))), message]);
  const out = encode(
    value,
    enrichedBy(matchedAnswer(route), matchedAnswer({ prefix: '192.0.2.0/24', asPath: [3356] })),
    {
      asn: ['routing'],
      net: ['flow'],
    },
  );
  const fields = readFlowMessage(out);
  assert.deepEqual(fields['as_path'], route.asPath);
  assert.equal(fields['src_as'], 3356);
  assert.ok(out.includes(Buffer.from([0xc2, 0x3e, 2, 0xaa, 0xbb])), 'unknown fields are kept');
});

void test('recorded flows: everything else is kept, by an independent reader', () => {
  const enriched = enrichedBy(matchedAnswer(route));
  for (const file of ['goflow2-bin.jsonl', 'goflow2-vrf.jsonl']) {
    for (const value of recordedValues(file)) {
      const before = readFlowMessage(value);
      const after = readFlowMessage(encode(value, enriched));
      assert.deepEqual(after, {
        ...before,
        next_hop_as: 65_001,
        dst_as: before['dst_as'] ?? 3320,
        dst_net: before['dst_net'] ?? 10,
        bgp_next_hop: 'c0000209',
        bgp_communities: [4_259_905_543, 4_294_967_041],
        as_path: [65_001, 4_200_000_001, 3320],
      });
      assert.deepEqual(encode(value, enrichedBy(none)), value);
    }
  }
});
