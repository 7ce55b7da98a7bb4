/** RFC 8671, Adj-RIB-Out in BMP: the O flag of each Route Monitoring message, and where it means nothing. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeBmpMessage } from '../../src/wire/bmp/messages.ts';
import { type PeerOptions, peerDown, peerUp, routeMirroring, routeMonitoring } from '../support/bmp-builder.ts';
import { RibDriver } from '../support/rib-driver.ts';

const peer: PeerOptions = { address: '192.0.2.1', as: 65001, bgpId: '192.0.2.1' };
const out: PeerOptions = { ...peer, isAdjRibOut: true };
const attributes = { origin: 0, asPath: [65001], nextHop: '192.0.2.1' };
const announce = (header: PeerOptions, prefix: string): Buffer =>
  routeMonitoring(header, { ...attributes, announced: [prefix] });
/** The router receives several paths from this peer and sends it one. */
const inboundOnly = {
  sentOpen: { as: 65000, addPath: [[1, 1, 1]] },
  receivedOpen: { as: 65001, addPath: [[1, 1, 2]] },
} as const;

void describe('RFC 8671', () => {
  void test('§4: O and L name four views of one peer', () => {
    const driver = new RibDriver();
    driver.send(peerUp(peer));
    const headers = [peer, { ...peer, isPostPolicy: true }, out, { ...out, isPostPolicy: true }];
    headers.forEach((header, i) => driver.send(announce(header, `10.${i}.0.0/16`)));
    assert.deepEqual(
      headers.map((_, i) => driver.at(`10.${i}.0.0/16`)),
      // Pre-policy routes beside post-policy ones of the same direction do not answer.
      [[], ['adj-rib-in-post 192.0.2.1'], [], ['adj-rib-out-post 192.0.2.1']],
    );
    const ribs = driver.peer('192.0.2.1')?.ribs.map((rib) => [rib.view, rib.routes]);
    assert.deepEqual(ribs, [
      ['adj-rib-in-pre', 1],
      ['adj-rib-in-post', 1],
      ['adj-rib-out-pre', 1],
      ['adj-rib-out-post', 1],
    ]);
  });

  for (const isAdjRibOut of [false, true]) {
    void test(`§6.3: O of a Peer Up is ignored, one serves both directions, each in its own form (O: ${isAdjRibOut})`, () => {
      const driver = new RibDriver();
      driver.send(peerUp({ ...peer, isAdjRibOut }, inboundOnly));
      driver.send(
        routeMonitoring(peer, {
          ...attributes,
          announced: [
            { prefix: '10.0.0.0/8', pathId: 1 },
            { prefix: '10.0.0.0/8', pathId: 2 },
          ],
        }),
      );
      // Read with path ids this would fit as well: a /24 whose path id is the first prefix.
      driver.send(routeMonitoring(out, { ...attributes, announced: ['10.0.1.0/24', '10.0.2.0/24'] }));
      assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-in-pre 192.0.2.1 #1', 'adj-rib-in-pre 192.0.2.1 #2']);
      assert.deepEqual(driver.at('10.0.1.0/24'), ['adj-rib-out-pre 192.0.2.1']);
      assert.deepEqual(driver.at('10.0.2.0/24'), ['adj-rib-out-pre 192.0.2.1']);
      assert.equal(driver.shard.counters.addPathGuessed, 0);
      assert.equal(driver.peer('192.0.2.1')?.suspect, false);
    });

    void test(`§6.3: O of a Peer Down is ignored, it ends both directions (O: ${isAdjRibOut})`, () => {
      const driver = new RibDriver();
      driver.send([peerUp(peer), announce(peer, '10.0.0.0/8'), announce(out, '10.1.0.0/16')]);
      driver.send(peerDown({ ...peer, isAdjRibOut }));
      assert.deepEqual([driver.at('10.0.0.0/8'), driver.at('10.1.0.0/16')], [[], []]);
    });
  }

  void test('§5.1: the own AS in front of a path that goes out stays where it is', () => {
    const driver = new RibDriver();
    const post = { ...out, isPostPolicy: true };
    driver.send([
      peerUp(peer),
      routeMonitoring(post, { ...attributes, asPath: [65000, 65000, 65002], announced: ['10.0.0.0/8'] }),
    ]);
    const answer = driver.lookup('10.0.0.1', null, { views: [3] });
    assert.deepEqual([answer.attributes.pathLength(), answer.originAs], [3, 65002]);
  });

  void test('§6.1: a mirrored message with O is no route', () => {
    const driver = new RibDriver();
    driver.send([peerUp(peer), routeMirroring(out)]);
    assert.deepEqual(driver.peer('192.0.2.1')?.ribs, []);
  });

  void test('§6.3.1: Admin Label TLV (4) beside others, and several of them', () => {
    const bytes = peerUp(peer, {
      information: [
        { type: 4, value: 'blue' },
        { type: 99, value: Buffer.alloc(7) },
        { type: 4, value: 'green' },
      ],
      tableName: 'vrf-a',
    });
    const message = decodeBmpMessage(bytes, 0, bytes.length);
    assert.ok(message.kind === 'peer-up');
    assert.deepEqual(message.adminLabels, ['blue', 'green']);
    assert.equal(message.tableName, 'vrf-a');
    assert.deepEqual(
      message.information.map((tlv) => tlv.type),
      [4, 99, 4, 3],
    );
  });

  void test('§7.2: a changed configuration is a Peer Down and a Peer Up: what was told before is gone', () => {
    const driver = new RibDriver();
    driver.send([peerUp(peer), announce(peer, '10.0.0.0/8'), peerDown(peer, 5)]);
    driver.send([peerUp(peer), announce(out, '10.0.0.0/8')]);
    assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-out-pre 192.0.2.1']);
    assert.equal(driver.peer('192.0.2.1')?.epoch, 2);
  });
});
