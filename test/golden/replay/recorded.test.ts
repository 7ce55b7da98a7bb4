/**
 * `flowrib replay` on the recordings of real routers and collectors: the wire capture with goflow2's protobuf, gobmp's records with
 * goflow2's JSON. UPDATE_GOLDEN=1 writes what is expected anew.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readRecording } from '../../../demo/feed.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { Pipeline } from '../../support/stage-pipeline.ts';

const golden = new URL('../', import.meta.url);
const path = (name: string): string => new URL(name, golden).pathname;
const folder = mkdtempSync(join(tmpdir(), 'flowrib-replay-'));
after(() => rmSync(folder, { recursive: true }));

async function replay(...options: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await runProgram(['replay', '-c', path('replay/flowrib.yaml'), ...options], {
    out: (text) => (out += `${text}\n`),
    err: (text) => (err += `${text}\n`),
  });
  return { code, out, err };
}

/** Every n-th line of a recording, as a file of its own. */
function someLines(name: string, every: number): string {
  const file = join(folder, name.replaceAll('/', '-'));
  const lines = readFileSync(new URL(name, golden), 'utf8').trimEnd().split('\n');
  writeFileSync(file, lines.filter((_, i) => i % every === 0).join('\n'));
  return file;
}

const capture = path('bmp/bmp-tcp.pcap');
const gobmp = path('bmp/gobmp-raw.jsonl');
const protobufFlows = path('flow/goflow2-bin.jsonl');
/** All of them, of which those above are some. */
const allFlows = `live.goflow2-bin=${path('../../demo/recordings/goflow2-bin.jsonl')}`;

async function isAsRecorded(expected: string, routes: string, flows: string, ...options: string[]): Promise<string> {
  if (process.env['UPDATE_GOLDEN'] === '1') {
    const { out } = await replay('--routes', routes, '--flows', flows, ...options);
    writeFileSync(path(expected), out);
  }
  const { code, err, out } = await replay('--routes', routes, '--flows', flows, '--expect', path(expected), ...options);
  assert.equal(out, '');
  assert.equal(code, 0);
  return err;
}

test('the capture and protobuf flows', async () => {
  const err = await isAsRecorded('replay/wire.expected.jsonl', capture, someLines('flow/goflow2-bin.jsonl', 2));
  assert.match(err, /^routes: 555 records, 555 applied, 0 of collectors, 0 dead-lettered, 0 bad messages/m);
  assert.match(err, /^flows: 45 read, 45 enriched$/m);
  assert.match(err, /^as expected: 45 lines$/m);
  assert.doesNotMatch(err, /warning|dead letter:/);
});

test('gobmp and JSON flows, by their times', async () => {
  const flows = someLines('flow/goflow2-json.jsonl', 2);
  const err = await isAsRecorded('replay/gobmp-by-time.expected.jsonl', gobmp, flows, '--by-time');
  assert.match(err, /^routes: 531 records, 531 applied/m);
  assert.match(err, /^flows: 45 read/m);
});

test('the stages as run wires them give the same flows', async () => {
  const pipeline = new Pipeline({ flowPartitions: 4, outputPartitions: 4, outputFormat: 'json' });
  await pipeline.start();
  for (const { timestampMs, value } of readRecording('gobmp-raw.jsonl')) {
    pipeline.kafka.produce('bmp', 0, { timestampMs, value });
  }
  await pipeline.route();
  await pipeline.own([0, 1], [0, 1, 2, 3]);
  for (const { partition, timestampMs, value } of readRecording('goflow2-bin.jsonl')) {
    pipeline.kafka.produce('flows', partition, { timestampMs, value });
  }
  await pipeline.flowConsumer.poll();
  await pipeline.stop();
  // No ticks came there: ages count from the last record of each shard.
  const withoutAges = (lines: readonly string[]): string[] =>
    lines.map((line) => line.replaceAll(/"age_ms":\d+/g, '')).sort();
  const running = pipeline.kafka.all('out').map(({ value }) => value?.toString('utf8') ?? '');
  const config = readFileSync(path('replay/flowrib.yaml'), 'utf8').replace(/^routers:[^]*/m, '');
  writeFileSync(join(folder, 'unlisted.yaml'), config);
  const { out } = await replay('-c', join(folder, 'unlisted.yaml'), '--routes', gobmp, '--flows', allFlows);
  const replayed = out.trimEnd().split('\n');
  assert.equal(replayed.length, 1444);
  assert.deepEqual(withoutAges(replayed), withoutAges(running));
});

test('twice the same', async () => {
  for (const options of [[], ['--by-time']]) {
    const arguments_ = ['--routes', gobmp, '--flows', protobufFlows, ...options];
    const first = await replay(...arguments_);
    assert.equal(first.out.split('\n').length, 91);
    assert.deepEqual(await replay(...arguments_), first);
  }
});

test('what went over the wire and what gobmp made of it give the same answers, once it is put in order', async () => {
  const wire = await replay('--routes', capture, '--flows', allFlows);
  const file = join(folder, 'wire.jsonl');
  writeFileSync(file, wire.out);
  const compared = ['--routes', gobmp, '--flows', allFlows, '--expect', file, '--ignore', 'age_ms'];
  const config = readFileSync(path('replay/flowrib.yaml'), 'utf8').replace('openbmp }', 'openbmp, reorder: 500ms }');
  writeFileSync(join(folder, 'reorder.yaml'), config);
  assert.deepEqual(await replay('-q', '-c', join(folder, 'reorder.yaml'), ...compared), { code: 0, out: '', err: '' });
  // As gobmp's goroutines left the order, some routes came before their Peer Up.
  const unordered = await replay(...compared);
  assert.equal(unordered.code, 1);
  assert.match(unordered.out, /^@@ line \d+: 10\.99\.0\.1 saw .* @@\n[-+] (src|dst)\.(stale|decided_by): /m);
  assert.match(unordered.out, /^\d+ lines differ of 1444 expected, 1444 found$/m);
  // But for what follows from that, they are the same.
  const ignored = await replay(...compared, '--ignore', 'stale', '--ignore', 'decided_by');
  assert.deepEqual([ignored.code, ignored.out], [0, '']);
});
