import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatDuration, parseDuration } from '../../src/base/units.ts';

test('durations', () => {
  assert.equal(parseDuration('500ms'), 500);
  assert.equal(parseDuration('5m'), 300_000);
  assert.equal(parseDuration('1h30m'), 5_400_000);
  assert.equal(parseDuration('2d'), 172_800_000);
  assert.equal(parseDuration('0s'), 0);
  for (const text of ['', '5', 'm', '5 m', '-5m', '1.5h', '5M', '5min', '5m ', '9999999999999999d']) {
    assert.ok(Number.isNaN(parseDuration(text)), text);
  }
  assert.equal(formatDuration(0), '0s');
  assert.equal(formatDuration(5_400_001), '1h30m1ms');
});

test('what is printed reads back', () => {
  fc.assert(
    fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (totalMs) => {
      assert.equal(parseDuration(formatDuration(totalMs)), totalMs);
    }),
  );
});
