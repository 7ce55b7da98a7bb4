/** EVPN routes by their bytes: IP prefixes are kept, other types are counted. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { attribute, type PrefixInput } from '../../support/bgp-builder.ts';
import { attributesOf, flagsOf, prefixTexts, updateOf } from '../../support/bgp-text.ts';
import { bgpUpdate } from '../../support/bmp-builder.ts';

const path = { origin: 0, asPath: [65001] };
const withPathIds = { hasPathId: () => true };
const rd = '0000fde80000000b';
const rdBytes = [...Buffer.from(rd, 'hex')];
const esi = '00112233445566778899';

function reach(prefixes: readonly PrefixInput[]): Buffer {
  return bgpUpdate({ ...path, mpReach: { afi: 25, safi: 70, nextHop: '192.0.2.1', prefixes } });
}

/** MP_REACH_NLRI of EVPN with these NLRI bytes. */
function rawReach(...nlri: number[]): Buffer {
  const value = Buffer.from([0, 25, 70, 4, 192, 0, 2, 1, 0, ...nlri]);
  return bgpUpdate({ ...path, rawAttributes: attribute(14, value, 0x80) });
}

/** A route of another type: type, length, RD and zeros. */
function other(type: number, size: number): number[] {
  return [type, size, ...rdBytes, ...Array.from({ length: size - 8 }, () => 0)];
}

void describe('RFC 9136 §3.1: IP prefix routes', () => {
  void test('IPv4, 34 bytes: RD, ESI, tag, prefix length, prefix, gateway, label', () => {
    const gateway = [10, 9, 9, 9];
    const value = [...rdBytes, ...Buffer.alloc(10), 0, 0, 0, 0, 24, 10, 1, 2, 0, ...gateway, 0, 0x06, 0x40];
    assert.equal(value.length, 34);
    const update = updateOf(rawReach(5, 34, ...value));
    assert.deepEqual(prefixTexts(update.announced), ['10.1.2.0/24 safi 70 rd 0:65000:11 set 1']);
    assert.equal(attributesOf(update, 1)['nextHop'], '192.0.2.1');
    assert.deepEqual(flagsOf(update), {});
  });

  void test('IPv6, 58 bytes, under the same AFI and SAFI', () => {
    const gateway = [...Buffer.alloc(16)];
    const prefix = [0x20, 1, 0x0d, 0xb8, 0, 9, ...Buffer.alloc(10)];
    const value = [...rdBytes, ...Buffer.from(esi, 'hex'), 0, 0, 0, 0, 48, ...prefix, ...gateway, 0, 0, 0];
    assert.equal(value.length, 58);
    const update = updateOf(rawReach(5, 58, ...value));
    assert.deepEqual(prefixTexts(update.announced), ['2001:db8:9::/48 safi 70 rd 0:65000:11 set 1']);
    assert.deepEqual(flagsOf(update), {});
  });

  void test('the Ethernet tag is part of the key', () => {
    const tagged = [0, 7, 0xffffffff].map((tag) => ({ prefix: '10.0.0.0/8', rd, evpn: { tag } }));
    assert.deepEqual(prefixTexts(updateOf(reach(tagged)).announced), [
      '10.0.0.0/8 safi 70 rd 0:65000:11 set 1',
      '10.0.0.0/8 safi 70 rd 0:65000:11 tag 7 set 1',
      '10.0.0.0/8 safi 70 rd 0:65000:11 tag 4294967295 set 1',
    ]);
  });

  void test('host bits are masked, 0 and all bits are lengths', () => {
    const prefixes = ['10.1.2.3/8', '0.0.0.0/0', '10.1.2.3/32', '2001:db8::1/128'].map((prefix) => ({
      prefix,
      rd,
      evpn: {},
    }));
    assert.deepEqual(prefixTexts(updateOf(reach(prefixes)).announced), [
      '10.0.0.0/8 safi 70 rd 0:65000:11 set 1',
      '0.0.0.0/0 safi 70 rd 0:65000:11 set 1',
      '10.1.2.3/32 safi 70 rd 0:65000:11 set 1',
      '2001:db8::1/128 safi 70 rd 0:65000:11 set 1',
    ]);
  });

  void test('both an ESI and a gateway: treated as withdrawn, others stand', () => {
    const both = { prefix: '10.0.0.0/8', rd, evpn: { esi, gateway: '10.9.9.9' } };
    const update = updateOf(reach([both, { prefix: '10.0.0.0/9', rd, evpn: {} }]));
    assert.deepEqual(prefixTexts(update.withdrawn), ['10.0.0.0/8 safi 70 rd 0:65000:11 set 1']);
    assert.deepEqual(prefixTexts(update.announced), ['10.0.0.0/9 safi 70 rd 0:65000:11 set 1']);
    assert.equal(update.treatAsWithdraw, true);
  });

  void test('a length that is neither, or more bits than an address has: not believed, others stand', () => {
    const good = { prefix: '10.0.0.0/9', rd, evpn: {} };
    for (const bad of [other(5, 46), [5, 34, ...rdBytes, ...Buffer.alloc(14), 33, ...Buffer.alloc(11)]]) {
      const head = Buffer.from([0, 25, 70, 4, 192, 0, 2, 1, 0, ...bad]);
      const nlri = updateOf(reach([good]));
      assert.equal(nlri.announced.count, 1);
      const value = [5, 34, ...rdBytes, ...Buffer.alloc(14), 9, 10, ...Buffer.alloc(10)];
      const update = updateOf(
        bgpUpdate({ ...path, rawAttributes: attribute(14, Buffer.from([...head, ...value]), 0x80) }),
      );
      assert.equal(update.unparsableNlri, true);
      assert.deepEqual(prefixTexts(update.announced), ['10.0.0.0/9 safi 70 rd 0:65000:11 set 1']);
    }
  });

  void test('withdrawn, with any label', () => {
    const prefixes = [{ prefix: '10.0.0.0/8', rd, evpn: { tag: 9, label: 0x800000 } }];
    const update = updateOf(bgpUpdate({ mpUnreach: { afi: 25, safi: 70, prefixes } }));
    assert.deepEqual(prefixTexts(update.withdrawn), ['10.0.0.0/8 safi 70 rd 0:65000:11 tag 9']);
    assert.equal(updateOf(bgpUpdate({ mpUnreach: { afi: 25, safi: 70, prefixes: [] } })).endOfRib, (25 << 8) | 70);
  });
});

void describe('RFC 7432 §7: other EVPN routes', () => {
  void test('are counted by type, what is beside them is kept', () => {
    const ipPrefix = [5, 34, ...rdBytes, ...Buffer.alloc(14), 8, 10, ...Buffer.alloc(10)];
    const update = updateOf(
      rawReach(...other(1, 25), ...other(2, 33), ...ipPrefix, ...other(2, 37), ...other(3, 17), ...other(200, 9)),
    );
    assert.deepEqual(prefixTexts(update.announced), ['10.0.0.0/8 safi 70 rd 0:65000:11 set 1']);
    assert.deepEqual(flagsOf(update), { 'evpn type 1': 1, 'evpn type 2': 2, 'evpn type 3': 1, 'evpn type 200': 1 });
  });

  void test('a route that runs over the end: nothing of the field is believed', () => {
    const update = updateOf(rawReach(...other(2, 33), 3, 17, 0));
    assert.equal(update.unparsableNlri, true);
    assert.deepEqual([update.announced.count, update.skippedEvpnTypes.size], [0, 0]);
  });
});

void describe('RFC 7911: path ids of EVPN routes', () => {
  const numbered = [0, 7, 0xffffffff].map((pathId) => ({ prefix: '10.0.0.0/8', rd, pathId, evpn: {} }));
  const expected = [0, 7, 4294967295].map((id) => `10.0.0.0/8 path ${id} safi 70 rd 0:65000:11 set 1`);

  void test('negotiated', () => {
    const update = updateOf(reach(numbered), withPathIds);
    assert.deepEqual(prefixTexts(update.announced), expected);
    assert.deepEqual(flagsOf(update), {});
  });

  void test('there although not negotiated, 0 as well; left out although negotiated', () => {
    const there = updateOf(reach(numbered));
    assert.deepEqual(prefixTexts(there.announced), expected);
    assert.deepEqual(flagsOf(there), { addPathGuessed: true });
    assert.equal(updateOf(reach(numbered.slice(0, 1))).addPathGuessed, true);
    const leftOut = updateOf(reach([{ prefix: '10.0.0.0/8', rd, evpn: {} }]), withPathIds);
    assert.deepEqual(prefixTexts(leftOut.announced), ['10.0.0.0/8 safi 70 rd 0:65000:11 set 1']);
    assert.deepEqual(flagsOf(leftOut), { addPathGuessed: true });
  });
});
