/** UPDATEs into the table: attribute sets, errors of one message or record, counters, status. What RFCs rule is in test/rfc. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bmpMessage,
  endOfRib,
  type PeerOptions,
  peerUp,
  perPeerHeader,
  routeMirroring,
  routeMonitoring,
  statisticsReport,
} from '../support/bmp-builder.ts';
import { RibDriver } from '../support/rib-driver.ts';

const peer: PeerOptions = { address: '192.0.2.1', as: 65001 };
const attributes = { origin: 0, asPath: [65001], nextHop: '192.0.2.1' };

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
      rds: 0,
      endOfRib: true,
      lastMonitoringMs: driver.nowMs,
      shadowed: false,
      stale: false,
      suspect: false,
    },
  ]);
});

test('the width of AS numbers, found to be other than the A flag says, is learned by peer and view, counted, suspect', () => {
  const driver = new RibDriver();
  driver.send(peerUp(peer));
  const twoByte = { ...attributes, isTwoByteAsPath: true };
  // Seven AS numbers of two bytes, in segments that make three of four bytes as well.
  const asPath = [[2, [65001, 65002, 64501]] as const, [1, [64510, 64511]] as const];
  driver.send(routeMonitoring(peer, { ...twoByte, asPath: [65001, 65010], announced: ['10.0.0.0/16'] }));
  driver.send(routeMonitoring(peer, { ...twoByte, asPath, announced: ['10.1.0.0/16'] }));
  assert.equal(driver.lookup('10.0.0.1').originAs, 65010);
  assert.equal(driver.lookup('10.1.0.1').neighborAs, 65001);
  assert.deepEqual(driver.at('10.1.0.0/16'), ['adj-rib-in-pre 192.0.2.1 suspect']);
  assert.equal(driver.shard.counters.asWidthGuessed, 1);
  const post = { ...peer, isPostPolicy: true };
  driver.send(routeMonitoring(post, { ...attributes, asPath: [65001, 70000], announced: ['10.2.0.0/16'] }));
  assert.deepEqual(driver.at('10.2.0.0/16'), ['adj-rib-in-post 192.0.2.1']);
  assert.equal(driver.lookup('10.2.0.1').originAs, 70000);
});

test('a width learned is forgotten when a path fits only what the A flag says', () => {
  const driver = new RibDriver();
  driver.send(peerUp(peer));
  driver.send(routeMonitoring(peer, { ...attributes, isTwoByteAsPath: true, announced: ['10.0.0.0/16'] }));
  driver.send(routeMonitoring(peer, { ...attributes, asPath: [65001, 65010], announced: ['10.1.0.0/16'] }));
  driver.send(routeMonitoring(peer, { ...attributes, asPath: [65001, 4200000001], announced: ['10.2.0.0/16'] }));
  assert.equal(driver.lookup('10.1.0.1').originAs, 65010);
  assert.equal(driver.lookup('10.2.0.1').originAs, 4200000001);
  assert.equal(driver.shard.counters.asWidthGuessed, 2);
});
