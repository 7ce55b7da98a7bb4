/** What `replay --expect` prints: lines and fields that differ, and nothing where nothing does. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonDifference } from '../../../src/app/replay/json-difference.ts';

function difference(expected: readonly unknown[], actual: readonly unknown[], ...ignore: string[]): string[] {
  const lines = (list: readonly unknown[]): string[] => list.map((item) => JSON.stringify(item));
  return jsonDifference(lines(expected), lines(actual), { ignore, expectedName: 'x.jsonl', actualName: 'replay' });
}

test('nothing differs: equal lines, and fields in another order', () => {
  assert.deepEqual(difference([], []), []);
  assert.deepEqual(difference([{ a: 1, b: { c: [1, 2], d: null } }], [{ b: { d: null, c: [1, 2] }, a: 1 }]), []);
});

test('a changed line names the flow, the fields and both values', () => {
  const flow = { exporter: '192.0.2.1', src_addr: '198.51.100.1', dst_addr: '203.0.113.9' };
  const expected = [{ n: 1 }, { ...flow, dst: { as_path: [1, 2], med: 5, peer: 'a' } }, { n: 2 }];
  const actual = [{ n: 1 }, { ...flow, dst: { as_path: [2, 1], peer: 'a', view: 'x' } }, { n: 2 }];
  assert.deepEqual(difference(expected, actual), [
    '--- x.jsonl',
    '+++ replay',
    '@@ line 2: 192.0.2.1 saw 198.51.100.1 to 203.0.113.9 @@',
    '- dst.as_path: [1,2]',
    '+ dst.as_path: [2,1]',
    '- dst.med: 5',
    '+ dst.view: "x"',
    '1 lines differ of 3 expected, 3 found',
  ]);
});

test('missing and unexpected lines do not shift the others', () => {
  const list = [1, 2, 3, 4, 5].map((n) => ({ n }));
  assert.deepEqual(difference(list, [list[0], list[2], list[3], { n: 9 }, list[4]]).slice(2), [
    '@@ line 2 is missing @@',
    '- {"n":2}',
    '@@ line 4 is not expected @@',
    '+ {"n":9}',
    '2 lines differ of 5 expected, 5 found',
  ]);
  assert.deepEqual(difference([], [{ n: 1 }]).slice(2, 3), ['@@ line 1 is not expected @@']);
  assert.deepEqual(difference([{ n: 0 }, { n: 1 }, { n: 3 }], [{ n: 1 }, { n: 2 }]).slice(2, -1), [
    '@@ line 1 is missing @@',
    '- {"n":0}',
    '@@ line 3, found in line 2 @@',
    '- n: 3',
    '+ n: 2',
  ]);
});

test('fields that are ignored: by name anywhere, by path in one place', () => {
  const expected = [{ src: { age_ms: 1, med: 1 }, dst: { age_ms: 2, med: 2 } }];
  const actual = [{ src: { age_ms: 3, med: 3 }, dst: { age_ms: 4, med: 2 } }];
  assert.deepEqual(difference(expected, actual, 'age_ms', 'src.med'), []);
  assert.deepEqual(difference(expected, actual, 'age_ms', 'dst.med').slice(3, 5), ['- src.med: 1', '+ src.med: 3']);
});

test('many differences are counted, the first ones shown; long lists are compared line by line', () => {
  const expected = Array.from({ length: 2500 }, (_, n) => ({ n }));
  const lines = difference(
    expected,
    expected.map(({ n }) => ({ n: n + 1 })),
  );
  assert.deepEqual(lines.slice(-2), [
    '… and 2480 more lines that differ',
    '2500 lines differ of 2500 expected, 2500 found',
  ]);
  assert.deepEqual(lines.slice(2, 5), ['@@ line 1 @@', '- n: 0', '+ n: 1']);
});

test('a line that is no JSON is named', () => {
  assert.throws(
    () => jsonDifference(['{}', '{'], [], { ignore: [], expectedName: 'x.jsonl', actualName: 'replay' }),
    /^SyntaxError: x\.jsonl: line 2: not JSON$/,
  );
});
