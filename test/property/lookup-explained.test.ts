/**
 * What a lookup tells is what it does: over any history of routes, at the router itself and its references, global and in VRFs, the document
 * has the answer that a flow would get, the chosen route among its candidates and no other, and a reason for each that lost.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { routeRecord } from '../../src/encode/enriched-flow.ts';
import { explainLookup } from '../../src/lookup/explain.ts';
import { lostByWords } from '../../src/lookup/explain-words.ts';
import { addresses, event, messageOf, nextHops, vpnEvent } from '../support/rib-events.ts';
import { edge, type FlowInput, LookupDriver, vrfOf } from '../support/lookup-driver.ts';

const reference = '198.51.100.8';
const routers = [
  {
    name: 'edge1',
    bmp: [edge],
    references: ['rr1'],
    bgp: ['192.0.2.1'],
    vrfs: [vrfOf('blue', { rds: ['0:65000:11'], targets: ['65000:12'] })],
  },
  { name: 'rr1', bmp: [reference] },
];

const histories = fc.array(
  fc.record({ of: fc.oneof(event, vpnEvent), router: fc.constantFrom(edge, edge, reference), reclaim: fc.boolean() }),
  { minLength: 1, maxLength: 60, size: 'max' },
);

const flows: readonly FlowInput[] = [{}, ...nextHops.map((nextHop) => ({ nextHop })), { vrf: 'blue' }, { vrf: 'red' }];

function check(driver: LookupDriver, views: readonly number[]): void {
  for (const address of addresses) {
    for (const flow of flows) {
      const question = driver.question(address, flow);
      const answer = routeRecord(driver.find(address, flow));
      const told = explainLookup({ lookup: driver.lookup, views }, driver.tables, question, flow.vrf ?? null);
      assert.deepEqual(told.route, answer);
      assert.equal(told.status, answer.status);
      const chosen = told.candidates.filter(({ lostBy }) => lostBy === null);
      assert.equal(chosen.length, answer.status === 'matched' ? 1 : 0, JSON.stringify(told));
      assert.ok(told.steps.length > 0);
      for (const { lostBy } of told.candidates)
        assert.ok(lostBy === null || lostByWords[lostBy] !== undefined, lostBy ?? '');
      if (answer.status !== 'matched') continue;
      const [route] = chosen;
      assert.equal(told.candidates[0], route);
      assert.deepEqual(
        [
          route.prefix,
          route.view,
          route.peer.address,
          route.pathId,
          route.tier,
          route.router,
          route.ageMs,
          route.stale,
        ],
        [
          answer.prefix,
          answer.view,
          answer.peer,
          answer.path_id,
          answer.tier,
          answer.router,
          answer.age_ms,
          answer.stale,
        ],
      );
      assert.deepEqual(route.communities, answer.communities);
      assert.equal(route.suspect, answer.suspect);
      assert.equal(route.localPref, answer.local_pref);
    }
  }
}

test('the document and the answer agree', () => {
  fc.assert(
    fc.property(histories, fc.constantFrom([0, 1, 2], [3, 1]), (history, views) => {
      const driver = new LookupDriver(routers, { views });
      for (const { of, router, reclaim } of history) {
        const [collector] = of.session.split(' ');
        driver.rib.send(messageOf(of), { collector, router });
        if (reclaim) driver.rib.shard.reclaim(2);
      }
      check(driver, views);
    }),
    { numRuns: 30 },
  );
});
