import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { ErrorDigest } from '../../src/telemetry/error-digest.ts';
import { createLogger } from '../../src/telemetry/logger.ts';

class Lines extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    done();
  }

  take(): Record<string, unknown>[] {
    const lines = this.text.split('\n').filter((line) => line !== '');
    this.text = '';
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}

test('JSON lines with ISO time, from the configured level up', () => {
  const lines = new Lines();
  const logger = createLogger('warn', { destination: lines, isTerminal: false });
  logger.info('not this');
  logger.warn({ shard: 3 }, 'this');
  const [line, ...rest] = lines.take();
  assert.equal(rest.length, 0);
  assert.equal(line.msg, 'this');
  assert.equal(line.shard, 3);
  assert.match(String(line.time), /^\d{4}-\d\d-\d\dT/);
});

test('a terminal gets text', () => {
  const lines = new Lines();
  createLogger('info', { destination: lines, isTerminal: true }).info({ shard: 3 }, 'hello');
  assert.match(lines.text, /INFO.*hello/);
  assert.throws(() => lines.take());
});

test('the first error of a code is logged, repeats are counted, a quiet code starts anew', (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] });
  const lines = new Lines();
  const digest = new ErrorDigest(createLogger('info', { destination: lines, isTerminal: false }));
  const seen = () =>
    lines.take().map(({ code, count, reason, last, msg }) => ({ msg, code, count, text: reason ?? last }));
  for (let i = 0; i < 1000; i++) digest.record('flow-truncated', `flows[0]@${i}`);
  digest.record('flow-empty', 'flows[1]@5');
  assert.deepEqual(seen(), [
    { msg: 'bad record', code: 'flow-truncated', count: undefined, text: 'flows[0]@0' },
    { msg: 'bad record', code: 'flow-empty', count: undefined, text: 'flows[1]@5' },
  ]);
  context.mock.timers.tick(9_999);
  assert.deepEqual(seen(), []);
  context.mock.timers.tick(1);
  assert.deepEqual(seen(), [{ msg: 'more bad records', code: 'flow-truncated', count: 999, text: 'flows[0]@999' }]);
  digest.record('flow-empty', 'flows[1]@6');
  digest.record('flow-truncated', 'flows[0]@1000');
  assert.deepEqual(seen(), [{ msg: 'bad record', code: 'flow-empty', count: undefined, text: 'flows[1]@6' }]);
  digest.stop();
  assert.deepEqual(seen(), [{ msg: 'more bad records', code: 'flow-truncated', count: 1, text: 'flows[0]@1000' }]);
  context.mock.timers.tick(60_000);
  assert.deepEqual(seen(), []);
});
