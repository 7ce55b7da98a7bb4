/** Loc-RIB (RFC 9069): identity by distinguisher and BGP ID, one Peer Up a family, the F flag. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endOfRib, type PeerOptions, peerDown, peerUp, routeMonitoring } from '../support/bmp-builder.ts';
import { RibDriver, staleTimeMs } from '../support/rib-driver.ts';

const locRib: PeerOptions = { type: 3, as: 65000, bgpId: '192.0.2.254' };
const open4 = { as: 65000, families: [[1, 1]] as const };
const open6 = { as: 65000, families: [[2, 1]] as const };
const v4 = { origin: 0, asPath: [65001], nextHop: '192.0.2.1', announced: ['10.0.0.0/8'] };
const v6 = {
  origin: 0,
  asPath: [65001],
  mpReach: { afi: 2, safi: 1, nextHop: '2001:db8::1', prefixes: ['2001:db8::/32'] },
};

function twoFamilies(): RibDriver {
  const driver = new RibDriver();
  driver.send([
    peerUp(locRib, { sentOpen: open4, receivedOpen: open4 }),
    peerUp(locRib, { sentOpen: open6, receivedOpen: open6 }),
    routeMonitoring(locRib, v4),
    routeMonitoring(locRib, v6),
    endOfRib(locRib),
    endOfRib(locRib, 2, 1),
  ]);
  return driver;
}

test('peer ups of one loc-rib for several families add up', () => {
  const driver = twoFamilies();
  assert.deepEqual(driver.at('10.0.0.0/8'), ['loc-rib 192.0.2.254']);
  assert.deepEqual(driver.at('2001:db8::/32'), ['loc-rib 192.0.2.254']);
  assert.equal(driver.peer('192.0.2.254')?.epoch, 1);
});

test('one of several going down takes no route of the others along', () => {
  const driver = twoFamilies();
  driver.send(peerDown(locRib, 6));
  assert.deepEqual(driver.at('10.0.0.0/8'), ['loc-rib 192.0.2.254 stale']);
  assert.deepEqual(driver.at('2001:db8::/32'), ['loc-rib 192.0.2.254 stale']);
  driver.send(peerUp(locRib, { sentOpen: open6, receivedOpen: open6 }));
  driver.send(endOfRib(locRib, 2, 1));
  assert.deepEqual(driver.at('10.0.0.0/8'), ['loc-rib 192.0.2.254']);
  assert.deepEqual(driver.at('2001:db8::/32'), []);
});

test('where they cannot be told apart all are stale until heard of, and what is not heard of is swept', () => {
  const driver = twoFamilies();
  driver.send(peerDown(locRib, 6));
  assert.equal(driver.lookup('10.0.0.1').stale, true);
  driver.pass(staleTimeMs * 2);
  assert.deepEqual(driver.at('2001:db8::/32'), ['loc-rib 192.0.2.254 stale']);
  driver.send(routeMonitoring(locRib, { ...v4, announced: ['10.1.0.0/16'] }));
  assert.deepEqual(driver.at('10.0.0.0/8'), ['loc-rib 192.0.2.254']);
  assert.equal(driver.lookup('10.0.0.1').stale, false);
  assert.deepEqual(driver.at('2001:db8::/32'), []);
  driver.send(peerDown(locRib, 6));
  assert.deepEqual(driver.at('10.0.0.0/8'), []);
});

test('the last of them going down ends all', () => {
  const driver = twoFamilies();
  driver.send([peerDown(locRib, 6), peerDown(locRib, 6)]);
  assert.deepEqual(driver.at('10.0.0.0/8'), []);
  assert.deepEqual(driver.at('2001:db8::/32'), []);
});

test('another bgp id is another loc-rib', () => {
  const driver = twoFamilies();
  const other = { ...locRib, bgpId: '192.0.2.253' };
  driver.send([peerUp(other, { sentOpen: open4 }), routeMonitoring(other, v4), peerDown(other, 6)]);
  assert.deepEqual(driver.at('10.0.0.0/8'), ['loc-rib 192.0.2.254']);
});

test('a filtered loc-rib is never complete', () => {
  const driver = new RibDriver();
  const filtered = { ...locRib, isFiltered: true };
  driver.send([peerUp(filtered, { sentOpen: open4 }), routeMonitoring(filtered, v4), endOfRib(filtered)]);
  const peer: PeerOptions = { address: '192.0.2.1', as: 65001, isPostPolicy: true };
  const longer = { ...v4, announced: ['10.1.0.0/16'] };
  driver.send([peerUp(peer), routeMonitoring(peer, longer), endOfRib(peer)]);
  assert.equal(driver.ask('10.1.0.1'), '10.1.0.0/16 via 192.0.2.1 (adj-rib-in-post) by only');
  assert.equal(driver.ask('10.2.0.1'), 'no-route');
  driver.send(routeMonitoring(locRib, { withdrawn: ['10.99.0.0/16'] }));
  assert.equal(driver.ask('10.1.0.1'), '10.0.0.0/8 via 192.0.2.254 (loc-rib) by only');
});
