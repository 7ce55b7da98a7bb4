/**
 * docs/routing.md holds what the program does: its worked example is what `flowrib replay` and `flowrib lookup` print, its configurations
 * are valid, and the numbers that it tells of the demo's recording are those that come out.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readRecording } from '../demo/feed.ts';
import { createDirectory, createLookup } from '../src/app/engine.ts';
import { LookupService } from '../src/app/lookup-service.ts';
import { ribShardOptions } from '../src/app/rib-warnings.ts';
import { runProgram } from '../src/cli/program.ts';
import { compileConfig } from '../src/config/compile.ts';
import { loadConfig, parseConfig } from '../src/config/load.ts';
import { bmpDecoder } from '../src/decode/bmp/formats.ts';
import { decidedByNames, viewNames } from '../src/model/answer.ts';
import { createRibShard, createRouteLogEntry } from '../src/rib/shard.ts';
import type { HeldShard } from '../src/stages/enrich/shard-logs.ts';
import { SnapshotProgress } from '../src/stages/enrich/snapshots/snapshot-progress.ts';
import { serveLookups } from './support/lookup-server.ts';
import { capturedMessages } from './support/recorded-router.ts';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs', 'routing.md'), 'utf8');
const example = page.slice(page.indexOf('## A worked example'));
const recording = join(root, 'demo', 'recordings', 'gobmp-raw.jsonl');
const folder = mkdtempSync(join(tmpdir(), 'flowrib-docs-'));
after(() => rmSync(folder, { recursive: true }));

/** The fenced blocks of a language. */
function blocks(text: string, language: string): string[] {
  const all = [...text.matchAll(/^```(\w*)\n([^]*?)^```$/gm)];
  return all.filter(([, name]) => name === language).map(([, , block]) => block);
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function replay(config: string, flows: string): Promise<{ lines: Record<string, unknown>[]; err: string }> {
  let out = '';
  let err = '';
  const options = ['-c', config, '--routes', `bmp=${recording}`, '--flows', flows];
  const code = await runProgram(['replay', ...options], {
    out: (text) => (out += `${text}\n`),
    err: (text) => (err += `${text}\n`),
  });
  assert.equal(code, 0, err);
  const lines = out.trimEnd().split('\n');
  return { lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>), err };
}

test('the flow of the worked example comes out as shown', async () => {
  const [yaml] = blocks(example, 'yaml');
  const [flow, answer] = blocks(example, 'json');
  const { lines } = await replay(file('example.yaml', yaml), file('flow.json', flow.replaceAll('\n', '')));
  assert.equal(lines.length, 1);
  assert.deepEqual(lines[0]['dst'], (JSON.parse(answer) as Record<string, unknown>)['dst']);
});

/** Member of the demo that holds the shard of `name`, ten minutes after the recording. */
function demoMember(name: string): LookupService {
  const config = compileConfig(
    loadConfig(join(root, 'demo', 'flowrib.yaml'), {
      DEMO_APPLICATION: 'demo',
      DEMO_BROKERS: '127.0.0.1:9092',
      DEMO_BMP_TOPIC: 'bmp',
      DEMO_FLOW_TOPIC: 'flows',
      DEMO_OUTPUT_TOPIC: 'enriched',
      DEMO_DEAD_LETTER_TOPIC: 'dead-letters',
    }),
  );
  const directory = createDirectory(config);
  const router = directory.configured.find((one) => one.name === name);
  assert.ok(router !== undefined);
  const rib = createRibShard(router.shard, ribShardOptions(config));
  const entry = createRouteLogEntry();
  const decoder = bmpDecoder('openbmp');
  const position = { topicId: 'id', topic: 'bmp', partition: 0 };
  for (const [offset, { timestampMs, value }] of readRecording('gobmp-raw.jsonl').entries()) {
    const [part] = decoder.split(value, 0, value.length);
    const about = directory.byBmpAddress(part.router);
    if (about.shard !== router.shard) continue;
    const frames = decoder.frames(value, part.start, part.end);
    const { collector, router: bmpAddress } = part;
    Object.assign(entry, { ...position, offset, logOffset: offset, timestampMs, part: 0, collector, bmpAddress });
    Object.assign(entry, { routerKey: about.key, routerName: about.name, buffer: value, ...frames });
    rib.apply(entry);
  }
  rib.tick({ ...position, offset: 531, logOffset: 531, timestampMs: rib.clockMs + 600_000 });
  const log = {
    position: 532,
    logEnd: 532,
    restoreEnd: 532,
    restoreStart: 0,
    since: 0,
    restoreMs: 0,
    lastAppliedAt: 0,
    snapshots: new SnapshotProgress(),
  };
  const held: HeldShard = { shard: router.shard, rib, state: 'serving', ...log };
  return new LookupService({
    explain: { lookup: createLookup(config), views: config.lookup.views },
    directory,
    host: { all: () => [held], shard: () => rib, reference: () => rib },
    members: { list: async () => [], forget: () => {}, selfUrl: 'http://127.0.0.1:8080' },
  });
}

test('the lookup of the worked example is answered as shown', async () => {
  const shown = blocks(example, '').find((block) => block.startsWith('$ flowrib lookup ')) ?? '';
  const [command, ...answer] = shown.split('\n');
  const words = command.split(' ').slice(2);
  const name = words[words.indexOf('--router') + 1];
  const server = await serveLookups(demoMember(name));
  let out = '';
  const code = await runProgram([...words, '--url', server.url], {
    out: (text) => (out += `${text}\n`),
    err: (text) => assert.fail(text),
  });
  await server.stop();
  assert.equal(code, 0);
  assert.equal(answer.join('\n'), out);
});

test('what putting the recording in order changes', async () => {
  const flows = `flows=${join(root, 'demo', 'recordings', 'goflow2-bin.jsonl')}`;
  const config = (options: string): string =>
    file(
      `numbers${options.length}.yaml`,
      `kafka: { brokers: ['127.0.0.1:9092'] }
routes: [{ topic: bmp, format: openbmp${options} }]
flows: [{ topic: flows, format: goflow2-protobuf }]
output: { topic: enriched }
peers: { endOfRibTimeout: 1m }
`,
    );
  const unordered = await replay(config(''), flows);
  const ordered = await replay(config(', reorder: 500ms'), flows);
  const pathOf = (line: Record<string, unknown>): string =>
    ['src', 'dst'].map((side) => JSON.stringify((line[side] as Record<string, unknown>)['as_path'])).join(' to ');
  const different = ordered.lines.filter((line, i) => pathOf(line) !== pathOf(unordered.lines[i])).length;
  const routesIn = ({ err }: { err: string }): string => /peers, (\d+) routes/.exec(err)?.[1] ?? '';
  const told = `${different} of ${ordered.lines.length} flows get another AS path`;
  assert.ok(page.includes(told), told);
  const routes = `${routesIn(unordered)} routes instead of ${routesIn(ordered)}`;
  assert.ok(page.includes(routes), routes);
});

/** BMP messages of routers as hex, in their order. */
function messagesByRouter(messages: Iterable<{ router: string; bytes: Uint8Array }>): Map<string, string[]> {
  const byRouter = new Map<string, string[]>();
  for (const { bytes, router } of messages) {
    // Of routes and peers: Route Monitoring, Peer Down, Peer Up (RFC 7854 §4.1).
    if (![0, 2, 3].includes(bytes[5])) continue;
    const known = byRouter.get(router);
    const hex = Buffer.from(bytes).toString('hex');
    if (known === undefined) byRouter.set(router, [hex]);
    else known.push(hex);
  }
  return byRouter;
}

test('how many messages gobmp put behind later ones', () => {
  const decoder = bmpDecoder('openbmp');
  const written = readRecording('gobmp-raw.jsonl').map(({ value }) => {
    const [{ end, router, start }] = decoder.split(value, 0, value.length);
    const frames = decoder.frames(value, start, end);
    return { router, bytes: value.subarray(frames.start, frames.end) };
  });
  const sent = messagesByRouter(capturedMessages('bmp/bmp-tcp.pcap', 5001));
  let count = 0;
  let behind = 0;
  for (const [router, messages] of messagesByRouter(written)) {
    const places = Map.groupBy((sent.get(router) ?? []).entries(), ([, hex]) => hex);
    let furthest = -1;
    for (const hex of messages) {
      const place = places.get(hex)?.shift()?.[0] ?? assert.fail(`${router} did not send ${hex}`);
      if (place < furthest) behind++;
      furthest = Math.max(furthest, place);
      count++;
    }
  }
  const told = `${behind} of ${count} messages about routes and peers`;
  assert.ok(page.replaceAll('\n', ' ').includes(told), told);
});

test('configurations', () => {
  const whole: Record<string, string> = {
    kafka: "kafka: { brokers: ['127.0.0.1:9092'] }",
    routes: 'routes: [{ topic: bmp }]',
    flows: 'flows: [{ topic: flows }]',
    output: 'output: { topic: enriched }',
  };
  const all = blocks(page, 'yaml');
  assert.ok(all.length > 1);
  for (const yaml of all) {
    const missing = Object.keys(whole).filter((key) => !new RegExp(`^${key}:`, 'm').test(yaml));
    parseConfig('docs/routing.md', [...missing.map((key) => whole[key]), yaml].join('\n'), {});
  }
});

test('every rule and view is told', () => {
  for (const name of [...decidedByNames, ...viewNames]) assert.ok(page.includes(`\`${name}\``), name);
});
