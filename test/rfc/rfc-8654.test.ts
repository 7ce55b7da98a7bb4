/** RFC 8654, extended BGP messages: UPDATEs beyond 4,096 octets, in BMP messages beyond 65,535. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bgpUpdate, type PeerOptions, peerUp, routeMonitoring } from '../support/bmp-builder.ts';
import { RibDriver } from '../support/rib-driver.ts';

const peer: PeerOptions = { address: '192.0.2.1', as: 65001 };
const path = { origin: 0, asPath: [65001], nextHop: '192.0.2.1' };
/** By the octets that they take. */
const fillers = [[], ['0.0.0.0/0'], ['11.0.0.0/8'], ['0.0.0.0/0', '11.0.0.0/8']];

/** Prefixes of an UPDATE of exactly `size` octets. */
function prefixesFor(size: number): string[] {
  const missing = size - bgpUpdate(path).length;
  const prefixes = [...fillers[missing % 4]];
  for (let i = 0; i < missing >> 2; i++) prefixes.push(`100.${i >> 8}.${i & 255}.0/24`);
  return prefixes;
}

void describe('RFC 8654 §4: extended messages', () => {
  for (const size of [4096, 4097, 65535]) {
    void test(`an UPDATE of ${size} octets is applied whole, and the next message is found`, () => {
      const announced = prefixesFor(size);
      const pdu = bgpUpdate({ ...path, announced });
      assert.equal(pdu.length, size);
      const driver = new RibDriver();
      driver.send([
        peerUp(peer),
        routeMonitoring(peer, pdu),
        routeMonitoring(peer, { ...path, announced: ['12.0.0.0/8'] }),
      ]);
      assert.equal(driver.shard.counters.recordErrors, 0);
      assert.equal(driver.routes.counts().routesV4, announced.length + 1);
      assert.deepEqual(driver.at('100.0.0.0/24'), ['adj-rib-in-pre 192.0.2.1']);
      assert.deepEqual(driver.at(announced.at(-1) ?? ''), ['adj-rib-in-pre 192.0.2.1']);
    });
  }
});
