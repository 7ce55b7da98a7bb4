/** RFC 9972, advanced BMP statistics: read as those of RFC 7854 §4.8 and RFC 8671 §6.2 are, counted by name, and no harm to the session. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeBmpMessage } from '../../src/wire/bmp/messages.ts';
import { statisticName } from '../../src/wire/bmp/statistics.ts';
import type { BmpStatistic } from '../../src/wire/bmp/types.ts';
import { type PeerOptions, peerUp, routeMonitoring, statisticsReport } from '../support/bmp-builder.ts';
import { RibDriver } from '../support/rib-driver.ts';

const peer: PeerOptions = { address: '192.0.2.1', as: 65001 };
/** AFI 2, SAFI 1, 1,000,000. */
const ofFamily = Buffer.from('00020100000000000f4240', 'hex');

function statisticsOf(bytes: Buffer): readonly BmpStatistic[] {
  const message = decodeBmpMessage(bytes, 0, bytes.length);
  assert.ok(message.kind === 'statistics-report');
  return message.statistics;
}

void describe('RFC 9972 §3: statistics', () => {
  void test('gauges, global and of a family', () => {
    const report = statisticsReport(peer, [
      { type: 18, value: 18446744073709551615n },
      { type: 19, value: ofFamily },
      { type: 43, value: ofFamily },
    ]);
    assert.deepEqual(statisticsOf(report), [
      { type: 18, value: '18446744073709551615' },
      { type: 19, value: '2/1 1000000' },
      { type: 43, value: '2/1 1000000' },
    ]);
  });

  void test('types not assigned, and sizes that no type has, are passed over by their length', () => {
    const report = statisticsReport(peer, [
      { type: 24, value: ofFamily },
      { type: 44, value: 5n },
      { type: 65531, value: Buffer.alloc(3) },
      { type: 18, value: Buffer.alloc(7) },
      { type: 20, value: 6n },
    ]);
    assert.deepEqual(
      statisticsOf(report).map(({ value }) => value),
      ['', '', '', '', '6'],
    );
  });

  void test('all of 0 to 43 have names of their own, but 24 and 25, which were never assigned', () => {
    const names = Array.from({ length: 44 }, (_, type) => statisticName(type));
    assert.deepEqual([names[24], names[25], statisticName(44), statisticName(65535)], Array(4).fill('unknown'));
    assert.equal(new Set(names).size, 43);
  });

  void test('a shard counts them by name; unknown ones are one name, whatever a sender makes up', () => {
    const driver = new RibDriver();
    const report = statisticsReport(peer, [
      { type: 7, value: 1n },
      { type: 19, value: ofFamily },
      { type: 50, value: 1n },
      { type: 51, value: 1n },
    ]);
    const route = { origin: 0, asPath: [65001], nextHop: '192.0.2.1', announced: ['10.0.0.0/8'] };
    driver.send([peerUp(peer), report, report, routeMonitoring(peer, route)]);
    assert.deepEqual(Object.fromEntries(driver.shard.counters.statistics), {
      'adj-rib-in': 2,
      'adj-rib-in-pre-family': 2,
      unknown: 4,
    });
    assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-in-pre 192.0.2.1']);
    assert.equal(driver.shard.counters.recordErrors, 0);
  });
});
