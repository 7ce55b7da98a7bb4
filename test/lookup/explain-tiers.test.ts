/** Lookups told as documents where several tables are asked: references, and VRFs. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainLookup, type Explanation } from '../../src/lookup/explain.ts';
import { endOfRib, type PeerOptions, peerUp, routeMonitoring } from '../support/bmp-builder.ts';
import { edge, type FlowInput, LookupDriver, targetHex, vrfOf } from '../support/lookup-driver.ts';

const rr1 = '198.51.100.8';
const rr2 = '198.51.100.9';
const routers = [
  { name: 'edge1', bmp: [edge], references: ['rr1', 'rr2'], bgp: ['10.255.0.2'] },
  { name: 'rr1', bmp: [rr1] },
  { name: 'rr2', bmp: [rr2] },
];
const peerA: PeerOptions = { address: '192.0.2.1', as: 65000, bgpId: '10.255.0.1', isPostPolicy: true };
const peerB: PeerOptions = { address: '192.0.2.2', as: 65000, bgpId: '10.255.0.2', isPostPolicy: true };

function route(peer: PeerOptions, prefix: string, localPref = 100): Buffer {
  const nextHop = peer.address ?? '';
  return routeMonitoring(peer, { origin: 0, asPath: [65001], nextHop, localPref, announced: [prefix] });
}

function tell(driver: LookupDriver, router: string, ...messages: Buffer[]): void {
  driver.rib.send([...[peerA, peerB].map((peer) => peerUp(peer)), ...messages, endOfRib(peerA), endOfRib(peerB)], {
    router,
  });
}

function explain(driver: LookupDriver, address: string, flow: FlowInput = {}, rd: string | null = null): Explanation {
  const options = { lookup: driver.lookup, views: [0, 1, 2] };
  return explainLookup(options, driver.tables, driver.question(address, flow), rd);
}

const told = ({ candidates }: Explanation): string[] =>
  candidates.map(
    ({ tier, router, prefix, peer, rd, lostBy }) =>
      `${tier} ${router.replace('name of ', '')} ${rd === null ? '' : `${rd} `}${prefix} ${peer.address} ${lostBy}`,
  );

const texts = ({ steps }: Explanation, step: string): string[] =>
  steps.filter((one) => one.step === step).map(({ text }) => text);

test('the own table answers: references are named, not asked', () => {
  const driver = new LookupDriver(routers);
  tell(driver, edge, route(peerA, '10.0.0.0/8'));
  tell(driver, rr1, route(peerA, '10.1.0.0/16'));
  const explanation = explain(driver, '10.1.0.1');
  assert.deepEqual(told(explanation), [`own ${edge} 10.0.0.0/8 192.0.2.1 null`]);
  assert.deepEqual(texts(explanation, 'tier'), [
    'the own table answers: it is complete and this is no default route, so rr1 and rr2 are not asked',
  ]);
});

test('a default route of the own table loses to a reference, whose routes from the exporter come first', () => {
  const driver = new LookupDriver(routers);
  tell(driver, edge, route(peerA, '0.0.0.0/0'));
  tell(driver, rr1, route(peerA, '10.1.0.0/16', 200), route(peerB, '10.1.0.0/16'), route(peerA, '0.0.0.0/0'));
  tell(driver, rr2, route(peerA, '10.1.0.0/24'));
  const explanation = explain(driver, '10.1.0.1');
  assert.equal(explanation.status, 'matched');
  assert.deepEqual(told(explanation), [
    `reference ${rr1} 10.1.0.0/16 192.0.2.2 null`,
    `reference ${rr1} 10.1.0.0/16 192.0.2.1 exporter`,
    `own ${edge} 0.0.0.0/0 192.0.2.1 tier`,
    `reference ${rr1} 0.0.0.0/0 192.0.2.1 prefix`,
  ]);
  assert.match(texts(explanation, 'tier')[0], /a default route only, so rr1 and rr2 are asked for a longer prefix/);
  assert.equal(texts(explanation, 'exporter').length, 1);
  assert.deepEqual(texts(explanation, 'decision'), [
    'only: it is the only route there',
    'peer: it alone is from the exporter itself',
  ]);
});

test('references that have nothing, or no longer prefix, say so', () => {
  const driver = new LookupDriver(routers);
  const nothing = explain(driver, '10.1.0.1');
  assert.equal(nothing.status, 'no-router');
  assert.deepEqual(texts(nothing, 'router'), [
    `no BMP session told of edge1 (BMP address ${edge})`,
    `no BMP session told of reference router rr1 (BMP address ${rr1})`,
    `no BMP session told of reference router rr2 (BMP address ${rr2})`,
  ]);
  tell(driver, edge, route(peerA, '0.0.0.0/0'));
  tell(driver, rr1, route(peerA, '0.0.0.0/0'));
  const explanation = explain(driver, '10.1.0.1');
  assert.deepEqual(told(explanation), [
    `own ${edge} 0.0.0.0/0 192.0.2.1 null`,
    `reference ${rr1} 0.0.0.0/0 192.0.2.1 tier`,
  ]);
  assert.deepEqual(texts(explanation, 'tier').slice(1), [
    'rr1 has no longer prefix than what was found before: /0 after /0',
  ]);
});

const blue = vrfOf('blue', { rds: ['0:65000:11'], targets: ['65000:11'] });

function vpn(rd: string, prefix: string, extCommunities?: string[]): Buffer {
  const mpReach = {
    afi: 1,
    safi: 128,
    nextHop: ['0000000000000000', '192.0.2.8'],
    prefixes: [{ prefix, rd, labels: [100] }],
  };
  return routeMonitoring(peerA, { origin: 0, asPath: [65020], mpReach, ...(extCommunities && { extCommunities }) });
}

test('in a VRF: its own RD and those imported, with their RDs; other VRFs and the global table are not there', () => {
  const driver = new LookupDriver([{ name: 'edge1', bmp: [edge], vrfs: [blue] }]);
  driver.rib.send([
    peerUp(peerA),
    vpn('0000fde80000000b', '10.1.0.0/16'),
    vpn('0000fde900000063', '10.1.0.0/16', [targetHex('65000:11')]),
    vpn('0000fde80000000c', '10.1.0.0/16'),
    route(peerA, '10.1.0.0/24'),
  ]);
  const explanation = explain(driver, '10.1.0.1', { vrf: 'blue' }, 'blue');
  assert.equal(explanation.question.vrf, 'blue');
  assert.equal(explanation.question.rd, 'blue');
  assert.deepEqual(
    told(explanation)
      .map((line) => line.replace(/ \S+$/, ''))
      .toSorted(),
    [`own ${edge} 0:65000:11 10.1.0.0/16 192.0.2.1`, `own ${edge} 0:65001:99 10.1.0.0/16 192.0.2.1`],
  );
  assert.equal(explanation.candidates.filter(({ lostBy }) => lostBy === null).length, 1);
  assert.deepEqual(texts(explanation, 'vrf'), ['blue is VRF blue, RDs 0:65000:11, import targets: 1']);
  assert.match(texts(explanation, 'view')[0], /no view of the VRF is complete/);
});

test('a VRF that nobody knows has no table', () => {
  const driver = new LookupDriver([{ name: 'edge1', bmp: [edge], vrfs: [blue] }]);
  tell(driver, edge, route(peerA, '10.0.0.0/8'));
  const explanation = explain(driver, '10.1.0.1', { rd: '0:65000:99' }, '0:65000:99');
  assert.equal(explanation.status, 'no-table');
  assert.equal(explanation.question.vrf, null);
  assert.deepEqual(told(explanation), []);
  assert.match(texts(explanation, 'vrf')[0], /^0:65000:99 is no VRF that is configured .* there is no table$/);
});
