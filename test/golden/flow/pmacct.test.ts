import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flowDecoder } from '../../../src/decode/flow/formats.ts';
import { Flow } from '../../../src/model/flow.ts';
import { flowView, recordedValues } from '../../support/flows.ts';
import { assertGoldenLines } from '../../support/golden.ts';

const recorded = recordedValues('pmacct-flows.jsonl');

void test('recorded pmacct flows decode as before', () => {
  const decoder = flowDecoder('pmacct-json');
  const flow = new Flow();
  const views = recorded.map((value) => {
    assert.equal(decoder.begin(value, 0, value.length), 1);
    assert.equal(decoder.read(0, flow), true);
    return flowView(flow);
  });
  assertGoldenLines('flow/pmacct-flows.expected.jsonl', views);
});

void test('recorded pmacct flows: the same values as JSON.parse reads', () => {
  const decoder = flowDecoder('pmacct-json');
  const flow = new Flow();
  for (const value of recorded) {
    decoder.begin(value, 0, value.length);
    assert.equal(decoder.read(0, flow), true);
    const other = JSON.parse(value.toString()) as Record<string, string | number>;
    assert.deepEqual(
      [flow.exporter, flow.srcAddr, flow.dstAddr, flow.bgpNextHop].map(String),
      ['peer_ip_src', 'ip_src', 'ip_dst', 'peer_ip_dst'].map((name) => String(other[name]).replace('::ffff:', '')),
    );
    assert.deepEqual(
      [flow.bytes, flow.packets, flow.srcPort, flow.dstPort, flow.srcAs, flow.dstAs, flow.srcNetLen, flow.dstNetLen],
      [other['bytes'], other['packets'], other['port_src'], other['port_dst'], other['as_src'], other['as_dst'], other['mask_src'], other['mask_dst']],
    );
    assert.equal(flow.proto, 6);
    assert.equal(flow.ingressVrfId, Number(other['vrf_id_ingress']));
    assert.deepEqual([flow.rd, flow.vrf], ['', '']);
    assert.equal(flow.timeStartMs, Number(other['stamp_inserted']) * 1000);
  }
});
