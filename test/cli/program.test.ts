/** The command line from argv to exit code, without processes. Help texts are goldens: UPDATE_GOLDEN=1 writes them anew. */

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { ConfigError, FatalError } from '../../src/base/errors.ts';
import { exitCodeOf } from '../../src/cli/command.ts';
import { runProgram } from '../../src/cli/program.ts';
import { stopOnSignals } from '../../src/cli/signals.ts';

async function flowrib(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await runProgram(argv, { out: (text) => (out += `${text}\n`), err: (text) => (err += `${text}\n`) });
  return { code, out, err };
}

async function withConfig<T>(text: string, work: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'flowrib-cli-'));
  try {
    const path = join(folder, 'flowrib.yaml');
    writeFileSync(path, text);
    return await work(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const valid = `kafka: {brokers: ["127.0.0.1:1"], sasl: {username: u, password: very-secret}}
routes: [{topic: gobmp.raw}, {topic: bmp, format: bmp, router: {from: "header:router"}}]
flows: [{topic: flows}]
output: {topic: flows-enriched}
routers: [{name: edge1, bmp: [198.51.100.1], exporters: [192.0.2.0/24]}]
`;

const commands = ['run', 'check', 'topics', 'lookup', 'replay', 'schema', 'version'];

for (const command of ['', ...commands]) {
  test(`help of flowrib ${command}`, async () => {
    const { code, out, err } = await flowrib(...(command === '' ? [] : [command, '--help']));
    assert.equal(code, 0);
    assert.equal(err, '');
    const golden = new URL(`../golden/cli/help${command === '' ? '' : `-${command}`}.txt`, import.meta.url);
    if (process.env.UPDATE_GOLDEN === '1') {
      mkdirSync(new URL('./', golden), { recursive: true });
      writeFileSync(golden, out);
    }
    assert.equal(out, readFileSync(golden, 'utf8'));
  });
}

test('a bare call, --help and help print the same', async () => {
  const { out } = await flowrib();
  assert.equal((await flowrib('--help')).out, out);
  assert.equal((await flowrib('help')).out, out);
});

test('wrong use is exit 2, with a hint', async () => {
  for (const argv of [
    ['chek'],
    ['check'],
    ['run'],
    ['--nothing'],
    ['schema', 'more'],
    ['lookup', '--router', 'a'],
    ['replay', '-c', 'x'],
  ]) {
    const { code, out, err } = await flowrib(...argv);
    assert.equal(code, 2, argv.join(' '));
    assert.equal(out, '');
    assert.match(err, /^error: .*\n[^]*flowrib --help/, argv.join(' '));
  }
  assert.match((await flowrib('chek')).err, /Did you mean check\?/);
});

test('version', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  assert.deepEqual(await flowrib('version'), { code: 0, out: `${version}\n`, err: '' });
  assert.deepEqual(await flowrib('--version'), { code: 0, out: `${version}\n`, err: '' });
});

test('schema prints what config.schema.json holds', async () => {
  const { code, out } = await flowrib('schema');
  assert.equal(code, 0);
  assert.equal(out, readFileSync(new URL('../../config.schema.json', import.meta.url), 'utf8'));
});

test('every command that takes a configuration tells all its problems and exits 2', async () => {
  await withConfig(`shard: 4\n${valid}workers: 0\n`, async (path) => {
    for (const command of ['run', 'check', 'topics']) {
      const { code, out, err } = await flowrib(command, '-c', path);
      assert.equal(code, 2, command);
      assert.equal(out, '');
      assert.equal(
        err,
        `${path}:1:1: unknown key "shard": did you mean "shards"?\n${path}:7:10: workers: must be at least 1\n`,
      );
    }
  });
});

test('check without connecting says what run would do, and no secret', async () => {
  const { code, out, err } = await withConfig(valid, (path) => flowrib('check', '-c', path, '--no-connect'));
  assert.equal(code, 0);
  assert.equal(err, '');
  for (const text of [
    'gobmp.raw',
    'router from header router',
    'flows-enriched',
    'flowrib.routes',
    'edge1: BMP from 198.51.100.1; flows from 192.0.2.0/24',
  ]) {
    assert.ok(out.includes(text), text);
  }
  assert.ok(!out.includes('very-secret'));
});

test('exit codes by class of error', () => {
  assert.equal(exitCodeOf(new ConfigError('')), 2);
  assert.equal(exitCodeOf(new FatalError('')), 3);
  assert.equal(exitCodeOf(new Error('')), 1);
});

test('the first signal stops, the second forces', async () => {
  const source = new EventEmitter();
  const calls: string[] = [];
  const signals = stopOnSignals(source, pino({ level: 'silent' }), () => calls.push('force'));
  const stopping = Promise.withResolvers<void>();
  const stopped = signals.stopWith(() => {
    calls.push('stop');
    return stopping.promise;
  });
  assert.deepEqual([calls, signals.isAsked()], [[], false]);
  source.emit('SIGTERM', 'SIGTERM');
  await new Promise(setImmediate);
  assert.deepEqual([calls, signals.isAsked()], [['stop'], true]);
  source.emit('SIGINT', 'SIGINT');
  assert.deepEqual(calls, ['stop', 'force']);
  stopping.resolve();
  await stopped;
  signals.release();
  assert.equal(source.listenerCount('SIGTERM') + source.listenerCount('SIGINT'), 0);
});

test('a signal that comes while starting is not lost', async () => {
  const source = new EventEmitter();
  const signals = stopOnSignals(source, pino({ level: 'silent' }), () => assert.fail('forced'));
  source.emit('SIGTERM', 'SIGTERM');
  let isStopped = false;
  await signals.stopWith(async () => {
    isStopped = true;
  });
  assert.ok(isStopped);
  signals.release();
});
