/** The program itself, as a process of its own, on a real broker: exit codes, what it prints, and what signals leave behind. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { readRecording } from '../../demo/feed.ts';
import { Application, eventually } from '../support/application.ts';
import { endOffsets, plainKafka, produceRecords, type ReadRecord, readTopic, uniqueName } from '../support/kafka.ts';

const main = new URL('../../src/main.ts', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'flowrib-process-'));
after(() => rmSync(folder, { recursive: true }));

const bmp = readRecording('gobmp-raw.jsonl');
const flows = readRecording('goflow2-bin.jsonl');
const graceMs = 20_000;

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

class Program {
  out = '';
  err = '';
  readonly ended: Promise<Ended>;
  private readonly child: ChildProcess;

  constructor(...argv: string[]) {
    this.child = spawn(process.execPath, [main, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.out += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.err += text));
    this.ended = new Promise((resolve) => this.child.on('close', (code, signal) => resolve({ code, signal })));
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Entries of its log with this message. */
  logged(message: string): Record<string, unknown>[] {
    return this.out
      .split('\n')
      .filter((line) => line.includes(message))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ msg }) => msg === message);
  }

  async url(): Promise<string> {
    await eventually('the http server', () => {
      if (!this.isRunning) return assert.fail(`ended: ${this.out}${this.err}`);
      return this.logged('http server listens').length > 0 || 'no url yet';
    });
    return String(this.logged('http server listens')[0]['url']);
  }

  /** Waits for readiness; returns the statuses that /readyz went through. */
  async ready(): Promise<number[]> {
    const url = await this.url();
    const seen: number[] = [];
    await eventually('readiness', async () => {
      const { status } = await fetch(`${url}/readyz`);
      if (seen.at(-1) !== status) seen.push(status);
      return status === 200 ? true : `status ${status}`;
    });
    return seen;
  }
}

async function finished(...argv: string[]): Promise<Ended & { out: string; err: string }> {
  const program = new Program(...argv);
  const ended = await program.ended;
  return { ...ended, out: program.out, err: program.err };
}

const running: Program[] = [];
after(() => {
  for (const program of running) if (program.isRunning) program.kill('SIGKILL');
});

function run(file: string): Program {
  const program = new Program('run', '-c', file);
  running.push(program);
  return program;
}

function fileOf(yaml: string): string {
  const path = join(folder, `${uniqueName('config')}.yaml`);
  writeFileSync(path, yaml);
  return path;
}

void describe('what ends by itself or early', { concurrency: true }, () => {
  test('check: exit 0 when run could, 1 when a topic is missing, 2 when the file is wrong', async () => {
    const app = await Application.create();
    const absent = uniqueName('absent');
    const [good, missing, bad, schema] = await Promise.all([
      finished('check', '-c', fileOf(app.yaml)),
      finished('check', '-c', fileOf(app.yaml.replace(`topic: ${app.flowTopic}`, `topic: ${absent}`))),
      finished('check', '-c', fileOf(`${app.yaml}shard: 4\n`)),
      finished('schema'),
    ]);
    assert.equal(good.code, 0, good.out + good.err);
    assert.match(good.out, new RegExp(`${app.flowTopic} .*: 4 partitions`));
    assert.match(good.out, new RegExp(`${app.outputTopic} .*: will be created with 4 partitions`));
    assert.equal(missing.code, 1, missing.out + missing.err);
    assert.match(missing.out, new RegExp(`${absent} .*: does not exist`));
    assert.equal(bad.code, 2);
    assert.match(bad.err, /unknown key "shard"/);
    assert.equal(schema.code, 0);
    assert.equal(schema.out, readFileSync(new URL('../../config.schema.json', import.meta.url), 'utf8'));
  });

  test('topics: tells what is missing and how to make it; --create makes it', async () => {
    const app = await Application.create({ shards: 3 });
    const file = fileOf(app.yaml);
    const before = await finished('topics', '-c', file);
    assert.equal(before.code, 1, before.err);
    assert.match(before.out, new RegExp(`--create --topic ${app.name}\\.routes --partitions 3 `));
    const created = await finished('topics', '-c', file, '--create');
    assert.equal(created.code, 0, created.out + created.err);
    assert.match(created.out, new RegExp(`${app.outputTopic} .*: 4 partitions \\(created\\)`));
    const again = await finished('topics', '-c', file);
    assert.equal(again.code, 0, again.out + again.err);
    assert.doesNotMatch(again.out, /created|does not exist/);
    assert.equal((await endOffsets(app.brokers, `${app.name}.routes`)).length, 3);
  });

  test('run without an input topic: exit 3, which one is in the log', async () => {
    const app = await Application.create();
    const absent = uniqueName('absent');
    const { code, out } = await finished(
      'run',
      '-c',
      fileOf(app.yaml.replace(`topic: ${app.bmpTopic}`, `topic: ${absent}`)),
    );
    assert.equal(code, 3, out);
    assert.match(out, new RegExp(`${absent} .*: does not exist`));
  });

  test('run, asked to stop while it still looks for a broker: exit 0', async () => {
    const file = fileOf(`
kafka: {brokers: ["127.0.0.1:1"]}
routes: [{topic: bmp}]
flows: [{topic: flows}]
output: {topic: out}
shutdown: {grace: 60s}
`);
    const program = run(file);
    await eventually('the start', () => program.logged('starting').length > 0 || 'not yet');
    program.kill('SIGTERM');
    assert.deepEqual(await program.ended, { code: 0, signal: null }, program.out);
  });
});

/** Appends recorded flows to all partitions, until `stop` is called; returns how many. */
function keepProducing(app: Application): { stop(): Promise<number> } {
  const stopping = new AbortController();
  let produced = 0;
  const work = (async () => {
    while (!stopping.signal.aborted) {
      const partition = (produced / 361) % 4;
      const records = flows.slice(0, 361).map(({ value }) => ({ value }));
      await produceRecords(app.brokers, app.flowTopic, partition, records);
      produced += records.length;
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await work;
      return produced;
    },
  };
}

const positionOf = (record: ReadRecord): string =>
  ['flowrib.partition', 'flowrib.offset']
    .map((name) => record.headers.find((header) => header.name === name)?.value.toString())
    .join('@');

async function outputReaches(app: Application, count: number): Promise<void> {
  await eventually(`${count} output records`, async () => {
    const ends = await endOffsets(app.brokers, app.outputTopic).catch(() => []);
    const total = ends.reduce((a, b) => a + b, 0);
    return total >= count ? true : `${total} of ${count}`;
  });
}

async function committed(app: Application): Promise<number[]> {
  const admin = plainKafka(app.brokers).admin();
  await admin.connect();
  const [{ partitions }] = await admin.fetchOffsets({ groupId: app.name, topics: [app.flowTopic] });
  await admin.disconnect();
  return partitions.sort((a, b) => a.partition - b.partition).map(({ offset }) => Number(offset));
}

test('run: ready, stopped by SIGTERM among flows, goes on without repeating; killed, loses nothing', async () => {
  const app = await Application.create({ positions: true, outputFormat: 'native' });
  const file = fileOf(app.yaml);
  await app.produceBmp(bmp.map(({ value, timestampMs }) => ({ value, timestampMs })));
  const first = run(file);
  assert.deepEqual(await first.ready(), [503, 200]);
  let producing = keepProducing(app);
  await outputReaches(app, 1000);
  first.kill('SIGTERM');
  const asked = Date.now();
  assert.deepEqual(await first.ended, { code: 0, signal: null }, first.out);
  assert.ok(Date.now() - asked < graceMs);
  let total = await producing.stop();
  const ends = await endOffsets(app.brokers, app.outputTopic);
  assert.deepEqual(await committed(app), ends, 'what was put out is committed, and nothing else');
  assert.ok(ends.reduce((a, b) => a + b, 0) < total, 'it was stopped among flows');

  const second = run(file);
  await outputReaches(app, total);
  const out = await readTopic(app.brokers, app.outputTopic);
  assert.equal(out.length, total, 'nothing repeated, nothing left out');
  assert.equal(new Set(out.map(positionOf)).size, total);

  producing = keepProducing(app);
  await outputReaches(app, total + 1000);
  second.kill('SIGKILL');
  assert.deepEqual(await second.ended, { code: null, signal: 'SIGKILL' });
  total += await producing.stop();
  const third = run(file);
  await eventually('every flow in the output', async () => {
    const positions = new Set((await readTopic(app.brokers, app.outputTopic)).map(positionOf));
    return positions.size === total ? true : `${positions.size} of ${total}`;
  });
  assert.equal((await app.deadLetters()).length, 0);
  third.kill('SIGINT');
  assert.deepEqual(await third.ended, { code: 0, signal: null }, third.out);
});
