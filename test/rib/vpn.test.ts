/** Routes with a route distinguisher: which table they go to, under which RD, and what ends them. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PrefixInput } from '../support/bgp-builder.ts';
import {
  endOfRib,
  initiation,
  type PeerOptions,
  peerDown,
  peerUp,
  routeMonitoring,
  termination,
  type UpdateOptions,
} from '../support/bmp-builder.ts';
import { endOfRibTimeoutMs, RibDriver, staleTimeMs } from '../support/rib-driver.ts';
import { tablesOf } from '../support/rib-tables.ts';

const peer: PeerOptions = { address: '192.0.2.1', as: 65001, bgpId: '192.0.2.1' };
const attributes = { origin: 0, asPath: [65001] };
const rd11 = '0000fde80000000b';
const rd7 = '00010a6300020007';
const prefixes = ['10.0.0.0/8', '10.1.0.0/16', '0.0.0.0/0', '2001:db8::/32'];

function vpn(...list: PrefixInput[]): UpdateOptions {
  return { ...attributes, mpReach: { afi: 1, safi: 128, nextHop: '192.0.2.9', prefixes: list } };
}

function vpnWithdraw(...list: PrefixInput[]): UpdateOptions {
  return { mpUnreach: { afi: 1, safi: 128, prefixes: list } };
}

function evpn(...list: PrefixInput[]): UpdateOptions {
  return { ...attributes, mpReach: { afi: 25, safi: 70, nextHop: '192.0.2.9', prefixes: list } };
}

const labeled = (prefix: string, rd: string): PrefixInput => ({ prefix, rd, labels: [16] });

/** "rd form tag prefix" and marks other than those of a live, sure route that answers. */
function held(driver: RibDriver): string[] {
  return tablesOf(driver.shard, prefixes).map((line) => {
    const [rd, form, tag, prefix] = line.split(' ');
    const marks = ['stale', 'suspect', 'shadowed', 'in the vrf'].filter((mark) => line.includes(` ${mark} `));
    return [rd, form, tag, prefix, ...marks].join(' ');
  });
}

void describe('RFC 4364 §4.3: VPN routes', () => {
  void test('the same prefix under two RDs is two routes, and none of the global table', () => {
    const driver = new RibDriver();
    driver.send([peerUp(peer), routeMonitoring(peer, vpn(labeled('10.0.0.0/8', rd11), labeled('10.0.0.0/8', rd7)))]);
    assert.deepEqual(held(driver), ['0:65000:11 vpn 0 10.0.0.0/8', '1:10.99.0.2:7 vpn 0 10.0.0.0/8']);
    assert.deepEqual(driver.at('10.0.0.0/8'), []);
    assert.equal(driver.ask('10.1.1.1'), 'no-route');
    driver.send(routeMonitoring(peer, vpnWithdraw(labeled('10.0.0.0/8', rd7))));
    assert.deepEqual(held(driver), ['0:65000:11 vpn 0 10.0.0.0/8']);
    assert.equal(driver.shard.counters.withdrawn, 1);
  });

  void test('the label is not part of the key', () => {
    const driver = new RibDriver();
    driver.send([peerUp(peer), routeMonitoring(peer, vpn({ prefix: '10.0.0.0/8', rd: rd11, labels: [16] }))]);
    driver.send(routeMonitoring(peer, vpn({ prefix: '10.0.0.0/8', rd: rd11, labels: [17] })));
    assert.equal(held(driver).length, 1);
  });

  void test('a withdrawal under an RD that has no routes is counted as unknown and adds none', () => {
    const driver = new RibDriver();
    driver.send([peerUp(peer), routeMonitoring(peer, vpnWithdraw(labeled('10.0.0.0/8', rd11)))]);
    assert.equal(driver.shard.counters.withdrawnUnknown, 1);
    assert.deepEqual([driver.shard.rds.size, driver.shard.rds.indexOf('0:65000:11')], [0, -1]);
  });

  void test('an RD goes with its last route, and has its number again when one comes back', () => {
    const driver = new RibDriver();
    driver.send([peerUp(peer), routeMonitoring(peer, vpn(labeled('10.0.0.0/8', rd11), labeled('10.0.0.0/8', rd7)))]);
    const number = driver.shard.rds.indexOf('1:10.99.0.2:7');
    const { version } = driver.shard.router('198.51.100.1') ?? { version: -1 };
    driver.send(routeMonitoring(peer, vpnWithdraw(labeled('10.0.0.0/8', rd7))));
    assert.equal(driver.shard.rds.inUse, 1);
    assert.equal(driver.peer('192.0.2.1')?.ribs[0].rds, 1);
    assert.ok((driver.shard.router('198.51.100.1')?.version ?? 0) > version);
    driver.send(routeMonitoring(peer, vpn(labeled('10.1.0.0/16', rd7))));
    assert.equal(driver.shard.rds.indexOf('1:10.99.0.2:7'), number);
    assert.deepEqual(held(driver), ['0:65000:11 vpn 0 10.0.0.0/8', '1:10.99.0.2:7 vpn 0 10.1.0.0/16']);
  });
});

void describe('RFC 7854 §4.2: peers in a VRF', () => {
  const inRd: PeerOptions = { ...peer, type: 1, distinguisher: rd7 };
  const local: PeerOptions = { ...peer, type: 2, distinguisher: 'ffffffffffffffff' };

  void test('unicast routes of peer types 1 and 2 are under the distinguisher of the peer; that of type 2 is no RD', () => {
    const driver = new RibDriver();
    for (const header of [inRd, local]) {
      driver.send([
        peerUp(header),
        routeMonitoring(header, { ...attributes, nextHop: '192.0.2.9', announced: ['10.0.0.0/8'] }),
      ]);
    }
    assert.deepEqual(held(driver), [
      '1:10.99.0.2:7 plain 0 10.0.0.0/8 in the vrf',
      'local:18446744073709551615 plain 0 10.0.0.0/8 in the vrf',
    ]);
    assert.deepEqual(driver.at('10.0.0.0/8'), []);
  });

  void test('a distinguisher of zero, or one of peer type 0, is the global table', () => {
    const driver = new RibDriver();
    for (const header of [
      { ...peer, type: 1 },
      { ...peer, type: 0, distinguisher: rd7 },
    ]) {
      driver.send([
        peerUp(header),
        routeMonitoring(header, { ...attributes, nextHop: '192.0.2.9', announced: ['10.0.0.0/8'] }),
      ]);
    }
    assert.equal(driver.at('10.0.0.0/8').length, 2);
    assert.equal(driver.shard.vpn.routes.counts().routesV4, 0);
  });

  void test("the RD of VPN NLRI wins over the peer's distinguisher", () => {
    const driver = new RibDriver();
    driver.send([peerUp(inRd), routeMonitoring(inRd, vpn(labeled('10.0.0.0/8', rd11)))]);
    assert.deepEqual(held(driver), ['0:65000:11 vpn 0 10.0.0.0/8']);
  });

  void test('RFC 9069 §4.1: a Loc-RIB with a distinguisher is that instance', () => {
    const driver = new RibDriver();
    const locRib: PeerOptions = { type: 3, distinguisher: rd7, as: 65000, bgpId: '192.0.2.254' };
    driver.send([
      peerUp(locRib, { tableName: 'blue' }),
      routeMonitoring(locRib, { ...attributes, nextHop: '192.0.2.9', announced: ['10.0.0.0/8'] }),
      endOfRib(locRib),
    ]);
    assert.deepEqual(held(driver), ['1:10.99.0.2:7 plain 0 10.0.0.0/8 in the vrf']);
    const status = driver.peer('192.0.2.254');
    assert.deepEqual([status?.rd, status?.tableName], ['1:10.99.0.2:7', 'blue']);
    // The global table has no view of it.
    assert.deepEqual([...(driver.shard.router('198.51.100.1')?.viewStates(4) ?? [])], [0, 0, 0, 0, 0]);
  });
});

void describe('RFC 9136: EVPN IP prefixes', () => {
  void test('the Ethernet tag is part of the key; both families are one RIB', () => {
    const driver = new RibDriver();
    const of = (prefix: string, tag: number): PrefixInput => ({ prefix, rd: rd11, evpn: { tag } });
    driver.send([
      peerUp(peer),
      routeMonitoring(peer, evpn(of('10.0.0.0/8', 0), of('10.0.0.0/8', 7), of('2001:db8::/32', 0))),
    ]);
    assert.deepEqual(held(driver), [
      '0:65000:11 evpn 0 10.0.0.0/8',
      '0:65000:11 evpn 0 2001:db8::/32',
      '0:65000:11 evpn 7 10.0.0.0/8',
    ]);
    assert.deepEqual(
      driver.peer('192.0.2.1')?.ribs.map(({ afi, safi, routes, rds }) => [afi, safi, routes, rds]),
      [[25, 70, 3, 2]],
    );
    driver.send(routeMonitoring(peer, { mpUnreach: { afi: 25, safi: 70, prefixes: [of('10.0.0.0/8', 7)] } }));
    assert.deepEqual(held(driver), ['0:65000:11 evpn 0 10.0.0.0/8', '0:65000:11 evpn 0 2001:db8::/32']);
  });

  void test('other types are counted and open no RIB', () => {
    const driver = new RibDriver();
    const macIp = Buffer.from([0, 25, 70, 4, 192, 0, 2, 9, 0, 2, 33, ...Buffer.alloc(33)]);
    const rawAttributes = Buffer.concat([Buffer.from([0x80, 14, macIp.length]), macIp]);
    driver.send([peerUp(peer), routeMonitoring(peer, { ...attributes, rawAttributes })]);
    assert.deepEqual([...driver.shard.counters.skippedEvpnTypes], [[2, 1]]);
    assert.deepEqual(driver.peer('192.0.2.1')?.ribs, []);
    driver.send(endOfRib(peer, 25, 70));
    assert.equal(driver.peer('192.0.2.1')?.ribs[0].endOfRib, true);
  });
});

void describe('life of a RIB with many RDs', () => {
  const two = [labeled('10.0.0.0/8', rd11), labeled('10.1.0.0/16', rd7)];

  function filled(): RibDriver {
    const driver = new RibDriver();
    driver.send([peerUp(peer), routeMonitoring(peer, vpn(...two)), endOfRib(peer, 1, 128)]);
    return driver;
  }

  void test('a new epoch makes all RDs stale; what is told again is live, End-of-RIB sweeps the rest', () => {
    const driver = filled();
    driver.send(peerUp(peer, { remotePort: 40001 }));
    assert.deepEqual(held(driver), ['0:65000:11 vpn 0 10.0.0.0/8 stale', '1:10.99.0.2:7 vpn 0 10.1.0.0/16 stale']);
    driver.send(routeMonitoring(peer, vpn(two[0])));
    assert.deepEqual(held(driver), ['0:65000:11 vpn 0 10.0.0.0/8', '1:10.99.0.2:7 vpn 0 10.1.0.0/16 stale']);
    driver.send(endOfRib(peer, 1, 128));
    assert.deepEqual(held(driver), ['0:65000:11 vpn 0 10.0.0.0/8']);
    assert.equal(driver.shard.rds.inUse, 1);
  });

  void test('views of the global table do not wait for VPN routes, nor are they held by them', () => {
    const driver = new RibDriver();
    driver.send([peerUp(peer), routeMonitoring(peer, vpn(...two))]);
    assert.deepEqual([...(driver.shard.router('198.51.100.1')?.viewStates(4) ?? [])], [0, 0, 0, 0, 0]);
    driver.send([
      routeMonitoring(peer, { ...attributes, nextHop: '192.0.2.9', announced: ['10.0.0.0/8'] }),
      endOfRib(peer, 1, 1),
    ]);
    assert.deepEqual([...(driver.shard.router('198.51.100.1')?.viewStates(4) ?? [])], [0, 0, 2, 0, 0]);
  });

  void test('End-of-RIB is of its family: that of IPv4 unicast sweeps no VPN route', () => {
    const driver = filled();
    driver.send([peerUp(peer, { remotePort: 40001 }), endOfRib(peer, 1, 1)]);
    assert.equal(held(driver).length, 2);
    driver.pass(endOfRibTimeoutMs);
    assert.deepEqual(held(driver), []);
  });

  void test('a withdrawal in the new epoch removes the stale route of its RD only', () => {
    const driver = new RibDriver();
    const same = [labeled('10.0.0.0/8', rd11), labeled('10.0.0.0/8', rd7)];
    driver.send([peerUp(peer), routeMonitoring(peer, vpn(...same)), peerUp(peer, { remotePort: 40001 })]);
    driver.send(routeMonitoring(peer, vpnWithdraw(same[1])));
    assert.deepEqual(held(driver), ['0:65000:11 vpn 0 10.0.0.0/8 stale']);
  });

  void test('Peer Down, a lost session and an unreadable field reach every RD', () => {
    const down = filled();
    down.send(peerDown(peer));
    assert.deepEqual([held(down), down.shard.rds.inUse], [[], 0]);
    const lost = filled();
    lost.send(initiation());
    assert.equal(held(lost).filter((line) => line.endsWith(' stale')).length, 2);
    lost.pass(staleTimeMs);
    assert.deepEqual(held(lost), []);
    const suspect = filled();
    suspect.send(routeMonitoring(peer, vpnWithdraw('10.0.0.0/8')));
    assert.equal(held(suspect).filter((line) => line.endsWith(' suspect')).length, 2);
  });

  void test('pre-policy routes of a peer that sends post-policy do not answer', () => {
    const driver = filled();
    driver.send(routeMonitoring({ ...peer, isPostPolicy: true }, vpn(two[0])));
    assert.equal(held(driver).filter((line) => line.endsWith(' shadowed')).length, 2);
  });

  void test('RFC 7911: path ids left out are learned for the family, and its RDs are suspect', () => {
    const driver = new RibDriver();
    const addPath = { addPath: [[1, 128, 3] as [number, number, number]] };
    driver.send(peerUp(peer, { sentOpen: addPath, receivedOpen: addPath }));
    driver.send(routeMonitoring(peer, vpn(...two)));
    assert.deepEqual(held(driver), ['0:65000:11 vpn 0 10.0.0.0/8 suspect', '1:10.99.0.2:7 vpn 0 10.1.0.0/16 suspect']);
    driver.send(routeMonitoring(peer, vpn(...two)));
    assert.equal(driver.shard.counters.addPathGuessed, 1);
  });
});

void describe('thousands of RDs', () => {
  void test('each prefix finds its own, all go at once and leave nothing', () => {
    const driver = new RibDriver();
    const count = 5000;
    driver.send(peerUp(peer));
    for (let n = 0; n < count; n += 50) {
      const list = Array.from({ length: 50 }, (_, i) =>
        labeled('0.0.0.0/0', `0000fde8${(n + i).toString(16).padStart(8, '0')}`),
      );
      driver.send(routeMonitoring(peer, vpn(...list)));
    }
    const { shard } = driver;
    assert.deepEqual([shard.rds.inUse, shard.vpn.routes.counts().routesV4], [count, count]);
    assert.ok(shard.rds.indexOf(`0:65000:${count - 1}`) >= 0);
    driver.send(peerDown(peer));
    while (shard.reclaim(1000));
    assert.deepEqual([shard.rds.inUse, shard.vpn.routes.counts().prefixesV4], [0, 0]);
  });
});

void describe('other routers of a shard', () => {
  void test('keepRouters drops all that they told, in both tables', () => {
    const driver = new RibDriver();
    const unicast = { ...attributes, nextHop: '192.0.2.9', announced: ['10.0.0.0/8'] };
    for (const router of ['198.51.100.1', '198.51.100.2']) {
      driver.send(
        [peerUp(peer), routeMonitoring(peer, unicast), routeMonitoring(peer, vpn(labeled('10.0.0.0/8', rd11)))],
        {
          router,
        },
      );
    }
    driver.shard.keepRouters(new Set(['198.51.100.2']));
    assert.equal(driver.shard.router('198.51.100.1'), undefined);
    assert.equal(held(driver).length, 2);
    assert.equal(driver.shard.rds.inUse, 1);
  });
});

void describe('peers that nothing needs are forgotten', () => {
  function garbage(driver: RibDriver, count: number): void {
    for (let n = 0; n < count; n++) {
      const of = { ...peer, type: 1, distinguisher: n.toString(16).padStart(16, '0') };
      driver.send(routeMonitoring(of, { withdrawn: ['10.0.0.0/8'] }));
    }
  }

  void test('provisional ones without routes, after the stale time without a message', () => {
    const driver = new RibDriver();
    driver.send(peerUp(peer));
    driver.send(
      routeMonitoring(
        { ...peer, address: '192.0.2.2' },
        { ...attributes, nextHop: '192.0.2.9', announced: ['10.0.0.0/8'] },
      ),
    );
    garbage(driver, 20);
    driver.pass(staleTimeMs / 2);
    const again = { ...peer, type: 1, distinguisher: '0000000000000003' };
    driver.send(routeMonitoring(again, { withdrawn: ['10.0.0.0/8'] }));
    driver.pass(staleTimeMs / 2);
    const [session] = driver.shard.status().routers[0].sessions;
    assert.deepEqual(
      session.peers.map(({ address, rd }) => `${rd} ${address}`),
      [' 192.0.2.1', ' 192.0.2.2', '0:0:3 192.0.2.1'],
    );
    assert.equal(driver.shard.router('198.51.100.1')?.neighbours.size, 3);
    driver.pass(staleTimeMs / 2);
    assert.equal(driver.shard.router('198.51.100.1')?.neighbours.size, 2);
    assert.equal(driver.at('10.0.0.0/8').length, 1);
  });

  void test('with routes too once a session has more than a thousand of them', () => {
    const driver = new RibDriver();
    for (let n = 0; n < 1100; n++) {
      const of = { ...peer, address: `10.9.${n >> 8}.${n & 255}` };
      driver.send(routeMonitoring(of, { ...attributes, nextHop: '192.0.2.9', announced: ['10.0.0.0/8'] }));
    }
    driver.pass(staleTimeMs - 1);
    assert.equal(driver.at('10.0.0.0/8').length, 1100);
    driver.pass(1);
    assert.equal(driver.at('10.0.0.0/8').length, 0);
    assert.equal(driver.shard.counters.peersDropped, 1100);
  });

  void test('a neighbour stays while any session has the peer, and goes with the last', () => {
    const driver = new RibDriver();
    for (const collector of ['c1', 'c2']) driver.send(peerUp(peer), { collector });
    const neighbours = driver.shard.router('198.51.100.1')?.neighbours;
    driver.send(termination(), { collector: 'c1' });
    driver.pass(staleTimeMs);
    assert.equal(neighbours?.size, 1);
    driver.send(termination(), { collector: 'c2' });
    driver.pass(staleTimeMs);
    assert.equal(neighbours?.size, 0);
  });
});
