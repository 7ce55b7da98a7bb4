import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteWriter } from '../../src/base/byte-writer.ts';
import { createGoflow2JsonDecoder } from '../../src/decode/flow/goflow2-json.ts';
import { Attribution, type AttributionOptions } from '../../src/encode/attribution.ts';
import { flowEncoder } from '../../src/encode/formats.ts';
import { type EnrichedFlow, statusNoRoute } from '../../src/model/answer.ts';
import { Flow } from '../../src/model/flow.ts';
import { recordedValues } from '../support/flows.ts';
import { enrichedBy, matchedAnswer, unmatchedAnswer } from '../support/route-answers.ts';

const defaults: AttributionOptions = { asn: ['flow', 'routing'], net: ['flow', 'routing'] };
const routing: AttributionOptions = { asn: ['routing', 'flow'], net: ['routing', 'flow'] };

function encode(text: string, enriched: EnrichedFlow, options: AttributionOptions = defaults): string {
  const input = createGoflow2JsonDecoder();
  const encoder = flowEncoder({ format: 'native', input, attribution: new Attribution(options) });
  const buffer = Buffer.from(`xyz${text}!`);
  const flow = new Flow();
  const out = new ByteWriter(8);
  assert.equal(input.begin(buffer, 3, buffer.length - 1), 1);
  assert.equal(input.read(0, flow), true);
  encoder.encode(buffer, 3, buffer.length - 1, flow, enriched, out);
  return out.view().toString();
}

const dst = matchedAnswer({
  prefix: '100.64.0.0/10',
  asPath: [65_001, 4_200_000_001, 3320],
  communities: [(65_001 << 16) | 7],
  nextHop: '192.0.2.9',
});
const none = unmatchedAnswer(statusNoRoute);

void test('values are replaced in place, the text around them is kept', () => {
  const text =
    ' { "b" : 18446744073709551615 , "src_as":64500, "dst_as" : 0 ,"dst_addr":"100.64.1.200","dst_net":"0.0.0.0/0","é":"\\u00e9","as_path":[1, 2],"bgp_next_hop":"","bgp_communities":[],"next_hop_as":0 } \n';
  assert.equal(
    encode(text, enrichedBy(dst)),
    ' { "b" : 18446744073709551615 , "src_as":64500, "dst_as" : 3320 ,"dst_addr":"100.64.1.200","dst_net":"100.64.0.0/10","é":"\\u00e9","as_path":[65001,4200000001,3320],"bgp_next_hop":"192.0.2.9","bgp_communities":[4259905543],"next_hop_as":65001 } \n',
  );
});

void test('members that are missing are added before the closing brace', () => {
  assert.equal(
    encode('{"time_received_ns":1795535042088709941,"src_as":7}', enrichedBy(dst)),
    '{"time_received_ns":1795535042088709941,"src_as":7,"next_hop_as":65001,"dst_as":3320,"bgp_next_hop":"192.0.2.9","bgp_communities":[4259905543],"as_path":[65001,4200000001,3320]}',
  );
  assert.equal(
    encode('{}', enrichedBy(matchedAnswer({ prefix: '10.0.0.0/8' })), { asn: [], net: [] }),
    '{"bgp_communities":[],"as_path":[]}',
  );
});

void test('what the route lacks is written as nothing where the flow had it, but for the next hop', () => {
  const bare = matchedAnswer({ prefix: '10.0.0.0/8', asPath: [[1, 7, 8]] });
  assert.equal(
    encode('{"next_hop_as":5,"bgp_next_hop":"192.0.2.1"}', enrichedBy(bare), { asn: ['flow'], net: ['flow'] }),
    '{"next_hop_as":0,"bgp_next_hop":"192.0.2.1","bgp_communities":[],"as_path":[7,8]}',
  );
});

void test('v1 spellings', () => {
  assert.equal(
    encode('{"SrcAS":7,"DstAddr":"100.64.1.200","DstNet":24}', enrichedBy(dst), routing),
    '{"SrcAS":7,"DstAddr":"100.64.1.200","DstNet":10,"NextHopAS":65001,"DstAS":3320,"BgpNextHop":"192.0.2.9","BgpCommunities":[4259905543],"ASPath":[65001,4200000001,3320]}',
  );
  assert.equal(
    encode('{"SrcAs":7,"AsPath":[1 2]}', enrichedBy(dst), { asn: ['routing', 'flow'], net: ['flow'] }),
    '{"SrcAs":7,"AsPath":[65001,4200000001,3320],"NextHopAs":65001,"DstAs":3320,"BgpNextHop":"192.0.2.9","BgpCommunities":[4259905543]}',
  );
});

void test('networks are the address cut to the length', () => {
  const src = matchedAnswer({ prefix: '2001:db8:9:4000::/51', asPath: [3356] });
  const text = '{"src_addr":"2001:db8:9:7fff::1","src_net":"2001:db8:9::/48","src_as":1}';
  assert.equal(
    encode(text, enrichedBy(none, src), routing),
    '{"src_addr":"2001:db8:9:7fff::1","src_net":"2001:db8:9:6000::/51","src_as":3356}',
  );
});

void test('recorded flows: unmatched ones stay byte for byte, matched ones differ in our members only', () => {
  const ours = ['next_hop_as', 'bgp_next_hop', 'bgp_communities', 'as_path', 'src_as', 'dst_as', 'src_net', 'dst_net'];
  const strip = (text: string): string =>
    ours.reduce((rest, name) => rest.replace(new RegExp(`,"${name}":("[^"]*"|\\[[^\\]]*\\]|\\d+)`, 'g'), ''), text);
  for (const file of ['goflow2-json.jsonl', 'goflow2-vrf-json.jsonl']) {
    for (const value of recordedValues(file)) {
      const text = value.toString();
      assert.equal(encode(text, enrichedBy(none)), text);
      const out = encode(text, enrichedBy(dst));
      assert.equal(strip(out), strip(text));
      const before = JSON.parse(text) as Record<string, unknown>;
      const after = JSON.parse(out) as Record<string, unknown>;
      assert.deepEqual(after['as_path'], [65_001, 4_200_000_001, 3320]);
      assert.deepEqual(after['bgp_communities'], [4_259_905_543]);
      assert.equal(after['bgp_next_hop'], '192.0.2.9');
      assert.equal(after['next_hop_as'], 65_001);
      assert.equal(after['src_as'], before['src_as']);
      assert.equal(after['dst_as'], before['dst_as'] === undefined || before['dst_as'] === 0 ? 3320 : before['dst_as']);
    }
  }
});
