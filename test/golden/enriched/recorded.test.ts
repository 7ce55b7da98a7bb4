/**
 * The whole pipeline over the recordings of the demo, in every output format: what FRR and GoBGP told over BMP, answered for the flows of
 * the same exporters. Expected are the distinct answers with the number of flows that got each, and a digest of every record.
 * UPDATE_GOLDEN=1 writes them anew.
 *
 * Odd at first sight, but so recorded: FRR 8.4 puts its own AS (65001) in front of every path, before policy too, and leaves LOCAL_PREF
 * out (FRRouting pull request 21815); no router sent End-of-RIB, so no view is complete and all views answer together; gobmp's goroutines
 * put some Route Monitoring before its Peer Up, which makes those routes suspect or, of 10.99.0.3 at FRR, stale.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, test } from 'node:test';
import avro from 'avsc';
import { enrichedFlowSchema } from '../../../src/encode/avro.ts';
import { flowResults } from '../../../src/stages/enrich/flow-counters.ts';
import { readRecording } from '../../../demo/feed.ts';
import { readFlowMessage } from '../../support/flow-proto.ts';
import { assertGoldenLines } from '../../support/golden.ts';
import type { DriverRecord } from '../../support/memory-kafka.ts';
import { Pipeline } from '../../support/stage-pipeline.ts';

const bmp = readRecording('gobmp-raw.jsonl');
const flows = readRecording('goflow2-bin.jsonl');

interface JsonFlow {
  readonly [field: string]: unknown;
  readonly src: Record<string, unknown>;
  readonly dst: Record<string, unknown>;
}

async function enrich(outputFormat: string): Promise<DriverRecord[]> {
  const pipeline = new Pipeline({ flowPartitions: 4, outputPartitions: 4, outputFormat });
  await pipeline.start();
  for (const { timestampMs, value } of bmp) pipeline.kafka.produce('bmp', 0, { timestampMs, value });
  await pipeline.route();
  await pipeline.own([0, 1], [0, 1, 2, 3]);
  for (const { partition, timestampMs, value } of flows) {
    pipeline.kafka.produce('flows', partition, { timestampMs, value });
  }
  await pipeline.flowConsumer.poll();
  await pipeline.stop();
  assert.deepEqual(pipeline.failures, []);
  assert.deepEqual(pipeline.badRouteRecords, []);
  assert.equal(pipeline.kafka.all('dead').length, 0);
  const { appended, collector, deadLettered } = pipeline.routeStage.counters;
  assert.deepEqual([appended + collector, deadLettered], [bmp.length, 0]);
  assert.equal(
    flowResults(pipeline.counters).reduce((sum, { count }) => sum + count, 0),
    flows.length,
  );
  return pipeline.kafka.all('out');
}

/** Lines with how many records had each, in the order of first appearance, and at the end a digest of all bytes. */
function summary(records: readonly DriverRecord[], lineOf: (value: Buffer) => unknown): unknown[] {
  const counts = new Map<string, number>();
  const hash = createHash('sha256');
  for (const { value } of records) {
    assert.ok(value !== null);
    hash.update(value);
    const line = JSON.stringify(lineOf(value));
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  const lines = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    ...lines.map(([line, count]) => ({ ...(JSON.parse(line) as object), flows: count })),
    { records: records.length, distinct: lines.length, sha256: hash.digest('hex') },
  ];
}

/** One side of a flow: what was asked of which router, and the answer, without what differs from flow to flow. */
function destinationOf(flow: JsonFlow): unknown {
  const { exporter, dst_addr, next_hop, bgp_next_hop, vrf, rd, router, dst_as, dst_net_len, dst } = flow;
  return { exporter, dst_addr, next_hop, bgp_next_hop, vrf, rd, router, dst_as, dst_net_len, dst };
}

function sourceOf(flow: JsonFlow): unknown {
  const { exporter, src_addr, vrf, rd, router, src_as, src_net_len, src } = flow;
  return { exporter, src_addr, vrf, rd, router, src_as, src_net_len, src };
}

const parse = (value: Buffer): JsonFlow => JSON.parse(value.toString('utf8')) as JsonFlow;

let json: DriverRecord[] = [];
before(async () => {
  json = await enrich('json');
});

test('json: destinations', () => {
  assertGoldenLines(
    'enriched/destinations.expected.jsonl',
    summary(json, (value) => destinationOf(parse(value))),
  );
});

test('json: sources', () => {
  assertGoldenLines(
    'enriched/sources.expected.jsonl',
    summary(json, (value) => sourceOf(parse(value))),
  );
});

test('native protobuf', async () => {
  const records = await enrich('native');
  assertGoldenLines('enriched/native.expected.jsonl', summary(records, nativeAnswerOf));
  records.forEach(({ value }, i) => {
    assert.ok(value !== null);
    const read = readFlowMessage(value);
    const { dst } = parse(json[i].value ?? Buffer.alloc(0));
    if (dst['status'] !== 'matched') return;
    assert.deepEqual(read['as_path'] ?? [], dst['as_path'], `record ${i}`);
    assert.deepEqual(read['bgp_communities'] ?? [], (dst['communities'] as string[]).map(communityNumber), `${i}`);
  });
});

function communityNumber(text: string): number {
  const [high, low] = text.split(':').map(Number);
  return ((high << 16) | low) >>> 0;
}

/** The fields that enrichment may set, as an independent decoder reads them. */
function nativeAnswerOf(value: Buffer): unknown {
  const read = readFlowMessage(value);
  const names = ['sampler_address', 'dst_addr', 'next_hop', 'bgp_next_hop', 'as_path', 'bgp_communities'];
  const more = ['next_hop_as', 'dst_as', 'dst_net'];
  return Object.fromEntries([...names, ...more].map((name) => [name, read[name] ?? null]));
}

test('avro, read back, is what json says', async () => {
  const type = avro.Type.forSchema(JSON.parse(enrichedFlowSchema()) as avro.Schema);
  const records = await enrich('avro');
  assert.equal(records.length, json.length);
  const withoutNulls = (side: Record<string, unknown>): unknown =>
    Object.fromEntries(Object.entries(side).filter(([, value]) => value !== null));
  records.forEach(({ value }, i) => {
    assert.ok(value !== null);
    const read = JSON.parse(JSON.stringify(type.fromBuffer(value.subarray(5)))) as JsonFlow;
    const expected = parse(json[i].value ?? Buffer.alloc(0));
    for (const side of ['src', 'dst'] as const) {
      assert.deepEqual(withoutNulls(read[side]), withoutNulls(expected[side]), `record ${i}, ${side}`);
    }
    assert.deepEqual({ ...read, src: null, dst: null }, { ...expected, src: null, dst: null }, `record ${i}`);
  });
});
