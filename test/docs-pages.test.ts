/** Pages of docs/ that sources and tests name exist. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');

test('every page of docs/ that a source or a test names exists, and is named by its path', () => {
  let named = 0;
  for (const folder of ['src', 'test']) {
    for (const path of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (!path.endsWith('.ts')) continue;
      const text = readFileSync(join(root, folder, path), 'utf8');
      assert.doesNotMatch(text, /[(]docs: /, `${folder}/${path}`);
      for (const [page] of text.matchAll(/docs\/[\w./-]+\.md/g)) {
        named++;
        assert.ok(existsSync(join(root, page)), `${folder}/${path} names ${page}`);
      }
    }
  }
  assert.ok(named > 10);
});
