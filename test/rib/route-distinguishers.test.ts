import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { distinguisherText } from '../../src/model/route-distinguisher.ts';
import {
  formatPeerDistinguisher,
  formatRouteDistinguisher,
  RouteDistinguishers,
} from '../../src/rib/route-distinguishers.ts';

void describe('RFC 4364 §4.2: text of route distinguishers', () => {
  void test('the three types, their smallest and largest values', () => {
    for (const [hex, text] of [
      ['0000000000000000', '0:0:0'],
      ['0000ffffffffffff', '0:65535:4294967295'],
      ['0001000000000000', '1:0.0.0.0:0'],
      ['0001ffffffffffff', '1:255.255.255.255:65535'],
      ['0002fbf05a0a000c', '2:4226832906:12'],
      ['0002ffffffffffff', '2:4294967295:65535'],
    ]) {
      assert.equal(formatPeerDistinguisher(hex, false), text);
      assert.equal(distinguisherText(text), text, 'as configurations are read');
    }
    assert.equal(formatPeerDistinguisher('ffff000000000001', false), '65535:0x000000000001');
  });

  void test('RFC 7854 §4.2: those of peer type 2 are local values', () => {
    assert.equal(formatPeerDistinguisher('0000fde80000000b', true), 'local:279172874240011');
    assert.equal(formatPeerDistinguisher('ffffffffffffffff', true), 'local:18446744073709551615');
  });
});

void describe('numbers of route distinguishers', () => {
  void test('one number for one text, whether by words or text; local values apart', () => {
    const rds = new RouteDistinguishers();
    const number = rds.addWords(0x0000fde8, 11);
    assert.equal(rds.add('0:65000:11'), number);
    assert.equal(rds.addWords(0x0000fde8, 11), number);
    assert.notEqual(rds.addWords(0x0000fde8, 12), number);
    assert.notEqual(rds.add('local:11'), number);
    assert.deepEqual(
      [rds.text(number), rds.indexOf('0:65000:11'), rds.indexOf('0:65000:99')],
      ['0:65000:11', number, -1],
    );
    assert.deepEqual([rds.findWords(0x0000fde8, 11), rds.findWords(0x0000fde8, 99)], [number, -1]);
  });

  void test('those without a source are forgotten once they are many; numbers are never given twice', () => {
    const rds = new RouteDistinguishers();
    const kept = rds.addWords(1, 1);
    rds.retain(kept);
    for (let n = 0; n <= 65_536; n++) {
      const number = rds.addWords(7, n);
      rds.retain(number);
      rds.release(number);
    }
    assert.deepEqual(
      [rds.indexOf(formatRouteDistinguisher(7, 0)), rds.findWords(7, 0), rds.text(kept + 1)],
      [-1, -1, ''],
    );
    assert.deepEqual([rds.findWords(1, 1), rds.text(kept), rds.inUse], [kept, '0:1:1', 1]);
    const { size } = rds;
    assert.equal(rds.addWords(7, 0), size);
    assert.equal(rds.size, size + 1);
  });
});
