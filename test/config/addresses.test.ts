import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress, parseRange, rangesOverlap, type AddressRange } from '../../src/config/addresses.ts';

function range(text: string): AddressRange {
  const parsed = parseRange(text);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
}

function complaint(text: string): string {
  const parsed = parseRange(text);
  return typeof parsed === 'string' ? parsed : '';
}

test('addresses are printed in one form', () => {
  assert.equal(parseAddress('2001:DB8:0:0::1')?.toString(), '2001:db8::1');
  assert.equal(parseAddress('::ffff:192.0.2.1')?.toString(), '192.0.2.1');
  for (const text of [
    '192.0.2',
    '192.0.2.1.1',
    '0x7f.0.0.1',
    '3221225985',
    'fe80::1%eth0',
    '',
    'edge1',
    '1::2::3',
    '192.0.2.01',
  ]) {
    assert.equal(parseAddress(text), null, text);
  }
});

test('ranges', () => {
  assert.equal(range('192.0.2.0/24').text, '192.0.2.0/24');
  assert.equal(range('192.0.2.7/32').text, '192.0.2.7');
  assert.equal(range('192.0.2.7').length, 32);
  assert.equal(range('::/0').length, 0);
  assert.match(complaint('192.0.2.1/24'), /did you mean 192\.0\.2\.0\/24/);
  assert.match(complaint('2001:db8::1/32'), /did you mean 2001:db8::\/32/);
  assert.match(complaint('192.0.2.0/33'), /0 to 32/);
  assert.match(complaint('192.0.2.0/'), /0 to 32/);
  assert.match(complaint('192.0.2.0/-1'), /0 to 32/);
});

test('ranges overlap when one holds the other', () => {
  const pairs: [string, string, boolean][] = [
    ['192.0.2.0/24', '192.0.2.255', true],
    ['192.0.2.0/24', '192.0.3.0', false],
    ['0.0.0.0/0', '203.0.113.1', true],
    ['0.0.0.0/0', '::1', false],
    ['2001:db8::/33', '2001:db8:8000::/33', false],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['2001:db8::/127', '2001:db8::1', true],
    ['2001:db8::/127', '2001:db8::2', false],
  ];
  for (const [a, b, expected] of pairs) {
    assert.equal(rangesOverlap(range(a), range(b)), expected, `${a} ${b}`);
    assert.equal(rangesOverlap(range(b), range(a)), expected, `${b} ${a}`);
  }
});
