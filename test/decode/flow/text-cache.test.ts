import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TextCache } from '../../../src/decode/flow/text-cache.ts';

function read(cache: TextCache, text: string): string {
  const bytes = Buffer.from(`<${text}>`);
  return cache.text(bytes, 1, bytes.length - 1);
}

void test('texts come back as they are, those of one hash too', () => {
  const cache = new TextCache();
  for (const text of ['', 'blue', 'Aa', 'BB', 'Aa', 'réseau', '0:65000:11', 'BB', 'blue'])
    assert.equal(read(cache, text), text);
});

void test('texts outlive the buffer that they were read from', () => {
  const cache = new TextCache();
  const bytes = Buffer.from('blue');
  assert.equal(cache.text(bytes, 0, 4), 'blue');
  bytes.write('redd');
  assert.equal(cache.text(bytes, 0, 4), 'redd');
  assert.equal(read(cache, 'blue'), 'blue');
});

void test('more texts than are kept', () => {
  const cache = new TextCache();
  for (let i = 0; i < 10_000; i++) assert.equal(read(cache, `vrf-${i}`), `vrf-${i}`);
  for (let i = 0; i < 10_000; i += 7) assert.equal(read(cache, `vrf-${i}`), `vrf-${i}`);
});
