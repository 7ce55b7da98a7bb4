/** RFC 4364 §4.2: one text for one distinguisher. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distinguisherText, localDistinguisherText } from '../../src/model/route-distinguisher.ts';

test('RFC 4364 §4.2: the three types, without leading zeros', () => {
  assert.equal(distinguisherText('0:65000:11'), '0:65000:11');
  assert.equal(distinguisherText('0:00065:0004294967'), '0:65:4294967');
  assert.equal(distinguisherText('0:65000:4294967295'), '0:65000:4294967295');
  assert.equal(distinguisherText('1:10.0.0.1:5'), '1:10.0.0.1:5');
  assert.equal(distinguisherText('2:4226809946:00012'), '2:4226809946:12');
});

test('what does not fit in the fields of its type is none', () => {
  for (const text of ['0:65536:1', '0:1:4294967296', '1:10.0.0.1:65536', '1:10.0.0.256:1', '2:4294967296:1']) {
    assert.equal(distinguisherText(text), null, text);
  }
  for (const text of ['', '65000:11', '3:1:1', '1:1:1', '0:10.0.0.1:1', '0:-1:1', '0:1:1 ', 'vrfid:3']) {
    assert.equal(distinguisherText(text), null, text);
  }
});

test('RFC 7854 §4.2: a distinguisher of peer type 2 is a number of 64 bits', () => {
  assert.equal(localDistinguisherText('0'), 'local:0');
  assert.equal(localDistinguisherText('0x10'), 'local:16');
  assert.equal(localDistinguisherText('0XFFFFFFFFFFFFFFFF'), 'local:18446744073709551615');
  assert.equal(localDistinguisherText('18446744073709551615'), 'local:18446744073709551615');
  for (const text of ['18446744073709551616', '0x', '-1', '1.5', '']) assert.equal(localDistinguisherText(text), null);
});
