/** Random histories of sessions, peers, routes and time: after each step the shard answers as the oracle does, over either table. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { AttributeStore } from '../../src/rib/attribute-store.ts';
import { PrefixTable } from '../../src/rib/prefix-table.ts';
import type { AttributeTable, RouteTable } from '../../src/rib/types.ts';
import { lookupGlobally } from '../oracle/oracle-lookup.ts';
import { type OracleEvent, OracleRib, plainNlri } from '../oracle/oracle-rib.ts';
import { createSlowAttributes, createSlowTable } from '../oracle/slow-table.ts';
import { addresses, event, messageOf, nextHops, oracleText } from '../support/rib-events.ts';
import { endOfRibTimeoutMs, RibDriver, staleTimeMs, startMs } from '../support/rib-driver.ts';

interface Step {
  event: OracleEvent;
  passMs: number;
  reclaim: number;
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    event,
    passMs: fc.constantFrom(0, 0, 0, 0, 1000, endOfRibTimeoutMs / 2, staleTimeMs / 2),
    reclaim: fc.constantFrom(0, 0, 1, 1000),
  }),
  { minLength: 1, maxLength: 80, size: 'max' },
);

const viewOrders = [
  [0, 1, 2],
  [3, 4, 2, 0],
];

function compare(driver: RibDriver, oracle: OracleRib): void {
  for (const views of viewOrders) {
    for (const address of addresses) {
      for (const nextHop of [null, ...nextHops]) {
        const answer = oracleText(driver.lookup(address, nextHop, { views }));
        assert.equal(
          answer,
          lookupGlobally(oracle, address, nextHop, views),
          `${address} next hop ${nextHop} views ${views.join()}`,
        );
      }
    }
  }
}

function replay(list: readonly Step[], attributes: AttributeTable, routes: RouteTable): void {
  const driver = new RibDriver(attributes, routes);
  const oracle = new OracleRib(startMs, staleTimeMs, endOfRibTimeoutMs);
  for (const step of list) {
    driver.nowMs += step.passMs;
    oracle.setClock(driver.nowMs);
    const [collector, bmpAddress] = step.event.session.split(' ');
    driver.send(messageOf(step.event), { collector, bmpAddress });
    oracle.apply(step.event);
    if (step.reclaim > 0) driver.shard.reclaim(step.reclaim);
    compare(driver, oracle);
  }
  assert.equal(driver.shard.counters.recordErrors, 0);
  const counts = routes.counts();
  assert.equal(counts.routesV4 + counts.routesV6, oracle.routes.size);
  driver.pass(staleTimeMs);
  driver.send(messageOf({ kind: 'termination', session: '' }), { collector: 'c1' });
  driver.send(messageOf({ kind: 'termination', session: '' }), { collector: 'c2' });
  driver.pass(staleTimeMs);
  while (driver.shard.reclaim(3));
  assert.equal(attributes.size, 0);
  assert.deepEqual(routes.counts(), { routesV4: 0, routesV6: 0, prefixesV4: 0, prefixesV6: 0 });
}

test('any history gives the answers of the oracle, over the slow table', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const attributes = createSlowAttributes();
      replay(list, attributes, createSlowTable(attributes));
    }),
    { numRuns: 20 },
  );
});

test('any history gives the answers of the oracle, over the compact table', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const attributes = new AttributeStore();
      replay(list, attributes, new PrefixTable(attributes));
    }),
    { numRuns: 40 },
  );
});

test('a stale route stays what it was in its own epoch: eBGP or not known to be', () => {
  const provisional = {
    key: '0 0000000000000000 192.0.2.1',
    isLocRib: false,
    text: '192.0.2.1',
    bgpId: '192.0.2.1',
    as: 65001,
    rd: '',
  };
  const other = {
    key: '0 0000000000000000 2001:db8::2',
    isLocRib: false,
    text: '2001:db8::2',
    bgpId: '200.0.2.2',
    as: 65002,
    rd: '',
  };
  const attributes = {
    origin: 0,
    confederation: [],
    asPath: [65001, 65010],
    nextHop: '2001:db8::1',
    localPref: null,
    med: null,
    originatorId: null,
    clusterList: 0,
    targets: [],
  };
  const of = (prefix: string, view: number) => ({
    kind: 'announce' as const,
    view,
    prefix,
    pathId: -1,
    nlri: plainNlri,
    attributes,
  });
  const one = 'c1 198.51.100.1';
  const two = 'c2 198.51.100.1';
  const events: OracleEvent[] = [
    { ...of('2001:db8::/32', 3), session: two, peer: provisional },
    { ...of('2001:db8::/32', 3), session: one, peer: other },
    { kind: 'initiation', session: one },
    { kind: 'peer-up', session: two, peer: provisional, variant: 0 },
    { ...of('0.0.0.0/0', 1), attributes: { ...attributes, nextHop: '192.0.2.1' }, session: one, peer: provisional },
  ];
  const store = new AttributeStore();
  replay(
    events.map((each) => ({ event: each, passMs: 0, reclaim: 0 })),
    store,
    new PrefixTable(store),
  );
});
