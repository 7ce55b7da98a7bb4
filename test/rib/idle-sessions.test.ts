/** BMP sessions without peers are forgotten in time, so that made-up routers leave nothing behind. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mostIdleMs } from '../../src/rib/sessions.ts';
import { initiation, type PeerOptions, peerDown, peerUp } from '../support/bmp-builder.ts';
import { RibDriver, staleTimeMs } from '../support/rib-driver.ts';

const peer: PeerOptions = { address: '192.0.2.1', as: 65001, bgpId: '192.0.2.1' };
/** Deadlines are whole minutes. */
const minuteMs = 60_000;

test('a session that never had a peer goes, its router too', () => {
  const driver = new RibDriver();
  for (let i = 0; i < 50; i++) driver.send(initiation(), { router: `198.51.100.${i}` });
  assert.equal(driver.shard.sessions.routers.size, 50);
  driver.pass(mostIdleMs - 1);
  assert.equal(driver.shard.sessions.routers.size, 50);
  driver.pass(minuteMs);
  assert.equal(driver.shard.sessions.routers.size, 0);
  assert.equal(driver.shard.sessions.nextDeadlineMs, Infinity);
});

test('time counts from the last record; one of several sessions goes alone', () => {
  const driver = new RibDriver();
  for (const collector of ['c1', 'c2']) driver.send(initiation(), { collector });
  driver.pass(mostIdleMs / 2);
  driver.send(initiation(), { collector: 'c1' });
  driver.pass(mostIdleMs / 2 + minuteMs);
  const left = [...(driver.shard.router('198.51.100.1')?.sessions.values() ?? [])];
  assert.deepEqual(
    left.map(({ collector }) => collector),
    ['c1'],
  );
});

test('a session with a peer stays, and goes when the last is long down', () => {
  const driver = new RibDriver();
  driver.send([initiation(), peerUp(peer)]);
  driver.pass(mostIdleMs * 3);
  assert.equal(driver.shard.sessions.routers.size, 1);
  driver.send(peerDown(peer));
  driver.pass(staleTimeMs);
  assert.equal(driver.shard.sessions.routers.size, 1);
  driver.pass(mostIdleMs - staleTimeMs + minuteMs);
  assert.equal(driver.shard.sessions.routers.size, 0);
});

test('what comes later starts anew', () => {
  const driver = new RibDriver();
  driver.send(initiation({ sysName: 'before' }));
  driver.pass(mostIdleMs + minuteMs);
  driver.send(peerUp(peer));
  const [session] = driver.shard.router('198.51.100.1')?.sessions.values() ?? [];
  assert.deepEqual([session.sysName, session.peers.size, session.isUp], ['', 1, true]);
});

test('nothing of it is left among the held messages', () => {
  const driver = new RibDriver(undefined, undefined, { reorderMs: new Map([['bmp', 2000]]) });
  driver.send(initiation());
  driver.pass(mostIdleMs + minuteMs);
  assert.deepEqual([driver.shard.sessions.routers.size, driver.shard.reorder.queues.size], [0, 0]);
});

test('the time of stale routes is the least where it is longer', () => {
  const driver = new RibDriver(undefined, undefined, { staleTimeMs: mostIdleMs * 2 });
  driver.send(initiation());
  driver.pass(mostIdleMs + minuteMs);
  assert.equal(driver.shard.sessions.routers.size, 1);
  driver.pass(mostIdleMs);
  assert.equal(driver.shard.sessions.routers.size, 0);
});
