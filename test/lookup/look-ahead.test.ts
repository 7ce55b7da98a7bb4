import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IpAddress } from '../../src/base/ip.ts';
import { LookAhead } from '../../src/lookup/look-ahead.ts';
import { AttributeStore } from '../../src/rib/attribute-store.ts';
import { PrefixTable } from '../../src/rib/prefix-table.ts';
import { peerUp, routeMonitoring } from '../support/bmp-builder.ts';
import { RibDriver } from '../support/rib-driver.ts';

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
    ahead.add(driver.shard, address('192.0.2.1'));
    ahead.add(driver.shard, new IpAddress());
    ahead.run();
    assert.equal(ahead.checksum, 0);
    for (const text of ['10.1.2.3', '192.0.2.1', '2001:db8::1', '::ffff:10.1.2.3']) {
      ahead.add(driver.shard, address(text));
    }
    ahead.run();
    assert.notEqual(ahead.checksum, 0);
  }
  assert.equal(driver.lookup('10.1.2.3').originAs, 65001);
});
