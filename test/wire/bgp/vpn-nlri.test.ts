/** VPN-IPv4 and VPN-IPv6 routes by their bytes. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { attribute, type PrefixInput } from '../../support/bgp-builder.ts';
import { attributesOf, flagsOf, prefixTexts, updateOf } from '../../support/bgp-text.ts';
import { bgpUpdate } from '../../support/bmp-builder.ts';

const path = { origin: 0, asPath: [65001] };
const withPathIds = { hasPathId: () => true };

/** MP_REACH_NLRI of VPN-IPv4 with a 12-byte next hop and these NLRI bytes. */
function reach(...nlri: number[]): Buffer {
  return bgpUpdate({
    ...path,
    rawAttributes: attribute(14, Buffer.from([0, 1, 128, 12, ...nextHop12, 0, ...nlri]), 0x80),
  });
}

function unreach(...nlri: number[]): Buffer {
  return bgpUpdate({ rawAttributes: attribute(15, Buffer.from([0, 1, 128, ...nlri]), 0x80) });
}

const rdZero = [0, 0, 0, 0, 0, 0, 0, 0];
const nextHop12 = [...rdZero, 192, 0, 2, 1];
/** 0:65000:11, 1:10.99.0.2:7 and 2:4200000001:9. */
const rd0 = [0, 0, 0xfd, 0xe8, 0, 0, 0, 11];
const rd1 = [0, 1, 10, 99, 0, 2, 0, 7];
const rd2 = [0, 2, 0xfa, 0x56, 0xea, 0x01, 0, 9];
const bottomLabel = [0, 0x06, 0x41];

void describe('RFC 4364 §4.3.4: VPN-IPv4 routes', () => {
  void test('label, RD and prefix, the length counting all three', () => {
    const update = updateOf(reach(88 + 24, ...bottomLabel, ...rd0, 100, 64, 1, 88 + 8, ...bottomLabel, ...rd1, 10));
    assert.deepEqual(prefixTexts(update.announced), [
      '100.64.1.0/24 safi 128 rd 0:65000:11 set 1',
      '10.0.0.0/8 safi 128 rd 1:10.99.0.2:7 set 1',
    ]);
    assert.equal(attributesOf(update, 1)['nextHop'], '192.0.2.1');
    assert.deepEqual(flagsOf(update), {});
  });

  void test('§4.2: the three types of RD, and one that no RFC defines', () => {
    const odd = [0x80, 7, 1, 2, 3, 4, 5, 6];
    for (const [rd, text] of [
      [rd0, '0:65000:11'],
      [rd1, '1:10.99.0.2:7'],
      [rd2, '2:4200000001:9'],
      [odd, '32775:0x010203040506'],
    ] as const) {
      const update = updateOf(reach(88 + 8, ...bottomLabel, ...rd, 10));
      assert.deepEqual(prefixTexts(update.announced), [`10.0.0.0/8 safi 128 rd ${text} set 1`]);
    }
  });

  void test('default and host routes', () => {
    const update = updateOf(
      reach(88, ...bottomLabel, ...rd0, 88, ...bottomLabel, ...rd1, 120, ...bottomLabel, ...rd1, 10, 1, 2, 3),
    );
    assert.deepEqual(prefixTexts(update.announced), [
      '0.0.0.0/0 safi 128 rd 0:65000:11 set 1',
      '0.0.0.0/0 safi 128 rd 1:10.99.0.2:7 set 1',
      '10.1.2.3/32 safi 128 rd 1:10.99.0.2:7 set 1',
    ]);
    assert.deepEqual(flagsOf(update), {});
  });

  void test('host bits are masked', () => {
    const update = updateOf(reach(88 + 12, ...bottomLabel, ...rd0, 10, 0xff));
    assert.deepEqual(prefixTexts(update.announced), ['10.240.0.0/12 safi 128 rd 0:65000:11 set 1']);
  });

  void test('no room for label and RD, or more bits than an address has: nothing of the field is believed', () => {
    for (const nlri of [
      [80, ...bottomLabel, ...rd0.slice(1)],
      [88 + 33, ...bottomLabel, ...rd0, 10, 0, 0, 0, 0],
      [88 + 24, ...bottomLabel, ...rd0, 10],
    ]) {
      const update = updateOf(reach(88 + 8, ...bottomLabel, ...rd0, 10, ...nlri));
      assert.equal(update.unparsableNlri, true);
      assert.equal(update.announced.count, 0);
    }
  });
});

void describe('RFC 4659: VPN-IPv6 routes', () => {
  const prefixes: PrefixInput[] = [
    { prefix: '2001:db8:100::/48', labels: [100], rd: Buffer.from(rd2).toString('hex') },
    { prefix: '::/0', labels: [100], rd: Buffer.from(rd0).toString('hex') },
    { prefix: '2001:db8::1/128', labels: [100], rd: Buffer.from(rd0).toString('hex') },
  ];
  const expected = [
    '2001:db8:100::/48 safi 128 rd 2:4200000001:9 set 1',
    '::/0 safi 128 rd 0:65000:11 set 1',
    '2001:db8::1/128 safi 128 rd 0:65000:11 set 1',
  ];
  const rd = '00'.repeat(8);

  void test('§3.2.1: next hops of 24 and 48 bytes, and of a mapped IPv4 address, their RDs stripped', () => {
    for (const [nextHop, text] of [
      [[rd, '2001:db8::5'], '2001:db8::5'],
      [[rd, '2001:db8::5', rd, 'fe80::5'], '2001:db8::5 fe80::5'],
      [[rd, '::ffff:192.0.2.1'], '192.0.2.1'],
      [['2001:db8::5'], '2001:db8::5'],
    ] as const) {
      const update = updateOf(bgpUpdate({ ...path, mpReach: { afi: 2, safi: 128, nextHop, prefixes } }));
      assert.deepEqual(prefixTexts(update.announced), expected);
      assert.equal(attributesOf(update, 1)['nextHop'], text);
      assert.deepEqual(flagsOf(update), {});
    }
  });

  void test('a next hop of another length: the routes count as withdrawn', () => {
    const mpReach = { afi: 2, safi: 128, nextHop: [rd], prefixes };
    const update = updateOf(bgpUpdate({ ...path, mpReach }));
    assert.deepEqual(
      prefixTexts(update.withdrawn),
      expected.map((text) => text.replace(' set 1', '')),
    );
    assert.equal(update.announced.count, 0);
  });

  void test('End-of-RIB', () => {
    assert.equal(updateOf(bgpUpdate({ mpUnreach: { afi: 2, safi: 128, prefixes: [] } })).endOfRib, 0x0280);
  });
});

void describe('RFC 8277: labels of VPN routes', () => {
  void test('§2.2: one label, its bottom-of-stack bit ignored', () => {
    const update = updateOf(reach(88 + 24, 0, 0, 0, ...rd0, 100, 64, 1));
    assert.deepEqual(prefixTexts(update.announced), ['100.64.1.0/24 safi 128 rd 0:65000:11 set 1']);
    assert.deepEqual(flagsOf(update), {});
  });

  void test('§2.3: a stack where Multiple Labels was negotiated, and one that never ends is one label', () => {
    const stack = updateOf(reach(88 + 48 + 8, 0, 1, 0, 0, 2, 0, 0, 3, 1, ...rd0, 10), {
      hasMultipleLabels: () => true,
    });
    assert.deepEqual(prefixTexts(stack.announced), ['10.0.0.0/8 safi 128 rd 0:65000:11 set 1']);
    const endless = updateOf(reach(88 + 8, 0, 1, 0, ...rd0, 10), { hasMultipleLabels: () => true });
    assert.deepEqual(prefixTexts(endless.announced), ['10.0.0.0/8 safi 128 rd 0:65000:11 set 1']);
  });

  void test('§2.4: a withdrawal has one 3-octet field of any value', () => {
    for (const field of [
      [0x80, 0, 0],
      [0, 0, 0],
      [0, 0, 0x10],
    ]) {
      const update = updateOf(unreach(88 + 24, ...field, ...rd0, 100, 64, 1), { hasMultipleLabels: () => true });
      assert.deepEqual(prefixTexts(update.withdrawn), ['100.64.1.0/24 safi 128 rd 0:65000:11']);
      assert.deepEqual(flagsOf(update), {});
    }
  });
});

void describe('RFC 7911: path ids of VPN routes', () => {
  const first = [88 + 24, ...bottomLabel, ...rd0, 100, 64, 1];
  const second = [88, ...bottomLabel, ...rd2];
  const plain = ['100.64.1.0/24 safi 128 rd 0:65000:11 set 1', '0.0.0.0/0 safi 128 rd 2:4200000001:9 set 1'];
  const numbered = [
    '100.64.1.0/24 path 0 safi 128 rd 0:65000:11 set 1',
    '0.0.0.0/0 path 4294967295 safi 128 rd 2:4200000001:9 set 1',
  ];
  const withIds = reach(0, 0, 0, 0, ...first, 255, 255, 255, 255, ...second);

  void test('negotiated, 0 and the highest among them', () => {
    const update = updateOf(withIds, withPathIds);
    assert.deepEqual(prefixTexts(update.announced), numbered);
    assert.deepEqual(flagsOf(update), {});
  });

  void test('left out although negotiated', () => {
    const update = updateOf(reach(...first, ...second), withPathIds);
    assert.deepEqual(prefixTexts(update.announced), plain);
    assert.deepEqual(flagsOf(update), { addPathGuessed: true });
  });

  void test('there although not negotiated', () => {
    const update = updateOf(withIds);
    assert.deepEqual(prefixTexts(update.announced), numbered);
    assert.deepEqual(flagsOf(update), { addPathGuessed: true });
  });

  void test('withdrawals as well', () => {
    assert.deepEqual(prefixTexts(updateOf(unreach(0, 0, 0, 7, ...first)).withdrawn), [
      '100.64.1.0/24 path 7 safi 128 rd 0:65000:11',
    ]);
  });
});
