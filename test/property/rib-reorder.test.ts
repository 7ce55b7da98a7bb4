/**
 * Shards with held messages: whatever the producer did within the window, the table is that of the order in which the router sent; and
 * whoever is fed the same log holds the same, down to the last held byte.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { AttributeStore } from '../../src/rib/attribute-store.ts';
import { PrefixTable } from '../../src/rib/prefix-table.ts';
import { initiation, type PeerOptions, peerDown, peerUp, routeMonitoring } from '../support/bmp-builder.ts';
import { RibDriver, startMs } from '../support/rib-driver.ts';
import { RibDump } from '../support/rib-dump.ts';
import { event, messageOf } from '../support/rib-events.ts';

const windowMs = 10_000;
/** Most that the producer displaces a message by. */
const displacedMs = 4000;
const gapMs = 3 * windowMs;

interface Sent {
  /** When the router sent it. */
  sentMs: number;
  delayMs: number;
  message: Buffer;
}

interface Told {
  prefix: number;
  as: number;
  isWithdrawn: boolean;
  isPost: boolean;
  delayMs: number;
}

interface Life {
  upDelayMs: number;
  told: Told[];
  downDelayMs: number;
  isDown: boolean;
}

const delay = fc.integer({ min: 0, max: displacedMs });
const told: fc.Arbitrary<Told> = fc.record({
  prefix: fc.integer({ min: 0, max: 3 }),
  as: fc.integer({ min: 65010, max: 65012 }),
  isWithdrawn: fc.boolean(),
  isPost: fc.boolean(),
  delayMs: delay,
});
const life: fc.Arbitrary<Life> = fc.record({
  upDelayMs: delay,
  told: fc.array(told, { maxLength: 8 }),
  downDelayMs: delay,
  isDown: fc.boolean(),
});
const lives = fc.array(fc.array(life, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 });

/** Each peer comes up, tells a route a second, and may go down, all of it displaced. */
function historyOf(peers: readonly (readonly Life[])[]): Sent[] {
  const sent: Sent[] = [{ sentMs: 0, delayMs: 0, message: initiation() }];
  peers.forEach((list, i) => {
    const header: PeerOptions = { address: `192.0.2.${i + 1}`, as: 65001, bgpId: '192.0.2.1' };
    let sentMs = 1000;
    for (const [epoch, { downDelayMs, isDown, told: routes, upDelayMs }] of list.entries()) {
      const upMs = sentMs;
      const timestampMs = startMs + upMs;
      const up = peerUp({ ...header, timestampMs }, { remotePort: 40000 + epoch });
      sent.push({ sentMs, delayMs: upDelayMs, message: up });
      for (const route of routes) {
        sentMs += 1000;
        sent.push({ sentMs, delayMs: route.delayMs, message: messageOfRoute(header, route, startMs + sentMs) });
      }
      // Ups and Downs keep their place: a Down that overtook its Up could not be told.
      sentMs = Math.max(sentMs + 1000, upMs + displacedMs);
      const isLast = epoch === list.length - 1;
      if (isDown || !isLast) sent.push({ sentMs, delayMs: downDelayMs, message: peerDown(header) });
      sentMs += gapMs;
    }
  });
  return sent.sort((a, b) => a.sentMs - b.sentMs);
}

function messageOfRoute(header: PeerOptions, { as, isPost, isWithdrawn, prefix }: Told, timestampMs: number): Buffer {
  const from = { ...header, isPostPolicy: isPost, timestampMs };
  const prefixes = [`10.${prefix}.0.0/16`];
  if (isWithdrawn) return routeMonitoring(from, { withdrawn: prefixes });
  return routeMonitoring(from, { origin: 0, asPath: [65001, as], nextHop: '192.0.2.1', announced: prefixes });
}

function shard(reorderMs: number): { driver: RibDriver; dump: RibDump } {
  const attributes = new AttributeStore();
  const options = reorderMs > 0 ? { reorderMs: new Map([['bmp', reorderMs]]) } : {};
  const driver = new RibDriver(attributes, new PrefixTable(attributes), options);
  return { driver, dump: new RibDump(driver.shard) };
}

function peersOf(driver: RibDriver): unknown[] {
  const peers = driver.shard.status().routers.flatMap(({ sessions }) => sessions.flatMap((session) => session.peers));
  return peers
    .map(({ address, epoch, state, suspect }) => ({ address, epoch, state, suspect }))
    .sort((a, b) => (a.address < b.address ? -1 : 1));
}

test('a producer that displaces by less than the window changes nothing', () => {
  fc.assert(
    fc.property(lives, (peers) => {
      const history = historyOf(peers);
      const plain = shard(0);
      for (const { message } of history) plain.driver.send(message);
      const held = shard(windowMs);
      const arrivals = history.map((sent, i) => ({ ...sent, atMs: sent.sentMs + sent.delayMs, i }));
      for (const { atMs, message } of arrivals.sort((a, b) => a.atMs - b.atMs || a.i - b.i)) {
        held.driver.nowMs = startMs + atMs;
        held.driver.send(message);
      }
      held.driver.pass(windowMs);
      assert.deepEqual(held.dump.routes(true), plain.dump.routes(true));
      assert.deepEqual(peersOf(held.driver), peersOf(plain.driver));
      assert.equal(held.driver.shard.counters.doubtfulOrder, 0);
    }),
    { numRuns: 200 },
  );
});

const steps = fc.array(
  fc.record({
    event,
    passMs: fc.constantFrom(0, 0, 0, 100, 400, 1000, 60_000, 200_000),
    partition: fc.constantFrom(0, 0, 0, 1),
  }),
  { minLength: 1, maxLength: 60, size: 'max' },
);

test('two shards fed the same log agree bit by bit, whatever their buffers, readers and slices', () => {
  fc.assert(
    fc.property(steps, fc.constantFrom(0, 500), (list, reorderMs) => {
      const [one, two] = [shard(reorderMs), shard(reorderMs)];
      for (const { event: of, partition, passMs } of list) {
        const [collector, bmpAddress] = of.session.split(' ');
        for (const { driver } of [one, two]) {
          driver.nowMs += passMs;
          driver.send(messageOf(of), { collector, bmpAddress, partition });
        }
        // Input buffers are used again, lookups and reclaiming come whenever they come.
        two.driver.entryBuffer().fill(0xff);
        two.driver.shard.reclaim(3);
        two.driver.lookup('10.1.1.1');
        two.dump.all();
      }
      while (one.driver.shard.reclaim(1000));
      while (two.driver.shard.reclaim(7));
      assert.deepEqual(two.dump.all(), one.dump.all());
    }),
    { numRuns: 40 },
  );
});

test('what is told one window apart is as without holding', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const plain = shard(0);
      const held = shard(500);
      for (const { event: of, passMs } of list) {
        const [collector, bmpAddress] = of.session.split(' ');
        held.driver.nowMs += passMs;
        held.driver.send(messageOf(of), { collector, bmpAddress });
        held.driver.pass(500);
        plain.driver.nowMs += passMs;
        plain.driver.pass(500);
        plain.driver.send(messageOf(of), { collector, bmpAddress });
      }
      assert.deepEqual(held.dump.routes(true), plain.dump.routes(true));
      assert.deepEqual(
        JSON.stringify(held.driver.shard.status().routers),
        JSON.stringify(plain.driver.shard.status().routers),
      );
    }),
    { numRuns: 40 },
  );
});
