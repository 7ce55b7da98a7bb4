/** Each rule of the decision process: two routes that only it tells apart, in both orders of arrival. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decidedByNames } from '../../src/model/answer.ts';
import {
  endOfRib,
  initiation,
  type PeerOptions,
  peerUp,
  routeMonitoring,
  type UpdateOptions,
} from '../support/bmp-builder.ts';
import { RibDriver, type SendOptions } from '../support/rib-driver.ts';

interface Side {
  peer?: PeerOptions;
  update?: UpdateOptions;
  open?: { as: number; addPath?: readonly (readonly [number, number, number])[] };
  pathId?: number;
  send?: SendOptions;
}

const base: UpdateOptions = { origin: 0, asPath: [65001, 65010], nextHop: '192.0.2.1' };
const basePeer: PeerOptions = { address: '192.0.2.1', as: 65001, bgpId: '192.0.2.1', isPostPolicy: true };

function tell(driver: RibDriver, { peer, update, pathId, open, send }: Side): void {
  const header = { ...basePeer, ...peer };
  const opens =
    open === undefined ? {} : { sentOpen: open, receivedOpen: { as: header.as ?? 0, addPath: open.addPath ?? [] } };
  const prefix = pathId === undefined ? '10.0.0.0/8' : { prefix: '10.0.0.0/8', pathId };
  const announced = update?.mpReach === undefined ? [prefix] : [];
  driver.send([peerUp(header, opens), routeMonitoring(header, { ...base, announced, ...update })], send);
}

/** The rule that chose `winner`; fails when the order of arrival matters or the other one wins. */
function decides(winner: Side, ...losers: Side[]): string {
  const rules = new Set<string>();
  for (const sides of [
    [winner, ...losers],
    [...losers, winner],
  ]) {
    const driver = new RibDriver();
    for (const side of sides) tell(driver, side);
    const marked = { ...winner, update: { ...winner.update, communities: ['1:1'] } };
    tell(driver, marked);
    const answer = driver.lookup('10.0.0.1');
    assert.equal(answer.attributes.communities, 1, `decided by ${decidedByNames[answer.decidedBy]} for the other one`);
    rules.add(decidedByNames[answer.decidedBy]);
  }
  assert.equal(rules.size, 1);
  return [...rules][0];
}

const second: PeerOptions = { address: '192.0.2.2', as: 65001, bgpId: '192.0.2.2' };

test('highest LOCAL_PREF, absent is 100', () => {
  assert.equal(decides({ peer: second, update: { localPref: 101, asPath: [1, 2, 3] } }, {}), 'local-pref');
  assert.equal(decides({ peer: second }, { update: { localPref: 99 } }), 'local-pref');
});

test('shortest AS path: a set counts one, confederation segments none', () => {
  const path = [
    [3, [1, 2, 3]],
    [2, [65001]],
    [1, [7, 8, 9]],
  ] as const;
  assert.equal(
    decides({ peer: second, update: { asPath: path, origin: 2 } }, { update: { asPath: [1, 2, 3] } }),
    'path-length',
  );
});

test('lowest origin', () => {
  assert.equal(decides({ peer: second, update: { med: 5 } }, { update: { origin: 1 } }), 'origin');
});

test('MED within a neighbour AS only, absent is 0', () => {
  assert.equal(decides({ peer: second, update: { med: 1 } }, { update: { med: 2 } }), 'med');
  assert.equal(decides({ peer: second }, { update: { med: 2 } }), 'med');
  assert.equal(
    decides({ update: { med: 9 } }, { peer: { ...second, as: 65002 }, update: { asPath: [65002, 65010] } }),
    'router-id',
  );
});

test('MED is no order between pairs: the best of each neighbour AS goes on', () => {
  // Of 65001: b (MED 1) puts out a (MED 2), so a's lower router id against c does not count; b loses to c by router id.
  const a = { peer: { address: '192.0.2.1', as: 65001, bgpId: '192.0.2.1' }, update: { med: 2 } };
  const b = { peer: { address: '192.0.2.9', as: 65001, bgpId: '192.0.2.9' }, update: { med: 1 } };
  const c = {
    peer: { address: '192.0.2.5', as: 65002, bgpId: '192.0.2.5' },
    update: { asPath: [65002, 65010], med: 7 },
  };
  assert.equal(decides(c, a, b), 'router-id');
});

test('eBGP over iBGP', () => {
  assert.equal(decides({ peer: second }, { peer: { as: 65000 } }), 'ebgp');
});

test('RFC 5065 §5.3: a route of another member AS of the confederation is no eBGP route', () => {
  for (const type of [3, 4]) {
    const asPath = [
      [type, [65100]],
      [2, [65001, 65010]],
    ] as const;
    const member = { peer: { as: 65100 }, update: { asPath } };
    assert.equal(decides({ peer: second }, member), 'ebgp');
    assert.equal(decides({ peer: { ...second, bgpId: '192.0.2.0', as: 65000 } }, member), 'router-id');
  }
});

test('ORIGINATOR_ID, else router id, lowest', () => {
  assert.equal(decides({}, { peer: second }), 'router-id');
  assert.equal(decides({ peer: second, update: { originatorId: '1.1.1.1' } }, {}), 'router-id');
  assert.equal(decides({ peer: { ...second, bgpId: '9.0.0.1' } }, { peer: { bgpId: '200.0.0.1' } }), 'router-id');
});

test('shorter CLUSTER_LIST', () => {
  const originatorId = '1.1.1.1';
  const longer = { originatorId, clusterList: ['1.1.1.1', '2.2.2.2'] };
  assert.equal(
    decides({ peer: second, update: { originatorId, clusterList: ['3.3.3.3'] } }, { update: longer }),
    'cluster-list',
  );
});

test('lowest peer address, as numbers, IPv4 before IPv6', () => {
  const bgpId = '192.0.2.1';
  assert.equal(decides({ peer: { bgpId, address: '9.0.0.1' } }, { peer: { bgpId, address: '200.0.0.1' } }), 'peer');
  assert.equal(decides({ peer: { bgpId, address: '200.0.0.1' } }, { peer: { bgpId, address: '2001:db8::1' } }), 'peer');
  const low = { peer: { bgpId, address: '2001:db8::1:2:3' } };
  assert.equal(decides(low, { peer: { bgpId, address: '2001:db8::1:2:8000:3' } }), 'peer');
});

test('lowest path id', () => {
  const open = { as: 65000, addPath: [[1, 1, 3]] as const };
  assert.equal(decides({ open, pathId: 3 }, { open, pathId: 0x80000000 }), 'path-id');
});

test('last, the source: plain before labeled unicast, lower session before higher', () => {
  const mpReach = { afi: 1, safi: 4, nextHop: '192.0.2.1', prefixes: [{ prefix: '10.0.0.0/8', labels: [16] }] };
  assert.equal(decides({}, { update: { mpReach } }), 'source');
  assert.equal(decides({}, { peer: { type: 2 } }), 'source');
  assert.equal(decides({ peer: { type: 2 }, send: { collector: 'c0' } }, { send: { collector: 'c1' } }), 'source');
});

test('live before stale', () => {
  const driver = new RibDriver();
  tell(driver, { update: { localPref: 200 } });
  driver.send(initiation());
  tell(driver, { peer: second });
  const answer = driver.lookup('10.0.0.1');
  assert.deepEqual([answer.peer, decidedByNames[answer.decidedBy]], ['192.0.2.2', 'stale']);
});

test('of the same route over two sessions: live, then complete, then the lowest; it is one route', () => {
  const driver = new RibDriver();
  const inSession = (collector: string, localPref: number): void =>
    tell(driver, { update: { localPref }, send: { collector } });
  const expect = (localPref: number): void => {
    const answer = driver.lookup('10.0.0.1');
    assert.deepEqual([answer.attributes.localPref, decidedByNames[answer.decidedBy]], [localPref, 'only']);
  };
  inSession('c1', 100);
  inSession('c2', 200);
  expect(100);
  driver.send(endOfRib(basePeer), { collector: 'c2' });
  expect(200);
  driver.send(endOfRib(basePeer), { collector: 'c1' });
  expect(100);
  driver.send(initiation(), { collector: 'c1' });
  expect(200);
});

test('at the steps of neighbours a loc-rib route comes before all others', () => {
  const locRib: PeerOptions = { type: 3, as: 65000, bgpId: '192.0.2.254', address: '0.0.0.0' };
  assert.equal(decides({ peer: locRib }, {}), 'ebgp');
  assert.equal(decides({ peer: locRib }, { peer: { as: 65000 } }, {}), 'ebgp');
  assert.equal(decides({ update: { localPref: 101 } }, { peer: locRib }), 'local-pref');
});
