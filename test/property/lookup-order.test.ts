/** The same routes give the same answers in whatever order they arrive: what chooses is a total order over the set. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { AttributeStore } from '../../src/rib/attribute-store.ts';
import { PrefixTable } from '../../src/rib/prefix-table.ts';
import type { OracleEvent } from '../oracle/oracle-rib.ts';
import { addresses, announcement, messageOf, nextHops, oraclePeers, oracleText } from '../support/rib-events.ts';
import { RibDriver } from '../support/rib-driver.ts';

type Announcement = Extract<OracleEvent, { kind: 'announce' }>;

const keyOf = (of: Announcement): string => [of.session, of.peer.key, of.view, of.prefix, of.pathId].join(' ');

const histories = fc
  .uniqueArray(announcement, { selector: keyOf, minLength: 2, maxLength: 40, size: 'max' })
  .chain((routes) =>
    fc.record({
      routes: fc.constant(routes),
      shuffled: fc.shuffledSubarray(routes, { minLength: routes.length, maxLength: routes.length }),
      // Announced in between and withdrawn or replaced again: detours that must leave no trace.
      detour: fc.array(fc.nat({ max: routes.length - 1 }), { maxLength: 10 }),
    }),
  );

function answersAfter(routes: readonly Announcement[], detour: readonly number[] = []): (string | null)[] {
  const attributes = new AttributeStore();
  const driver = new RibDriver(attributes, new PrefixTable(attributes));
  const tell = (event: OracleEvent): void => {
    const [collector, bmpAddress] = event.session.split(' ');
    driver.send(messageOf(event), { collector, bmpAddress });
  };
  for (const session of ['c1 198.51.100.1', 'c2 198.51.100.1']) {
    for (const peer of oraclePeers) tell({ kind: 'peer-up', session, peer, variant: 0 });
  }
  for (const index of detour) tell({ ...routes[index], attributes: { ...routes[index].attributes, localPref: 999 } });
  for (const index of detour) tell({ ...routes[index], kind: 'withdraw' });
  for (const route of routes) tell(route);
  const answers: (string | null)[] = [];
  for (const views of [
    [0, 1, 2],
    [4, 3, 2, 1, 0],
  ]) {
    for (const address of addresses) {
      for (const nextHop of [null, ...nextHops]) answers.push(oracleText(driver.lookup(address, nextHop, { views })));
    }
  }
  return answers;
}

test('lookup does not depend on the order of arrival', () => {
  fc.assert(
    fc.property(histories, ({ routes, shuffled, detour }) => {
      assert.deepEqual(answersAfter(shuffled, detour), answersAfter(routes));
    }),
    { numRuns: 150 },
  );
});
