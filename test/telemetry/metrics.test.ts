import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../../src/telemetry/metrics.ts';

test('counters and gauges are read at the scrape, not before', async () => {
  const metrics = createMetrics();
  const flows = new Map([['enriched', 1]]);
  let reads = 0;
  metrics.counterFrom('flowrib_enrich_flows_total', 'Flows read, by result.', ['result'], function* read() {
    reads++;
    for (const [result, value] of flows) yield { labels: { result }, value };
  });
  assert.equal(reads, 0);
  assert.match(await metrics.text(), /^flowrib_enrich_flows_total\{result="enriched"\} 1$/m);
  flows.set('enriched', 5).set('unmatched', 2);
  const text = await metrics.text();
  assert.match(text, /^flowrib_enrich_flows_total\{result="enriched"\} 5$/m);
  assert.match(text, /^flowrib_enrich_flows_total\{result="unmatched"\} 2$/m);
  assert.equal(reads, 2);
});

test('a series that is read no more is gone', async () => {
  const metrics = createMetrics();
  let shards = [1, 2];
  metrics.gaugeFrom('flowrib_rib_shard_state', 'Shards held.', ['shard'], () =>
    shards.map((shard) => ({ labels: { shard }, value: 1 })),
  );
  assert.match(await metrics.text(), /shard="2"/);
  shards = [1];
  assert.doesNotMatch(await metrics.text(), /shard="2"/);
});

test('names follow the rule, counters end in _total', () => {
  const metrics = createMetrics();
  const none = () => [];
  assert.throws(() => metrics.counterFrom('flowrib_enrich_flows', '', [], none), TypeError);
  assert.throws(() => metrics.gaugeFrom('flowrib_rib_routes_total', '', [], none), TypeError);
  assert.throws(() => metrics.gaugeFrom('rib_routes', '', [], none), TypeError);
  assert.throws(() => metrics.gaugeFrom('flowrib_routes', '', [], none), TypeError);
  metrics.gaugeFrom('flowrib_rib_routes', 'Routes.', [], none);
  assert.deepEqual(metrics.names(), ['flowrib_rib_routes']);
  assert.throws(() => metrics.gaugeFrom('flowrib_rib_routes', 'Again.', [], none));
});

test('histograms and the metrics of the process', async () => {
  const metrics = createMetrics();
  const latency = metrics.histogram('flowrib_enrich_latency_seconds', 'Time of a batch.', ['stage'], [0.1, 1]);
  latency.observe({ stage: 'enrich' }, 0.5);
  const text = await metrics.text();
  assert.match(text, /^flowrib_enrich_latency_seconds_bucket\{le="0\.1",stage="enrich"\} 0$/m);
  assert.match(text, /^flowrib_enrich_latency_seconds_bucket\{le="1",stage="enrich"\} 1$/m);
  assert.match(text, /^process_resident_memory_bytes /m);
});
