/** Records of an input that reorders, by way of the routes log: held, put in order, and released by ticks when nothing else comes. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decoderByFormat } from '../../src/app/inputs.ts';
import { HeaderSection } from '../../src/base/record-headers.ts';
import { createRouterDirectory } from '../../src/lookup/router-directory.ts';
import { writeRouteHeaders, writeTickHeaders, writeTickValue } from '../../src/model/route-log.ts';
import { RouteLogApplier } from '../../src/restore/route-log-applier.ts';
import { createRibShard, type RibShard } from '../../src/rib/shard.ts';
import { initiation, type PeerOptions, peerUp, routeMonitoring } from '../support/bmp-builder.ts';
import { obmpBinary } from '../support/obmp-builder.ts';

const router = '198.51.100.1';
const startMs = 1_700_000_000_000;
const peer: PeerOptions = { address: '192.0.2.1', as: 65001, isPostPolicy: true };
const announced = { origin: 0, asPath: [65001], nextHop: '192.0.2.1', announced: ['10.0.0.0/8'] };
const nothing = Buffer.alloc(0);

class Log {
  readonly shard: RibShard = createRibShard(0, {
    staleTimeMs: 300_000,
    endOfRibTimeoutMs: 300_000,
    reorderMs: new Map([['gobmp.raw', 500]]),
  });
  private readonly applier = new RouteLogApplier({
    directory: createRouterDirectory([], 1),
    decoderFor: decoderByFormat(),
    onBadRecord: (_shard, _offset, error) => {
      throw error;
    },
  });
  /** One buffer for all records, as a fetch has. */
  private readonly buffer = Buffer.alloc(4096);
  private offset = 0;

  record(message: Buffer, timeMs: number): void {
    const { offset } = this;
    const position = { topicId: 'id', topic: 'gobmp.raw', partition: 0, offset, part: 0 };
    const about = { format: 'openbmp', router, collector: 'c' };
    const headers = writeRouteHeaders(new HeaderSection(), position, about, nothing, 0, 0);
    this.append(headers, obmpBinary(message, { router }), timeMs);
  }

  tick(timeMs: number): void {
    const value = writeTickValue([{ topicId: 'id', topic: 'gobmp.raw', partition: 0, offset: this.offset }]);
    this.append(writeTickHeaders(new HeaderSection()), value, timeMs);
  }

  private append(headers: Buffer, value: Buffer, timeMs: number): void {
    const { buffer, shard } = this;
    headers.copy(buffer);
    value.copy(buffer, headers.length);
    const end = headers.length + value.length;
    this.applier.apply(shard, buffer, 0, headers.length, headers.length, end, this.offset++, startMs + timeMs);
    buffer.fill(0xff);
  }
}

test('what overtook its peer up is in the table, sure, with the tick after the window', () => {
  const log = new Log();
  log.record(initiation(), 0);
  log.record(routeMonitoring(peer, announced), 20);
  log.record(peerUp(peer), 21);
  assert.equal(log.shard.heldCount, 3);
  log.tick(500);
  assert.equal(log.shard.heldCount, 2);
  log.tick(5500);
  assert.equal(log.shard.heldCount, 0);
  assert.equal(log.shard.routes.counts().routesV4, 1);
  const { counters } = log.shard;
  assert.deepEqual([counters.provisional, counters.recordErrors, counters.epochs], [0, 0, 1]);
});
