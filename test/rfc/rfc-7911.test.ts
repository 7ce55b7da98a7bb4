/** RFC 7911, ADD-PATH: which messages carry path ids, by view and by what both OPENs say; path ids in the key of a route. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type OpenOptions, type PeerOptions, peerUp, routeMonitoring } from '../support/bmp-builder.ts';
import { RibDriver } from '../support/rib-driver.ts';

const peer: PeerOptions = { address: '192.0.2.1', as: 65001 };
const locRib: PeerOptions = { type: 3, as: 65000, bgpId: '192.0.2.254' };
const attributes = { origin: 0, asPath: [65001], nextHop: '192.0.2.1' };
const modes = [0, 1, 2, 3];
const both = 3;
const open = (mode: number): OpenOptions => ({ as: 65000, addPath: mode === 0 ? [] : [[1, 1, mode]] });

/** The table of §4 with RFC 8671 §6.3 and RFC 9069 §5.2, written out: 1 receive, 2 send, 3 both. */
const inbound = ['1 2', '1 3', '3 2', '3 3'];
const outbound = ['2 1', '2 3', '3 1', '3 3'];

const views: readonly (readonly [string, PeerOptions, (pair: string, sent: number) => boolean])[] = [
  ['Adj-RIB-In pre-policy', peer, (pair) => inbound.includes(pair)],
  ['Adj-RIB-In post-policy', { ...peer, isPostPolicy: true }, (pair) => inbound.includes(pair)],
  ['Adj-RIB-Out pre-policy', { ...peer, isAdjRibOut: true }, (pair) => outbound.includes(pair)],
  ['Adj-RIB-Out post-policy', { ...peer, isAdjRibOut: true, isPostPolicy: true }, (pair) => outbound.includes(pair)],
  ['Loc-RIB', locRib, (_, sent) => sent !== 0],
];

function up(header: PeerOptions, sent: number, received: number): RibDriver {
  const driver = new RibDriver();
  driver.send(peerUp({ ...header, isAdjRibOut: false }, { sentOpen: open(sent), receivedOpen: open(received) }));
  return driver;
}

void describe('RFC 7911 §4: path ids by direction, all modes of both sides', () => {
  for (const [name, header, isExpected] of views) {
    for (const sent of modes) {
      for (const received of modes) {
        const expected = isExpected(`${sent} ${received}`, sent);
        void test(`${name}, sent ${sent}, received ${received}: ${expected ? 'path ids' : 'none'}`, () => {
          const driver = up(header, sent, received);
          // Fits both forms: a /24 with a path id that is a /24, or two /24.
          const announced = expected
            ? [
                { prefix: '10.0.2.0/24', pathId: 7 },
                { prefix: '10.0.2.0/24', pathId: 8 },
              ]
            : ['10.0.1.0/24', '10.0.2.0/24'];
          driver.send(routeMonitoring(header, { ...attributes, announced }));
          assert.equal(driver.at('10.0.2.0/24').filter((route) => route.includes('#')).length, expected ? 2 : 0);
          assert.equal(driver.at('10.0.1.0/24').length, expected ? 0 : 1);
          assert.equal(driver.shard.counters.addPathGuessed, 0);
          assert.equal(driver.at('0.0.0.0/0').length, 0);
        });
      }
    }
  }

  void test('by AFI/SAFI: what one family negotiated means nothing for another', () => {
    const driver = new RibDriver();
    const only6: OpenOptions = { as: 65000, addPath: [[2, 1, 3]] };
    driver.send(peerUp(peer, { sentOpen: only6, receivedOpen: only6 }));
    const mpReach = { afi: 2, safi: 1, nextHop: '2001:db8::1', prefixes: [{ prefix: '2001:db8::/32', pathId: 3 }] };
    driver.send(routeMonitoring(peer, { ...attributes, announced: ['10.0.0.0/8'], mpReach }));
    assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-in-pre 192.0.2.1']);
    assert.deepEqual(driver.at('2001:db8::/32'), ['adj-rib-in-pre 192.0.2.1 #3']);
    assert.equal(driver.shard.counters.addPathGuessed, 0);
  });
});

void describe('RFC 7911 §3: path ids', () => {
  void test('0 and the highest are valid, each withdrawn by its own id alone', () => {
    const driver = up(peer, both, both);
    const at = (pathId: number): { prefix: string; pathId: number } => ({ prefix: '10.0.0.0/8', pathId });
    driver.send(routeMonitoring(peer, { ...attributes, announced: [at(0), at(1), at(4294967295)] }));
    assert.deepEqual(
      driver.at('10.0.0.0/8').map((route) => route.split(' ')[2]),
      ['#0', '#1', '#4294967295'],
    );
    driver.send(routeMonitoring(peer, { withdrawn: [at(0)] }));
    assert.equal(driver.lookup('10.0.0.1').pathId, 1);
    driver.send(routeMonitoring(peer, { withdrawn: [at(1), at(2)] }));
    assert.equal(driver.lookup('10.0.0.1').pathId, 4294967295);
    assert.equal(driver.shard.counters.withdrawnUnknown, 1);
  });

  void test('a path announced again under its id replaces it', () => {
    const driver = up(peer, both, both);
    const announced = [{ prefix: '10.0.0.0/8', pathId: 0 }];
    driver.send(routeMonitoring(peer, { ...attributes, announced }));
    driver.send(routeMonitoring(peer, { ...attributes, asPath: [65001, 7], announced }));
    assert.equal(driver.at('10.0.0.0/8').length, 1);
    assert.equal(driver.lookup('10.0.0.1').originAs, 7);
  });

  void test('the key of a route: session, peer, view, AFI/SAFI, prefix and path id each make it another', () => {
    const driver = up(peer, both, both);
    const second: PeerOptions = { ...peer, address: '192.0.2.2' };
    const opens = { sentOpen: open(both), receivedOpen: open(both) };
    driver.send(peerUp(second, opens));
    driver.send(peerUp(peer, opens), { collector: 'c2' });
    const route = { ...attributes, announced: [{ prefix: '10.0.0.0/8', pathId: 1 }] };
    const otherPath = { ...attributes, announced: [{ prefix: '10.0.0.0/8', pathId: 2 }] };
    const otherPrefix = { ...attributes, announced: [{ prefix: '10.0.0.0/9', pathId: 1 }] };
    const labeled = { afi: 1, safi: 4, nextHop: '192.0.2.1', prefixes: [{ prefix: '10.0.0.0/8', labels: [3] }] };
    const all: readonly (readonly [PeerOptions, object, string])[] = [
      [peer, route, 'c1'],
      [peer, route, 'c2'],
      [second, route, 'c1'],
      [{ ...peer, isAdjRibOut: true }, route, 'c1'],
      [peer, { ...attributes, mpReach: labeled }, 'c1'],
      [peer, otherPath, 'c1'],
    ];
    for (const [header, update, collector] of all) driver.send(routeMonitoring(header, update), { collector });
    driver.send(routeMonitoring(peer, otherPrefix));
    assert.equal(driver.at('10.0.0.0/8').length, all.length);
    assert.equal(driver.at('10.0.0.0/9').length, 1);
    driver.send(routeMonitoring(peer, { withdrawn: [{ prefix: '10.0.0.0/8', pathId: 1 }] }));
    assert.equal(driver.at('10.0.0.0/8').length, all.length - 1);
    assert.equal(driver.at('10.0.0.0/9').length, 1);
  });
});

void describe('RFC 7911 §4 broken: senders that do not do what they negotiated', () => {
  void test('path ids left out: found, counted, learned, suspect; no bogus default route or /N', () => {
    const driver = up(peer, both, both);
    driver.send(routeMonitoring(peer, { ...attributes, announced: ['100.64.0.0/16', '2.0.0.0/8'] }));
    assert.deepEqual(driver.at('100.64.0.0/16'), ['adj-rib-in-pre 192.0.2.1 suspect']);
    assert.deepEqual(driver.at('0.0.0.0/0'), []);
    assert.equal(driver.routes.counts().routesV4, 2);
    assert.equal(driver.shard.counters.addPathGuessed, 1);
    driver.send(routeMonitoring(peer, { ...attributes, announced: ['198.51.100.0/24'] }));
    assert.equal(driver.shard.counters.addPathGuessed, 1);
  });

  void test('path ids that were not negotiated: the same, and the next epoch starts from its own OPENs', () => {
    const driver = up(peer, 0, 0);
    const announced = [
      { prefix: '198.51.100.0/24', pathId: 77 },
      { prefix: '203.0.113.0/24', pathId: 78 },
    ];
    driver.send(routeMonitoring(peer, { ...attributes, announced }));
    assert.deepEqual(driver.at('198.51.100.0/24'), ['adj-rib-in-pre 192.0.2.1 #77 suspect']);
    assert.equal(driver.shard.counters.addPathGuessed, 1);
    driver.send(routeMonitoring(peer, { withdrawn: [announced[0]] }));
    assert.deepEqual(driver.at('198.51.100.0/24'), []);
    driver.send(routeMonitoring(peer, { ...attributes, announced: [{ prefix: '10.0.0.0/8', pathId: 5 }] }));
    assert.equal(driver.shard.counters.addPathGuessed, 1);
    driver.send(peerUp(peer, { remotePort: 5 }));
    driver.send(routeMonitoring(peer, { ...attributes, announced: ['198.51.100.0/24'] }));
    assert.deepEqual(driver.at('198.51.100.0/24'), ['adj-rib-in-pre 192.0.2.1']);
  });

  void test('one view breaks it (GoBGP 3.10 after policy): the other views are read as negotiated', () => {
    const driver = up(peer, both, both);
    const post = { ...peer, isPostPolicy: true };
    driver.send(routeMonitoring(post, { ...attributes, announced: ['100.64.0.0/16'] }));
    const announced = [{ prefix: '10.0.0.0/8', pathId: 1 }];
    driver.send(routeMonitoring({ ...peer, isAdjRibOut: true }, { ...attributes, announced }));
    assert.deepEqual(driver.at('100.64.0.0/16'), ['adj-rib-in-post 192.0.2.1 suspect']);
    assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-out-pre 192.0.2.1 #1']);
    assert.equal(driver.shard.counters.addPathGuessed, 1);
  });
});
