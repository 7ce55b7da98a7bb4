/** A router as /api/v1/routers shows it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RouterEvents } from '../../src/app/router-events.ts';
import { routerStatus } from '../../src/app/router-status.ts';
import type { RouterStatus } from '../../src/http/status.ts';
import { createRouteLogEntry } from '../../src/rib/shard.ts';
import { endOfRib, peerDown, type PeerOptions, peerUp, routeMonitoring, termination } from '../support/bmp-builder.ts';
import { RibDriver, startMs } from '../support/rib-driver.ts';

const key = '198.51.100.1';
const post: PeerOptions = { address: '192.0.2.1', bgpId: '192.0.2.1', as: 65001, isPostPolicy: true };
const pre: PeerOptions = { ...post, isPostPolicy: false };
const locRib: PeerOptions = { type: 3, as: 65000, bgpId: '192.0.2.254' };
const customer: PeerOptions = { ...post, type: 1, distinguisher: '0000fde80000000b', address: '10.9.0.2' };
const set = { origin: 0, asPath: [65001], nextHop: '192.0.2.1' };

function statusOf(driver: RibDriver, views = [0, 1, 2]): RouterStatus {
  const { shard } = driver;
  const [router] = shard.status().routers;
  return routerStatus(3, router, shard.router(router.key), views, null);
}

test('routes by family and view, which of them answers, VRFs apart from the global table', () => {
  const driver = new RibDriver();
  driver.send([
    peerUp(post),
    routeMonitoring(post, { ...set, announced: ['10.0.0.0/8', '10.1.0.0/16'] }),
    endOfRib(post),
    routeMonitoring(pre, { ...set, announced: ['10.0.0.0/8'] }),
    peerUp(locRib),
    routeMonitoring(locRib, { ...set, announced: ['10.0.0.0/8'] }),
    peerUp(customer),
    routeMonitoring(customer, { ...set, announced: ['10.0.0.0/8'] }),
    endOfRib(customer),
  ]);
  const status = statusOf(driver);
  assert.deepEqual(status.families, [
    {
      family: 'ipv4',
      rd: null,
      routes: 4,
      views: [
        { view: 'loc-rib', complete: false, routes: 1 },
        { view: 'adj-rib-in-post', complete: true, routes: 2 },
        { view: 'adj-rib-in-pre', complete: false, routes: 1 },
      ],
      authority: 'adj-rib-in-post',
    },
    {
      family: 'ipv4',
      rd: '0:65000:11',
      routes: 1,
      views: [{ view: 'adj-rib-in-post', complete: true, routes: 1 }],
      authority: null,
    },
  ]);
  assert.deepEqual(
    [
      status.shard,
      status.key,
      status.sessionCount,
      status.sessionsUp,
      status.peerCount,
      status.peersUp,
      status.routeCount,
    ],
    [3, key, 1, 1, 3, 3, 5],
  );
  assert.deepEqual([status.stale, status.unordered], [false, false]);
  const ribs = status.sessions[0].peers[0].ribs.map(({ view, shadowed, endOfRib: end }) => [view, shadowed, end]);
  assert.deepEqual(ribs, [
    ['adj-rib-in-post', false, true],
    ['adj-rib-in-pre', true, false],
  ]);
  driver.send(endOfRib(locRib));
  assert.equal(statusOf(driver).families[0].authority, 'loc-rib');
  assert.equal(statusOf(driver, [1]).families[0].authority, 'adj-rib-in-post');
});

test('a lost BMP session shows as stale, the peer as what it is', () => {
  const driver = new RibDriver();
  driver.send([peerUp(post), routeMonitoring(post, { ...set, announced: ['10.0.0.0/8'] }), termination()]);
  const status = statusOf(driver);
  assert.deepEqual([status.stale, status.sessionsUp, status.peersUp, status.routeCount], [true, 0, 0, 1]);
  assert.equal(status.sessions[0].peers[0].state, 'stale');
  driver.send([peerUp(post), peerDown(post)]);
  assert.equal(statusOf(driver).sessions[0].peers[0].state, 'down');
});

test('the last event of each router, by the clock of the shard', () => {
  const events = new RouterEvents();
  const passed: string[] = [];
  const options = { staleTimeMs: 300_000, endOfRibTimeoutMs: 120_000 };
  const rib = events.createShard(0, options, ({ kind }) => passed.push(kind));
  const entry = createRouteLogEntry();
  const tell = (router: string, ...messages: Buffer[]): void => {
    entry.buffer = Buffer.concat(messages);
    entry.end = entry.buffer.length;
    entry.routerKey = router;
    entry.routerName = router;
    entry.bmpAddress = router;
    entry.timestampMs = startMs + entry.offset;
    entry.offset++;
    entry.logOffset++;
    rib.apply(entry);
  };
  assert.equal(events.last(rib, key), null);
  tell(key, peerUp(post));
  tell('198.51.100.2', peerUp(post), peerDown(post));
  assert.deepEqual(events.last(rib, key), {
    kind: 'peer-up',
    peer: '192.0.2.1',
    text: 'epoch 1',
    at: new Date(startMs).toISOString(),
  });
  const last = events.last(rib, '198.51.100.2');
  assert.deepEqual([last?.kind, last?.at], ['peer-down', new Date(startMs + 1).toISOString()]);
  assert.deepEqual(passed, ['peer-up', 'peer-up', 'peer-down']);
  assert.equal(events.last(events.createShard(1, options), key), null);
});
