/** Every code that a bad record can get has a test that provokes it; codes are told from other words by their prefix. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');
const codePattern = /'((?:bmp|bgp|openbmp|flow|pcap|route-log|snapshot)-[a-z0-9-]+)'/g;
/** Where records are decoded; elsewhere such words are names of settings. */
const folders = ['app', 'decode', 'restore', 'rib', 'stages', 'wire'];

function sources(folder: string): { path: string; text: string }[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ path: join(folder, path), text: readFileSync(join(root, folder, path), 'utf8') }));
}

const code = folders.flatMap((folder) => sources(join('src', folder)));
const codes = new Map<string, string>();
for (const { path, text } of code) for (const [, name] of text.matchAll(codePattern)) codes.set(name, path);
const tests = sources('test')
  .filter(({ path }) => path.endsWith('.test.ts'))
  .map(({ text }) => text);

test('codes are found: those of errors thrown and those of flows refused', () => {
  for (const name of ['bmp-no-router', 'bgp-open', 'flow-truncated', 'flow-no-value', 'route-log-foreign']) {
    assert.ok(codes.has(name), name);
  }
});

test('a literal code has a prefix that is searched for', () => {
  for (const { path, text } of sources('src')) {
    for (const [, name] of text.matchAll(/new RecordError\(\s*'([^']*)'/g)) {
      assert.ok(codes.has(name), `${path}: ${name}`);
    }
  }
});

for (const [name, path] of codes) {
  test(`${name} is provoked by a test`, () => {
    // With quotes or at a word's edge, but not as the beginning of a longer name.
    const wanted = new RegExp(`(?<![\\w-])${name}(?![\\w-])`);
    assert.ok(
      tests.some((text) => wanted.test(text)),
      `${name} (${path}) is in no test`,
    );
  });
}
