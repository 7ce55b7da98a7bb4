import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PmacctTime } from '../../../src/decode/flow/pmacct-time.ts';
import { absent } from '../../../src/model/flow.ts';

const time = new PmacctTime();

function read(text: string): number {
  const bytes = Buffer.from(`"${text}"9`);
  return time.read(bytes, 1, bytes.length - 2);
}

function inZone<T>(zone: string, act: () => T): T {
  const before = process.env['TZ'];
  process.env['TZ'] = zone;
  try {
    return act();
  } finally {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  }
}

void test('local time, by the zone that the process is in, summer and winter', () => {
  inZone('Europe/Rome', () => {
    const fresh = new PmacctTime();
    const local = (text: string): number => fresh.read(Buffer.from(text), 0, text.length);
    assert.equal(local('2026-11-24 15:43:57.123456'), Date.UTC(2026, 10, 24, 14, 43, 57, 123));
    assert.equal(local('2026-07-24 15:43:57'), Date.UTC(2026, 6, 24, 13, 43, 57));
    assert.equal(local('1970-01-01 01:00:00.000000'), absent);
  });
  inZone('UTC', () => {
    const text = '2026-11-24 15:43:57.1';
    assert.equal(new PmacctTime().read(Buffer.from(text), 0, text.length), Date.UTC(2026, 10, 24, 15, 43, 57, 100));
  });
});

void test('since the epoch', () => {
  assert.equal(read('1795535037'), 1_795_535_037_000);
  assert.equal(read('1795535037.123956'), 1_795_535_037_123);
  assert.equal(read('0.000000'), absent);
});

void test('RFC 3339 and RFC 9557', () => {
  const expected = Date.UTC(2026, 10, 24, 14, 43, 57, 120);
  for (const text of [
    '2026-11-24T15:43:57.12+01:00',
    '2026-11-24T15:43:57.120999+0100',
    '2026-11-24T15:43:57.12+01',
    '2026-11-24 09:13:57.12-05:30',
    '2026-11-24t14:43:57.12z',
    '2026-11-24T14:43:57.12Z[UTC]',
    '2026-11-24T15:43:57.12+01:00[Europe/Rome]',
  ]) {
    assert.equal(read(text), expected, text);
  }
});

void test('anything else is absent', () => {
  for (const text of [
    '',
    'x',
    '-1',
    '1795535037.',
    '1795535037x',
    '999999999999',
    '2026-11-24',
    '2026-13-24 15:43:57',
    '2026-11-24 24:43:57',
    '2026-11-24 15:43:57.',
    '2026-11-24 15:43:57.1x',
    '2026-11-24T15:43:57+1x:00',
    '2026-11-24T15:43:57Zx',
    '0000-00-00 00:00:00',
    '1969-11-24T15:43:57Z',
  ]) {
    assert.equal(read(text), absent, text);
  }
});
