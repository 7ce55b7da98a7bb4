/** One router's records in several partitions of one topic have no order: detected, marked, and no other change of partition mistaken for it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settledMs } from '../../src/rib/source-partitions.ts';
import { unorderedWindowMs } from '../../src/rib/shard.ts';
import { initiation, type PeerOptions, peerUp, routeMonitoring, termination } from '../support/bmp-builder.ts';
import { RibDriver, type SendOptions, staleTimeMs, startMs } from '../support/rib-driver.ts';

const header: PeerOptions = { address: '192.0.2.1', as: 65001, isPostPolicy: true };
const router = '198.51.100.1';
const announce = (seconds: number, prefix: string): Buffer =>
  routeMonitoring(
    { ...header, timestampMs: startMs + seconds * 1000 },
    { origin: 0, asPath: [65001], nextHop: '192.0.2.1', announced: [prefix] },
  );
const withdraw = (seconds: number, prefix: string): Buffer =>
  routeMonitoring({ ...header, timestampMs: startMs + seconds * 1000 }, { withdrawn: [prefix] });

/** Records over the partitions in turn, each a second after the one before. */
function over(places: readonly SendOptions[], driver = new RibDriver()): RibDriver {
  for (const place of places) {
    driver.send(initiation(), place);
    driver.nowMs += 1000;
  }
  return driver;
}

const isUnordered = (driver: RibDriver): boolean | undefined => driver.shard.router(router)?.isUnordered;
const warnings = (driver: RibDriver): number => driver.events.filter(({ kind }) => kind === 'router-unordered').length;

test('a partition that comes back: the router is unordered, and told so once', () => {
  const driver = over([{ partition: 0 }, { partition: 1 }, { partition: 0 }, { partition: 1 }, { partition: 2 }]);
  assert.equal(isUnordered(driver), true);
  assert.equal(warnings(driver), 1);
  assert.equal(driver.shard.counters.routersUnordered, 1);
  assert.equal(driver.shard.counters.sourcePartitionChanges, 4);
  assert.equal(driver.shard.status().routers[0].unordered, true);
});

test('partition growth moves a key once and for good', () => {
  const driver = over([{ partition: 0 }, { partition: 0 }, { partition: 3 }, { partition: 3 }, { partition: 5 }]);
  assert.equal(isUnordered(driver), false);
  driver.nowMs += settledMs;
  over([{ partition: 0 }], driver);
  assert.equal(isUnordered(driver), false);
});

test('a topic made anew starts over', () => {
  const driver = over([{ partition: 0 }, { partition: 1 }, { partition: 1, topicId: 'id-2', offset: 0 }]);
  over([{ partition: 0, topicId: 'id-2', offset: 0 }], driver);
  assert.equal(isUnordered(driver), false);
});

test('two inputs of one router are two partitions, not one topic without an order', () => {
  const first = { topic: 'bmp', partition: 0 };
  const second = { topic: 'other', topicId: 'id-9', partition: 1 };
  const driver = over([first, second, first, second, first]);
  assert.equal(isUnordered(driver), false);
  assert.equal(driver.shard.counters.sourcePartitionChanges, 0);
});

test('two routers, or two collectors, in partitions of their own are in order', () => {
  const driver = over([
    { partition: 0 },
    { partition: 1, router: '198.51.100.2' },
    { partition: 2, collector: 'c2' },
    { partition: 0 },
    { partition: 2, collector: 'c2' },
  ]);
  assert.equal(isUnordered(driver), false);
});

test('an hour on one partition, and the router is in order again', () => {
  const driver = over([{ partition: 0 }, { partition: 1 }, { partition: 0 }]);
  driver.nowMs = startMs + 2000 + settledMs - 1;
  over([{ partition: 0 }], driver);
  assert.equal(isUnordered(driver), true);
  over([{ partition: 0 }], driver);
  assert.equal(isUnordered(driver), false);
  assert.deepEqual(driver.events.at(-1)?.kind, 'router-ordered');
  driver.send(peerUp(header));
  assert.equal(driver.shard.heldMessages().length, 0);
});

test('messages of an unordered router are held back and ordered by the time of their headers', () => {
  const driver = over([{ partition: 0 }, { partition: 1 }, { partition: 0 }]);
  driver.send(peerUp(header), { partition: 0 });
  driver.pass(unorderedWindowMs);
  driver.send(withdraw(12, '10.0.0.0/8'), { partition: 1 });
  driver.send(announce(11, '10.0.0.0/8'), { partition: 0 });
  driver.send(announce(11, '10.1.0.0/16'), { partition: 0 });
  driver.pass(unorderedWindowMs - 1);
  assert.deepEqual(driver.at('10.1.0.0/16'), []);
  driver.pass(1);
  assert.deepEqual(driver.at('10.0.0.0/8'), []);
  assert.deepEqual(driver.at('10.1.0.0/16'), ['adj-rib-in-post 192.0.2.1']);
});

test('answers of an unordered router are suspect', () => {
  const driver = over([{ partition: 0 }, { partition: 1 }, { partition: 0 }]);
  driver.send([peerUp(header), announce(11, '10.1.0.0/16')], { partition: 0 });
  driver.pass(unorderedWindowMs);
  assert.equal(driver.lookup('10.1.0.1').suspect, true);
});

test('a router is in order again once its session without an order is forgotten', () => {
  const driver = over([{ partition: 0 }, { partition: 1 }, { partition: 0 }]);
  driver.send([peerUp(header), announce(1, '10.0.0.0/8')], { collector: 'c2', topic: 'other', topicId: 'id-9' });
  driver.send(termination(), { partition: 0 });
  driver.pass(unorderedWindowMs);
  driver.pass(staleTimeMs);
  assert.equal(driver.shard.router(router)?.sessions.size, 1);
  assert.equal(isUnordered(driver), false);
});

test('a copy forgets other routers with all that is held of them', () => {
  const driver = over([{ partition: 0 }, { partition: 1 }, { partition: 0 }]);
  driver.send([peerUp(header), announce(1, '10.0.0.0/8')], { partition: 0 });
  driver.shard.keepRouters(new Set(['198.51.100.9']));
  assert.equal(driver.shard.router(router), undefined);
  driver.pass(unorderedWindowMs);
  assert.equal(driver.shard.heldMessages().length, 0);
  assert.deepEqual(driver.routes.counts(), { routesV4: 0, routesV6: 0, prefixesV4: 0, prefixesV6: 0 });
});
