/** A lookup told as a document: every candidate with the rule at which it lost, the steps in words. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipAddressOf } from '../../src/base/ip.ts';
import { routeRecord } from '../../src/encode/enriched-flow.ts';
import { explainLookup, type Explanation } from '../../src/lookup/explain.ts';
import { Lookup } from '../../src/lookup/ladder.ts';
import { LookupQuestion, SingleShardTables } from '../../src/lookup/question.ts';
import { createRouterDirectory } from '../../src/lookup/router-directory.ts';
import { endOfRib, peerDown, type PeerOptions, peerUp, routeMonitoring } from '../support/bmp-builder.ts';
import { RibDriver } from '../support/rib-driver.ts';

const directory = createRouterDirectory([], 1);

function explain(driver: RibDriver, nextHop: string | null = null, asked = '10.0.0.1', views = [0, 1, 2]): Explanation {
  const address = ipAddressOf(asked);
  assert.ok(address);
  const question = new LookupQuestion(directory.byBmpAddress('198.51.100.1'), address);
  question.nextHop = nextHop === null ? null : ipAddressOf(nextHop);
  return explainLookup({ lookup: new Lookup({ views }), views }, new SingleShardTables(driver.shard), question, null);
}

function lost(explanation: Explanation): Record<string, string | null> {
  return Object.fromEntries(
    explanation.candidates.map(({ collector, peer, lostBy }) => [`${collector} ${peer.address}`, lostBy]),
  );
}

function step(explanation: Explanation, name: string): string {
  return explanation.steps.find(({ step: of }) => of === name)?.text ?? '';
}

const peers: PeerOptions[] = [1, 2, 3].map((n) => ({
  address: `192.0.2.${n}`,
  bgpId: `192.0.2.${n}`,
  as: 65000 + n,
  isPostPolicy: true,
}));
const locRib: PeerOptions = { type: 3, as: 65000, bgpId: '192.0.2.254' };

function threePeers(): RibDriver {
  const driver = new RibDriver();
  for (const [i, peer] of peers.entries()) {
    const localPref = i === 0 ? 90 : 100;
    const asPath = i === 1 ? [1, 2] : [1, 2, 3];
    const set = { origin: 0, asPath, localPref, nextHop: peer.address ?? '', announced: ['10.0.0.0/8'] };
    driver.send([peerUp(peer), routeMonitoring(peer, set)]);
    if (i === 2) driver.send([peerUp(peer), routeMonitoring(peer, set)], { collector: 'c2' });
  }
  return driver;
}

test('a router that nobody told of: the document says so', () => {
  const explanation = explain(new RibDriver());
  assert.equal(explanation.status, 'no-router');
  assert.deepEqual(explanation.route, { status: 'no-router' });
  assert.deepEqual(explanation.candidates, []);
  assert.equal(explanation.clock, null);
  assert.match(step(explanation, 'router'), /no BMP session told of 198\.51\.100\.1/);
});

test('the chosen route comes first, then those that came furthest; each names its rule', () => {
  const driver = threePeers();
  assert.deepEqual(Object.entries(lost(explain(driver))), [
    ['c1 192.0.2.2', null],
    ['c1 192.0.2.3', 'path-length'],
    ['c1 192.0.2.1', 'local-pref'],
    ['c2 192.0.2.3', 'copy'],
  ]);
  const set = { origin: 0, asPath: [1, 2], nextHop: '192.0.2.9', announced: ['10.0.0.0/8'] };
  driver.send([peerUp(locRib), routeMonitoring(locRib, set), endOfRib(locRib)]);
  const byLocRib = explain(driver);
  assert.deepEqual(lost(byLocRib), {
    'c1 192.0.2.254': null,
    'c1 192.0.2.1': 'authority',
    'c1 192.0.2.2': 'authority',
    'c1 192.0.2.3': 'authority',
    'c2 192.0.2.3': 'authority',
  });
  assert.match(step(byLocRib, 'view'), /^loc-rib answers for IPv4/);
  const byNextHop = explain(driver, '192.0.2.1');
  assert.equal(lost(byNextHop)['c1 192.0.2.1'], null);
  assert.equal(lost(byNextHop)['c1 192.0.2.254'], 'next-hop');
  assert.match(step(byNextHop, 'next-hop'), /192\.0\.2\.1 is that of the route chosen, in adj-rib-in-post/);
  assert.equal(lost(explain(driver, '192.0.2.77'))['c1 192.0.2.2'], 'authority');
});

test('the answer is what an enriched flow has, the candidate all that is known of the route', () => {
  const driver = new RibDriver();
  const [peer] = peers;
  const set = {
    origin: 0,
    asPath: [65001, 7],
    localPref: 200,
    med: 5,
    nextHop: '192.0.2.9',
    communities: ['65001:1'],
    announced: ['10.0.0.0/8'],
  };
  driver.send([peerUp(peer), routeMonitoring(peer, set), endOfRib(peer)]);
  driver.pass(5000);
  const explanation = explain(driver);
  const answer = driver.lookup('10.0.0.1');
  assert.deepEqual(explanation.route, routeRecord(answer));
  assert.deepEqual(explanation.question, {
    router: '198.51.100.1',
    routerKey: '198.51.100.1',
    shard: 0,
    address: '10.0.0.1',
    nextHop: null,
    rd: null,
    vrf: '',
  });
  const [{ peer: told, ...route }] = explanation.candidates;
  assert.deepEqual(
    { state: told.state, as: told.as, bgpId: told.bgpId, epoch: told.epoch },
    { state: 'up', as: 65001, bgpId: '192.0.2.1', epoch: 1 },
  );
  assert.equal(told.epochStart, new Date(driver.nowMs - 5000).toISOString());
  assert.equal(explanation.clock, new Date(driver.nowMs).toISOString());
  assert.deepEqual(
    {
      prefix: route.prefix,
      asPath: route.asPath,
      nextHops: route.nextHops,
      communities: route.communities,
      localPref: route.localPref,
      med: route.med,
      origin: route.origin,
      ageMs: route.ageMs,
      complete: route.complete,
      stale: route.stale,
      suspect: route.suspect,
      pathId: route.pathId,
    },
    {
      prefix: '10.0.0.0/8',
      asPath: '65001 7',
      nextHops: ['192.0.2.9'],
      communities: ['65001:1'],
      localPref: 200,
      med: 5,
      origin: 'igp',
      ageMs: 5000,
      complete: true,
      stale: false,
      suspect: false,
      pathId: null,
    },
  );
});

test('a more specific route that policy may have rejected is shown as passed over, with the reason', () => {
  const driver = new RibDriver();
  const [post] = peers;
  const pre: PeerOptions = { ...post, isPostPolicy: false };
  const set = { origin: 0, asPath: [65001], nextHop: '192.0.2.1' };
  driver.send([
    peerUp(post),
    routeMonitoring(post, { ...set, announced: ['10.0.0.0/8'] }),
    endOfRib(post),
    routeMonitoring(pre, { ...set, announced: ['10.0.0.0/8', '10.0.0.0/24'] }),
    endOfRib(pre),
  ]);
  const explanation = explain(driver);
  assert.deepEqual(
    explanation.candidates.map(({ prefix, view, lostBy }) => `${prefix} ${view} ${lostBy}`),
    [
      '10.0.0.0/8 adj-rib-in-post null',
      '10.0.0.0/8 adj-rib-in-pre pre-policy',
      '10.0.0.0/24 adj-rib-in-pre pre-policy',
    ],
  );
  assert.match(
    step(explanation, 'prefix'),
    /10\.0\.0\.0\/8 is the longest .*; 10\.0\.0\.0\/24 is longer, but only adj-rib-in-pre has it/,
  );
  const postOnly = explain(driver, null, '10.0.0.1', [0, 1]);
  assert.deepEqual(
    postOnly.candidates.map(({ lostBy }) => lostBy),
    [null, 'pre-policy', 'pre-policy'],
  );
});

test('views outside the authority and views not configured are told apart; the next shorter prefix is shown', () => {
  const driver = new RibDriver();
  const [peer] = peers;
  const set = { origin: 0, asPath: [65001], nextHop: '192.0.2.1' };
  driver.send([
    peerUp(locRib),
    routeMonitoring(locRib, { ...set, announced: ['10.0.0.0/16', '10.0.0.0/8', '0.0.0.0/0'] }),
    endOfRib(locRib),
    peerUp(peer),
    routeMonitoring(peer, { ...set, announced: ['10.0.0.0/24'] }),
    endOfRib(peer),
  ]);
  const told = (views: number[]): string[] =>
    explain(driver, null, '10.0.0.1', views).candidates.map(
      ({ prefix, view, lostBy }) => `${prefix} ${view} ${lostBy}`,
    );
  assert.deepEqual(told([0, 1]), [
    '10.0.0.0/16 loc-rib null',
    '10.0.0.0/24 adj-rib-in-post authority',
    '10.0.0.0/8 loc-rib prefix',
  ]);
  assert.deepEqual(told([0]), [
    '10.0.0.0/16 loc-rib null',
    '10.0.0.0/24 adj-rib-in-post view-not-configured',
    '10.0.0.0/8 loc-rib prefix',
  ]);
});

test('routes of a peer that is gone are counted, not listed', () => {
  const driver = threePeers();
  driver.send(peerDown(peers[1]));
  const explanation = explain(driver);
  assert.equal(Object.hasOwn(lost(explanation), 'c1 192.0.2.2'), false);
  assert.match(step(explanation, 'mark'), /^one route of a peer or epoch that is gone is still being freed/);
});

test('no prefix: what was passed over still tells', () => {
  const explanation = explain(threePeers(), null, '172.16.0.1');
  assert.equal(explanation.status, 'no-route');
  assert.match(step(explanation, 'prefix'), /^no prefix in the configured views of .* covers 172\.16\.0\.1$/);
  assert.match(step(explanation, 'view'), /^no view is complete for IPv4 .*, so all configured ones answer together/);
});
