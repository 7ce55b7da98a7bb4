/** Messages of producers that reorder are held back by the shard's clock and applied in the order of the router. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RibCounters } from '../../src/rib/counters.ts';
import { HeaderClock } from '../../src/rib/header-clock.ts';
import { BmpSession, RouterState } from '../../src/rib/peers.ts';
import { Reorder } from '../../src/rib/reorder.ts';
import type { HeldMessage } from '../../src/rib/reorder-queue.ts';
import { decodeBmpMessage } from '../../src/wire/bmp/messages.ts';
import {
  endOfRib,
  initiation,
  type PeerOptions,
  peerDown,
  peerUp,
  routeMonitoring,
  termination,
} from '../support/bmp-builder.ts';
import { endOfRibTimeoutMs, RibDriver, startMs } from '../support/rib-driver.ts';

const windowMs = 500;
const header: PeerOptions = { address: '192.0.2.1', as: 65001, bgpId: '192.0.2.1', isPostPolicy: true };
/** The header's time in seconds after the start. */
const at = (seconds: number, peer: PeerOptions = header): PeerOptions => ({
  ...peer,
  timestampMs: startMs + seconds * 1000,
});
const announce = (seconds: number, prefix: string, as = 65010): Buffer =>
  routeMonitoring(at(seconds), { origin: 0, asPath: [65001, as], nextHop: '192.0.2.1', announced: [prefix] });
const withdraw = (seconds: number, prefix: string): Buffer => routeMonitoring(at(seconds), { withdrawn: [prefix] });
const live = ['adj-rib-in-post 192.0.2.1'];
const suspect = ['adj-rib-in-post 192.0.2.1 suspect'];

function reordering(): RibDriver {
  return new RibDriver(undefined, undefined, { reorderMs: new Map([['bmp', windowMs]]) });
}

/** A peer that is up since before anything in the test. */
function withPeer(): RibDriver {
  const driver = reordering();
  driver.send([initiation(), peerUp(header)]);
  driver.pass(10_000);
  return driver;
}

test('a message is applied when the clock reaches its arrival and the window, not before', () => {
  const driver = withPeer();
  driver.send(announce(10, '10.0.0.0/8'));
  driver.pass(windowMs - 1);
  assert.deepEqual(driver.at('10.0.0.0/8'), []);
  assert.equal(driver.shard.heldMessages().length, 1);
  driver.pass(1);
  assert.deepEqual(driver.at('10.0.0.0/8'), live);
  assert.equal(driver.shard.heldMessages().length, 0);
});

test('other topics are not held back', () => {
  const driver = reordering();
  driver.send([peerUp(header), announce(0, '10.0.0.0/8')], { topic: 'other', topicId: 'id-2' });
  assert.deepEqual(driver.at('10.0.0.0/8'), live);
});

test('the second of the header orders, offsets break ties', () => {
  const driver = withPeer();
  driver.send(withdraw(12, '10.0.0.0/8'));
  driver.send(announce(11, '10.0.0.0/8'));
  driver.send(announce(12, '10.1.0.0/16', 1));
  driver.send(announce(12, '10.1.0.0/16', 2));
  driver.send(announce(11, '10.1.0.0/16', 3));
  driver.pass(windowMs);
  assert.deepEqual(driver.at('10.0.0.0/8'), []);
  assert.equal(driver.shard.counters.withdrawnUnknown, 0);
  assert.equal(driver.lookup('10.1.0.1').originAs, 2);
});

test('what is due takes along what the router sent before it, and nothing else', () => {
  const driver = withPeer();
  driver.send(announce(12, '10.0.0.0/8'));
  driver.nowMs += 400;
  driver.send(announce(11, '10.1.0.0/16'));
  driver.send(announce(12, '10.2.0.0/16'));
  driver.pass(100);
  assert.deepEqual(driver.at('10.0.0.0/8'), live);
  assert.deepEqual(driver.at('10.1.0.0/16'), live);
  assert.deepEqual(driver.at('10.2.0.0/16'), []);
});

test('a time far behind the others is no order: FRR and GoBGP repeat when a route was learned', () => {
  const driver = withPeer();
  driver.send(announce(62, '10.0.0.0/8'));
  driver.send(withdraw(32, '10.0.0.0/8'));
  driver.pass(windowMs);
  assert.deepEqual(driver.at('10.0.0.0/8'), []);
});

test('a header without a time keeps its place', () => {
  const driver = withPeer();
  driver.send(announce(62, '10.0.0.0/8'));
  driver.send(routeMonitoring({ ...header, timestampMs: 0 }, { withdrawn: ['10.0.0.0/8'] }));
  driver.pass(windowMs);
  assert.deepEqual(driver.at('10.0.0.0/8'), []);
});

test('announce and withdraw of one key within one second: by offset, suspect, counted', () => {
  const driver = withPeer();
  driver.send(announce(11, '10.0.0.0/8'));
  driver.send(withdraw(11, '10.0.0.0/8'));
  driver.send(announce(11, '10.1.0.0/16'));
  driver.pass(windowMs);
  assert.deepEqual(driver.at('10.0.0.0/8'), []);
  assert.deepEqual(driver.at('10.1.0.0/16'), suspect);
  assert.equal(driver.shard.counters.doubtfulOrder, 1);
});

test('withdraw and announce of one key within one second: by offset, suspect, counted', () => {
  const driver = withPeer();
  driver.send([announce(10, '10.0.0.0/8'), announce(10, '10.1.0.0/16')]);
  driver.pass(5000);
  driver.send(withdraw(15, '10.0.0.0/8'));
  driver.send(announce(15, '10.0.0.0/8'));
  driver.pass(windowMs);
  assert.deepEqual(driver.at('10.0.0.0/8'), suspect);
  assert.equal(driver.shard.counters.doubtfulOrder, 1);
});

test('further apart than the window, or in one UPDATE, there is no doubt', () => {
  const driver = withPeer();
  driver.send(announce(10, '10.0.0.0/8'));
  driver.pass(windowMs + 1);
  driver.send(withdraw(10, '10.0.0.0/8'));
  driver.pass(windowMs + 1);
  const both = {
    origin: 0,
    asPath: [65001],
    nextHop: '192.0.2.1',
    announced: ['10.0.0.0/8'],
    withdrawn: ['10.0.0.0/8'],
  };
  driver.send(routeMonitoring(at(11), both));
  driver.pass(windowMs);
  assert.deepEqual(driver.at('10.0.0.0/8'), live);
  assert.equal(driver.shard.counters.doubtfulOrder, 0);
});

test('seconds that differ leave no doubt', () => {
  const driver = withPeer();
  driver.send([withdraw(12, '10.0.0.0/8'), announce(11, '10.0.0.0/8'), announce(13, '10.1.0.0/16')]);
  driver.send([announce(13, '10.2.0.0/16'), withdraw(12, '10.2.0.0/16')]);
  driver.pass(windowMs);
  assert.deepEqual(driver.at('10.0.0.0/8'), []);
  assert.deepEqual(driver.at('10.1.0.0/16'), live);
  assert.deepEqual(driver.at('10.2.0.0/16'), live);
  assert.equal(driver.shard.counters.doubtfulOrder, 0);
});

test('of more keys than are remembered the time of the route tells the doubt', () => {
  const driver = withPeer();
  for (let i = 0; i < 4200; i++) driver.send(announce(10, `10.${i >> 8}.${i & 255}.0/24`));
  driver.send(withdraw(10, '10.0.0.0/24'));
  driver.pass(windowMs);
  assert.equal(driver.shard.counters.doubtfulOrder, 1);
});

test('route monitoring that overtook its peer up belongs to the new epoch', () => {
  const driver = reordering();
  driver.send(announce(0, '10.0.0.0/8'));
  driver.nowMs += windowMs - 1;
  driver.send(peerUp(header));
  driver.pass(windowMs);
  assert.deepEqual(driver.at('10.0.0.0/8'), live);
  assert.equal(driver.peer('192.0.2.1')?.epoch, 1);
  assert.equal(driver.shard.counters.provisional, 0);
});

test('route monitoring longer before its peer up than the window was the provisional peer', () => {
  const driver = reordering();
  driver.send(announce(0, '10.0.0.0/8'));
  driver.nowMs += windowMs;
  driver.send(peerUp(header));
  driver.pass(windowMs);
  assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-in-post 192.0.2.1 stale suspect']);
});

test('route monitoring before another peer up of a peer that is up stays in the former epoch', () => {
  const driver = withPeer();
  driver.send([announce(10, '10.0.0.0/8'), peerUp(header, { remotePort: 40001 }), announce(10, '10.1.0.0/16')]);
  driver.pass(windowMs);
  assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-in-post 192.0.2.1 stale']);
  assert.deepEqual(driver.at('10.1.0.0/16'), live);
});

test('route monitoring between a peer down and a peer up belongs to the new epoch', () => {
  const driver = withPeer();
  driver.send([announce(10, '10.0.0.0/8'), peerDown(header), announce(10, '10.1.0.0/16'), peerUp(header)]);
  driver.pass(windowMs);
  assert.deepEqual(driver.at('10.0.0.0/8'), []);
  assert.deepEqual(driver.at('10.1.0.0/16'), live);
  assert.equal(driver.shard.counters.stragglers, 0);
});

test('route monitoring of a peer that just went down is a straggler: counted, not applied', () => {
  const driver = withPeer();
  driver.send([announce(10, '10.0.0.0/8'), peerDown(header)]);
  driver.nowMs += windowMs - 1;
  driver.send(announce(9, '10.1.0.0/16'));
  driver.pass(windowMs);
  assert.deepEqual(driver.at('10.1.0.0/16'), []);
  assert.equal(driver.peer('192.0.2.1')?.state, 'down');
  assert.deepEqual([driver.shard.counters.stragglers, driver.shard.counters.provisional], [1, 0]);
});

test('route monitoring longer after a peer down than the window is a provisional peer', () => {
  const driver = withPeer();
  driver.send(peerDown(header));
  driver.pass(windowMs);
  driver.send(announce(9, '10.1.0.0/16'));
  driver.pass(windowMs);
  assert.deepEqual(driver.at('10.1.0.0/16'), suspect);
  assert.equal(driver.shard.counters.stragglers, 0);
});

test('a peer up shortly before an initiation belongs to the new BMP session, its routes with it', () => {
  const driver = withPeer();
  const other: PeerOptions = { ...header, address: '192.0.2.2', bgpId: '192.0.2.2' };
  driver.send([peerUp(other), announce(0, '10.0.0.0/8')]);
  driver.pass(10_000);
  driver.send([peerUp(header, { remotePort: 40001 }), announce(10, '10.1.0.0/16'), initiation()]);
  driver.pass(windowMs);
  assert.equal(driver.peer('192.0.2.1')?.state, 'up');
  assert.equal(driver.peer('192.0.2.2')?.state, 'stale');
  assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-in-post 192.0.2.1 stale']);
  assert.deepEqual(driver.at('10.1.0.0/16'), live);
});

test('route monitoring before the first initiation is not lost to it', () => {
  const driver = reordering();
  driver.send([announce(10, '10.1.0.0/16'), initiation(), peerUp(header)]);
  driver.pass(windowMs);
  assert.deepEqual(driver.at('10.1.0.0/16'), live);
  assert.equal(driver.shard.counters.sessionsLost, 0);
});

test('what was told long before an initiation belongs to the former session', () => {
  const driver = withPeer();
  driver.send([announce(10, '10.1.0.0/16'), initiation()]);
  driver.pass(windowMs);
  assert.deepEqual(driver.at('10.1.0.0/16'), ['adj-rib-in-post 192.0.2.1 stale']);
});

test('what comes behind a termination without an initiation is a straggler', () => {
  const driver = withPeer();
  driver.send([announce(10, '10.0.0.0/8'), termination(), announce(10, '10.1.0.0/16')]);
  driver.pass(windowMs);
  assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-in-post 192.0.2.1 stale']);
  assert.deepEqual(driver.at('10.1.0.0/16'), []);
  assert.equal(driver.shard.counters.stragglers, 1);
});

test('a termination and a new session right behind it', () => {
  const driver = withPeer();
  driver.send([announce(10, '10.0.0.0/8'), termination(), initiation(), peerUp(header), announce(10, '10.1.0.0/16')]);
  driver.send(endOfRib(at(10)));
  driver.pass(windowMs);
  assert.deepEqual(driver.at('10.0.0.0/8'), []);
  assert.deepEqual(driver.at('10.1.0.0/16'), live);
});

test('a jump of the clock applies what was held at the time at which it was due', () => {
  const driver = withPeer();
  driver.send(announce(10, '10.1.0.0/16'));
  driver.pass(windowMs + endOfRibTimeoutMs - 1);
  assert.equal(driver.peer('192.0.2.1')?.ribs[0].endOfRib, false);
  driver.pass(1);
  assert.equal(driver.peer('192.0.2.1')?.ribs[0].endOfRib, true);
});

test('held bytes are copies: input buffers are used again', () => {
  const driver = withPeer();
  const bytes = announce(10, '10.0.0.0/8');
  driver.send(bytes);
  const [held] = driver.shard.heldMessages();
  assert.deepEqual(held.bytes, bytes);
  driver.entryBuffer().fill(0xff);
  driver.pass(windowMs);
  assert.deepEqual(driver.at('10.0.0.0/8'), live);
});

test('held messages that cannot be read are told with their offset in the record', () => {
  const driver = withPeer();
  const bad = announce(10, '10.1.0.0/16');
  bad[6 + 42 + 18] = 9;
  driver.send([announce(10, '10.0.0.0/8'), bad]);
  driver.pass(windowMs);
  assert.equal(driver.shard.counters.recordErrors, 1);
  const problem = driver.events.find(({ kind }) => kind === 'problem');
  assert.match(problem?.text ?? '', new RegExp(`${announce(10, '10.0.0.0/8').length + 6 + 42 + 18}`));
});

test('what is held is bounded: the oldest go early, counted', () => {
  const counters = new RibCounters();
  const applied: HeldMessage[] = [];
  const reorder = new Reorder({ applyHeld: (item) => void applied.push(item) }, counters, 2000);
  const session = new BmpSession(new RouterState(0, 'r', 'r'), 'c', 'a');
  const position = { topicId: 'id', topic: 'bmp', partition: 0, offset: 0, part: 0, timestampMs: startMs };
  for (let i = 0; i < 10; i++) {
    const bytes = announce(10, `10.${i}.0.0/16`);
    reorder.hold(session, decodeBmpMessage(bytes, 0, bytes.length), bytes, 0, { ...position, offset: i }, startMs, 500);
    assert.ok(reorder.heldBytes() <= 2000);
  }
  assert.deepEqual(
    applied.map(({ offset }) => offset),
    Array.from({ length: applied.length }, (_, i) => i),
  );
  assert.equal(counters.releasedEarly, applied.length);
  assert.equal(reorder.count + applied.length, 10);
  assert.equal(session.waiting, reorder.count);
});

test('sub-second times count when they vary: not those of FRR, nor of GoBGP', () => {
  const frr = new HeaderClock();
  const gobgp = new HeaderClock();
  const real = new HeaderClock();
  for (let second = 0; second < 40; second++) {
    frr.orderMs(startMs + second * 1000 + 676 + (second % 2) * 0.001);
    gobgp.orderMs(startMs + second * 1000);
    assert.equal(real.isSubSecond, second > 31);
    real.orderMs(startMs + second * 1000 + ((second * 137) % 1000));
  }
  assert.deepEqual([frr.isSubSecond, gobgp.isSubSecond, real.isSubSecond], [false, false, true]);
  assert.equal(frr.orderMs(startMs + 676.176), startMs);
  assert.equal(real.orderMs(startMs + 676.176), startMs + 676.176);
  assert.equal(real.orderMs(0), 0);
});

test('a router with real sub-second times is ordered by them, without doubt', () => {
  const driver = withPeer();
  for (let second = 0; second < 40; second++) {
    driver.send(announce(second + ((second * 137) % 1000) / 1000, '10.9.0.0/16', second));
    driver.pass(1000);
  }
  driver.send(withdraw(50.6, '10.0.0.0/8'));
  driver.send(announce(50.5, '10.0.0.0/8'));
  driver.pass(windowMs);
  assert.deepEqual(driver.at('10.0.0.0/8'), []);
  assert.equal(driver.shard.counters.doubtfulOrder, 0);
});
