import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPmacctJsonDecoder } from '../../../src/decode/flow/pmacct-json.ts';
import { absent, Flow } from '../../../src/model/flow.ts';
import { flowView } from '../../support/flows.ts';

interface Part {
  flow: Flow | null;
  /** Error code; empty for a marker. */
  code: string;
  text: string;
  offset: number;
}

/** All parts of a record, which stands in the middle of a buffer. */
function parts(text: string): Part[] {
  const buffer = Buffer.from(`[{"${text}"}]`);
  const end = buffer.length - 3;
  const decoder = createPmacctJsonDecoder();
  const count = decoder.begin(buffer, 3, end);
  if (count < 0) return [{ flow: null, code: decoder.error.code, text: '', offset: decoder.error.offset }];
  return Array.from({ length: count }, (_, index) => {
    const flow = new Flow();
    const ok = decoder.read(index, flow);
    const { code, offset } = decoder.error;
    return { flow: ok ? flow : null, code, text: buffer.toString('utf8', decoder.partStart, decoder.partEnd), offset };
  });
}

function decode(text: string): Flow {
  const [part, ...others] = parts(text);
  assert.equal(others.length, 0);
  assert.ok(part.flow, `${part.code} at ${part.offset}: ${text}`);
  return part.flow;
}

void test('all members that a flow is made of', () => {
  const flow =
    decode(`{"event_type": "purge", "label": {"a": ["b"]}, "as_src": 4200000001, "as_dst": "65003", "peer_ip_src": "192.0.2.1",
    "peer_ip_dst": "2001:db8::5:1", "iface_in": 1, "iface_out": 4294967295, "mpls_vpn_rd": "2:4226809946:12", "ip_src": "::ffff:198.51.100.9",
    "net_src": "198.51.100.0", "ip_dst": "2001:db8:9::7", "net_dst": "2001:db8:9::", "mask_src": 24, "mask_dst": 48, "port_src": 1,
    "port_dst": 443, "tcp_flags": "24", "ip_proto": "ipv6-icmp", "sampling_rate": 1000, "timestamp_start": "1795535037.500000",
    "timestamp_end": "2026-11-24T15:43:57.900123Z", "timestamp_arrival": "2026-11-24T16:43:58.1+01:00[Europe/Rome]",
    "ingress_vrf_name": "blue", "egress_vrf_name": "red", "vrf_id_ingress": "7", "vrf_id_egress": 8, "packets": 10, "bytes": 1099511627776,
    "flows": 3, "writer_id": "default_kafka/1"}`);
  assert.deepEqual(flowView(flow), {
    exporter: '192.0.2.1',
    srcAddr: '198.51.100.9',
    dstAddr: '2001:db8:9::7',
    nextHop: '',
    bgpNextHop: '2001:db8::5:1',
    srcPort: 1,
    dstPort: 443,
    proto: 58,
    bytes: 1_099_511_627_776,
    packets: 10,
    samplingRate: 1000,
    inIf: 1,
    outIf: 4_294_967_295,
    srcAs: 4_200_000_001,
    dstAs: 65_003,
    srcNetLen: 24,
    dstNetLen: 48,
    timeReceivedMs: Date.UTC(2026, 10, 24, 15, 43, 58, 100),
    timeStartMs: 1_795_535_037_500,
    timeEndMs: Date.UTC(2026, 10, 24, 15, 43, 57, 900),
    ingressVrfId: 7,
    egressVrfId: 8,
    rd: '2:4226809946:12',
    vrf: 'blue',
  });
});

void test('what an aggregate leaves out is absent', () => {
  const view = flowView(decode('{}'));
  for (const [name, value] of Object.entries(view)) assert.ok(value === absent || value === '', name);
});

void test('mpls_vpn_rd: 0:0:0 is none, vrfid:N is an id', () => {
  const of = (members: string): (string | number)[] => {
    const { rd, ingressVrfId, vrf } = decode(`{${members}}`);
    return [rd, ingressVrfId, vrf];
  };
  assert.deepEqual(of('"mpls_vpn_rd":"0:64499:11"'), ['0:64499:11', absent, '']);
  assert.deepEqual(of('"mpls_vpn_rd":"1:10.0.0.1:5"'), ['1:10.0.0.1:5', absent, '']);
  assert.deepEqual(of('"mpls_vpn_rd":"0:0:0"'), ['', absent, '']);
  assert.deepEqual(of('"mpls_vpn_rd":"vrfid:100"'), ['', 100, '']);
  assert.deepEqual(of('"mpls_vpn_rd":"vrfid:x"'), ['', absent, '']);
  assert.deepEqual(of('"mpls_vpn_rd":"vrfid:100","vrf_id_ingress":"7"'), ['', 7, '']);
  assert.deepEqual(of('"vrf_name":"green","egress_vrf_name":"red"'), ['', absent, 'green']);
  assert.deepEqual(of('"egress_vrf_name":"r\\u00e9d"'), ['', absent, 'réd']);
});

void test('custom_primitives as an object: VRFs are read, nothing else', () => {
  const flow = decode(
    '{"custom_primitives":{"vrf_id_ingress":"12","vrf_name":"blue","as_dst":1,"bytes":5,"x":{"vrf_name":"no"}},"bytes":1}',
  );
  assert.deepEqual(
    [flow.ingressVrfId, flow.vrf, flow.dstAs, flow.bytes, flow.layout.count],
    [12, 'blue', absent, 1, 0],
  );
  assert.equal(decode('{"custom_primitives":"vrf_name=blue"}').vrf, '');
});

void test('flows aggregated by networks: the networks stand for the addresses', () => {
  const flow = decode('{"net_src":"10.1.0.0","mask_src":16,"net_dst":"2001:db8::/32","as_dst":1}');
  assert.deepEqual([String(flow.srcAddr), flow.srcNetLen], ['10.1.0.0', 16]);
  assert.deepEqual([String(flow.dstAddr), flow.dstNetLen], ['2001:db8::', 32]);
  const both = decode('{"net_dst":"10.2.0.0/16","ip_dst":"10.2.3.4"}');
  assert.deepEqual([String(both.dstAddr), both.dstNetLen], ['10.2.3.4', 16]);
});

void test('lengths of IPv4-mapped networks are those of IPv4', () => {
  const flow = decode(
    '{"ip_src":"::ffff:10.1.2.3","mask_src":112,"net_dst":"::ffff:10.2.0.0/111","ip_dst":"10.2.3.4"}',
  );
  assert.deepEqual([flow.srcNetLen, flow.dstNetLen], [16, 15]);
  assert.equal(decode('{"ip_src":"10.1.2.3","mask_src":33}').srcNetLen, absent);
});

void test('protocols by name, by number, as a number in a string', () => {
  const proto = (value: string): number => decode(`{"ip_proto":${value}}`).proto;
  assert.deepEqual(['"tcp"', '"UDP"', '17', '"17"', '"nope"', '256', 'null'].map(proto), [
    6,
    17,
    17,
    17,
    absent,
    absent,
    absent,
  ]);
});

void test('counters beyond 2^53 keep all their digits', () => {
  const flow = decode('{"bytes":18446744073709551615,"packets":"9007199254740993"}');
  assert.deepEqual([flow.bytes, flow.exactBytes], [Number.MAX_SAFE_INTEGER, '18446744073709551615']);
  assert.deepEqual([flow.packets, flow.exactPackets], [Number.MAX_SAFE_INTEGER, '9007199254740993']);
  const other = decode('{"bytes":18446744073709551616,"packets":1}');
  assert.deepEqual([other.bytes, other.exactBytes, other.exactPackets], [absent, '', '']);
});

void test('the time of the bin stands in for the flow’s own', () => {
  const times = (members: string): number[] => {
    const { timeStartMs, timeEndMs, timeReceivedMs } = decode(`{${members}}`);
    return [timeStartMs, timeEndMs, timeReceivedMs];
  };
  const bin = '"stamp_inserted":"1700000000","stamp_updated":"1700000061"';
  assert.deepEqual(times(bin), [1_700_000_000_000, 1_700_000_061_000, absent]);
  assert.deepEqual(
    times(`${bin},"timestamp_min":"1700000001.5","timestamp_export":1700000003`),
    [1_700_000_001_500, 1_700_000_061_000, 1_700_000_003_000],
  );
  assert.deepEqual(times(`${bin},"timestamp_start":"0.000000"`)[0], 1_700_000_000_000);
});

const one = '{"peer_ip_src": "192.0.2.1", "bytes": 1}';
const two = '{"peer_ip_src": "192.0.2.2", "bytes": 2, "label": {"a": "}{"}}';

function summary(text: string): (string | number)[][] {
  return parts(text).map(({ flow, code, text: own }) => [flow === null ? code : flow.bytes, own]);
}

void test('several objects in a record: on lines, one after the other, as an array', () => {
  const expected = [
    [1, one],
    [2, two],
  ];
  for (const text of [
    `${one}\n${two}\n`,
    `${one}${two}`,
    ` ${one}\r\n\n ${two}`,
    `[${one}, ${two}]`,
    `[\n${one}\n,${two}\n]\n`,
  ]) {
    assert.deepEqual(summary(text), expected, text);
  }
});

void test('one object: the whole value is its part, what stands around it too', () => {
  assert.deepEqual(summary(`\n${one}\n`), [[1, `\n${one}\n`]]);
  assert.deepEqual(summary(`[${one}]`), [[1, `[${one}]`]]);
});

void test('markers, and messages of other daemons, are passed over', () => {
  const init = '{"event_type": "purge_init", "writer_id": "k/1"}';
  const close =
    '{"event_type": "purge_close", "writer_id": "k/1", "purged_entries": 1, "total_entries": 1, "duration": 0}';
  assert.deepEqual(summary(init), [['', init]]);
  assert.deepEqual(
    summary(`${init}\n${one}\n${close}\n{"event_type":"dump_init"}`).map(([result]) => result),
    ['', 1, '', ''],
  );
  assert.deepEqual(parts('[]'), []);
});

void test('a broken object costs no other', () => {
  const codesOf = (text: string): (string | number)[] => summary(text).map(([result]) => result);
  for (const [broken, code] of [
    ['{"bytes": 1', 'flow-truncated'],
    ['{"bytes": 1,', 'flow-truncated'],
    ['{"bytes": "1', 'flow-truncated'],
    ['{"bytes": "1\\', 'flow-malformed'],
    ['{"bytes": 1]}', 'flow-malformed'],
    ['{"bytes": [1}', 'flow-malformed'],
    ['{"bytes" 1}', 'flow-malformed'],
    ['{"a":[{"b":1]', 'flow-truncated'],
    ['xyz', 'flow-malformed'],
    ['}', 'flow-malformed'],
  ]) {
    assert.deepEqual(codesOf(`${one}\n${broken}\n${two}`), [1, code, 2], broken);
    assert.equal(summary(`${one}\n${broken}\n${two}`)[1][1].toString().trim(), broken);
  }
});

void test('what follows a brace that never closes is refused with it', () => {
  const rest = `{"a":\n${one}`;
  assert.deepEqual(summary(`${two}\n${rest}`), [
    [2, two],
    ['flow-truncated', rest],
  ]);
});

void test('a record with nothing in it', () => {
  for (const text of ['', ' \n'])
    assert.deepEqual(
      parts(text).map(({ code }) => code),
      ['flow-empty'],
    );
});

void test('offsets count from the part that is refused', () => {
  assert.deepEqual(
    parts('  {"a" 1}').map(({ code, offset }) => [code, offset]),
    [['flow-malformed', 7]],
  );
  assert.deepEqual(parts(`${one}\n{"a" 1}\n${two}`)[1].offset, 5);
});

void test('an object nested deeper than any producer nests is refused', () => {
  const deep = `{"a":${'['.repeat(100)}${']'.repeat(100)}}`;
  assert.deepEqual(
    summary(`${deep}\n${one}`).map(([result]) => result),
    ['flow-malformed', 1],
  );
});
