/** RFC 7432 and RFC 9136, EVPN: only IP prefix routes (type 5) become rows; all others are counted. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { attribute } from '../support/bgp-builder.ts';
import { type PeerOptions, peerUp, routeMonitoring } from '../support/bmp-builder.ts';
import { RibDriver } from '../support/rib-driver.ts';
import { vpnRoutesAt } from '../support/vpn-routes.ts';

const peer: PeerOptions = { address: '192.0.2.1', as: 65000 };
const rd = '0000fde80000000b';
const esi = '00'.repeat(10);
const path = { origin: 0, asPath: [65001] };

/** Types 1 to 4 as RFC 7432 §7.1-7.4 lay them out. */
const others: readonly (readonly [string, string])[] = [
  ['type 1, Ethernet auto-discovery', `0119${rd}${esi}00000000000640`],
  ['type 2, MAC', `0221${rd}${esi}0000000030aabbccddeeff00000640`],
  ['type 2, MAC and IPv4', `0225${rd}${esi}0000000030aabbccddeeff20c0000263000640`],
  ['type 3, inclusive multicast', `0311${rd}0000000020c0000201`],
  ['type 4, Ethernet segment', `0417${rd}${esi}20c0000201`],
  ['type 6, unknown to this RFC', `0602aabb`],
];

function update(type: 14 | 15, nlri: string): Buffer {
  const head = type === 14 ? [0, 25, 70, 4, 192, 0, 2, 1, 0] : [0, 25, 70];
  const value = Buffer.concat([Buffer.from(head), Buffer.from(nlri, 'hex')]);
  return routeMonitoring(peer, { ...(type === 14 && path), rawAttributes: attribute(type, value, 0x80) });
}

void describe('RFC 7432 §7: EVPN routes that are no prefixes', () => {
  for (const [name, nlri] of others) {
    void test(`${name}: no row, however often; counted; the session unharmed`, () => {
      const driver = new RibDriver();
      driver.send(peerUp(peer));
      for (let i = 0; i < 3; i++) driver.send([update(14, nlri), update(15, nlri)]);
      const counted = [...driver.shard.counters.skippedEvpnTypes.values()].reduce((sum, count) => sum + count, 0);
      assert.equal(counted, 6);
      assert.deepEqual(
        [driver.shard.vpn.routes.counts(), driver.routes.counts()].map((counts) => counts.routesV4 + counts.routesV6),
        [0, 0],
      );
      assert.equal(driver.shard.vpn.routes.counts().prefixesV6, 0);
      assert.equal(driver.peer('192.0.2.1')?.suspect, false);
      assert.equal(driver.shard.counters.recordErrors, 0);
    });
  }
});

void describe('RFC 9136 §3.1: IP prefix routes', () => {
  const prefix4 = `0522${rd}${esi}00000000180a01020000000000000640`;

  void test('beside others in one UPDATE; withdrawn again', () => {
    const driver = new RibDriver();
    driver.send([peerUp(peer), update(14, others[2][1] + prefix4 + others[3][1])]);
    assert.deepEqual(vpnRoutesAt(driver.shard, '10.1.2.0/24'), ['adj-rib-in-pre 192.0.2.1 0:65000:11']);
    assert.deepEqual(driver.at('10.1.2.0/24'), []);
    driver.send(update(15, prefix4));
    assert.deepEqual(vpnRoutesAt(driver.shard, '10.1.2.0/24'), []);
    assert.equal(driver.shard.counters.withdrawnUnknown, 0);
  });

  void test('IPv6 under the same AFI', () => {
    const driver = new RibDriver();
    const prefix6 = `053a${rd}${esi}000000003020010db8000100000000000000000000${'00'.repeat(16)}000640`;
    driver.send([peerUp(peer), update(14, prefix6)]);
    assert.deepEqual(vpnRoutesAt(driver.shard, '2001:db8:1::/48'), ['adj-rib-in-pre 192.0.2.1 0:65000:11']);
  });
});
