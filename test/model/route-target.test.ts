/** RFC 4360 §3, RFC 5668 §2: texts of route targets and the words of their extended communities. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routeTargetWords } from '../../src/model/route-target.ts';

test('RFC 4360 §3.1: two-octet AS', () => {
  assert.deepEqual(routeTargetWords('65000:11'), [0x0002fde8, 11]);
  assert.deepEqual(routeTargetWords('1:4294967295'), [0x00020001, -1]);
});

test('RFC 4360 §3.2: IPv4 address', () => {
  assert.deepEqual(routeTargetWords('192.0.2.1:11'), [0x0102c000, 0x0201000b]);
});

test('RFC 5668 §2: four-octet AS, by its size, with a dot, or with an L', () => {
  assert.deepEqual(routeTargetWords('4200000000:11'), [0x0202fa56, (0xea00 << 16) | 11]);
  assert.deepEqual(routeTargetWords('1.2:3'), [0x02020001, 0x00020003]);
  assert.deepEqual(routeTargetWords('65000L:11'), [0x02020000, (0xfde8 << 16) | 11]);
});

test('what does not fit is none', () => {
  const bad = ['', '65000', '65000:', '70000:65536', '192.0.2.1:65536', '192.0.2.256:1', '1.2.3:4', '1.65536:1'];
  for (const text of [...bad, '4294967296:1', '1:4294967296', '192.0.2.1L:1', '.:1', 'target:1:1']) {
    assert.equal(routeTargetWords(text), null, text);
  }
});
