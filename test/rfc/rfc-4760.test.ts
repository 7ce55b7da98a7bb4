/** RFC 4760, multiprotocol BGP: next hops by their length (RFC 2545, 4659, 8950), families that are not kept. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { attribute } from '../support/bgp-builder.ts';
import { attributesOf, prefixTexts, updateOf } from '../support/bgp-text.ts';
import { bgpUpdate, endOfRib, type PeerOptions, peerUp, routeMonitoring } from '../support/bmp-builder.ts';
import { RibDriver } from '../support/rib-driver.ts';

const peer: PeerOptions = { address: '192.0.2.1', as: 65001 };
const rd = '0000fde800000001';
const global = '2001:db8::1';
const local = 'fe80::1';

void describe('RFC 4760 §3: next hops by length', () => {
  const cases: readonly (readonly [string, number, readonly string[], string])[] = [
    ['4 bytes', 1, ['192.0.2.7'], '192.0.2.7'],
    ['RFC 4364 §4.3.2: 12 bytes, RD and IPv4', 1, [rd, '192.0.2.7'], '192.0.2.7'],
    ['16 bytes', 2, [global], global],
    ['RFC 8950 §3: 16 bytes for IPv4 routes', 1, [global], global],
    ['RFC 8950 §3: 32 bytes for IPv4 routes', 1, [global, local], `${global} ${local}`],
    ['RFC 4798 §2: 16 bytes, IPv4-mapped', 2, ['::ffff:192.0.2.7'], '192.0.2.7'],
    ['16 bytes, link-local alone', 2, [local], local],
    ['RFC 4659 §3.2.1: 24 bytes, RD and IPv6', 2, [rd, global], global],
    ['RFC 8950 §3: 24 bytes for IPv4 routes', 1, [rd, global], global],
    ['RFC 2545 §3: 32 bytes', 2, [global, local], `${global} ${local}`],
    ['32 bytes, link-local first', 2, [local, global], `${global} ${local}`],
    ['32 bytes, :: first', 2, ['::', local], local],
    ['32 bytes, :: second', 2, [global, '::'], global],
    ['32 bytes, link-local twice', 2, [local, local], local],
    ['RFC 4659 §3.2.1.1: 48 bytes, both with RD', 2, [rd, global, rd, local], `${global} ${local}`],
    ['48 bytes, :: first', 2, [rd, '::', rd, local], local],
    ['48 bytes, link-local first', 2, [rd, local, rd, global], `${global} ${local}`],
  ];
  for (const [name, afi, nextHop, expected] of cases) {
    void test(`${name}; either address of the flow's next hop matches`, () => {
      const prefixes = [afi === 1 ? '10.0.0.0/8' : '2001:db8:1::/48'];
      const options = {
        origin: 0,
        asPath: [65001],
        nextHop: '203.0.113.9',
        mpReach: { afi, safi: 1, nextHop, prefixes },
      };
      const update = updateOf(bgpUpdate(options));
      assert.equal(attributesOf(update, 1)['nextHop'], expected);
      assert.deepEqual(prefixTexts(update.announced), [`${prefixes[0]} set 1`]);
      const driver = new RibDriver();
      driver.send([peerUp(peer), routeMonitoring(peer, options)]);
      const asked = afi === 1 ? '10.0.0.1' : '2001:db8:1::1';
      for (const hop of expected.split(' ')) assert.equal(driver.lookup(asked, hop).nextHopMatch, true);
      // Attribute 3 is nothing to MP routes.
      assert.equal(driver.lookup(asked, '203.0.113.9').nextHopMatch, false);
    });
  }

  for (const nextHop of [['0102030405'], [], [global, '192.0.2.1']]) {
    void test(`RFC 7606 §7.11: ${nextHop.join(' ') || 'none'}: the routes count as withdrawn`, () => {
      const mpReach = { afi: 2, safi: 1, nextHop, prefixes: ['2001:db8:1::/48'] };
      const update = updateOf(bgpUpdate({ origin: 0, asPath: [1], mpReach }));
      assert.equal(update.treatAsWithdraw, true);
      assert.deepEqual(prefixTexts(update.withdrawn), ['2001:db8:1::/48']);
    });
  }
});

void describe('RFC 4760 §6: families that are not kept are counted and passed over, the session unharmed', () => {
  const families: readonly (readonly [string, number, number, string])[] = [
    ['multicast', 1, 2, '080a'],
    ['RFC 6514 MCAST-VPN', 1, 5, '0102aabb'],
    ['RFC 9830 SR policy', 1, 73, '60000000010000000a0a0b0c0d'],
    ['RFC 4684 route target constraint', 1, 132, '600000fde80002fde800000001'],
    ['RFC 8955 flow specification', 1, 133, '0301080a'],
    ['RFC 8956 flow specification, IPv6', 2, 133, '03010800'],
    ['RFC 8955 flow specification in a VPN', 1, 134, '0b0000fde80000000101080a'],
    ['RFC 4761 VPLS', 25, 65, '00110000fde80000000100010001000a000001'],
    ['RFC 9552 BGP-LS', 16388, 71, '0001000401020304'],
    ['an unknown family', 77, 99, 'ffffff'],
  ];
  for (const [name, afi, safi, nlri] of families) {
    void test(`${name} (${afi}/${safi}), announced, withdrawn, End-of-RIB`, () => {
      const driver = new RibDriver();
      const route = { origin: 0, asPath: [65001], nextHop: '192.0.2.1', announced: ['10.0.0.0/8'] };
      driver.send([peerUp(peer), routeMonitoring(peer, route)]);
      const family = [afi >> 8, afi & 255, safi];
      const entries = Buffer.from(nlri, 'hex');
      const reach = attribute(14, Buffer.from([...family, 4, 192, 0, 2, 1, 0, ...entries]), 0x80);
      const unreach = attribute(15, Buffer.from([...family, ...entries]), 0x80);
      const marker = attribute(15, Buffer.from(family), 0x80);
      // Beside v4 routes of the same UPDATE, too.
      driver.send(routeMonitoring(peer, { ...route, announced: ['10.1.0.0/16'], rawAttributes: reach }));
      driver.send(routeMonitoring(peer, { rawAttributes: unreach }));
      driver.send(routeMonitoring(peer, { rawAttributes: marker }));
      assert.deepEqual([...driver.shard.counters.skippedFamilies], [[(afi << 8) | safi, 2]]);
      assert.deepEqual(driver.routes.counts(), { routesV4: 2, routesV6: 0, prefixesV4: 2, prefixesV6: 0 });
      assert.equal(driver.peer('192.0.2.1')?.suspect, false);
      assert.deepEqual(driver.peer('192.0.2.1')?.ribs.length, 1);
      driver.send([endOfRib(peer), routeMonitoring(peer, { withdrawn: ['10.0.0.0/8'] })]);
      assert.deepEqual(driver.at('10.0.0.0/8'), []);
      assert.equal(driver.shard.counters.recordErrors, 0);
    });
  }

  void test('families that a sender makes up are counted under one key beyond 64', () => {
    const driver = new RibDriver();
    driver.send(peerUp(peer));
    for (let i = 0; i < 200; i++) {
      const value = Buffer.from([200, i, 250, 0xff]);
      driver.send(routeMonitoring(peer, { rawAttributes: attribute(15, value, 0x80) }));
    }
    const { skippedFamilies } = driver.shard.counters;
    assert.equal(skippedFamilies.size, 65);
    assert.equal(skippedFamilies.get(-1), 136);
  });
});
