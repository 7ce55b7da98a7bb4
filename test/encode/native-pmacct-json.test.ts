import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteWriter } from '../../src/base/byte-writer.ts';
import { createPmacctJsonDecoder } from '../../src/decode/flow/pmacct-json.ts';
import { Attribution, type AttributionOptions } from '../../src/encode/attribution.ts';
import { flowEncoder } from '../../src/encode/formats.ts';
import { type EnrichedFlow, statusNoRoute } from '../../src/model/answer.ts';
import { Flow } from '../../src/model/flow.ts';
import { recordedValues } from '../support/flows.ts';
import { enrichedBy, matchedAnswer, unmatchedAnswer } from '../support/route-answers.ts';

const defaults: AttributionOptions = { asn: ['flow', 'routing'], net: ['flow', 'routing'] };
const routing: AttributionOptions = { asn: ['routing', 'flow'], net: ['routing', 'flow'] };
const input = createPmacctJsonDecoder();

/** Each part of the record, encoded. */
function encodeAll(text: string, enriched: EnrichedFlow, options: AttributionOptions): string[] {
  const encoder = flowEncoder({ format: 'native', input, attribution: new Attribution(options) });
  const buffer = Buffer.from(`xyz${text}!`);
  const count = input.begin(buffer, 3, buffer.length - 1);
  return Array.from({ length: count }, (_, index) => {
    const flow = new Flow();
    const out = new ByteWriter(8);
    assert.equal(input.read(index, flow), true, input.error.message);
    encoder.encode(buffer, input.partStart, input.partEnd, flow, enriched, out);
    return out.view().toString();
  });
}

function encode(text: string, enriched: EnrichedFlow, options = defaults): string {
  return encodeAll(text, enriched, options).join('|');
}

const dst = matchedAnswer({
  prefix: '100.64.0.0/10',
  asPath: [
    [2, 65_001, 4_200_000_001],
    [1, 65_003, 65_004],
  ],
  communities: [(65_001 << 16) | 7, 0xffffff01 | 0],
  largeCommunities: [[4_200_000_001, 1, 2]],
  extCommunities: [0x0002_fde8_0000_0001n, 0x0103_c000_0201_0005n, 0x0202_fa56_ea01_0007n, 0x4302_0000_0000_00ffn],
  localPref: 4_294_967_295,
  med: 0,
  nextHop: '192.0.2.9',
  originAs: 3320,
});
const none = unmatchedAnswer(statusNoRoute);

const path = '65001_4200000001_{65003,65004}';
const ecomms = 'RT:65000:1_SoO:192.0.2.1:5_RT:4200000001:7_EC:0x43020000000000ff';

void test('values are replaced in place, the text around them is kept', () => {
  const text =
    ' { "b" : 18446744073709551615 , "as_src":64500, "as_dst" : 0 ,"comms": "1:2", "ecomms": "", "lcomms":"","as_path":"1_2", "local_pref": 100, "med": 7,"peer_as_dst":1,"peer_ip_dst": "" ,"ip_dst":"100.64.1.200","é":"\\u00e9"} \n';
  assert.equal(
    encode(text, enrichedBy(dst)),
    ` { "b" : 18446744073709551615 , "as_src":64500, "as_dst" : 3320 ,"comms": "65001:7_no-export", "ecomms": "${ecomms}", "lcomms":"4200000001:1:2","as_path":"${path}", "local_pref": 4294967295, "med": 0,"peer_as_dst":65001,"peer_ip_dst": "192.0.2.9" ,"ip_dst":"100.64.1.200","é":"\\u00e9"} \n`,
  );
});

void test('members that are missing are added before the closing brace, in the default encoding', () => {
  assert.equal(
    encode('{"bytes": 1, "as_dst": 7}', enrichedBy(dst)),
    `{"bytes": 1, "as_dst": 7, "peer_as_dst": 65001, "peer_ip_dst": "192.0.2.9", "comms": "65001:7_no-export", "as_path": "${path}", "ecomms": "${ecomms}", "lcomms": "4200000001:1:2", "local_pref": 4294967295, "med": 0}`,
  );
  const bare = matchedAnswer({ prefix: '10.0.0.0/8' });
  assert.equal(
    encode('{}', enrichedBy(bare), { asn: [], net: [] }),
    '{"comms": "", "as_path": "", "ecomms": "", "lcomms": ""}',
  );
});

void test('the source has members of its own, and only when it is matched', () => {
  const src = matchedAnswer({ prefix: '2001:db8::/32', asPath: [3356], communities: [-253], med: 5, originAs: 3356 });
  assert.equal(
    encode('{"as_src": 0, "local_pref_src": 100, "as_path_src": "9", "as_path": "1"}', enrichedBy(none, src)),
    '{"as_src": 3356, "local_pref_src": 0, "as_path_src": "3356", "as_path": "1", "comms_src": "local-AS", "ecomms_src": "", "lcomms_src": "", "med_src": 5}',
  );
});

void test('arrays stay arrays, and missing lists follow their kin', () => {
  assert.equal(
    encode(
      '{"as_path": ["1"], "comms": [], "local_pref": 0, "med": 0, "peer_as_dst": 0, "peer_ip_dst": ""}',
      enrichedBy(dst),
      {
        asn: ['flow'],
        net: [],
      },
    ),
    `{"as_path": ["65001","4200000001","{65003,65004}"], "comms": ["65001:7","no-export"], "local_pref": 4294967295, "med": 0, "peer_as_dst": 65001, "peer_ip_dst": "192.0.2.9", "ecomms": ["${ecomms.replaceAll('_', '","')}"], "lcomms": ["4200000001:1:2"]}`,
  );
  const bare = matchedAnswer({ prefix: '10.0.0.0/8' });
  assert.equal(
    encode('{"as_path": [1, 2], "comms_src": ["1:2"]}', enrichedBy(bare), { asn: [], net: [] }),
    '{"as_path": [], "comms_src": ["1:2"], "comms": [], "ecomms": [], "lcomms": []}',
  );
  assert.match(encode('{"as_path": [ 1, 2]}', enrichedBy(dst)), /"as_path": \[65001,4200000001,"\{65003,65004\}"\]/);
  assert.match(encode('{"as_path_src": ["1"]}', enrichedBy(dst)), /"as_path": \["65001",/);
});

void test('strings with blanks stay so; null becomes the default', () => {
  const out = encode('{"as_path": "1 2", "comms": null}', enrichedBy(dst));
  assert.match(out, /"as_path": "65001 4200000001 \{65003,65004\}", "comms": "65001:7_no-export"/);
});

void test('confederation segments as pmacct prints them', () => {
  const confederation = matchedAnswer({
    prefix: '10.0.0.0/8',
    asPath: [
      [3, 65_001, 65_002],
      [4, 65_003, 65_004],
      [2, 7],
    ],
  });
  assert.match(encode('{}', enrichedBy(confederation)), /"as_path": "\(65001_65002\)_\[65003,65004\]_7"/);
  assert.match(
    encode('{"as_path": [""]}', enrichedBy(confederation)),
    /"as_path": \["\(65001","65002\)","\[65003,65004\]","7"\]/,
  );
});

void test('numbers in strings stay strings', () => {
  const out = encode('{"as_dst": "0", "local_pref": "100", "med": "0", "peer_as_dst": "9"}', enrichedBy(dst));
  assert.ok(out.startsWith('{"as_dst": "3320", "local_pref": "4294967295", "med": "0", "peer_as_dst": "65001", '), out);
});

void test('what the route lacks is 0 where the flow had it, but for the next hop', () => {
  const bare = matchedAnswer({ prefix: '10.0.0.0/8', asPath: [[1, 7, 8]] });
  assert.equal(
    encode('{"local_pref": 5, "med": "6", "peer_as_dst": 7, "peer_ip_dst": "192.0.2.1"}', enrichedBy(bare), {
      asn: ['flow'],
      net: ['flow'],
    }),
    '{"local_pref": 0, "med": "0", "peer_as_dst": 0, "peer_ip_dst": "192.0.2.1", "comms": "", "as_path": "{7,8}", "ecomms": "", "lcomms": ""}',
  );
});

void test('lookup.net: masks and networks that the flow has, in its own form', () => {
  const own = (text: string): string => encode(text, enrichedBy(none, none), routing);
  const src = matchedAnswer({ prefix: '2001:db8:9:4000::/51', asPath: [3356] });
  const by = (text: string): string =>
    encode(text, enrichedBy(none, src), routing).replace(/, "as_path_src".*|, "comms_src".*/, '}');
  const flow = '{"ip_src": "2001:db8:9:7fff::1", "net_src": "2001:db8:9::", "mask_src": 48, "as_src": 3356}';
  assert.equal(own(flow), flow);
  assert.equal(
    by(flow),
    '{"ip_src": "2001:db8:9:7fff::1", "net_src": "2001:db8:9:6000::", "mask_src": 51, "as_src": 3356}',
  );
  assert.equal(
    by('{"ip_src": "2001:db8:9:7fff::1", "net_src": "2001:db8:9::/48", "as_src": 3356}'),
    '{"ip_src": "2001:db8:9:7fff::1", "net_src": "2001:db8:9:6000::/51", "as_src": 3356}',
  );
  assert.equal(
    by('{"ip_src": "2001:db8:9:7fff::1", "mask_src": "48", "as_src": 3356}'),
    '{"ip_src": "2001:db8:9:7fff::1", "mask_src": "51", "as_src": 3356}',
  );
  assert.equal(
    by('{"ip_src": "2001:db8:9:7fff::1", "as_src": 3356}'),
    '{"ip_src": "2001:db8:9:7fff::1", "as_src": 3356}',
  );
});

void test('the flows of one record: each its own object', () => {
  const text = '{"bytes": 1}\n{"bytes": 2, "as_path": ["9"]}\n';
  assert.deepEqual(encodeAll(text, enrichedBy(none), defaults), ['{"bytes": 1}', '{"bytes": 2, "as_path": ["9"]}']);
  const [first, second] = encodeAll(text, enrichedBy(dst), defaults);
  assert.match(first, /^\{"bytes": 1, .*"as_path": "65001_/);
  assert.match(second, /^\{"bytes": 2, "as_path": \["65001",/);
});

void test('recorded flows: unmatched ones stay byte for byte, matched ones differ in our members only', () => {
  const destination = ['as_path', 'comms', 'ecomms', 'lcomms', 'local_pref', 'med', 'peer_ip_dst', 'peer_as_dst'];
  const ours = new Set([...destination, 'as_dst', 'net_dst', 'mask_dst']);
  for (const value of recordedValues('pmacct-flows.jsonl')) {
    const text = value.toString();
    assert.equal(encode(text, enrichedBy(none)), text);
    const before = JSON.parse(text) as Record<string, unknown>;
    const after = JSON.parse(encode(text, enrichedBy(dst))) as Record<string, unknown>;
    assert.deepEqual(Object.keys(after), [...Object.keys(before), 'peer_as_dst']);
    for (const [name, was] of Object.entries(before)) if (!ours.has(name)) assert.equal(after[name], was, name);
    assert.deepEqual(
      destination.map((name) => after[name]),
      [path, '65001:7_no-export', ecomms, '4200000001:1:2', 4_294_967_295, 0, '192.0.2.9', 65_001],
    );
    assert.equal(after['as_dst'], before['as_dst'] === 0 ? 3320 : before['as_dst']);
  }
});
