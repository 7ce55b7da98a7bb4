/** RFC 4364 and RFC 4659, BGP/MPLS VPNs: the RD, of an NLRI or of a peer (RFC 7854 §4.2), is part of what a route is. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { attribute } from '../support/bgp-builder.ts';
import { endOfRib, type PeerOptions, peerDown, peerUp, routeMonitoring } from '../support/bmp-builder.ts';
import { RibDriver } from '../support/rib-driver.ts';
import { vpnRoutesAt } from '../support/vpn-routes.ts';

const peer: PeerOptions = { address: '192.0.2.1', as: 65000 };
const vrfPeer: PeerOptions = { address: '192.0.2.1', as: 65001, type: 1, distinguisher: '0000fde80000000b' };
const blue = '0000fde80000000b';
const red = '0001c000020a0005';
const attributes = { origin: 0, asPath: [65001] };
const hop4 = ['0000000000000000', '192.0.2.1'];

function announce(rd: string, prefix: string, pathId?: number): Buffer {
  const prefixes = [{ prefix, labels: [100], rd, ...(pathId !== undefined && { pathId }) }];
  return routeMonitoring(peer, { ...attributes, mpReach: { afi: 1, safi: 128, nextHop: hop4, prefixes } });
}

function withdraw(rd: string, prefix: string, labels = [0x80000]): Buffer {
  return routeMonitoring(peer, { mpUnreach: { afi: 1, safi: 128, prefixes: [{ prefix, labels, rd }] } });
}

function up(...headers: PeerOptions[]): RibDriver {
  const driver = new RibDriver();
  driver.send(headers.map((header) => peerUp(header)));
  return driver;
}

void describe('RFC 4364 §4.1, §4.3.4: VPN-IPv4 routes', () => {
  void test('the same prefix under two RDs is two routes, each withdrawn by its own; none is in the global table', () => {
    const driver = up(peer);
    driver.send([announce(blue, '10.0.0.0/8'), announce(red, '10.0.0.0/8')]);
    assert.deepEqual(vpnRoutesAt(driver.shard, '10.0.0.0/8'), [
      'adj-rib-in-pre 192.0.2.1 0:65000:11',
      'adj-rib-in-pre 192.0.2.1 1:192.0.2.10:5',
    ]);
    assert.deepEqual([driver.at('10.0.0.0/8'), driver.ask('10.0.0.1')], [[], 'no-route']);
    // RFC 8277 §2.4: whatever the label of the withdrawal.
    driver.send(withdraw(blue, '10.0.0.0/8', [7]));
    assert.deepEqual(vpnRoutesAt(driver.shard, '10.0.0.0/8'), ['adj-rib-in-pre 192.0.2.1 1:192.0.2.10:5']);
    assert.equal(driver.shard.counters.withdrawnUnknown, 0);
  });

  void test('another label is no other route', () => {
    const driver = up(peer);
    driver.send(announce(blue, '10.0.0.0/8'));
    const prefixes = [{ prefix: '10.0.0.0/8', labels: [200], rd: blue }];
    driver.send(routeMonitoring(peer, { ...attributes, mpReach: { afi: 1, safi: 128, nextHop: hop4, prefixes } }));
    assert.equal(vpnRoutesAt(driver.shard, '10.0.0.0/8').length, 1);
  });

  void test('RFC 8277 §2.2: FRR sends label 0 without the bottom-of-stack bit; the RD is no label', () => {
    const driver = up(peer);
    const nlri = Buffer.from(`70000000${blue}0a0100`, 'hex');
    const value = Buffer.concat([Buffer.from([0, 1, 128, 12]), Buffer.alloc(8), Buffer.from([192, 0, 2, 1, 0]), nlri]);
    driver.send(routeMonitoring(peer, { ...attributes, rawAttributes: attribute(14, value, 0x80) }));
    assert.deepEqual(vpnRoutesAt(driver.shard, '10.1.0.0/24'), ['adj-rib-in-pre 192.0.2.1 0:65000:11']);
  });

  void test('RFC 7911: path ids, 0 too, are part of the key beside the RD', () => {
    const driver = new RibDriver();
    const open = { as: 65000, addPath: [[1, 128, 3]] } as const;
    driver.send(peerUp(peer, { sentOpen: open, receivedOpen: open }));
    driver.send([announce(blue, '10.0.0.0/8', 0), announce(blue, '10.0.0.0/8', 1), announce(red, '10.0.0.0/8', 0)]);
    assert.equal(vpnRoutesAt(driver.shard, '10.0.0.0/8').length, 3);
    assert.equal(driver.shard.counters.addPathGuessed, 0);
  });

  void test('RFC 4724 §2: End-of-RIB of the family sweeps what the new epoch has not told again, under any RD', () => {
    const driver = up(peer);
    driver.send([announce(blue, '10.0.0.0/8'), announce(red, '10.0.0.0/8'), endOfRib(peer, 1, 128)]);
    driver.send([peerUp(peer, { remotePort: 7 }), announce(blue, '10.0.0.0/8')]);
    assert.deepEqual(vpnRoutesAt(driver.shard, '10.0.0.0/8'), [
      'adj-rib-in-pre 192.0.2.1 0:65000:11',
      'adj-rib-in-pre 192.0.2.1 1:192.0.2.10:5 stale',
    ]);
    driver.send(endOfRib(peer));
    assert.equal(vpnRoutesAt(driver.shard, '10.0.0.0/8').length, 2);
    driver.send(endOfRib(peer, 1, 128));
    assert.deepEqual(vpnRoutesAt(driver.shard, '10.0.0.0/8'), ['adj-rib-in-pre 192.0.2.1 0:65000:11']);
  });

  void test('a Peer Down takes them along', () => {
    const driver = up(peer);
    driver.send([announce(blue, '10.0.0.0/8'), peerDown(peer)]);
    assert.deepEqual(vpnRoutesAt(driver.shard, '10.0.0.0/8'), []);
  });

  void test('a length over label, RD and 32 bits makes the peer suspect', () => {
    const driver = up(peer);
    driver.send(announce(blue, '10.0.0.0/8'));
    const value = Buffer.concat([Buffer.from([0, 1, 128, 24 + 64 + 33]), Buffer.alloc(16)]);
    driver.send(routeMonitoring(peer, { rawAttributes: attribute(15, value, 0x80) }));
    assert.deepEqual(vpnRoutesAt(driver.shard, '10.0.0.0/8'), ['adj-rib-in-pre 192.0.2.1 0:65000:11 suspect']);
  });
});

void describe('RFC 4659 §2: VPN-IPv6 routes', () => {
  void test('next hops of 24 and 48 bytes', () => {
    const driver = up(peer);
    const zero = '0000000000000000';
    for (const nextHop of [
      [zero, '2001:db8::1'],
      [zero, '2001:db8::1', zero, 'fe80::1'],
    ]) {
      const mpReach = { afi: 2, safi: 128, nextHop, prefixes: [{ prefix: '2001:db8:1::/48', labels: [3], rd: blue }] };
      driver.send(routeMonitoring(peer, { ...attributes, mpReach }));
      assert.deepEqual(vpnRoutesAt(driver.shard, '2001:db8:1::/48'), ['adj-rib-in-pre 192.0.2.1 0:65000:11']);
    }
    assert.equal(driver.shard.counters.treatedAsWithdraw, 0);
  });
});

void describe('RFC 7854 §4.2: peers in a VRF', () => {
  void test("peer type 1: the distinguisher is the RD of the peer's unicast routes", () => {
    const driver = up(vrfPeer);
    driver.send(routeMonitoring(vrfPeer, { ...attributes, nextHop: '192.0.2.1', announced: ['10.0.0.0/8'] }));
    assert.deepEqual(vpnRoutesAt(driver.shard, '10.0.0.0/8'), ['adj-rib-in-pre 192.0.2.1 0:65000:11']);
    assert.deepEqual(driver.at('10.0.0.0/8'), []);
  });

  void test('peer type 2: the distinguisher is a local value, no RD', () => {
    const local = { ...vrfPeer, type: 2 };
    const driver = up(local);
    driver.send(routeMonitoring(local, { ...attributes, nextHop: '192.0.2.1', announced: ['10.0.0.0/8'] }));
    const value = BigInt('0x0000fde80000000b');
    assert.deepEqual(vpnRoutesAt(driver.shard, '10.0.0.0/8'), [`adj-rib-in-pre 192.0.2.1 local:${value}`]);
  });

  void test('RFC 9069 §4.1: the Loc-RIB of a VRF', () => {
    const locRib: PeerOptions = { type: 3, as: 65000, bgpId: '192.0.2.254', distinguisher: blue };
    const driver = new RibDriver();
    driver.send(peerUp(locRib, { tableName: 'blue' }));
    driver.send(routeMonitoring(locRib, { ...attributes, nextHop: '192.0.2.1', announced: ['10.0.0.0/8'] }));
    assert.deepEqual(vpnRoutesAt(driver.shard, '10.0.0.0/8'), ['loc-rib 192.0.2.254 0:65000:11']);
    assert.equal(driver.peer('192.0.2.254')?.tableName, 'blue');
  });

  void test('the same address in two VRFs and the global table: three peers, three routes, no one in another one', () => {
    const other = { ...vrfPeer, distinguisher: red };
    const driver = up(vrfPeer, other, peer);
    for (const header of [vrfPeer, other, peer]) {
      driver.send(routeMonitoring(header, { ...attributes, nextHop: '192.0.2.1', announced: ['10.0.0.0/8'] }));
    }
    assert.equal(vpnRoutesAt(driver.shard, '10.0.0.0/8').length, 2);
    assert.equal(driver.at('10.0.0.0/8').length, 1);
    driver.send(peerDown(other));
    assert.deepEqual(vpnRoutesAt(driver.shard, '10.0.0.0/8'), ['adj-rib-in-pre 192.0.2.1 0:65000:11']);
    assert.equal(driver.at('10.0.0.0/8').length, 1);
  });
});
