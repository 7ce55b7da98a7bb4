import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IpAddress } from '../../src/base/ip.ts';
import { LookAhead, routerAhead } from '../../src/lookup/look-ahead.ts';
import { AttributeStore } from '../../src/rib/attribute-store.ts';
import { PrefixTable } from '../../src/rib/prefix-table.ts';
import { initiation, peerUp, routeMonitoring } from '../support/bmp-builder.ts';
import { edge, LookupDriver } from '../support/lookup-driver.ts';
import { RibDriver } from '../support/rib-driver.ts';

/** The router of RibDriver's records. */
const router = '198.51.100.1';

function address(text: string): IpAddress {
  const parsed = new IpAddress();
  assert.equal(parsed.parse(text), true);
  return parsed;
}

void test('reading ahead takes addresses with and without a route, and none at all', () => {
  const attributes = new AttributeStore();
  const driver = new RibDriver(attributes, new PrefixTable(attributes));
  const peer = { address: '10.9.9.9', as: 65001, bgpId: '10.9.9.9', isPostPolicy: true };
  driver.send([
    peerUp(peer, { sentOpen: { as: 65000 }, receivedOpen: { as: 65001 } }),
    routeMonitoring(peer, { origin: 0, asPath: [65001], nextHop: '10.9.9.9', announced: ['10.0.0.0/8'] }),
  ]);
  const ahead = new LookAhead(4);
  ahead.run();
  assert.equal(ahead.checksum, 0);
  for (let round = 0; round < 3; round++) {
    ahead.add(driver.shard, address('192.0.2.1'), false, driver.shard.router(router));
    ahead.add(driver.shard, new IpAddress(), false, driver.shard.router(router));
    ahead.run();
    assert.equal(ahead.checksum, 0);
    for (const text of ['10.1.2.3', '192.0.2.1', '2001:db8::1', '::ffff:10.1.2.3']) {
      ahead.add(driver.shard, address(text), false, driver.shard.router(router));
    }
    ahead.run();
    assert.notEqual(ahead.checksum, 0);
  }
  assert.equal(driver.lookup('10.1.2.3').originAs, 65001);
});

void test('reading ahead in VRFs reads their routes, not the global ones', () => {
  const driver = new LookupDriver();
  const peer = { address: '10.9.9.9', as: 65001, bgpId: '10.9.9.9', isPostPolicy: true };
  const inVrf = { ...peer, type: 1, distinguisher: '0000fde80000000b' };
  const update = { origin: 0, asPath: [65001], nextHop: '10.9.9.9', announced: ['10.0.0.0/8'] };
  driver.rib.send([peerUp(inVrf), routeMonitoring(inVrf, update)]);
  const ahead = new LookAhead(1);
  ahead.add(driver.rib.shard, address('10.1.2.3'), false, driver.rib.shard.router(router));
  ahead.run();
  assert.equal(ahead.checksum, 0);
  ahead.add(driver.rib.shard, address('10.1.2.3'), true, driver.rib.shard.router(router));
  ahead.run();
  assert.notEqual(ahead.checksum, 0);
});

void test('read ahead is where the router of the flow is answered for', () => {
  const routers = [
    { name: 'edge1', bmp: [edge], references: ['rr1'] },
    { name: 'rr1', bmp: ['198.51.100.8'] },
  ];
  const driver = new LookupDriver(routers);
  const { shard } = driver.rib;
  const [edge1, rr1] = driver.directory.configured;
  assert.equal(routerAhead(rr1, shard), rr1);
  assert.equal(routerAhead(edge1, shard), rr1);
  driver.rib.send(initiation());
  assert.equal(routerAhead(edge1, shard), edge1);
});

void test('the attributes of other routers are not read', () => {
  let reads = 0;
  class CountedStore extends AttributeStore {
    override start(id: number): number {
      reads++;
      return super.start(id);
    }
  }
  const attributes = new CountedStore();
  const driver = new RibDriver(attributes, new PrefixTable(attributes));
  const peer = { address: '10.9.9.9', as: 65001, bgpId: '10.9.9.9', isPostPolicy: true };
  const update = { origin: 0, asPath: [65001], nextHop: '10.9.9.9', announced: ['10.0.0.0/8'] };
  driver.send([peerUp(peer), routeMonitoring(peer, update)]);
  reads = 0;
  const ahead = new LookAhead(1);
  for (const [asked, expected] of [['198.51.100.99', 0] as const, [router, 1] as const]) {
    ahead.add(driver.shard, address('10.1.2.3'), false, driver.shard.router(asked));
    ahead.run();
    assert.equal(reads, expected);
    reads = 0;
  }
});
