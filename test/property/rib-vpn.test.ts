/**
 * Random histories of peers in VRFs, VPN routes and EVPN prefixes beside global ones: after each step both tables of the shard hold what
 * the oracle's do, and once all sessions are gone nothing is left.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { AttributeStore } from '../../src/rib/attribute-store.ts';
import { PrefixTable } from '../../src/rib/prefix-table.ts';
import type { AttributeTable, RouteTable } from '../../src/rib/types.ts';
import { type OracleEvent, OracleRib } from '../oracle/oracle-rib.ts';
import { createSlowAttributes, createSlowTable } from '../oracle/slow-table.ts';
import { denseVpnEvent, messageOf, prefixes, vpnEvent } from '../support/rib-events.ts';
import { endOfRibTimeoutMs, RibDriver, staleTimeMs, startMs } from '../support/rib-driver.ts';
import { tablesOf } from '../support/rib-tables.ts';

interface Step {
  event: OracleEvent;
  passMs: number;
  reclaim: number;
}

const stepsOf = (event: fc.Arbitrary<OracleEvent>): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      event,
      passMs: fc.constantFrom(0, 0, 0, 0, 1000, endOfRibTimeoutMs / 2, staleTimeMs / 2),
      reclaim: fc.constantFrom(0, 0, 1, 1000),
    }),
    { minLength: 1, maxLength: 80, size: 'max' },
  );
const steps = fc.oneof(stepsOf(vpnEvent), stepsOf(denseVpnEvent));

function replay(list: readonly Step[], attributes: AttributeTable, routes: RouteTable, vpnRoutes: RouteTable): void {
  const driver = new RibDriver(attributes, routes, {}, vpnRoutes);
  const oracle = new OracleRib(startMs, staleTimeMs, endOfRibTimeoutMs);
  const { shard } = driver;
  for (const step of list) {
    driver.nowMs += step.passMs;
    oracle.setClock(driver.nowMs);
    const [collector, bmpAddress] = step.event.session.split(' ');
    driver.send(messageOf(step.event), { collector, bmpAddress });
    oracle.apply(step.event);
    if (step.reclaim > 0) shard.reclaim(step.reclaim);
    assert.deepEqual(tablesOf(shard, prefixes), oracle.table());
  }
  assert.equal(shard.counters.recordErrors, 0);
  driver.pass(staleTimeMs);
  for (const collector of ['c1', 'c2']) {
    driver.send(messageOf({ kind: 'termination', session: '' }), { collector });
  }
  driver.pass(staleTimeMs);
  while (shard.reclaim(3));
  assert.deepEqual([attributes.size, shard.rds.inUse, shard.status().routers], [0, 0, []]);
  for (const table of [routes, vpnRoutes]) {
    assert.deepEqual(table.counts(), { routesV4: 0, routesV6: 0, prefixesV4: 0, prefixesV6: 0 });
  }
}

test('any history gives the tables of the oracle, over the slow table', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const attributes = createSlowAttributes();
      replay(list, attributes, createSlowTable(attributes), createSlowTable(attributes));
    }),
    { numRuns: 80 },
  );
});

test('any history gives the tables of the oracle, over the compact table', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const attributes = new AttributeStore();
      replay(list, attributes, new PrefixTable(attributes), new PrefixTable(attributes));
    }),
    { numRuns: 80 },
  );
});
