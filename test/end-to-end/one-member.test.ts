/** Recordings of real routers and collectors through a real Kafka and one member. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { readRecording } from '../../demo/feed.ts';
import { Application, eventually } from '../support/application.ts';

const bmp = readRecording('gobmp-raw.jsonl');
const flows = readRecording('goflow2-bin.jsonl');

interface Side {
  status: string;
  as_path?: number[];
  communities?: string[];
  next_hop?: string;
  next_hop_match?: boolean;
}

test('recorded BMP and flows: every flow comes out once, enriched by its own router', async () => {
  const app = await Application.create();
  after(() => app.stopAll());
  await app.produceBmp(bmp.map((r) => ({ value: r.value, timestampMs: r.timestampMs })));
  const member = await app.start();
  await app.routesApplied();
  for (const partition of [0, 1, 2, 3]) {
    const records = flows.filter((f) => f.partition === partition);
    await app.produceFlows(
      records.map((r, i) => ({
        value: r.value,
        key: `key-${i}`,
        timestampMs: r.timestampMs,
        headers: { origin: `${i}` },
      })),
      partition,
    );
  }
  const out = await app.output(flows.length);
  assert.equal(out.length, flows.length);
  for (const partition of [0, 1, 2, 3]) {
    const inputs = flows.filter((f) => f.partition === partition);
    const outputs = out.filter((o) => o.partition === partition);
    assert.equal(outputs.length, inputs.length, `partition ${partition} keeps its flows`);
    outputs.forEach((o, i) => {
      assert.equal(o.key?.toString(), `key-${i}`, 'order and key kept');
      assert.equal(o.timestampMs, inputs[i].timestampMs, 'timestamp kept');
      assert.deepEqual(
        o.headers.map((h) => [h.name, h.value.toString()]),
        [['origin', `${i}`]],
        'headers kept',
      );
    });
  }
  const answers = out.map(
    (o) => JSON.parse(o.value?.toString() ?? '') as { exporter: string; dst_addr: string; dst: Side },
  );
  const matched = answers.filter((a) => a.dst.status === 'matched');
  assert.ok(matched.length > flows.length / 2, `${matched.length} of ${flows.length} destinations matched`);
  for (const a of matched) assert.ok(Array.isArray(a.dst.as_path));

  const { flowCounters } = member.member;
  const { read, enriched, unmatched, forwarded, deadLettered, markers } = flowCounters;
  assert.equal(read, flows.length);
  assert.equal(enriched + unmatched.reduce((a, b) => a + b, 0) + forwarded + deadLettered + markers, read);
  assert.equal(forwarded, 0, 'a single instance never forwards');

  const metrics = await (await fetch(`${member.httpUrl}/metrics`)).text();
  const results = [...metrics.matchAll(/^flowrib_enrich_flows_total\{[^}]*\} (\d+)$/gm)].map((m) => Number(m[1]));
  assert.equal(
    results.reduce((a, b) => a + b, 0),
    flows.length,
  );
  assert.equal((await fetch(`${member.httpUrl}/readyz`)).status, 200);
  assert.equal((await fetch(`${member.httpUrl}/healthz`)).status, 200);
});

test('garbage goes to the dead-letter topic, whole, with its position; the partition goes on', async () => {
  const app = await Application.create({ flowPartitions: 1, outputFormat: 'native' });
  after(() => app.stopAll());
  const garbage = [Buffer.from('not a flow'), Buffer.from('07ffffffffffffff', 'hex'), Buffer.alloc(0), null];
  await app.start();
  await app.produceFlows([
    { value: flows[0].value },
    ...garbage.map((value, i) => ({ value, key: `bad-${i}` })),
    { value: flows[1].value },
  ]);
  await app.produceBmp([{ value: Buffer.from('OBMPxx') }, { value: bmp[0].value }, { value: Buffer.from([9, 9, 9]) }]);
  const out = await app.output(2);
  assert.equal(out.length, 2);
  await eventually('dead letters', async () => {
    const count = (await app.deadLetters()).length;
    return count === 6 ? true : `${count} of 6`;
  });
  const dead = await app.deadLetters();
  const header = (record: (typeof dead)[number], name: string): string =>
    record.headers.find((h) => h.name === name)?.value.toString() ?? '';
  const fromFlows = dead.filter((d) => header(d, 'flowrib.stage') === 'enrich');
  assert.deepEqual(
    fromFlows.map((d) => [
      header(d, 'flowrib.topic'),
      header(d, 'flowrib.partition'),
      header(d, 'flowrib.offset'),
      d.key?.toString(),
    ]),
    garbage.map((_, i) => [app.flowTopic, '0', String(i + 1), `bad-${i}`]),
  );
  assert.deepEqual(
    fromFlows.map((d) => d.value?.toString('hex') ?? null),
    garbage.map((g) => g?.toString('hex') ?? null),
  );
  for (const d of dead) {
    assert.match(header(d, 'flowrib.error-code'), /^[a-z0-9-]+$/);
    assert.notEqual(header(d, 'flowrib.error'), '');
  }
  assert.deepEqual(
    dead.filter((d) => header(d, 'flowrib.stage') === 'route').map((d) => header(d, 'flowrib.offset')),
    ['0', '2'],
  );
});

test('garbage as large as a topic takes goes to the dead-letter topic too', async () => {
  const app = await Application.create({ flowPartitions: 1, outputFormat: 'native' });
  after(() => app.stopAll());
  const garbage = randomBytes(1_048_400);
  await app.produceFlows([{ value: garbage }]);
  await app.produceFlows([{ value: flows[0].value }]);
  const member = await app.start();
  const out = await Promise.race([app.output(1), member.done]);
  assert.equal(out?.length, 1);
  await eventually('dead letter', async () => {
    const { length } = await app.deadLetters();
    return length === 1 ? true : `${length} of 1`;
  });
  const dead = await app.deadLetters();
  assert.ok(dead[0].value?.equals(garbage));
});

test('a restart rebuilds the table from the routes log and answers the same', async () => {
  const app = await Application.create({ flowPartitions: 2, positions: true });
  after(() => app.stopAll());
  await app.produceBmp(bmp.map((r) => ({ value: r.value, timestampMs: r.timestampMs })));
  const first = await app.start();
  await app.routesApplied();
  const some = flows.filter((f) => f.partition === 0).slice(0, 200);
  await app.produceFlows(
    some.map((r) => ({ value: r.value, timestampMs: r.timestampMs })),
    0,
  );
  await app.output(some.length);
  await app.stop(first);
  const second = await app.start();
  await app.produceFlows(
    some.map((r) => ({ value: r.value, timestampMs: r.timestampMs })),
    0,
  );
  const out = await app.output(2 * some.length);
  assert.equal(out.length, 2 * some.length, 'nothing read twice, nothing left out');
  const answer = (value: Buffer | null): unknown => {
    const record = JSON.parse(value?.toString() ?? '') as { src: { age_ms?: number }; dst: { age_ms?: number } };
    delete record.src.age_ms;
    delete record.dst.age_ms;
    return record;
  };
  for (let i = 0; i < some.length; i++) assert.deepEqual(answer(out[i + some.length].value), answer(out[i].value));
  assert.equal(
    second.member.routeStage.counters.appended + second.member.routeStage.counters.collector,
    0,
    'BMP records are routed once',
  );
  const positions = out.map((o) => o.headers.find((h) => h.name === 'flowrib.offset')?.value.toString());
  assert.deepEqual(
    positions,
    out.map((_, i) => String(i)),
  );
});
