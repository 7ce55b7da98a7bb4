/** Which VRF a flow is in: RD, name and ids, configured or told by the router. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { globalVrf, unknownVrf, type VrfChoice } from '../../src/model/router.ts';
import { type PeerOptions, peerUp, routeMonitoring } from '../support/bmp-builder.ts';
import { edge, type FlowInput, LookupDriver, vrfOf } from '../support/lookup-driver.ts';

const blue = vrfOf('blue', { rds: ['0:65000:11'], ids: [17] });
const red = vrfOf('red', { rds: ['1:192.0.2.1:5'], ids: [18] });
const zero = vrfOf('zero', { ids: [0] });
const main = vrfOf('global', { ids: [1610612736] });

function nameOf(choice: VrfChoice): string {
  if (choice === globalVrf) return '(global)';
  return choice === unknownVrf ? '(unknown)' : choice.name;
}

function resolver(...vrfs: ReturnType<typeof vrfOf>[]): (flow: FlowInput) => string {
  const driver = new LookupDriver([{ name: 'edge1', bmp: [edge], vrfs }]);
  return (flow) => nameOf(driver.vrfOf(flow));
}

test('a flow that names no VRF is in the global table', () => {
  for (const vrfOfFlow of [resolver(), resolver(blue)]) {
    assert.equal(vrfOfFlow({}), '(global)');
    assert.equal(vrfOfFlow({ rd: '0:0:0', ingress: 0, egress: 0 }), '(global)');
    assert.equal(vrfOfFlow({ rd: 'vrfid:0' }), '(global)');
    assert.equal(vrfOfFlow({ vrf: 'global' }), '(global)');
  }
});

test('configured VRFs by RD, id and name', () => {
  const vrfOfFlow = resolver(blue, red);
  assert.equal(vrfOfFlow({ rd: '0:65000:11' }), 'blue');
  assert.equal(vrfOfFlow({ rd: '0:065000:011' }), 'blue');
  assert.equal(vrfOfFlow({ rd: '1:192.0.2.1:5' }), 'red');
  assert.equal(vrfOfFlow({ rd: 'vrfid:17' }), 'blue');
  assert.equal(vrfOfFlow({ ingress: 18 }), 'red');
  assert.equal(vrfOfFlow({ vrf: 'red' }), 'red');
});

test('the ingress counts, the egress only when the flow names no ingress', () => {
  const vrfOfFlow = resolver(blue, red);
  assert.equal(vrfOfFlow({ ingress: 17, egress: 18 }), 'blue');
  assert.equal(vrfOfFlow({ ingress: 0, egress: 18 }), 'red');
  assert.equal(vrfOfFlow({ egress: 18 }), 'red');
  assert.equal(vrfOfFlow({ ingress: 99, egress: 18 }), '(unknown)');
  assert.equal(vrfOfFlow({ rd: '0:1:1', egress: 18 }), '(unknown)');
  assert.equal(vrfOfFlow({ egress: 99 }), '(unknown)');
  assert.equal(resolver()({ egress: 99 }), '(unknown)');
  assert.equal(resolver()({ ingress: 99 }), '(unknown)');
});

test('of what names the ingress, the first that is known: RD, name, id', () => {
  const vrfOfFlow = resolver(blue, red);
  assert.equal(vrfOfFlow({ rd: '0:65000:11', vrf: 'red', ingress: 18 }), 'blue');
  assert.equal(vrfOfFlow({ rd: '0:1:1', vrf: 'red', ingress: 17 }), 'red');
  assert.equal(vrfOfFlow({ rd: 'vrfid:99', ingress: 17 }), 'blue');
  assert.equal(vrfOfFlow({ rd: 'nonsense', vrf: 'neither' }), '(unknown)');
});

test('id 0 is a VRF where it is configured', () => {
  const vrfOfFlow = resolver(blue, zero);
  assert.equal(vrfOfFlow({ ingress: 0 }), 'zero');
  assert.equal(vrfOfFlow({ rd: 'vrfid:0' }), 'zero');
  assert.equal(vrfOfFlow({ ingress: -1, egress: 0 }), 'zero');
  assert.equal(vrfOfFlow({}), '(global)');
});

test('RFC 9069 §5.3: global is the name of the global table, ids can be given to it', () => {
  assert.equal(resolver(main)({ ingress: 1610612736 }), '(global)');
});

test('unknown VRFs can be looked up in the global table', () => {
  const driver = new LookupDriver([], { unknownVrf: 'global' });
  for (const flow of [{ rd: '0:1:1' }, { vrf: 'neither' }, { ingress: 9 }, { egress: 9 }]) {
    assert.equal(driver.vrfOf(flow), globalVrf);
  }
});

const peer: PeerOptions = { address: '192.0.2.8', as: 65000, bgpId: '192.0.2.8', isPostPolicy: true };
const inVrf: PeerOptions = { ...peer, type: 1, distinguisher: '0000fde80000000c' };

function tell(driver: LookupDriver, router: string): void {
  const prefixes = [{ prefix: '10.1.0.0/16', rd: '0000fde80000000b', labels: [100] }];
  const mpReach = { afi: 1, safi: 128, nextHop: ['0000000000000000', '192.0.2.8'], prefixes };
  const update = { origin: 0, asPath: [65020] };
  driver.rib.send(
    [
      peerUp(peer),
      routeMonitoring(peer, { ...update, mpReach }),
      peerUp(inVrf, { tableName: 'customer-12' }),
      routeMonitoring(inVrf, { ...update, nextHop: '192.0.2.8', announced: ['10.2.0.0/16'] }),
    ],
    { router },
  );
}

test('an RD that no configuration lists is its own table when the router told of it', () => {
  const driver = new LookupDriver();
  for (const rd of ['0:65000:11', '0:65000:12']) assert.equal(driver.vrfOf({ rd }), unknownVrf);
  assert.equal(driver.ask('10.1.0.1', { rd: '0:65000:11' }), 'no-router');
  tell(driver, edge);
  assert.equal(driver.vrfOf({ rd: '0:65000:11' }).name, '0:65000:11');
  assert.equal(driver.vrfOf({ rd: '0:65000:11' }), driver.vrfOf({ rd: '0:065000:11' }));
  assert.equal(driver.ask('10.1.0.1', { rd: '0:65000:11' }), '10.1.0.0/16 via 192.0.2.8 (adj-rib-in-post) by only');
  assert.equal(driver.ask('10.2.0.1', { rd: '0:65000:12' }), '10.2.0.0/16 via 192.0.2.8 (adj-rib-in-post) by only');
  assert.equal(driver.ask('10.1.0.1', { rd: '0:65000:13' }), 'no-table');
});

test('a name that the router sent (VRF/Table Name TLV) is a VRF, and adds its RDs to the configured one', () => {
  const driver = new LookupDriver();
  assert.equal(driver.vrfOf({ vrf: 'customer-12' }), unknownVrf);
  tell(driver, edge);
  assert.equal(driver.ask('10.2.0.1', { vrf: 'customer-12' }), '10.2.0.0/16 via 192.0.2.8 (adj-rib-in-post) by only');
  assert.equal(driver.ask('10.1.0.1', { vrf: 'customer-12' }), 'no-route');
  assert.equal(driver.ask('10.1.0.1', { vrf: 'customer-13' }), 'no-table');

  const vrfs = [vrfOf('customer-12', { ids: [12] })];
  const configured = new LookupDriver([{ name: 'edge1', bmp: [edge], vrfs }]);
  assert.equal(configured.ask('10.2.0.1', { ingress: 12 }), 'no-router');
  tell(configured, edge);
  assert.equal(configured.ask('10.2.0.1', { ingress: 12 }), '10.2.0.0/16 via 192.0.2.8 (adj-rib-in-post) by only');
});

test('an RD or name that a reference router told is known too', () => {
  const driver = new LookupDriver([{ name: 'rr1', bmp: ['198.51.100.8'] }], { references: ['rr1'] });
  tell(driver, '198.51.100.8');
  const rr = 'at 198.51.100.8';
  assert.equal(
    driver.ask('10.1.0.1', { rd: '0:65000:11' }),
    `10.1.0.0/16 via 192.0.2.8 (adj-rib-in-post) by only ${rr}`,
  );
  assert.equal(
    driver.ask('10.2.0.1', { vrf: 'customer-12' }),
    `10.2.0.0/16 via 192.0.2.8 (adj-rib-in-post) by only ${rr}`,
  );
});

test('a configured VRF whose router told nothing of it has no table', () => {
  const driver = new LookupDriver([{ name: 'edge1', bmp: [edge], vrfs: [blue] }]);
  driver.rib.send([
    peerUp(peer),
    routeMonitoring(peer, { origin: 0, asPath: [1], nextHop: '192.0.2.8', announced: ['10.0.0.0/8'] }),
  ]);
  assert.equal(driver.ask('10.1.0.1', { vrf: 'blue' }), 'no-table');
  assert.equal(driver.ask('0.0.0.0', { vrf: 'blue' }), 'bad-address');
  const orGlobal = new LookupDriver([{ name: 'edge1', bmp: [edge], vrfs: [blue] }], {
    unknownVrf: 'global',
    rib: driver.rib,
  });
  assert.equal(orGlobal.ask('10.1.0.1', { vrf: 'blue' }), 'no-table');
  assert.equal(orGlobal.ask('10.1.0.1', { vrf: 'other' }), '10.0.0.0/8 via 192.0.2.8 (adj-rib-in-post) by only');
});

test('flows with RDs that nobody knows do not fill the memory', () => {
  const driver = new LookupDriver();
  tell(driver, edge);
  for (let i = 0; i < 20_000; i++) assert.equal(driver.vrfOf({ rd: `0:1:${i}` }), unknownVrf);
  assert.equal(driver.vrfOf({ rd: '0:65000:11' }).name, '0:65000:11');
});
