/** Between tiers: when a reference router answers for an exporter, and which of its routes. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endOfRib, type PeerOptions, peerUp, routeMonitoring, type UpdateOptions } from '../support/bmp-builder.ts';
import { edge, LookupDriver, targetHex, vrfOf } from '../support/lookup-driver.ts';

const rr1 = '198.51.100.8';
const rr2 = '198.51.100.9';
const peerA: PeerOptions = { address: '192.0.2.1', as: 65000, bgpId: '10.255.0.1', isPostPolicy: true };
const peerB: PeerOptions = { address: '192.0.2.2', as: 65000, bgpId: '10.255.0.2', isPostPolicy: true };
const locRib: PeerOptions = { type: 3, as: 65000, bgpId: '10.255.0.8' };

const routers = [
  { name: 'edge1', bmp: [edge], references: ['rr1', 'rr2'] },
  { name: 'rr1', bmp: [rr1] },
  { name: 'rr2', bmp: [rr2] },
];

function route(peer: PeerOptions, prefix: string, options: UpdateOptions = {}): Buffer {
  const nextHop = peer.type === 3 ? '192.0.2.1' : (peer.address ?? '');
  return routeMonitoring(peer, { origin: 0, asPath: [65001], nextHop, announced: [prefix], ...options });
}

function tell(driver: LookupDriver, router: string, ...messages: Buffer[]): void {
  driver.rib.send([...[peerA, peerB, locRib].map((peer) => peerUp(peer)), ...messages], { router });
}

const via = 'via 192.0.2.1 (adj-rib-in-post) by only';

test("the exporter's own router comes first, references in order when it has no route", () => {
  const driver = new LookupDriver(routers);
  tell(driver, edge, route(peerA, '10.1.0.0/16'), endOfRib(peerA));
  tell(driver, rr2, route(peerA, '10.0.0.0/8'), endOfRib(peerA));
  tell(driver, rr1, route(peerA, '10.1.1.0/24'), route(peerA, '10.2.0.0/16'), endOfRib(peerA));
  assert.equal(driver.ask('10.1.1.1'), `10.1.0.0/16 ${via}`);
  assert.equal(driver.ask('10.2.0.1'), `10.2.0.0/16 ${via} at ${rr1}`);
  assert.equal(driver.ask('10.3.0.1'), `10.0.0.0/8 ${via} at ${rr2}`);
  assert.equal(driver.ask('11.0.0.1'), 'no-route');
});

test('a router of which no BMP session told is answered for by its references', () => {
  const driver = new LookupDriver(routers);
  assert.equal(driver.ask('10.2.0.1'), 'no-router');
  tell(driver, rr1, route(peerA, '10.2.0.0/16'), endOfRib(peerA));
  assert.equal(driver.ask('10.2.0.1'), `10.2.0.0/16 ${via} at ${rr1}`);
  assert.equal(driver.ask('10.3.0.1'), 'no-route');
});

test('the default route of the own table answers only when references fail, flagged', () => {
  const driver = new LookupDriver(routers);
  tell(driver, edge, route(peerA, '0.0.0.0/0'), endOfRib(peerA));
  tell(driver, rr1, route(peerB, '0.0.0.0/0'), endOfRib(peerB));
  tell(driver, rr2, route(peerA, '10.0.0.0/8'), endOfRib(peerA));
  assert.equal(driver.ask('10.1.0.1'), `10.0.0.0/8 ${via} at ${rr2}`);
  assert.equal(driver.answer.defaultRoute, false);
  assert.equal(driver.ask('11.1.0.1'), `0.0.0.0/0 ${via}`);
  assert.equal(driver.answer.defaultRoute, true);
});

test("a reference's default route answers when nobody has anything else", () => {
  const driver = new LookupDriver(routers);
  tell(driver, rr1, route(peerB, '0.0.0.0/0'), endOfRib(peerB));
  tell(driver, rr2, route(peerA, '0.0.0.0/0'), route(peerA, '10.0.0.0/8'), endOfRib(peerA));
  assert.equal(driver.ask('10.1.0.1'), `10.0.0.0/8 ${via} at ${rr2}`);
  assert.equal(driver.ask('11.1.0.1'), `0.0.0.0/0 via 192.0.2.2 (adj-rib-in-post) by only at ${rr1}`);
  assert.equal(driver.answer.defaultRoute, true);
});

test('while the own table is not complete, a longer prefix of a reference answers, an equal one does not', () => {
  const driver = new LookupDriver(routers);
  tell(driver, edge, route(peerA, '10.0.0.0/8'), route(peerA, '10.1.0.0/16'));
  tell(driver, rr1, route(peerB, '10.2.0.0/16'), route(peerB, '10.1.0.0/16'), endOfRib(peerB));
  assert.equal(driver.ask('10.2.0.1'), `10.2.0.0/16 via 192.0.2.2 (adj-rib-in-post) by only at ${rr1}`);
  assert.equal(driver.ask('10.1.0.1'), `10.1.0.0/16 ${via}`);
  driver.rib.send(endOfRib(peerA), { router: edge });
  assert.equal(driver.ask('10.2.0.1'), `10.0.0.0/8 ${via}`);
});

test('one view that is complete suffices, also when it is the only one configured', () => {
  const driver = new LookupDriver(routers, { views: [1] });
  tell(driver, edge, route(peerA, '10.0.0.0/8'), endOfRib(peerA));
  tell(driver, rr1, route(peerB, '10.2.0.0/16'), endOfRib(peerB));
  assert.equal(driver.ask('10.2.0.1'), `10.0.0.0/8 ${via}`);
});

test('a reference that is not complete gives way to the longer prefix of the next one', () => {
  const driver = new LookupDriver(routers);
  tell(driver, rr1, route(peerA, '10.0.0.0/8'));
  tell(driver, rr2, route(peerB, '10.2.0.0/16'), endOfRib(peerB));
  assert.equal(driver.ask('10.2.0.1'), `10.2.0.0/16 via 192.0.2.2 (adj-rib-in-post) by only at ${rr2}`);
  driver.rib.send(endOfRib(peerA), { router: rr1 });
  assert.equal(driver.ask('10.2.0.1'), `10.0.0.0/8 ${via} at ${rr1}`);
});

test("the reference's views have their own authority", () => {
  const driver = new LookupDriver(routers);
  tell(driver, rr1, route(locRib, '10.0.0.0/8'), endOfRib(locRib), route(peerA, '10.1.0.0/16'), endOfRib(peerA));
  assert.equal(driver.ask('10.1.0.1'), `10.0.0.0/8 via 10.255.0.8 (loc-rib) by only at ${rr1}`);
});

test('routes of the peer that is the exporter come first, by session address or BGP ID', () => {
  const configured = [
    { name: 'edge1', bmp: [], exporters: ['203.0.113.1'], bgp: ['10.255.0.2'], references: ['rr1'] },
    { name: 'edge2', bmp: [], exporters: ['203.0.113.2'], bgp: ['::ffff:192.0.2.2'], references: ['rr1'] },
    { name: 'edge3', bmp: [], exporters: ['192.0.2.2'], references: ['rr1'] },
    { name: 'edge4', bmp: [], exporters: ['203.0.113.4'], references: ['rr1'] },
    { name: 'rr1', bmp: [rr1] },
  ];
  const driver = new LookupDriver(configured);
  tell(driver, rr1, route(peerA, '10.0.0.0/8', { localPref: 200 }), route(peerB, '10.0.0.0/8'));
  tell(driver, rr1, route(locRib, '10.0.0.0/8', { localPref: 200 }), endOfRib(locRib));
  for (const exporter of ['203.0.113.1', '203.0.113.2', '192.0.2.2']) {
    assert.equal(
      driver.ask('10.0.0.1', { exporter }),
      `10.0.0.0/8 via 192.0.2.2 (adj-rib-in-post) by peer at ${rr1}`,
      exporter,
    );
  }
  assert.equal(
    driver.ask('10.0.0.1', { exporter: '203.0.113.4' }),
    `10.0.0.0/8 via 10.255.0.8 (loc-rib) by only at ${rr1}`,
  );
});

test('RFC 4456 §8: routes with its ORIGINATOR_ID come first as well', () => {
  const driver = new LookupDriver([
    { name: 'edge1', bmp: [], exporters: ['203.0.113.1'], bgp: ['10.255.0.77'], references: ['rr1'] },
    { name: 'rr1', bmp: [rr1] },
  ]);
  const exporter = '203.0.113.1';
  tell(driver, rr1, route(peerA, '10.0.0.0/8', { localPref: 200 }));
  tell(driver, rr1, route(peerB, '10.0.0.0/8', { originatorId: '10.255.0.77' }));
  assert.equal(driver.ask('10.0.0.1', { exporter }), `10.0.0.0/8 via 192.0.2.2 (adj-rib-in-post) by peer at ${rr1}`);
  // The reference's own BGP ID in its Loc-RIB is no peer, an ORIGINATOR_ID there counts.
  tell(driver, rr1, route(locRib, '10.0.0.0/8', { originatorId: '10.255.0.77' }), endOfRib(locRib));
  assert.equal(driver.ask('10.0.0.1', { exporter }), `10.0.0.0/8 via 10.255.0.8 (loc-rib) by ebgp at ${rr1}`);
});

test("a Loc-RIB's BGP ID is the reference's own, not that of a peer", () => {
  const driver = new LookupDriver([
    { name: 'edge1', bmp: [], exporters: ['203.0.113.1'], bgp: ['10.255.0.8'], references: ['rr1'] },
    { name: 'rr1', bmp: [rr1] },
  ]);
  tell(driver, rr1, route(peerA, '10.0.0.0/8', { localPref: 200 }), route(locRib, '10.0.0.0/8'));
  assert.equal(
    driver.ask('10.0.0.1', { exporter: '203.0.113.1' }),
    `10.0.0.0/8 via 192.0.2.1 (adj-rib-in-post) by local-pref at ${rr1}`,
  );
});

test("among the exporter's routes next hop and decision process choose; without any, all are left to them", () => {
  const driver = new LookupDriver([
    { name: 'edge1', bmp: [], exporters: ['203.0.113.1'], bgp: ['192.0.2.1', '192.0.2.2'], references: ['rr1'] },
    { name: 'rr1', bmp: [rr1] },
  ]);
  const peerC: PeerOptions = { address: '192.0.2.3', as: 65000, bgpId: '10.255.0.3', isPostPolicy: true };
  tell(driver, rr1, peerUp(peerC), route(peerC, '10.0.0.0/8', { localPref: 300 }));
  tell(driver, rr1, route(peerA, '10.0.0.0/8', { localPref: 200 }), route(peerB, '10.0.0.0/8'));
  const exporter = '203.0.113.1';
  const at = `(adj-rib-in-post) by`;
  assert.equal(driver.ask('10.0.0.1', { exporter }), `10.0.0.0/8 via 192.0.2.1 ${at} local-pref at ${rr1}`);
  assert.equal(
    driver.ask('10.0.0.1', { exporter, nextHop: '192.0.2.2' }),
    `10.0.0.0/8 via 192.0.2.2 ${at} next-hop at ${rr1}`,
  );
  assert.equal(
    driver.ask('10.0.0.1', { exporter, nextHop: '192.0.2.3' }),
    `10.0.0.0/8 via 192.0.2.1 ${at} local-pref at ${rr1}`,
  );
  tell(driver, rr1, route(peerC, '10.1.0.0/16'), route(peerC, '10.1.0.0/16', { announced: ['10.2.0.0/16'] }));
  assert.equal(driver.ask('10.1.0.1', { exporter }), `10.1.0.0/16 via 192.0.2.3 ${at} only at ${rr1}`);
});

test("in the exporter's own table its own addresses give no precedence", () => {
  const own = { name: 'edge1', bmp: [edge], bgp: ['192.0.2.2'], references: ['rr1'] };
  const driver = new LookupDriver([own, { name: 'rr1', bmp: [rr1] }]);
  tell(driver, edge, route(peerA, '10.0.0.0/8', { localPref: 200 }), route(peerB, '10.0.0.0/8'));
  tell(driver, rr1, route(peerA, '11.0.0.0/8', { localPref: 200 }), route(peerB, '11.0.0.0/8'));
  assert.equal(driver.ask('11.0.0.1'), `11.0.0.0/8 via 192.0.2.2 (adj-rib-in-post) by peer at ${rr1}`);
  assert.equal(driver.ask('10.0.0.1'), '10.0.0.0/8 via 192.0.2.1 (adj-rib-in-post) by local-pref');
});

test('VRFs on a reference: by RD and targets; its own VRF of the name counts, local values of the exporter do not', () => {
  const local = '0000000000000007';
  const blue = vrfOf('blue', { rds: ['0:65000:11'], targets: ['65000:11'], locals: ['local:7'] });
  const driver = new LookupDriver([
    { name: 'edge1', bmp: [edge], vrfs: [blue], references: ['rr1'] },
    { name: 'rr1', bmp: [rr1], vrfs: [vrfOf('blue', { rds: ['0:65000:99'] })] },
  ]);
  const customer: PeerOptions = { ...peerB, type: 1, distinguisher: '0000fde800000063' };
  const localPeer: PeerOptions = { ...peerB, type: 2, distinguisher: local };
  const prefixes = [{ prefix: '10.1.0.0/16', rd: '0000fde900000001', labels: [3] }];
  const mpReach = { afi: 1, safi: 128, nextHop: ['0000000000000000', '192.0.2.1'], prefixes };
  tell(
    driver,
    rr1,
    routeMonitoring(peerA, { origin: 0, asPath: [1], mpReach, extCommunities: [targetHex('65000:11')] }),
  );
  tell(driver, rr1, peerUp(customer), route(customer, '10.2.0.0/16'));
  tell(driver, rr1, peerUp(localPeer), route(localPeer, '10.3.0.0/16'));
  const flow = { vrf: 'blue' };
  assert.equal(driver.ask('10.1.0.1', flow), `10.1.0.0/16 ${via} at ${rr1}`);
  assert.equal(driver.ask('10.2.0.1', flow), `10.2.0.0/16 via 192.0.2.2 (adj-rib-in-post) by only at ${rr1}`);
  assert.equal(driver.ask('10.3.0.1', flow), 'no-route');
});

test('of what no tier found, the status that came furthest', () => {
  const driver = new LookupDriver(routers);
  assert.equal(driver.ask('10.0.0.1', { vrf: 'blue' }), 'no-router');
  tell(driver, edge, route(peerA, '10.0.0.0/8'));
  assert.equal(driver.ask('10.0.0.1', { vrf: 'blue' }), 'no-table');
  assert.equal(driver.ask('11.0.0.1'), 'no-route');
  const { shard } = driver.rib;
  driver.tables = { shard: () => shard, reference: () => null };
  assert.equal(driver.ask('11.0.0.1'), 'not-ready');
  assert.equal(driver.ask('10.0.0.1'), `10.0.0.0/8 ${via}`);
  driver.tables = { shard: () => null, reference: () => shard };
  assert.equal(driver.ask('10.0.0.1'), 'not-ready');
});

test('one table at a time, for whoever explains', () => {
  const driver = new LookupDriver(routers);
  tell(driver, edge, route(peerA, '0.0.0.0/0'), endOfRib(peerA));
  tell(driver, rr1, route(peerA, '10.0.0.0/8'), route(peerB, '10.0.0.0/8'));
  const question = driver.question('10.0.0.1');
  const { lookup, tables, answer } = driver;
  lookup.lookInto(tables, question, null, answer);
  assert.deepEqual([answer.prefixLength, answer.tier, lookup.candidates.total], [0, 0, 1]);
  assert.equal(lookup.scope?.isComplete, true);
  lookup.lookInto(tables, question, 0, answer);
  assert.deepEqual([answer.prefixLength, answer.tier, lookup.candidates.total], [8, 1, 2]);
  assert.equal(lookup.scope?.isComplete, false);
  lookup.lookInto(tables, question, 1, answer);
  assert.deepEqual([answer.status, lookup.candidates.total], [2, 0]);
});
