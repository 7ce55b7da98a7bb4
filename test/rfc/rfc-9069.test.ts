/** RFC 9069, Loc-RIB in BMP: identity by distinguisher and BGP ID, flags of its own, one Peer Up a family, the F flag, table names. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeBmpMessage } from '../../src/wire/bmp/messages.ts';
import {
  endOfRib,
  type OpenOptions,
  type PeerOptions,
  peerDown,
  peerUp,
  routeMirroring,
  routeMonitoring,
  statisticsReport,
} from '../support/bmp-builder.ts';
import { RibDriver, staleTimeMs } from '../support/rib-driver.ts';

const locRib: PeerOptions = { type: 3, as: 65000, bgpId: '192.0.2.254' };
const v4 = { origin: 0, asPath: [65001], nextHop: '192.0.2.1', announced: ['10.0.0.0/8'] };
const reach6 = { afi: 2, safi: 1, nextHop: '2001:db8::1', prefixes: ['2001:db8::/32'] };
const v6 = { origin: 0, asPath: [65001], mpReach: reach6 };
const open4: OpenOptions = { as: 65000, families: [[1, 1]] };
const open6: OpenOptions = { as: 65000, families: [[2, 1]] };

/** A Peer Up with the received OPEN a copy of the sent one, ports and address 0, as §5.2 wants it. */
function up(open: OpenOptions, header: PeerOptions = locRib, tableName?: string): Buffer {
  const both = { localAddress: '0.0.0.0', localPort: 0, remotePort: 0, sentOpen: open, receivedOpen: open };
  return peerUp(header, tableName === undefined ? both : { ...both, tableName });
}

function twoFamilies(driver = new RibDriver()): RibDriver {
  driver.send([up(open4), up(open6), routeMonitoring(locRib, v4), routeMonitoring(locRib, v6)]);
  driver.send([endOfRib(locRib), endOfRib(locRib, 2, 1)]);
  return driver;
}

void describe('RFC 9069 §4.1, §4.2, §5.1: header', () => {
  void test('peer type 3 is the Loc-RIB view; the address is zero, the BGP ID names it', () => {
    const driver = new RibDriver();
    driver.send([up(open4), routeMonitoring(locRib, v4)]);
    assert.deepEqual(driver.at('10.0.0.0/8'), ['loc-rib 192.0.2.254']);
    assert.equal(driver.lookup('10.0.0.1').peer, '192.0.2.254');
  });

  void test('V, L, A and O do not exist: 0x70 changes neither view, address nor width', () => {
    const driver = new RibDriver();
    driver.send(up(open4));
    for (const flags of [0x40, 0x20, 0x10, 0x70]) {
      driver.send(routeMonitoring({ ...locRib, flags }, { ...v4, asPath: [64500, 7] }));
      assert.deepEqual(driver.at('10.0.0.0/8'), ['loc-rib 192.0.2.254']);
      assert.deepEqual([driver.lookup('10.0.0.1').neighborAs, driver.lookup('10.0.0.1').originAs], [64500, 7]);
    }
    driver.send(routeMonitoring({ ...locRib, flags: 0x70 }, { withdrawn: ['10.0.0.0/8'] }));
    assert.deepEqual(driver.at('10.0.0.0/8'), []);
    assert.equal(driver.shard.counters.asWidthGuessed, 0);
  });

  void test('0x80 is F, not V: the peer is the same one with and without it', () => {
    const driver = new RibDriver();
    driver.send([up(open4), routeMonitoring({ ...locRib, flags: 0x80 }, v4)]);
    assert.deepEqual(driver.at('10.0.0.0/8'), ['loc-rib 192.0.2.254']);
    assert.equal(driver.shard.counters.provisional, 0);
    assert.equal(driver.peer('192.0.2.254')?.filtered, true);
  });

  void test("routes that the router originated itself come this way: an empty path's origin is its AS", () => {
    const driver = new RibDriver();
    driver.send([up({ ...open4, as: 4200000001 }), routeMonitoring(locRib, { ...v4, asPath: [], nextHop: '0.0.0.0' })]);
    assert.deepEqual([driver.lookup('10.0.0.1').originAs, driver.lookup('10.0.0.1').neighborAs], [4200000001, -1]);
  });
});

void describe('RFC 9069 §5.2: Peer Up with fabricated OPENs', () => {
  for (const mode of [1, 2, 3]) {
    void test(`ADD-PATH by presence of the capability, mode ${mode}`, () => {
      const driver = new RibDriver();
      driver.send(up({ ...open4, addPath: [[1, 1, mode]] }));
      const announced = [0, 1].map((pathId) => ({ prefix: '10.0.0.0/8', pathId }));
      driver.send(routeMonitoring(locRib, { ...v4, announced }));
      assert.deepEqual(driver.at('10.0.0.0/8'), ['loc-rib 192.0.2.254 #0', 'loc-rib 192.0.2.254 #1']);
      assert.equal(driver.shard.counters.addPathGuessed, 0);
    });
  }

  void test('§5.4.1: ASNs have 4 bytes also without the capability', () => {
    const driver = new RibDriver();
    driver.send(up({ ...open4, fourOctetAs: false }));
    driver.send(routeMonitoring(locRib, { ...v4, asPath: [64500, 4200000001] }));
    assert.equal(driver.lookup('10.0.0.1').originAs, 4200000001);
    assert.equal(driver.shard.counters.asWidthGuessed, 0);
  });

  void test('§5.2.1: VRF/Table Name TLV (3); "global" is the default table, as is none', () => {
    const name = (text?: string): string | undefined => {
      const driver = new RibDriver();
      driver.send([up(open4, locRib, text), routeMonitoring(locRib, v4)]);
      assert.deepEqual(driver.at('10.0.0.0/8'), ['loc-rib 192.0.2.254']);
      return driver.peer('192.0.2.254')?.tableName;
    };
    assert.deepEqual([name('global'), name()], ['global', '']);
    const vrf = up(open4, { ...locRib, distinguisher: '0000fde80000000b' }, 'blue');
    const message = decodeBmpMessage(vrf, 0, vrf.length);
    assert.ok(message.kind === 'peer-up');
    assert.equal(message.tableName, 'blue');
  });
});

void describe('RFC 9069 §6.1.1: several peers of one Loc-RIB', () => {
  void test('Peer Ups for several families add up, capabilities too', () => {
    const driver = new RibDriver();
    driver.send([up({ ...open4, addPath: [[1, 1, 3]] }), up({ ...open6, addPath: [[2, 1, 1]] })]);
    driver.send(routeMonitoring(locRib, { ...v4, announced: [{ prefix: '10.0.0.0/8', pathId: 7 }] }));
    const mpReach = { ...reach6, prefixes: [{ prefix: '2001:db8::/32', pathId: 8 }] };
    driver.send(routeMonitoring(locRib, { ...v6, mpReach }));
    assert.deepEqual(driver.at('10.0.0.0/8'), ['loc-rib 192.0.2.254 #7']);
    assert.deepEqual(driver.at('2001:db8::/32'), ['loc-rib 192.0.2.254 #8']);
    assert.equal(driver.shard.counters.addPathGuessed, 0);
    assert.equal(driver.peer('192.0.2.254')?.epoch, 1);
  });

  void test('the Peer Down of one takes no route of another family along', () => {
    const driver = twoFamilies();
    driver.send(peerDown(locRib, 6, Buffer.from('0003000667 6c6f62616c'.replaceAll(' ', ''), 'hex')));
    assert.deepEqual(driver.at('10.0.0.0/8'), ['loc-rib 192.0.2.254 stale']);
    assert.deepEqual(driver.at('2001:db8::/32'), ['loc-rib 192.0.2.254 stale']);
    driver.send([up(open6), endOfRib(locRib, 2, 1)]);
    assert.deepEqual(driver.at('10.0.0.0/8'), ['loc-rib 192.0.2.254']);
    assert.deepEqual(driver.at('2001:db8::/32'), []);
  });

  void test('where they cannot be told apart all are stale until heard of, and what is not heard of is swept', () => {
    const driver = twoFamilies();
    driver.send(peerDown(locRib, 6));
    assert.equal(driver.lookup('10.0.0.1').stale, true);
    driver.pass(staleTimeMs - 1);
    assert.deepEqual(driver.at('2001:db8::/32'), ['loc-rib 192.0.2.254 stale']);
    driver.send(routeMonitoring(locRib, { ...v4, announced: ['10.1.0.0/16'] }));
    assert.deepEqual(driver.at('10.0.0.0/8'), ['loc-rib 192.0.2.254']);
    assert.equal(driver.lookup('10.0.0.1').stale, false);
    assert.deepEqual(driver.at('2001:db8::/32'), []);
    driver.send(peerDown(locRib, 6));
    assert.deepEqual(driver.at('10.0.0.0/8'), []);
  });

  void test('where none of them is heard of again, all go once the time of stale ones is over', () => {
    const driver = twoFamilies();
    driver.send(peerDown(locRib, 6));
    driver.pass(staleTimeMs - 1);
    assert.deepEqual(driver.at('10.0.0.0/8'), ['loc-rib 192.0.2.254 stale']);
    driver.pass(1);
    assert.deepEqual([driver.at('10.0.0.0/8'), driver.at('2001:db8::/32')], [[], []]);
    driver.send([up(open4), routeMonitoring(locRib, v4)]);
    assert.deepEqual(driver.at('10.0.0.0/8'), ['loc-rib 192.0.2.254']);
  });

  void test('of three, one down, that which is heard of stays, the others go in time', () => {
    const driver = twoFamilies();
    const vpn = { prefix: '10.5.0.0/16', rd: '0000fde80000000b', labels: [16] };
    const mpReach = { afi: 1, safi: 128, nextHop: '192.0.2.1', prefixes: [vpn] };
    driver.send([up({ as: 65000, families: [[1, 128]] }), routeMonitoring(locRib, { ...v6, mpReach })]);
    assert.equal(driver.peer('192.0.2.254')?.epoch, 1);
    driver.send([peerDown(locRib, 6), endOfRib(locRib, 1, 1)]);
    assert.deepEqual(driver.at('10.0.0.0/8'), ['loc-rib 192.0.2.254']);
    assert.deepEqual(driver.at('2001:db8::/32'), ['loc-rib 192.0.2.254 stale']);
    driver.pass(staleTimeMs);
    assert.deepEqual(driver.at('10.0.0.0/8'), ['loc-rib 192.0.2.254']);
    assert.deepEqual(driver.at('2001:db8::/32'), []);
    assert.equal(driver.shard.vpn.routes.counts().routesV4, 0);
  });

  void test('silence in between neither takes what was heard of nor saves what was not', () => {
    const driver = twoFamilies(new RibDriver(undefined, undefined, { silenceMs: staleTimeMs / 4 }));
    driver.send([up({ as: 65000, families: [[1, 128]] }), peerDown(locRib, 6), endOfRib(locRib, 1, 1)]);
    driver.pass(staleTimeMs / 4);
    assert.equal(driver.peer('192.0.2.254')?.state, 'stale');
    driver.send(statisticsReport(locRib, []));
    assert.deepEqual(driver.at('10.0.0.0/8'), ['loc-rib 192.0.2.254']);
    assert.deepEqual(driver.at('2001:db8::/32'), ['loc-rib 192.0.2.254 stale']);
    for (let quarter = 0; quarter < 4; quarter++) {
      driver.nowMs += staleTimeMs / 4;
      driver.send(statisticsReport(locRib, []));
    }
    assert.deepEqual(driver.at('10.0.0.0/8'), ['loc-rib 192.0.2.254']);
    assert.deepEqual(driver.at('2001:db8::/32'), []);
  });

  void test('§5.3: the last of them going down, reason 6, ends all', () => {
    const driver = twoFamilies();
    driver.send([peerDown(locRib, 6), peerDown(locRib, 6)]);
    assert.deepEqual([driver.at('10.0.0.0/8'), driver.at('2001:db8::/32')], [[], []]);
  });

  void test('another BGP ID is another Loc-RIB', () => {
    const driver = twoFamilies();
    const other = { ...locRib, bgpId: '192.0.2.253' };
    driver.send([up(open4, other), routeMonitoring(other, v4)]);
    assert.equal(driver.at('10.0.0.0/8').length, 2);
    driver.send(peerDown(other, 6));
    assert.deepEqual(driver.at('10.0.0.0/8'), ['loc-rib 192.0.2.254']);
  });

  void test('another distinguisher is another Loc-RIB, of a VRF', () => {
    const driver = twoFamilies();
    const vrf = { ...locRib, distinguisher: '0000fde80000000b' };
    driver.send([up(open4, vrf), routeMonitoring(vrf, { ...v4, announced: ['10.0.0.0/8', '10.1.0.0/16'] })]);
    assert.deepEqual(driver.at('10.1.0.0/16'), []);
    driver.send(peerDown(vrf, 6));
    assert.deepEqual(driver.at('10.0.0.0/8'), ['loc-rib 192.0.2.254']);
  });
});

void describe('RFC 9069 §5.4-5.5, §6.1.2: what it tells', () => {
  void test('§5.4.2: state compression leaves out states: a withdrawal of the unknown and a changed route are nothing odd', () => {
    const driver = twoFamilies();
    driver.send(routeMonitoring(locRib, { ...v4, withdrawn: ['10.99.0.0/16'], asPath: [65002] }));
    assert.deepEqual(driver.at('10.0.0.0/8'), ['loc-rib 192.0.2.254']);
    assert.equal(driver.lookup('10.0.0.1').originAs, 65002);
    assert.equal(driver.peer('192.0.2.254')?.suspect, false);
  });

  void test('§5.5: mirroring is ignored', () => {
    const driver = twoFamilies();
    driver.send(routeMirroring(locRib));
    assert.deepEqual(driver.at('10.0.0.0/8'), ['loc-rib 192.0.2.254']);
    assert.equal(driver.shard.counters.recordErrors, 0);
  });

  void test('§6.1.2: a filtered Loc-RIB (F) is never complete: Adj-RIB-In answers where it has more', () => {
    const driver = new RibDriver();
    const filtered = { ...locRib, isFiltered: true };
    driver.send([up(open4, filtered), routeMonitoring(filtered, v4), endOfRib(filtered)]);
    const peer: PeerOptions = { address: '192.0.2.1', as: 65001, isPostPolicy: true };
    driver.send([peerUp(peer), routeMonitoring(peer, { ...v4, announced: ['10.1.0.0/16'] }), endOfRib(peer)]);
    assert.equal(driver.peer('192.0.2.254')?.filtered, true);
    assert.equal(driver.ask('10.1.0.1'), '10.1.0.0/16 via 192.0.2.1 (adj-rib-in-post) by only');
    assert.equal(driver.ask('10.2.0.1'), 'no-route');
    // The flag of the last message counts.
    driver.send(routeMonitoring(locRib, { withdrawn: ['10.99.0.0/16'] }));
    assert.equal(driver.peer('192.0.2.254')?.filtered, false);
    assert.equal(driver.ask('10.1.0.1'), '10.0.0.0/8 via 192.0.2.254 (loc-rib) by only');
  });
});
