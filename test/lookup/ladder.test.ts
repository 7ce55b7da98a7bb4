/** The ladder: authority, longest prefix, next hop, fallback; each rule with a case that only it explains. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endOfRib, type PeerOptions, peerUp, routeMonitoring, type UpdateOptions } from '../support/bmp-builder.ts';
import { endOfRibTimeoutMs, RibDriver } from '../support/rib-driver.ts';

const locRib: PeerOptions = { type: 3, as: 65000, bgpId: '192.0.2.254' };
const peerA: PeerOptions = { address: '192.0.2.1', as: 65001, bgpId: '192.0.2.1', isPostPolicy: true };
const peerB: PeerOptions = { address: '192.0.2.2', as: 65002, bgpId: '192.0.2.2', isPostPolicy: true };
const pre = (peer: PeerOptions): PeerOptions => ({ ...peer, isPostPolicy: false });
const out = (peer: PeerOptions): PeerOptions => ({ ...peer, isAdjRibOut: true });

function route(peer: PeerOptions, prefix: string, options: UpdateOptions = {}): Buffer {
  const nextHop = peer.type === 3 ? '192.0.2.1' : peer.address;
  return routeMonitoring(peer, { origin: 0, asPath: [65001], nextHop: nextHop ?? '', announced: [prefix], ...options });
}

function up(...peers: PeerOptions[]): RibDriver {
  const driver = new RibDriver();
  driver.send(peers.map((peer) => peerUp(peer)));
  return driver;
}

test('no address, no router, no route', () => {
  const driver = up(peerA);
  assert.equal(driver.ask('10.0.0.1'), 'no-route');
  assert.equal(driver.ask('0.0.0.0'), 'bad-address');
  assert.equal(driver.ask('::'), 'bad-address');
  assert.equal(driver.ask('10.0.0.1', null, { router: '203.0.113.1' }), 'no-router');
});

test('the first view in order that is complete is the authority, also where it has only a shorter prefix', () => {
  const driver = up(locRib, peerA);
  driver.send([route(locRib, '10.0.0.0/8'), route(peerA, '10.1.0.0/16'), endOfRib(peerA)]);
  assert.equal(driver.ask('10.1.0.1'), '10.1.0.0/16 via 192.0.2.1 (adj-rib-in-post) by only');
  driver.send(endOfRib(locRib));
  assert.equal(driver.ask('10.1.0.1'), '10.0.0.0/8 via 192.0.2.254 (loc-rib) by only');
  assert.equal(driver.ask('10.1.0.1', null, { views: [1, 0] }), '10.1.0.0/16 via 192.0.2.1 (adj-rib-in-post) by only');
});

test('while none is complete, all configured views answer together', () => {
  const driver = up(locRib, peerA);
  driver.send([route(locRib, '10.0.0.0/8'), route(peerA, '10.1.0.0/16')]);
  assert.equal(driver.ask('10.1.0.1'), '10.1.0.0/16 via 192.0.2.1 (adj-rib-in-post) by only');
  assert.equal(driver.ask('10.2.0.1'), '10.0.0.0/8 via 192.0.2.254 (loc-rib) by only');
  assert.equal(driver.ask('10.1.0.1', null, { views: [0] }), '10.0.0.0/8 via 192.0.2.254 (loc-rib) by only');
});

test('a view is complete when all its peers are; the timeout stands in for end-of-rib', () => {
  const driver = up(locRib, peerA, peerB);
  driver.send([route(peerA, '10.0.0.0/8'), endOfRib(peerA), route(peerB, '10.2.0.0/16'), route(locRib, '10.1.0.0/16')]);
  assert.equal(driver.ask('10.1.0.1'), '10.1.0.0/16 via 192.0.2.254 (loc-rib) by only');
  driver.send(endOfRib(peerB));
  assert.equal(driver.ask('10.1.0.1'), '10.0.0.0/8 via 192.0.2.1 (adj-rib-in-post) by only');
  driver.pass(endOfRibTimeoutMs);
  assert.equal(driver.ask('10.1.0.1'), '10.1.0.0/16 via 192.0.2.254 (loc-rib) by only');
});

test('families are complete each on its own', () => {
  const driver = up(locRib, peerA);
  driver.send([route(locRib, '10.0.0.0/8'), endOfRib(locRib)]);
  const v6 = { afi: 2, safi: 1, nextHop: '2001:db8::1', prefixes: ['2001:db8:1::/48'] };
  driver.send(routeMonitoring(peerA, { origin: 0, asPath: [65001], mpReach: v6 }));
  assert.equal(driver.ask('2001:db8:1::1'), '2001:db8:1::/48 via 192.0.2.1 (adj-rib-in-post) by only');
});

test('one session that has the view whole suffices', () => {
  const driver = up(locRib, peerA);
  driver.send([route(locRib, '10.0.0.0/8'), endOfRib(locRib), route(peerA, '10.1.0.0/16'), endOfRib(peerA)]);
  driver.send([peerUp(locRib), route(locRib, '10.0.0.0/8')], { collector: 'c2' });
  assert.equal(driver.ask('10.1.0.1'), '10.0.0.0/8 via 192.0.2.254 (loc-rib) by only');
});

test('pre-policy beside post-policy of the same peer never answers', () => {
  const driver = up(peerA, peerB);
  driver.send([route(pre(peerA), '10.1.0.0/16'), route(pre(peerB), '10.2.0.0/16')]);
  assert.equal(driver.ask('10.1.0.1'), '10.1.0.0/16 via 192.0.2.1 (adj-rib-in-pre) by only');
  driver.send(route(peerA, '10.0.0.0/8'));
  assert.equal(driver.ask('10.1.0.1'), '10.0.0.0/8 via 192.0.2.1 (adj-rib-in-post) by only');
  assert.equal(driver.ask('10.2.0.1'), '10.2.0.0/16 via 192.0.2.2 (adj-rib-in-pre) by only');
  // Post-policy that is all rejected still means that pre-policy must not answer.
  driver.send(endOfRib(peerB));
  assert.equal(driver.ask('10.2.0.1'), '10.0.0.0/8 via 192.0.2.1 (adj-rib-in-post) by only');
});

test("a more-specific route that import policy rejected does not beat the loc-rib's covering route", () => {
  const driver = up(locRib, peerA, peerB);
  driver.send([route(pre(peerA), '10.1.1.0/24'), endOfRib(pre(peerA)), route(peerB, '10.1.0.0/16'), endOfRib(peerB)]);
  driver.send([route(locRib, '10.1.0.0/16', { nextHop: '192.0.2.2' }), endOfRib(locRib)]);
  assert.equal(driver.ask('10.1.1.1'), '10.1.0.0/16 via 192.0.2.254 (loc-rib) by only');
  // The next hop is searched at the prefix that was found, nowhere else.
  assert.equal(driver.ask('10.1.1.1', '192.0.2.1'), '10.1.0.0/16 via 192.0.2.254 (loc-rib) by only');
  assert.equal(driver.ask('10.1.1.1', '192.0.2.2'), '10.1.0.0/16 via 192.0.2.254 (loc-rib) by next-hop');
});

test('RFC 9069 §4.2: a filtered loc-rib (F flag) is no authority, complete or not', () => {
  const filtered = { ...locRib, isFiltered: true };
  const driver = up(filtered, peerA);
  driver.send([route(filtered, '10.0.0.0/8'), endOfRib(filtered), route(peerA, '10.1.0.0/16'), endOfRib(peerA)]);
  assert.equal(driver.ask('10.1.0.1'), '10.1.0.0/16 via 192.0.2.1 (adj-rib-in-post) by only');
  assert.equal(driver.ask('10.2.0.1'), 'no-route');
});

test('post-policy over another collector rejects as well', () => {
  const driver = up(peerA);
  driver.send(route(pre(peerA), '10.1.0.0/16'));
  driver.send([peerUp(peerA), endOfRib(peerA)], { collector: 'c2' });
  assert.equal(driver.ask('10.1.0.1'), 'no-route');
});

test('adj-rib-out answers only if asked', () => {
  const driver = up(peerA);
  driver.send(route(out(peerA), '10.0.0.0/8'));
  assert.equal(driver.ask('10.0.0.1'), 'no-route');
  assert.equal(driver.ask('10.0.0.1', null, { views: [3] }), '10.0.0.0/8 via 192.0.2.1 (adj-rib-out-post) by only');
});

test('a default route answers, flagged', () => {
  const driver = up(peerA);
  driver.send(route(peerA, '0.0.0.0/0'));
  assert.equal(driver.lookup('10.0.0.1').defaultRoute, true);
  driver.send(route(peerA, '0.0.0.0/1'));
  assert.equal(driver.lookup('10.0.0.1').defaultRoute, false);
});

test('v4-mapped addresses and next hops are the IPv4 ones', () => {
  const driver = up(peerA, peerB);
  driver.send([route(peerA, '10.0.0.0/8'), route(peerB, '10.0.0.0/8', { asPath: [65002, 65003] })]);
  assert.equal(
    driver.ask('::ffff:10.0.0.1', '::ffff:192.0.2.2'),
    '10.0.0.0/8 via 192.0.2.2 (adj-rib-in-post) by next-hop',
  );
});

const three: [PeerOptions, number[], string[]][] = [
  [{ address: '2001:db8::3:1', as: 65401, bgpId: '192.0.2.3', isPostPolicy: true }, [65401], []],
  [{ address: '2001:db8::4:1', as: 65402, bgpId: '192.0.2.4', isPostPolicy: true }, [65402], ['65402:31']],
  [{ address: '2001:db8::5:1', as: 65401, bgpId: '192.0.2.5', isPostPolicy: true }, [65401, 65402], ['65402:31']],
];

function v6route(peer: PeerOptions, nextHop: string | string[], asPath: number[], communities: string[] = []): Buffer {
  const mpReach = { afi: 2, safi: 1, nextHop, prefixes: ['2001:db8:1::/48'] };
  return routeMonitoring(peer, { origin: 0, asPath, mpReach, ...(communities.length > 0 && { communities }) });
}

function threeRoutes(): RibDriver {
  const driver = up(...three.map(([peer]) => peer));
  for (const [peer, path, communities] of three) {
    driver.send(v6route(peer, peer.address ?? '', path, communities));
    driver.send(endOfRib(peer, 2, 1));
  }
  return driver;
}

test("the flow's next hop picks among the routes of the longest prefix", () => {
  const driver = threeRoutes();
  for (const [peer, path, communities] of three) {
    const answer = driver.lookup('2001:db8:1::1', peer.address ?? '');
    assert.equal(answer.peer, peer.address);
    assert.equal(answer.nextHopMatch, true);
    assert.equal(answer.originAs, path.at(-1));
    assert.equal(answer.neighborAs, path[0]);
    assert.equal(answer.attributes.communities, communities.length);
    assert.equal(
      driver.ask('2001:db8:1::1', peer.address ?? ''),
      `2001:db8:1::/48 via ${peer.address} (adj-rib-in-post) by next-hop`,
    );
  }
});

test('the next hop is searched in any configured view when the loc-rib holds one path only', () => {
  const driver = threeRoutes();
  driver.send([peerUp(locRib), v6route(locRib, '2001:db8::3:1', [65401]), endOfRib(locRib, 2, 1)]);
  const prefix = '2001:db8:1::/48 via';
  assert.equal(driver.ask('2001:db8:1::1'), `${prefix} 192.0.2.254 (loc-rib) by only`);
  assert.equal(driver.ask('2001:db8:1::1', '2001:db8::5:1'), `${prefix} 2001:db8::5:1 (adj-rib-in-post) by next-hop`);
  assert.equal(driver.ask('2001:db8:1::1', '2001:db8::3:1'), `${prefix} 192.0.2.254 (loc-rib) by next-hop`);
  assert.equal(driver.ask('2001:db8:1::1', '2001:db8::9:1'), `${prefix} 192.0.2.254 (loc-rib) by only`);
  assert.equal(driver.lookup('2001:db8:1::1', '2001:db8::9:1').nextHopMatch, false);
});

test('a next hop on a shorter prefix does not win over the longest one', () => {
  const driver = up(peerA, peerB);
  driver.send([route(peerA, '10.0.0.0/8'), route(peerB, '10.1.0.0/16')]);
  assert.equal(driver.ask('10.1.0.1', '192.0.2.1'), '10.1.0.0/16 via 192.0.2.2 (adj-rib-in-post) by only');
});

test('either half of a next hop of 32 bytes matches', () => {
  const driver = threeRoutes();
  const [peer] = three[0];
  driver.send(v6route(peer, ['2001:db8::3:1', 'fe80::3'], [65401, 65401, 65401, 65401]));
  for (const nextHop of ['2001:db8::3:1', 'fe80::3']) {
    assert.equal(driver.lookup('2001:db8:1::1', nextHop).peer, '2001:db8::3:1');
    assert.equal(driver.lookup('2001:db8:1::1', nextHop).nextHopMatch, true);
  }
});

test('an unspecified next hop is none', () => {
  const driver = threeRoutes();
  assert.equal(driver.ask('2001:db8:1::1', '::'), driver.ask('2001:db8:1::1'));
  assert.equal(driver.lookup('2001:db8:1::1', '0.0.0.0').nextHopMatch, false);
  // Nor does it match what the router itself announces.
  const own = up(locRib, peerA);
  own.send([route(locRib, '10.0.0.0/8', { nextHop: '0.0.0.0', localPref: 1 }), route(peerA, '10.0.0.0/8')]);
  assert.equal(own.ask('10.0.0.1', '0.0.0.0'), '10.0.0.0/8 via 192.0.2.1 (adj-rib-in-post) by local-pref');
});

test("an empty path is the router's own: origin is its AS", () => {
  const driver = up(peerA, locRib);
  driver.send(route(locRib, '10.0.0.0/8', { asPath: [] }));
  assert.equal(driver.lookup('10.0.0.1').originAs, 65000);
  assert.equal(driver.lookup('10.0.0.1').neighborAs, -1);
  driver.send(
    route(locRib, '10.0.0.0/8', {
      asPath: [
        [2, [65001]],
        [1, [65002, 65003]],
      ],
    }),
  );
  assert.equal(driver.lookup('10.0.0.1').originAs, -1);
  assert.equal(driver.lookup('10.0.0.1').neighborAs, 65001);
});

test('routers of one shard do not see each other', () => {
  const driver = up(peerA);
  driver.send(route(peerA, '10.0.0.0/8'));
  const router = '198.51.100.2';
  driver.send([peerUp(peerB), route(peerB, '10.0.0.0/16')], { router });
  assert.equal(driver.ask('10.0.0.1'), '10.0.0.0/8 via 192.0.2.1 (adj-rib-in-post) by only');
  assert.equal(driver.ask('10.0.0.1', null, { router }), '10.0.0.0/16 via 192.0.2.2 (adj-rib-in-post) by only');
  assert.equal(driver.ask('10.1.0.1', null, { router }), 'no-route');
  assert.equal(driver.lookup('10.0.0.1', null, { router }).router, 'name of 198.51.100.2');
});
