/** UPDATEs into the table: path ids by direction, guesses, errors of one message, families that are not kept. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bmpMessage,
  endOfRib,
  type OpenOptions,
  type PeerOptions,
  peerUp,
  perPeerHeader,
  routeMirroring,
  routeMonitoring,
  statisticsReport,
} from '../support/bmp-builder.ts';
import { RibDriver } from '../support/rib-driver.ts';

const peer: PeerOptions = { address: '192.0.2.1', as: 65001 };
const locRib: PeerOptions = { type: 3, as: 65000, bgpId: '192.0.2.254' };
const attributes = { origin: 0, asPath: [65001], nextHop: '192.0.2.1' };
const receive = 1;
const send = 2;
const both = 3;
const open = (mode: number): OpenOptions => ({ as: 65000, addPath: mode === 0 ? [] : [[1, 1, mode]] });

/** Views in which a prefix with path id 7 is read as such after OPENs with these ADD-PATH modes. */
function viewsWithPathId(sent: number, received: number): string[] {
  const found: string[] = [];
  const views: [string, PeerOptions][] = [
    ['in-pre', peer],
    ['in-post', { ...peer, isPostPolicy: true }],
    ['out-pre', { ...peer, isAdjRibOut: true }],
    ['out-post', { ...peer, isAdjRibOut: true, isPostPolicy: true }],
    ['loc', locRib],
  ];
  for (const [name, header] of views) {
    const driver = new RibDriver();
    driver.send(peerUp({ ...header, isAdjRibOut: false }, { sentOpen: open(sent), receivedOpen: open(received) }));
    // The decoder sees through a wrong form, but tells.
    driver.send(routeMonitoring(header, { ...attributes, announced: [{ prefix: '10.1.2.3/32', pathId: 0 }] }));
    assert.equal(driver.at('10.1.2.3/32').length, 1);
    if (driver.shard.counters.addPathGuessed === 0) found.push(name);
  }
  return found;
}

test('path ids by direction: In wants received SEND and sent RECEIVE, Out the opposite, Loc-RIB the capability', () => {
  assert.deepEqual(viewsWithPathId(receive, send), ['in-pre', 'in-post', 'loc']);
  assert.deepEqual(viewsWithPathId(send, receive), ['out-pre', 'out-post', 'loc']);
  assert.deepEqual(viewsWithPathId(both, both), ['in-pre', 'in-post', 'out-pre', 'out-post', 'loc']);
  assert.deepEqual(viewsWithPathId(receive, receive), ['loc']);
  assert.deepEqual(viewsWithPathId(send, 0), ['loc']);
});

test('path ids are part of the key', () => {
  const driver = new RibDriver();
  driver.send(peerUp(peer, { sentOpen: open(both), receivedOpen: open(both) }));
  for (const pathId of [0, 1, 2]) {
    driver.send(routeMonitoring(peer, { ...attributes, announced: [{ prefix: '10.0.0.0/8', pathId }] }));
  }
  driver.send(routeMonitoring(peer, { withdrawn: [{ prefix: '10.0.0.0/8', pathId: 1 }] }));
  assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-in-pre 192.0.2.1 #0', 'adj-rib-in-pre 192.0.2.1 #2']);
});

test('path ids that the opens do not promise are found, counted, learned, and make suspect', () => {
  const driver = new RibDriver();
  driver.send(peerUp(peer));
  const prefixes = [
    { prefix: '198.51.100.0/24', pathId: 77 },
    { prefix: '203.0.113.0/24', pathId: 78 },
  ];
  driver.send(routeMonitoring(peer, { ...attributes, announced: prefixes }));
  assert.deepEqual(driver.at('198.51.100.0/24'), ['adj-rib-in-pre 192.0.2.1 #77 suspect']);
  assert.equal(driver.shard.counters.addPathGuessed, 1);
  driver.send(routeMonitoring(peer, { withdrawn: [prefixes[0]] }));
  assert.deepEqual(driver.at('198.51.100.0/24'), []);
  // From then on it is what is expected.
  driver.send(routeMonitoring(peer, { ...attributes, announced: [{ prefix: '10.0.0.0/8', pathId: 5 }] }));
  assert.equal(driver.shard.counters.addPathGuessed, 1);
  driver.send(peerUp(peer, { remotePort: 5 }));
  driver.send(routeMonitoring(peer, { ...attributes, announced: ['198.51.100.0/24'] }));
  assert.deepEqual(driver.at('198.51.100.0/24'), ['adj-rib-in-pre 192.0.2.1']);
});

test('in one update withdrawals come first', () => {
  const driver = new RibDriver();
  driver.send(peerUp(peer));
  driver.send(routeMonitoring(peer, { ...attributes, announced: ['10.0.0.0/8'], withdrawn: ['10.0.0.0/8'] }));
  assert.equal(driver.at('10.0.0.0/8').length, 1);
});

test('both attribute sets of an update reach their prefixes and no reference is left over', () => {
  const driver = new RibDriver();
  driver.send(peerUp(peer));
  const mpReach = { afi: 2, safi: 1, nextHop: '2001:db8::1', prefixes: ['2001:db8:1::/48'] };
  driver.send(routeMonitoring(peer, { ...attributes, announced: ['10.0.0.0/8'], mpReach }));
  assert.equal(driver.lookup('10.0.0.1').attributes.nextHopKind, 1);
  assert.equal(driver.lookup('2001:db8:1::1').attributes.nextHopKind, 2);
  assert.equal(driver.attributes.size, 2);
  const mpUnreach = { afi: 2, safi: 1, prefixes: ['2001:db8:1::/48'] };
  driver.send(routeMonitoring(peer, { withdrawn: ['10.0.0.0/8'], mpUnreach }));
  assert.equal(driver.attributes.size, 0);
});

test('treat-as-withdraw removes', () => {
  const driver = new RibDriver();
  driver.send(peerUp(peer));
  driver.send(routeMonitoring(peer, { ...attributes, announced: ['10.0.0.0/8'] }));
  driver.send(routeMonitoring(peer, { asPath: [65001], nextHop: '192.0.2.1', announced: ['10.0.0.0/8'] }));
  assert.deepEqual(driver.at('10.0.0.0/8'), []);
  assert.equal(driver.shard.counters.treatedAsWithdraw, 1);
  assert.equal(driver.events.at(-1)?.kind, 'problem');
});

test('a message that cannot be decoded is counted; the rest of the record goes on', () => {
  const driver = new RibDriver();
  driver.send(peerUp(peer));
  driver.send([
    bmpMessage(9, Buffer.alloc(3)),
    bmpMessage(0, perPeerHeader(peer), Buffer.alloc(7)),
    routeMonitoring(peer, { ...attributes, announced: ['10.0.0.0/8'] }),
  ]);
  assert.equal(driver.shard.counters.recordErrors, 2);
  assert.equal(driver.at('10.0.0.0/8').length, 1);
});

test('where framing is lost the rest of the record is given up, the next record is not', () => {
  const driver = new RibDriver();
  const update = routeMonitoring(peer, { ...attributes, announced: ['10.0.0.0/8'] });
  driver.send([peerUp(peer), Buffer.from([3, 0, 0, 0, 1, 0]), update]);
  assert.deepEqual(driver.at('10.0.0.0/8'), []);
  assert.equal(driver.shard.counters.recordErrors, 1);
  driver.send(update);
  assert.equal(driver.at('10.0.0.0/8').length, 1);
});

test('a pdu that cannot be taken apart makes its peer suspect', () => {
  const driver = new RibDriver();
  driver.send([peerUp(peer), routeMonitoring(peer, { ...attributes, announced: ['10.0.0.0/8'] })]);
  driver.send(bmpMessage(0, perPeerHeader(peer), Buffer.alloc(30)));
  assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-in-pre 192.0.2.1 suspect']);
});

test('labeled and plain unicast of a prefix are two routes', () => {
  const driver = new RibDriver();
  driver.send(peerUp(peer));
  const labeled = { afi: 1, safi: 4, nextHop: '192.0.2.1', prefixes: [{ prefix: '10.0.0.0/8', labels: [100] }] };
  driver.send(routeMonitoring(peer, { ...attributes, announced: ['10.0.0.0/8'], mpReach: labeled }));
  assert.equal(driver.at('10.0.0.0/8').length, 2);
  const other = { ...labeled, prefixes: [{ prefix: '10.0.0.0/8', labels: [200] }] };
  driver.send(routeMonitoring(peer, { ...attributes, mpReach: other }));
  assert.equal(driver.at('10.0.0.0/8').length, 2);
  driver.send(routeMonitoring(peer, { withdrawn: ['10.0.0.0/8'] }));
  assert.equal(driver.at('10.0.0.0/8').length, 1);
});

test('families that are not kept are counted', () => {
  const driver = new RibDriver();
  driver.send(peerUp(peer));
  const multicast = { afi: 1, safi: 2, nextHop: '192.0.2.1', prefixes: ['10.0.0.0/8', '10.0.0.0/9'] };
  driver.send(routeMonitoring(peer, { ...attributes, mpReach: multicast }));
  driver.send(endOfRib(peer, 1, 2));
  assert.deepEqual([...driver.shard.counters.skippedFamilies], [[(1 << 8) | 2, 2]]);
  assert.deepEqual(driver.peer('192.0.2.1')?.ribs, []);
});

test('messages are counted by kind', () => {
  const driver = new RibDriver();
  driver.send([peerUp(peer), statisticsReport(peer, []), routeMirroring(peer), endOfRib(peer)]);
  assert.deepEqual(Object.fromEntries(driver.shard.counters.messages), {
    'peer-up': 1,
    'statistics-report': 1,
    'route-mirroring': 1,
    'route-monitoring': 1,
  });
});

test('the status shows what is held', () => {
  const driver = new RibDriver();
  driver.send([peerUp(peer), routeMonitoring(peer, { ...attributes, announced: ['10.0.0.0/8'] }), endOfRib(peer)]);
  const { routers, ...shard } = driver.shard.status();
  assert.deepEqual([shard.routesV4, shard.prefixesV4, shard.attributeSets, shard.logOffset], [1, 1, 1, 1]);
  assert.equal(routers[0].name, 'name of 198.51.100.1');
  const [status] = routers[0].sessions[0].peers;
  assert.deepEqual([status.as, status.localAs, status.state, status.epoch], [65001, 65000, 'up', 1]);
  assert.deepEqual(status.ribs, [
    {
      view: 'adj-rib-in-pre',
      afi: 1,
      safi: 1,
      routes: 1,
      endOfRib: true,
      lastMonitoringMs: driver.nowMs,
      shadowed: false,
      stale: false,
      suspect: false,
    },
  ]);
});
