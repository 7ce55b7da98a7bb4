/** Lookups in VRFs: which routes are in one (RDs, import targets), which of its views answers. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusMatched } from '../../src/model/answer.ts';
import { endOfRib, type PeerOptions, peerUp, routeMonitoring, type UpdateOptions } from '../support/bmp-builder.ts';
import { edge, LookupDriver, targetHex, vrfOf } from '../support/lookup-driver.ts';
import { endOfRibTimeoutMs, type SendOptions } from '../support/rib-driver.ts';

const blueRd = '0000fde80000000b';
const otherRd = '0000fde900000063';
const redRd = '0000fde80000000c';
const blue = vrfOf('blue', { rds: ['0:65000:11'], targets: ['65000:11'] });
const red = vrfOf('red', { rds: ['0:65000:12'] });
/** A route reflector that sends VPN routes. */
const reflector: PeerOptions = { address: '192.0.2.8', as: 65000, bgpId: '192.0.2.8', isPostPolicy: true };
const customer: PeerOptions = {
  type: 1,
  distinguisher: blueRd,
  address: '10.9.0.2',
  as: 65010,
  bgpId: '10.9.0.2',
  isPostPolicy: true,
};
const blueLocRib: PeerOptions = { type: 3, distinguisher: blueRd, as: 65000, bgpId: '192.0.2.254' };
const pre = (peer: PeerOptions): PeerOptions => ({ ...peer, isPostPolicy: false });

function vpn(peer: PeerOptions, rd: string, prefix: string, options: UpdateOptions = {}): Buffer {
  const mpReach = {
    afi: 1,
    safi: 128,
    nextHop: ['0000000000000000', peer.type === 3 ? '192.0.2.8' : (peer.address ?? '')],
    prefixes: [{ prefix, rd, labels: [100] }],
  };
  return routeMonitoring(peer, { origin: 0, asPath: [65020], mpReach, ...options });
}

function unicast(peer: PeerOptions, prefix: string, options: UpdateOptions = {}): Buffer {
  return routeMonitoring(peer, {
    origin: 0,
    asPath: [65010],
    nextHop: '10.9.0.2',
    announced: [prefix],
    ...options,
  });
}

function driverWith(...messages: Buffer[]): LookupDriver {
  const driver = new LookupDriver([{ name: 'edge1', bmp: [edge], vrfs: [blue, red] }]);
  const peers = [reflector, customer, blueLocRib].map((peer) => peerUp(peer));
  driver.rib.send([...peers, ...messages]);
  return driver;
}

test('a VRF is not the global table, and the other way round', () => {
  const driver = driverWith(vpn(reflector, blueRd, '10.1.0.0/16'), unicast(reflector, '10.0.0.0/8'));
  assert.equal(driver.ask('10.1.0.1', { vrf: 'blue' }), '10.1.0.0/16 via 192.0.2.8 (adj-rib-in-post) by only');
  assert.equal(driver.ask('10.1.0.1'), '10.0.0.0/8 via 192.0.2.8 (adj-rib-in-post) by only');
  assert.equal(driver.ask('10.2.0.1', { vrf: 'blue' }), 'no-route');
});

test('RFC 4364 §4.3.1: routes of other PEs are in the VRF by its import targets, whatever their RD', () => {
  const extCommunities = [targetHex('192.0.2.1:9'), targetHex('65000:11')];
  const driver = driverWith(
    vpn(reflector, otherRd, '10.1.0.0/16', { extCommunities }),
    vpn(reflector, otherRd, '10.2.0.0/16', { extCommunities: [targetHex('65000:12')] }),
    vpn(reflector, otherRd, '10.1.1.0/24', { extCommunities: [targetHex('65000L:11')] }),
    vpn(reflector, redRd, '10.3.0.0/16'),
  );
  assert.equal(driver.ask('10.1.1.1', { vrf: 'blue' }), '10.1.0.0/16 via 192.0.2.8 (adj-rib-in-post) by only');
  assert.equal(driver.ask('10.2.0.1', { vrf: 'blue' }), 'no-route');
  assert.equal(driver.ask('10.3.0.1', { vrf: 'blue' }), 'no-route');
  assert.equal(driver.ask('10.3.0.1', { vrf: 'red' }), '10.3.0.0/16 via 192.0.2.8 (adj-rib-in-post) by only');
  assert.equal(driver.ask('10.1.0.1', { vrf: 'red' }), 'no-route');
});

test('a route from inside another VRF is not imported by its targets: its own router would have told', () => {
  const redCustomer = { ...customer, distinguisher: redRd };
  const driver = driverWith(
    vpn(reflector, otherRd, '10.99.0.0/16'),
    unicast(customer, '10.98.0.0/16'),
    peerUp(redCustomer),
    unicast(redCustomer, '10.4.0.0/16', { extCommunities: [targetHex('65000:11')] }),
  );
  assert.equal(driver.ask('10.4.0.1', { vrf: 'blue' }), 'no-route');
  assert.equal(driver.ask('10.4.0.1', { vrf: 'red' }), '10.4.0.0/16 via 10.9.0.2 (adj-rib-in-post) by only');
});

test('RFC 7854 §4.2: peers of type 1 are in the VRF of their RD, both kinds of routes side by side', () => {
  const driver = driverWith(
    vpn(reflector, blueRd, '10.1.0.0/16', { localPref: 200 }),
    unicast(customer, '10.1.0.0/16'),
    unicast(customer, '10.5.0.0/16'),
  );
  assert.equal(driver.ask('10.5.0.1', { vrf: 'blue' }), '10.5.0.0/16 via 10.9.0.2 (adj-rib-in-post) by only');
  assert.equal(driver.ask('10.1.0.1', { vrf: 'blue' }), '10.1.0.0/16 via 192.0.2.8 (adj-rib-in-post) by local-pref');
});

test("the VRF's own loc-rib is the authority before the configured views, once complete", () => {
  const driver = driverWith(
    vpn(reflector, blueRd, '10.1.1.0/24'),
    endOfRib(reflector, 1, 128),
    unicast(blueLocRib, '10.1.0.0/16'),
  );
  const flow = { vrf: 'blue' };
  assert.equal(driver.ask('10.1.1.1', flow), '10.1.1.0/24 via 192.0.2.8 (adj-rib-in-post) by only');
  driver.rib.send(endOfRib(blueLocRib));
  assert.equal(driver.ask('10.1.1.1', flow), '10.1.0.0/16 via 192.0.2.254 (loc-rib) by only');
  // Also where the router's own Loc-RIB of VPN routes has more.
  const vpnLocRib: PeerOptions = { type: 3, as: 65000, bgpId: '192.0.2.254' };
  driver.rib.send([
    peerUp(vpnLocRib),
    vpn(vpnLocRib, otherRd, '10.1.1.0/24', { extCommunities: [targetHex('65000:11')] }),
  ]);
  driver.rib.send(endOfRib(vpnLocRib, 1, 128));
  assert.equal(driver.ask('10.1.1.1', flow), '10.1.0.0/16 via 192.0.2.254 (loc-rib) by only');
});

test("the VRF's own loc-rib comes first wherever loc-rib is configured, and not at all where it is not", () => {
  const options = [[1, 0], [1]].map(
    (views) => new LookupDriver([{ name: 'edge1', bmp: [edge], vrfs: [blue] }], { views }),
  );
  for (const driver of options) {
    driver.rib.send([peerUp(customer), unicast(customer, '10.1.1.0/24'), endOfRib(customer)]);
    driver.rib.send([peerUp(blueLocRib), unicast(blueLocRib, '10.1.0.0/16'), endOfRib(blueLocRib)]);
  }
  assert.equal(options[0].ask('10.1.1.1', { vrf: 'blue' }), '10.1.0.0/16 via 192.0.2.254 (loc-rib) by only');
  assert.equal(options[1].ask('10.1.1.1', { vrf: 'blue' }), '10.1.1.0/24 via 10.9.0.2 (adj-rib-in-post) by only');
});

test('routes from inside the VRF and VPN routes have an authority each', () => {
  const driver = driverWith(vpn(reflector, blueRd, '10.1.0.0/16'), unicast(pre(customer), '10.1.1.0/24'));
  const flow = { vrf: 'blue' };
  const more = { ...pre(reflector), address: '192.0.2.9', bgpId: '192.0.2.9' };
  driver.rib.send([peerUp(more), vpn(more, blueRd, '10.1.1.0/28')]);
  assert.equal(driver.ask('10.1.1.1', flow), '10.1.1.0/28 via 192.0.2.9 (adj-rib-in-pre) by only');
  // VPN routes are complete in Adj-RIB-In post-policy: those of pre-policy no longer answer, those from inside the VRF do.
  driver.rib.send(endOfRib(reflector, 1, 128));
  assert.equal(driver.ask('10.1.1.1', flow), '10.1.1.0/24 via 10.9.0.2 (adj-rib-in-pre) by only');
  assert.equal(driver.ask('10.1.2.1', flow), '10.1.0.0/16 via 192.0.2.8 (adj-rib-in-post) by only');
});

test('a view of a VRF is complete when all its RIBs of that VRF are; another VRF does not count', () => {
  const second = { ...customer, address: '10.9.0.6', bgpId: '10.9.0.6' };
  const third = { ...pre(customer), address: '10.9.0.10', bgpId: '10.9.0.10' };
  const redCustomer = { ...customer, distinguisher: redRd };
  const driver = driverWith(unicast(customer, '10.1.0.0/16'), endOfRib(customer));
  driver.rib.send([second, third, redCustomer].map((peer) => peerUp(peer)));
  driver.rib.send([unicast(third, '10.1.1.0/24'), unicast(second, '10.2.0.0/16'), unicast(redCustomer, '10.7.0.0/16')]);
  const flow = { vrf: 'blue' };
  assert.equal(driver.ask('10.1.1.1', flow), '10.1.1.0/24 via 10.9.0.10 (adj-rib-in-pre) by only');
  driver.rib.send(endOfRib(second));
  assert.equal(driver.ask('10.1.1.1', flow), '10.1.0.0/16 via 10.9.0.2 (adj-rib-in-post) by only');
});

test('one session that has the view of the VRF whole suffices', () => {
  const third = { ...pre(customer), address: '10.9.0.10', bgpId: '10.9.0.10' };
  const driver = driverWith(unicast(customer, '10.1.0.0/16'), endOfRib(customer), peerUp(third));
  driver.rib.send([unicast(third, '10.1.1.0/24')]);
  driver.rib.send([peerUp(customer), unicast(customer, '10.1.0.0/16')], { collector: 'c2' });
  assert.equal(driver.ask('10.1.1.1', { vrf: 'blue' }), '10.1.0.0/16 via 10.9.0.2 (adj-rib-in-post) by only');
});

test('RFC 9069 §4.2: a filtered loc-rib of the VRF (F flag) is not complete', () => {
  const filtered = { ...blueLocRib, isFiltered: true };
  const driver = new LookupDriver([{ name: 'edge1', bmp: [edge], vrfs: [blue] }]);
  driver.rib.send([peerUp(filtered), unicast(filtered, '10.1.0.0/16'), endOfRib(filtered)]);
  driver.rib.send([peerUp(customer), unicast(customer, '10.1.1.0/24'), endOfRib(customer)]);
  assert.equal(driver.ask('10.1.1.1', { vrf: 'blue' }), '10.1.1.0/24 via 10.9.0.2 (adj-rib-in-post) by only');
});

test('the End-of-RIB timeout completes VPN routes as well', () => {
  const more = { ...pre(reflector), address: '192.0.2.9', bgpId: '192.0.2.9' };
  const driver = driverWith(vpn(reflector, blueRd, '10.1.0.0/16'), peerUp(more), vpn(more, blueRd, '10.1.1.0/24'));
  const flow = { vrf: 'blue' };
  assert.equal(driver.ask('10.1.1.1', flow), '10.1.1.0/24 via 192.0.2.9 (adj-rib-in-pre) by only');
  driver.rib.pass(endOfRibTimeoutMs);
  assert.equal(driver.ask('10.1.1.1', flow), '10.1.0.0/16 via 192.0.2.8 (adj-rib-in-post) by only');
});

test('pre-policy beside post-policy of the same peer never answers, in a VRF neither', () => {
  const driver = driverWith(unicast(pre(customer), '10.1.1.0/24'), unicast(customer, '10.1.0.0/16'));
  // Nor does its End-of-RIB make a view complete.
  driver.rib.send(endOfRib(pre(customer)));
  assert.equal(driver.ask('10.1.1.1', { vrf: 'blue' }), '10.1.0.0/16 via 10.9.0.2 (adj-rib-in-post) by only');
});

test("the flow's next hop is found in any view of the VRF", () => {
  const driver = driverWith(
    unicast(blueLocRib, '10.1.0.0/16', { nextHop: '10.9.0.2' }),
    endOfRib(blueLocRib),
    vpn(reflector, otherRd, '10.1.0.0/16', { extCommunities: [targetHex('65000:11')] }),
  );
  assert.equal(driver.ask('10.1.0.1', { vrf: 'blue' }), '10.1.0.0/16 via 192.0.2.254 (loc-rib) by only');
  assert.equal(
    driver.ask('10.1.0.1', { vrf: 'blue', nextHop: '192.0.2.8' }),
    '10.1.0.0/16 via 192.0.2.8 (adj-rib-in-post) by next-hop',
  );
  assert.equal(
    driver.ask('10.1.0.1', { vrf: 'blue', nextHop: '10.9.0.2' }),
    '10.1.0.0/16 via 192.0.2.254 (loc-rib) by next-hop',
  );
  assert.equal(
    driver.ask('10.1.0.1', { vrf: 'blue', nextHop: '203.0.113.1' }),
    '10.1.0.0/16 via 192.0.2.254 (loc-rib) by only',
  );
});

test("with several routes of the flow's next hop, that of the VRF's own loc-rib comes first", () => {
  const driver = new LookupDriver([{ name: 'edge1', bmp: [edge], vrfs: [blue] }], { views: [1, 0] });
  driver.rib.send([peerUp(customer), unicast(customer, '10.1.0.0/16', { localPref: 200 })]);
  driver.rib.send([peerUp(blueLocRib), unicast(blueLocRib, '10.1.0.0/16')]);
  assert.equal(
    driver.ask('10.1.0.1', { vrf: 'blue', nextHop: '10.9.0.2' }),
    '10.1.0.0/16 via 192.0.2.254 (loc-rib) by next-hop',
  );
});

test('the same prefix under two RDs is two routes, also when two collectors tell of both', () => {
  const target = { extCommunities: [targetHex('65000:11')] };
  const routes = [vpn(reflector, otherRd, '10.1.0.0/16', target), vpn(reflector, blueRd, '10.1.0.0/16', target)];
  for (const order of [routes, routes.toReversed()]) {
    const driver = driverWith(...order);
    const more: SendOptions = { collector: 'c2' };
    driver.rib.send([peerUp(reflector), ...order], more);
    const answer = driver.find('10.1.0.1', { vrf: 'blue' });
    assert.equal(answer.status, statusMatched);
    assert.equal(driver.lookup.candidates.lostBy.slice(0, 4).filter((rule) => rule === -2).length, 2);
    // Equal in all else: the RD's text decides, not which number it was given.
    assert.match(driver.ask('10.1.0.1', { vrf: 'blue' }), /by source$/);
    const { candidates, scope } = driver.lookup;
    assert.ok(scope);
    assert.equal(driver.rib.shard.rds.text(scope.sources.rd[candidates.sources[candidates.alive[0]]]), '0:65000:11');
  }
});

test('routes of two collectors under different RDs are no copies of each other', () => {
  const target = { extCommunities: [targetHex('65000:11')] };
  const driver = driverWith(vpn(reflector, otherRd, '10.1.0.0/16', target));
  driver.rib.send([peerUp(reflector), vpn(reflector, blueRd, '10.1.0.0/16', { localPref: 200 })], { collector: 'c2' });
  assert.equal(driver.ask('10.1.0.1', { vrf: 'blue' }), '10.1.0.0/16 via 192.0.2.8 (adj-rib-in-post) by local-pref');
});

test('RFC 9136: EVPN prefixes are in the VRF; equal but for the Ethernet tag, the lowest answers', () => {
  const evpn = (tag: number, med: number): Buffer =>
    routeMonitoring(reflector, {
      origin: 0,
      asPath: [65020],
      med,
      extCommunities: [targetHex('65000:11')],
      mpReach: {
        afi: 25,
        safi: 70,
        nextHop: '192.0.2.8',
        prefixes: [{ prefix: '10.8.0.0/16', rd: otherRd, evpn: { tag } }],
      },
    });
  for (const tags of [
    [7, 3],
    [3, 7],
  ]) {
    const driver = driverWith(...tags.map((tag) => evpn(tag, 0)));
    assert.equal(driver.ask('10.8.0.1', { vrf: 'blue' }), '10.8.0.0/16 via 192.0.2.8 (adj-rib-in-post) by source');
    const { candidates, scope } = driver.lookup;
    const source = candidates.sources[candidates.alive[0]];
    const [tag] = [...(scope?.sources.ribs[source]?.sourcesByTag ?? [])].find(([, sources]) =>
      [...sources.values()].includes(source),
    ) ?? [-1];
    assert.equal(tag, 3);
  }
});

test('two Ethernet tags in one session are two routes, not copies', () => {
  const evpn = (tag: number): Buffer => {
    const prefixes = [{ prefix: '10.8.0.0/16', rd: blueRd, evpn: { tag } }];
    const mpReach = { afi: 25, safi: 70, nextHop: '192.0.2.8', prefixes };
    return routeMonitoring(reflector, { origin: 0, asPath: [65020], mpReach });
  };
  const driver = driverWith(evpn(3), peerUp(reflector, { remotePort: 41000 }), evpn(7));
  driver.rib.send(peerUp(reflector), { collector: 'c2' });
  assert.equal(driver.ask('10.8.0.1', { vrf: 'blue' }), '10.8.0.0/16 via 192.0.2.8 (adj-rib-in-post) by stale');
});

test('RFC 7854 §4.2: distinguishers of peer type 2 are local values, in a VRF by configuration only', () => {
  const green = vrfOf('green', { locals: ['local:281470681743371'] });
  const local: PeerOptions = { ...customer, type: 2, distinguisher: '0000ffff0000000b' };
  const driver = new LookupDriver([
    { name: 'edge1', bmp: [edge], vrfs: [green] },
    { name: 'edge2', bmp: ['198.51.100.2'] },
  ]);
  driver.rib.send([peerUp(local), unicast(local, '10.1.0.0/16')]);
  assert.equal(driver.ask('10.1.0.1', { vrf: 'green' }), '10.1.0.0/16 via 10.9.0.2 (adj-rib-in-post) by only');
  assert.equal(driver.ask('10.1.0.1', { rd: '0:65535:11' }), 'no-table');
});

test('VRFs of routers of one shard are apart, under the same RD too', () => {
  const driver = driverWith(vpn(reflector, blueRd, '10.1.0.0/16'));
  const router = '198.51.100.2';
  driver.rib.send([peerUp(reflector), vpn(reflector, blueRd, '10.1.1.0/24')], { router });
  assert.equal(driver.ask('10.1.1.1', { vrf: 'blue' }), '10.1.0.0/16 via 192.0.2.8 (adj-rib-in-post) by only');
  assert.equal(
    driver.ask('10.1.1.1', { exporter: router, rd: '0:65000:11' }),
    '10.1.1.0/24 via 192.0.2.8 (adj-rib-in-post) by only',
  );
});

test('a route of a router without an order is suspect', () => {
  const driver = driverWith(vpn(reflector, blueRd, '10.1.0.0/16'), unicast(reflector, '10.0.0.0/8'));
  for (const flow of [{ vrf: 'blue' }, {}]) assert.equal(driver.find('10.1.0.1', flow).suspect, false);
  const state = driver.rib.shard.router(edge);
  assert.ok(state);
  state.isUnordered = true;
  for (const flow of [{ vrf: 'blue' }, {}]) assert.equal(driver.find('10.1.0.1', flow).suspect, true);
});
