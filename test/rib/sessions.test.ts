/** What Initiation, Termination, Peer Up and Peer Down do: the right routes stay, go or go stale, and no others. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  endOfRib,
  initiation,
  type PeerOptions,
  peerDown,
  peerUp,
  routeMonitoring,
  termination,
} from '../support/bmp-builder.ts';
import { endOfRibTimeoutMs, RibDriver, staleTimeMs } from '../support/rib-driver.ts';

const peerA: PeerOptions = { address: '192.0.2.1', as: 65001, bgpId: '192.0.2.1' };
const peerB: PeerOptions = { address: '192.0.2.2', as: 65002, bgpId: '192.0.2.2' };
const post = (peer: PeerOptions): PeerOptions => ({ ...peer, isPostPolicy: true });
const attributes = { origin: 0, asPath: [65001, 65010], nextHop: '192.0.2.1' };
const announce = (peer: PeerOptions, ...prefixes: string[]): Buffer =>
  routeMonitoring(peer, { ...attributes, announced: prefixes });
const withdraw = (peer: PeerOptions, ...prefixes: string[]): Buffer => routeMonitoring(peer, { withdrawn: prefixes });

function twoPeers(): RibDriver {
  const driver = new RibDriver();
  driver.send([initiation(), peerUp(peerA), peerUp(peerB)]);
  driver.send([announce(post(peerA), '10.0.0.0/8', '10.1.0.0/16'), endOfRib(post(peerA))]);
  driver.send([announce(post(peerB), '10.0.0.0/8'), endOfRib(post(peerB))]);
  return driver;
}

test('peer down ends all views of that peer at once, whatever its flags, and nothing else', () => {
  const driver = twoPeers();
  driver.send(announce(peerA, '10.2.0.0/16'));
  driver.send(peerDown({ ...peerA, isAdjRibOut: true }, 2));
  assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-in-post 192.0.2.2']);
  assert.deepEqual(driver.at('10.1.0.0/16'), []);
  assert.deepEqual(driver.at('10.2.0.0/16'), []);
  assert.equal(driver.peer('192.0.2.1')?.state, 'down');
  assert.equal(driver.peer('192.0.2.2')?.state, 'up');
  driver.pass(1000);
  driver.send(peerDown(peerA));
  assert.equal(driver.events.filter((event) => event.kind === 'peer-down').length, 1);
  driver.pass(staleTimeMs - 1000);
  assert.equal(driver.peer('192.0.2.1'), undefined);
  while (driver.shard.reclaim(1));
  assert.equal(driver.routes.counts().prefixesV4, 1);
});

test('the same peer up again goes on: senders repeat it for each view', () => {
  const driver = twoPeers();
  driver.send([peerUp(peerA), peerUp(post(peerA))]);
  assert.deepEqual(driver.at('10.1.0.0/16'), ['adj-rib-in-post 192.0.2.1']);
  assert.equal(driver.peer('192.0.2.1')?.epoch, 1);
});

test('a peer up that differs starts an epoch: old routes are stale until its end-of-rib sweeps them', () => {
  const driver = twoPeers();
  driver.send(peerUp(peerA, { remotePort: 40001 }));
  assert.equal(driver.peer('192.0.2.1')?.epoch, 2);
  assert.deepEqual(driver.at('10.1.0.0/16'), ['adj-rib-in-post 192.0.2.1 stale']);
  driver.send(announce(post(peerA), '10.0.0.0/8'));
  assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-in-post 192.0.2.1', 'adj-rib-in-post 192.0.2.2']);
  driver.send(endOfRib(post(peerA)));
  assert.deepEqual(driver.at('10.1.0.0/16'), []);
  assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-in-post 192.0.2.1', 'adj-rib-in-post 192.0.2.2']);
});

test('end-of-rib sweeps its own view and family only', () => {
  const driver = twoPeers();
  const v6 = { ...attributes, mpReach: { afi: 2, safi: 1, nextHop: '2001:db8::1', prefixes: ['2001:db8:1::/48'] } };
  driver.send([routeMonitoring(post(peerA), v6), announce({ ...peerA, isAdjRibOut: true }, '10.3.0.0/16')]);
  driver.send(peerUp(peerA, { remotePort: 40001 }));
  driver.send(endOfRib(post(peerA)));
  assert.deepEqual(driver.at('10.1.0.0/16'), []);
  assert.deepEqual(driver.at('2001:db8:1::/48'), ['adj-rib-in-post 192.0.2.1 stale']);
  assert.deepEqual(driver.at('10.3.0.0/16'), ['adj-rib-out-pre 192.0.2.1 stale']);
  driver.send(endOfRib(post(peerA), 2, 1));
  assert.deepEqual(driver.at('2001:db8:1::/48'), []);
});

test('a withdrawal of the new epoch removes the stale route of that key', () => {
  const driver = twoPeers();
  driver.send(peerUp(peerA, { remotePort: 40001 }));
  driver.send(withdraw(post(peerA), '10.1.0.0/16'));
  assert.deepEqual(driver.at('10.1.0.0/16'), []);
  assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-in-post 192.0.2.1 stale', 'adj-rib-in-post 192.0.2.2']);
  assert.equal(driver.shard.counters.withdrawnUnknown, 0);
});

test('without end-of-rib the timeout after the last route monitoring sweeps, by the clock of records', () => {
  const driver = twoPeers();
  driver.send(peerUp(peerA, { remotePort: 40001 }));
  driver.pass(endOfRibTimeoutMs - 1);
  driver.send(announce(post(peerA), '10.0.0.0/8'));
  driver.pass(endOfRibTimeoutMs - 1);
  assert.deepEqual(driver.at('10.1.0.0/16'), ['adj-rib-in-post 192.0.2.1 stale']);
  driver.pass(1);
  assert.deepEqual(driver.at('10.1.0.0/16'), []);
  assert.equal(driver.shard.counters.endOfRibTimeouts, 1);
});

test('a peer that never falls silent is complete twelve timeouts after it began, at the latest', () => {
  const driver = twoPeers();
  driver.send(peerUp(peerA, { remotePort: 40001 }));
  driver.send(announce(post(peerA), '10.0.0.0/8'));
  for (let half = 1; half < 24; half++) {
    driver.pass(endOfRibTimeoutMs / 2);
    driver.send(announce(post(peerA), '10.0.0.0/8'));
    assert.deepEqual(driver.at('10.1.0.0/16'), ['adj-rib-in-post 192.0.2.1 stale']);
  }
  driver.pass(endOfRibTimeoutMs / 2);
  assert.deepEqual(driver.at('10.1.0.0/16'), []);
  assert.equal(driver.shard.counters.endOfRibTimeouts, 1);
});

test('a family that the new epoch does not have is swept after the timeout', () => {
  const driver = twoPeers();
  driver.send(peerUp(peerA, { remotePort: 40001 }));
  driver.pass(endOfRibTimeoutMs);
  assert.deepEqual(driver.at('10.1.0.0/16'), []);
});

test('initiation again is the loss of the former session: stale, then dropped', () => {
  const driver = twoPeers();
  driver.send(initiation());
  assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-in-post 192.0.2.1 stale', 'adj-rib-in-post 192.0.2.2 stale']);
  driver.send([peerUp(peerA), announce(post(peerA), '10.0.0.0/8'), endOfRib(post(peerA))]);
  assert.equal(driver.peer('192.0.2.1')?.epoch, 2);
  assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-in-post 192.0.2.1', 'adj-rib-in-post 192.0.2.2 stale']);
  assert.deepEqual(driver.at('10.1.0.0/16'), []);
  driver.pass(staleTimeMs - 1);
  assert.notEqual(driver.peer('192.0.2.2'), undefined);
  driver.pass(1);
  assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-in-post 192.0.2.1']);
  assert.equal(driver.peer('192.0.2.2'), undefined);
});

test('a second loss does not put off the drop of what was stale already', () => {
  const driver = twoPeers();
  driver.send([initiation(), peerUp(peerA)]);
  driver.pass(1000);
  driver.send(initiation());
  driver.pass(staleTimeMs - 1001);
  assert.equal(driver.at('10.1.0.0/16').length, 1);
  driver.pass(1);
  assert.deepEqual(driver.at('10.1.0.0/16'), []);
  assert.equal(driver.peer('192.0.2.1')?.state, 'stale');
});

test('the first initiation loses nothing, nor does one of another session', () => {
  const driver = twoPeers();
  driver.send(initiation(), { collector: 'c2' });
  driver.send(initiation(), { router: '198.51.100.2' });
  assert.equal(driver.shard.counters.sessionsLost, 0);
  assert.equal(driver.at('10.0.0.0/8').length, 2);
});

test('termination makes stale; after the stale time the router is unknown', () => {
  const driver = twoPeers();
  driver.send(termination());
  assert.equal(driver.ask('10.1.2.3'), '10.1.0.0/16 via 192.0.2.1 (adj-rib-in-post) by only');
  assert.equal(driver.lookup('10.1.2.3').stale, true);
  driver.pass(staleTimeMs);
  assert.equal(driver.ask('10.1.2.3'), 'no-router');
  assert.deepEqual(driver.shard.status().routers, []);
});

test('peer down removes routes that were stale already', () => {
  const driver = twoPeers();
  driver.send(peerUp(peerA, { remotePort: 40001 }));
  driver.send(peerDown(peerA));
  assert.deepEqual(driver.at('10.1.0.0/16'), []);
});

test('a peer that comes up again after peer down starts empty', () => {
  const driver = twoPeers();
  driver.send([peerDown(peerA), peerUp(peerA), announce(post(peerA), '10.9.0.0/16')]);
  assert.deepEqual(driver.at('10.1.0.0/16'), []);
  assert.deepEqual(driver.at('10.9.0.0/16'), ['adj-rib-in-post 192.0.2.1']);
  assert.equal(driver.peer('192.0.2.1')?.epoch, 2);
  driver.pass(staleTimeMs);
  assert.equal(driver.peer('192.0.2.1')?.state, 'up');
});

test('a loc-rib without peer up still tells the own AS in its headers', () => {
  const driver = new RibDriver();
  const locRib: PeerOptions = { type: 3, as: 65000, bgpId: '192.0.2.254' };
  driver.send(routeMonitoring(locRib, { origin: 0, asPath: [], nextHop: '192.0.2.9', announced: ['10.0.0.0/8'] }));
  assert.equal(driver.lookup('10.0.0.1').originAs, 65000);
});

test('route monitoring without peer up makes a provisional, suspect peer', () => {
  const driver = new RibDriver();
  driver.send(announce(post(peerA), '10.0.0.0/8'));
  assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-in-post 192.0.2.1 suspect']);
  assert.equal(driver.lookup('10.0.0.1').suspect, true);
  assert.equal(driver.shard.counters.provisional, 1);
  driver.send([peerUp(peerA), announce(post(peerA), '10.0.0.0/8')]);
  assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-in-post 192.0.2.1']);
});

test('the same peer address in another view, session, type or instance is another peer', () => {
  const driver = twoPeers();
  driver.send([peerUp(peerA), announce(post(peerA), '10.1.0.0/16')], { collector: 'c2' });
  driver.send([peerUp({ ...peerA, type: 2 }), announce({ ...post(peerA), type: 2 }, '10.1.0.0/16')]);
  assert.equal(driver.at('10.1.0.0/16').length, 3);
  driver.send(peerDown(peerA));
  assert.equal(driver.at('10.1.0.0/16').length, 2);
  driver.send(withdraw({ ...post(peerA), type: 2 }, '10.1.0.0/16'));
  assert.equal(driver.at('10.1.0.0/16').length, 1);
});

test('routes of other instances stay out of the global table', () => {
  const driver = new RibDriver();
  const vrf: PeerOptions = { ...post(peerA), type: 1, distinguisher: '0000fde800000011' };
  driver.send([peerUp(vrf), announce(vrf, '10.0.0.0/8')]);
  assert.deepEqual(driver.at('10.0.0.0/8'), []);
  assert.equal(driver.shard.vpn.routes.counts().routesV4, 1);
});
