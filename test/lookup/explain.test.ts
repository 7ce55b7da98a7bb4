/** Every candidate with the rule at which it lost. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipAddressOf } from '../../src/base/ip.ts';
import { explainLookup } from '../../src/lookup/explain.ts';
import { Lookup } from '../../src/lookup/ladder.ts';
import { RouteAnswer } from '../../src/model/answer.ts';
import { endOfRib, type PeerOptions, peerUp, routeMonitoring } from '../support/bmp-builder.ts';
import { RibDriver } from '../support/rib-driver.ts';

const router = '198.51.100.1';

function explain(driver: RibDriver, nextHop: string | null): Record<string, string | null> {
  const lookup = new Lookup({ views: [0, 1, 2] });
  const address = ipAddressOf('10.0.0.1');
  assert.ok(address);
  const wanted = nextHop === null ? null : ipAddressOf(nextHop);
  const routes = explainLookup(lookup, driver.shard, router, address, wanted, new RouteAnswer());
  return Object.fromEntries(routes.map((route) => [`${route.collector} ${route.peer}`, route.lostBy]));
}

test('the chosen route comes first, the others name the rule', () => {
  const driver = new RibDriver();
  const peers: PeerOptions[] = [1, 2, 3].map((n) => ({
    address: `192.0.2.${n}`,
    bgpId: `192.0.2.${n}`,
    as: 65000 + n,
    isPostPolicy: true,
  }));
  const locRib: PeerOptions = { type: 3, as: 65000, bgpId: '192.0.2.254' };
  assert.deepEqual(explain(driver, null), {});
  for (const [i, peer] of peers.entries()) {
    const localPref = i === 0 ? 90 : 100;
    const asPath = i === 1 ? [1, 2] : [1, 2, 3];
    const set = { origin: 0, asPath, localPref, nextHop: peer.address ?? '', announced: ['10.0.0.0/8'] };
    driver.send([peerUp(peer), routeMonitoring(peer, set)]);
    if (i === 2) driver.send([peerUp(peer), routeMonitoring(peer, set)], { collector: 'c2' });
  }
  assert.deepEqual(Object.entries(explain(driver, null)), [
    ['c1 192.0.2.2', null],
    ['c1 192.0.2.1', 'local-pref'],
    ['c1 192.0.2.3', 'path-length'],
    ['c2 192.0.2.3', 'copy'],
  ]);
  const set = { origin: 0, asPath: [1, 2], nextHop: '192.0.2.9', announced: ['10.0.0.0/8'] };
  driver.send([peerUp(locRib), routeMonitoring(locRib, set), endOfRib(locRib)]);
  assert.deepEqual(explain(driver, null), { 'c1 192.0.2.254': null });
  const byNextHop = explain(driver, '192.0.2.1');
  assert.equal(byNextHop['c1 192.0.2.1'], null);
  assert.equal(byNextHop['c1 192.0.2.254'], 'next-hop');
  assert.equal(explain(driver, '192.0.2.77')['c1 192.0.2.2'], 'authority');
});
