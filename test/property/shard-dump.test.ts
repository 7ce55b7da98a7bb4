/**
 * For any log and any cut: a shard that is dumped at the cut, loaded and told the rest of the log is what a shard is that was told all of it,
 * in its answers, its state, its timers, what it holds back, and its dump.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ipAddressOf } from '../../src/base/ip.ts';
import { Lookup } from '../../src/lookup/ladder.ts';
import { LookupQuestion, SingleShardTables } from '../../src/lookup/question.ts';
import { RouteAnswer } from '../../src/model/answer.ts';
import { createRibShard, createRouteLogEntry, type RibShard, type RibShardOptions } from '../../src/rib/shard.ts';
import type { OracleEvent } from '../oracle/oracle-rib.ts';
import { addresses, denseVpnEvent, event, messageOf, nextHops, vpnEvent } from '../support/rib-events.ts';
import { endOfRibTimeoutMs, staleTimeMs, startMs } from '../support/rib-driver.ts';
import { dumpOf, loaded } from '../support/shard-dumps.ts';
import { stateOf } from '../support/shard-state.ts';

interface Step {
  event: OracleEvent;
  isTick: boolean;
  passMs: number;
  partition: number;
  topic: string;
  topicId: string;
  router: string;
  reclaim: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  event: fc.oneof(event, vpnEvent, denseVpnEvent),
  isTick: fc.constantFrom(false, false, false, false, false, true),
  passMs: fc.constantFrom(0, 0, 0, 100, 400, 1000, 6000, 60_000, 200_000),
  partition: fc.constantFrom(0, 0, 0, 1),
  topic: fc.constantFrom('bmp', 'bmp', 'bmp', 'other'),
  topicId: fc.constantFrom('id-1', 'id-1', 'id-1', 'id-1', 'id-1', 'id-1', 'id-2'),
  router: fc.constantFrom('198.51.100.1', '198.51.100.1', '198.51.100.2'),
  reclaim: fc.constantFrom(0, 0, 1, 1000),
});
const cases = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 80, size: 'max' }),
  cut: fc.nat(),
  sliceBytes: fc.constantFrom(1, 7, 100, 65_536),
  reorderMs: fc.constantFrom(0, 0, 500, 5000),
  silenceMs: fc.constantFrom(0, 5000),
});

class Feed {
  private readonly entry = createRouteLogEntry();
  private offset = 0;
  private nowMs = startMs;

  send(of: Step, shards: readonly RibShard[]): void {
    const { entry } = this;
    const [collector] = of.event.session.split(' ');
    const buffer = messageOf(of.event);
    this.nowMs += of.passMs;
    Object.assign(entry, { topicId: of.topicId, topic: of.topic, partition: of.partition, offset: this.offset++ });
    Object.assign(entry, {
      routerKey: of.router,
      routerName: `name of ${of.router}`,
      collector,
      bmpAddress: of.router,
    });
    Object.assign(entry, { timestampMs: this.nowMs, buffer, start: 0, end: buffer.length });
    entry.logOffset++;
    for (const shard of shards) {
      if (of.isTick) shard.tick(entry);
      else shard.apply(entry);
    }
    buffer.fill(0xee);
  }

  pass(ms: number, shards: readonly RibShard[]): void {
    this.nowMs += ms;
    this.entry.timestampMs = this.nowMs;
    this.entry.logOffset++;
    for (const shard of shards) shard.tick(this.entry);
  }
}

function answersOf(shard: RibShard): unknown[] {
  const lookup = new Lookup({ views: [0, 1, 2, 3, 4] });
  const answer = new RouteAnswer();
  const list: unknown[] = [];
  for (const key of ['198.51.100.1', '198.51.100.2']) {
    for (const text of addresses) {
      for (const hop of [null, ...nextHops]) {
        const router = { key, name: key, shard: 0, vrfs: [], references: [], bgp: [] };
        const address = ipAddressOf(text);
        if (address === null) throw new Error(text);
        const question = new LookupQuestion(router, address);
        question.nextHop = hop === null ? null : ipAddressOf(hop);
        lookup.lookup(new SingleShardTables(shard), question, answer);
        list.push([scalars(answer), scalars(answer.attributes)]);
      }
    }
  }
  return list;
}

/** Without places in arrays. */
function scalars(of: object): unknown[] {
  return Object.entries(of).filter(([name, value]) => typeof value !== 'object' && !/start|at$/i.test(name));
}

function assertSame(one: RibShard, two: RibShard): void {
  assert.deepEqual(stateOf(two), stateOf(one));
  assert.deepEqual(answersOf(two), answersOf(one));
  const [first, second] = [one, two].map((shard) => {
    const {
      attributeSets: _,
      memory: __,
      prefixesV4: ___,
      prefixesV6: ____,
      vpn: { routesV4, routesV6 },
      ...status
    } = shard.status();
    return { ...status, vpn: { routesV4, routesV6 } };
  });
  assert.deepEqual(second, first);
  assert.ok(dumpOf(two).equals(dumpOf(one)), 'dumps are equal');
}

test('dump at any cut and the rest of the log = all of the log', () => {
  let held = 0;
  fc.assert(
    fc.property(cases, ({ cut, reorderMs, silenceMs, sliceBytes, steps }) => {
      const options: RibShardOptions = {
        staleTimeMs,
        endOfRibTimeoutMs,
        silenceMs,
        reorderMs: reorderMs === 0 ? new Map() : new Map([['bmp', reorderMs]]),
      };
      const feed = new Feed();
      const full = createRibShard(0, options);
      const at = cut % (steps.length + 1);
      for (const of of steps.slice(0, at)) {
        feed.send(of, [full]);
        full.reclaim(of.reclaim);
      }
      held += full.heldCount;
      const bytes = dumpOf(full, sliceBytes);
      assert.ok(bytes.equals(dumpOf(full, 3000)), 'the size of slices does not matter');
      const restored = loaded(bytes, options, sliceBytes);
      assertSame(full, restored);
      for (const of of steps.slice(at)) feed.send(of, [full, restored]);
      assertSame(full, restored);
      for (const ms of [600, 10_000, endOfRibTimeoutMs, 13 * endOfRibTimeoutMs]) {
        feed.pass(ms, [full, restored]);
        assertSame(full, restored);
      }
      while (full.reclaim(1000));
      while (restored.reclaim(7));
      assert.equal(restored.attributes.size, full.attributes.size);
      assert.deepEqual(restored.routes.counts(), full.routes.counts());
      assert.deepEqual(restored.vpn.routes.counts(), full.vpn.routes.counts());
    }),
    { numRuns: 40 },
  );
  assert.ok(held > 0, 'some dumps had messages held back');
});
