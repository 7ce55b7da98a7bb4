/** The life of a peer: one epoch over all views, time by the shard's clock alone, and no lookup that sees half of anything. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AttributeStore } from '../../src/rib/attribute-store.ts';
import { PrefixTable } from '../../src/rib/prefix-table.ts';
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

const silenceMs = 60_000;
const pre: PeerOptions = { address: '192.0.2.1', as: 65001, bgpId: '192.0.2.1' };
const post: PeerOptions = { ...pre, isPostPolicy: true };
const out: PeerOptions = { ...pre, isAdjRibOut: true };
const other: PeerOptions = { ...post, address: '192.0.2.2', bgpId: '192.0.2.2' };
const announce = (peer: PeerOptions, ...prefixes: string[]): Buffer =>
  routeMonitoring(peer, { origin: 0, asPath: [65001, 65010], nextHop: '192.0.2.1', announced: prefixes });

function threeViews(driver = new RibDriver()): RibDriver {
  driver.send([initiation(), peerUp(pre)]);
  driver.send([announce(pre, '10.1.0.0/16'), announce(post, '10.2.0.0/16'), announce(out, '10.3.0.0/16')]);
  driver.send([endOfRib(pre), endOfRib(post), endOfRib(out)]);
  return driver;
}

const all = (driver: RibDriver): string[] => ['10.2.0.0/16', '10.3.0.0/16'].flatMap((prefix) => driver.at(prefix));

test('an epoch covers all views, and another peer up ends them all', () => {
  const driver = threeViews();
  driver.send(peerUp(out, { remotePort: 40001 }));
  assert.deepEqual(all(driver), ['adj-rib-in-post 192.0.2.1 stale', 'adj-rib-out-pre 192.0.2.1 stale']);
  driver.send(endOfRib(out));
  assert.deepEqual(all(driver), ['adj-rib-in-post 192.0.2.1 stale']);
});

test('other OPENs are another epoch, the ports being the same', () => {
  const driver = threeViews();
  driver.send(peerUp(pre, { receivedOpen: { as: 65001, bgpId: '192.0.2.1', holdTimeS: 30 } }));
  assert.equal(driver.peer('192.0.2.1')?.epoch, 2);
});

test('the same peer up after a peer down starts an epoch', () => {
  const driver = threeViews();
  driver.send([peerDown(pre), peerUp(pre)]);
  assert.equal(driver.peer('192.0.2.1')?.epoch, 2);
  assert.deepEqual(all(driver), []);
});

test('a peer down ends every view at once, whatever flags it has', () => {
  for (const flags of [0, 0x40, 0x10, 0x50]) {
    const driver = threeViews();
    driver.send(peerDown({ ...pre, flags }));
    assert.deepEqual(all(driver), []);
    assert.equal(driver.lookup('10.2.0.1').status === 0, false);
  }
});

test('stale routes still answer, marked, until a live one is there', () => {
  const driver = threeViews();
  driver.send(initiation());
  assert.equal(driver.lookup('10.2.0.1').stale, true);
  driver.send([peerUp(pre), announce(post, '10.2.0.0/16')]);
  assert.equal(driver.lookup('10.2.0.1').stale, false);
});

test('a stalled feed sweeps nothing: no record, no tick, no time', () => {
  const driver = threeViews();
  driver.send([termination(), initiation(), peerUp(pre, { remotePort: 40001 }), announce(post, '10.9.0.0/16')]);
  const before = driver.shard.status();
  for (let i = 0; i < 3; i++) driver.shard.reclaim(1000);
  assert.deepEqual(driver.shard.status().routers, before.routers);
  assert.deepEqual(all(driver), ['adj-rib-in-post 192.0.2.1 stale', 'adj-rib-out-pre 192.0.2.1 stale']);
  driver.nowMs -= staleTimeMs * 10;
  driver.pass(0);
  assert.equal(driver.lookup('10.2.0.1').stale, true);
});

test('the end-of-rib timeout counts from the last route monitoring of that family', () => {
  const driver = threeViews();
  driver.send([peerUp(pre, { remotePort: 40001 }), announce(post, '10.9.0.0/16'), announce(out, '10.9.0.0/16')]);
  driver.pass(endOfRibTimeoutMs - 1);
  driver.send(announce(post, '10.8.0.0/16'));
  driver.pass(1);
  assert.deepEqual(all(driver), ['adj-rib-in-post 192.0.2.1 stale']);
  driver.pass(endOfRibTimeoutMs - 1);
  assert.deepEqual(all(driver), []);
});

test('between the slices in which a peer goes no lookup sees any of it', () => {
  const attributes = new AttributeStore();
  const driver = threeViews(new RibDriver(attributes, new PrefixTable(attributes)));
  const prefixes = Array.from({ length: 40 }, (_, i) => `10.2.${i}.0/24`);
  driver.send([announce(post, ...prefixes), peerUp(other), announce(other, '10.2.0.0/16')]);
  driver.send([endOfRib(other), peerDown(pre)]);
  let slices = 0;
  do {
    for (let i = 0; i < 40; i++) {
      assert.equal(driver.ask(`10.2.${i}.1`), '10.2.0.0/16 via 192.0.2.2 (adj-rib-in-post) by only');
    }
    slices++;
  } while (driver.shard.reclaim(3));
  assert.ok(slices > 10);
  assert.equal(attributes.size, 1);
});

test('what is swept is swept whole, too', () => {
  const driver = threeViews();
  driver.send(announce(post, ...Array.from({ length: 20 }, (_, i) => `10.2.${i}.0/24`)));
  driver.send([peerUp(pre, { remotePort: 40001 }), announce(post, '10.2.0.0/16'), endOfRib(post)]);
  do {
    for (let i = 0; i < 20; i++) assert.equal(driver.lookup(`10.2.${i}.1`).prefixLength, 16);
  } while (driver.shard.reclaim(2));
});

test('silence loses nothing unless asked for', () => {
  const driver = threeViews();
  driver.pass(staleTimeMs * 10);
  assert.equal(driver.lookup('10.2.0.1').stale, false);
});

function asked(): RibDriver {
  return threeViews(new RibDriver(undefined, undefined, { silenceMs }));
}

test('silence: a session that says nothing for that long is stale, then dropped', () => {
  const driver = asked();
  driver.pass(silenceMs - 1);
  assert.equal(driver.lookup('10.2.0.1').stale, false);
  driver.pass(1);
  assert.equal(driver.lookup('10.2.0.1').stale, true);
  assert.equal(driver.shard.counters.sessionsSilent, 1);
  driver.pass(staleTimeMs - 1);
  assert.equal(driver.lookup('10.2.0.1').stale, true);
  driver.pass(1);
  assert.equal(driver.ask('10.2.0.1'), 'no-router');
});

test('silence: a session that speaks again was only quiet', () => {
  const driver = asked();
  driver.pass(silenceMs);
  driver.send(announce(post, '10.4.0.0/16'));
  assert.equal(driver.peer('192.0.2.1')?.state, 'up');
  assert.equal(driver.peer('192.0.2.1')?.epoch, 1);
  assert.deepEqual(driver.at('10.2.0.0/16'), ['adj-rib-in-post 192.0.2.1']);
  driver.pass(silenceMs - 1);
  assert.equal(driver.lookup('10.2.0.1').stale, false);
});

test('silence: a new session after it is the loss of the old one', () => {
  const driver = asked();
  driver.pass(silenceMs);
  driver.send([initiation(), peerUp(pre), announce(post, '10.2.0.0/16'), endOfRib(post)]);
  assert.deepEqual(all(driver), ['adj-rib-in-post 192.0.2.1', 'adj-rib-out-pre 192.0.2.1 stale']);
  assert.equal(driver.peer('192.0.2.1')?.epoch, 2);
});

test('silence is that of its own partition: while that one is not read to its end nothing is known', () => {
  const driver = asked();
  driver.nowMs += silenceMs * 2;
  driver.send(initiation(), { router: '198.51.100.2', partition: 1 });
  driver.pass(silenceMs * 2);
  assert.equal(driver.lookup('10.2.0.1').stale, false);
});

test('two collectors of one router: losing one loses nothing', () => {
  const driver = new RibDriver();
  for (const collector of ['c1', 'c2']) {
    driver.send([initiation(), peerUp(post), announce(post, '10.0.0.0/8'), endOfRib(post)], { collector });
  }
  assert.equal(driver.at('10.0.0.0/8').length, 2);
  assert.equal(driver.ask('10.0.0.1'), '10.0.0.0/8 via 192.0.2.1 (adj-rib-in-post) by only');
  driver.send(termination(), { collector: 'c1' });
  assert.equal(driver.lookup('10.0.0.1').stale, false);
  driver.pass(staleTimeMs);
  assert.equal(driver.at('10.0.0.0/8').length, 1);
  assert.equal(driver.lookup('10.0.0.1').stale, false);
  driver.send(peerDown(post), { collector: 'c2' });
  assert.equal(driver.ask('10.0.0.1'), 'no-route');
});

test('two collectors: a peer down at one takes nothing from the other, complete goes before incomplete', () => {
  const driver = new RibDriver();
  driver.send([peerUp(post), announce(post, '10.0.0.0/8')], { collector: 'c1' });
  driver.send([peerUp(post), announce(post, '10.0.0.0/8', '10.1.0.0/16'), endOfRib(post)], { collector: 'c2' });
  assert.equal(driver.ask('10.1.0.1'), '10.1.0.0/16 via 192.0.2.1 (adj-rib-in-post) by only');
  driver.send(peerDown(post), { collector: 'c1' });
  assert.equal(driver.ask('10.0.0.1'), '10.0.0.0/8 via 192.0.2.1 (adj-rib-in-post) by only');
});

test('two collectors: what a lost session had and the other one withdrew does not answer', () => {
  const driver = new RibDriver();
  for (const collector of ['c1', 'c2']) {
    driver.send([peerUp(post), announce(post, '10.0.0.0/8', '10.1.0.0/16'), endOfRib(post)], { collector });
  }
  driver.send(termination(), { collector: 'c2' });
  driver.send(routeMonitoring(post, { withdrawn: ['10.1.0.0/16'] }), { collector: 'c1' });
  assert.equal(driver.ask('10.1.0.1'), '10.0.0.0/8 via 192.0.2.1 (adj-rib-in-post) by only');
  assert.equal(driver.lookup('10.1.0.1').stale, false);
  driver.send(termination(), { collector: 'c1' });
  assert.equal(driver.ask('10.1.0.1'), '10.1.0.0/16 via 192.0.2.1 (adj-rib-in-post) by only');
  assert.equal(driver.lookup('10.1.0.1').stale, true);
});

test('two collectors: what a lost session had answers until the other one has told its table', () => {
  const driver = new RibDriver();
  driver.send([peerUp(post), announce(post, '10.1.0.0/16'), endOfRib(post)], { collector: 'c1' });
  driver.send(peerUp(post), { collector: 'c2' });
  driver.send(termination(), { collector: 'c1' });
  assert.equal(driver.ask('10.1.0.1'), '10.1.0.0/16 via 192.0.2.1 (adj-rib-in-post) by only');
  driver.send(endOfRib(post), { collector: 'c2' });
  assert.equal(driver.ask('10.1.0.1'), 'no-route');
});

test('two collectors: a peer down at one ends what a lost session had of the peer', () => {
  const driver = new RibDriver();
  for (const collector of ['c1', 'c2']) {
    driver.send([peerUp(post), announce(post, '10.1.0.0/16'), endOfRib(post)], { collector });
  }
  driver.send(termination(), { collector: 'c2' });
  driver.send(peerDown(post), { collector: 'c1' });
  assert.equal(driver.ask('10.1.0.1'), 'no-route');
});
