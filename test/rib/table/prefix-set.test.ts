/** The set of a source's prefixes against a Set of numbers, through both of its forms. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../../bench/route-set.ts';
import { PrefixSet } from '../../../src/rib/table/prefix-set.ts';

function idsIn(set: PrefixSet): number[] {
  const ids: number[] = [];
  for (let at = set.seek(0); at >= 0; at = set.seek(at + 1)) ids.push(set.at(at));
  return ids.sort((a, b) => a - b);
}

void test('ids come and go as in a Set, sparse and as a bitmap', () => {
  const random = createRandom(1);
  const set = new PrefixSet();
  const twin = new Set<number>();
  for (const { end, rounds, share } of [
    { end: 100_000, rounds: 2000, share: 0.9 },
    { end: 100_000, rounds: 40_000, share: 0.5 },
    { end: 120_000, rounds: 20_000, share: 0.9 },
  ]) {
    for (let n = 0; n < rounds; n++) {
      const known = [...(n % 100 === 0 ? twin : [])];
      const id = 1 + Math.floor(random() * (end - 1));
      if (random() < share) {
        set.add(id, end);
        twin.add(id);
      } else {
        set.delete(id);
        twin.delete(id);
      }
      for (const one of known.slice(0, 200)) {
        set.delete(one);
        twin.delete(one);
      }
    }
    assert.deepEqual(
      idsIn(set),
      [...twin].sort((a, b) => a - b),
    );
  }
  assert.ok(set.bytes <= (120_000 / 8) * 1.3, 'a bitmap by now');
  for (const id of twin) set.delete(id);
  assert.deepEqual(idsIn(set), []);
  assert.equal(set.bytes, 0);
});

void test('a small set is small, whatever the size of the table', () => {
  const set = new PrefixSet();
  for (let n = 1; n <= 1000; n++) set.add(n * 977, 2_000_000);
  assert.ok(set.bytes <= 8000);
  assert.equal(idsIn(set).length, 1000);
});
