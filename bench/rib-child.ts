/**
 * One scenario of `npm run bench -- rib` in a process of its own, so that its resident set is its own: `node bench/rib-child.ts NAME`.
 * Sends its figures to the parent. Rates and times are processor time, which other programs on the machine disturb least.
 */

import { setImmediate as turn } from 'node:timers/promises';
import { ByteWriter } from '../src/base/byte-writer.ts';
import { IpAddress } from '../src/base/ip.ts';
import { Lookup } from '../src/lookup/ladder.ts';
import { LookAhead } from '../src/lookup/look-ahead.ts';
import { LookupQuestion, SingleShardTables } from '../src/lookup/question.ts';
import { RouteAnswer } from '../src/model/answer.ts';
import type { Router } from '../src/model/router.ts';
import { createRouteLogEntry, createRibShard, type RibShard } from '../src/rib/shard.ts';
import { shardDumps } from '../src/app/engine.ts';
import { endOfRib, initiation, peerDown, peerUp, type PeerOptions } from '../test/support/bmp-builder.ts';
import { UpdateBuilder, type Updates } from './bmp-updates.ts';
import { createRandom, generateRoutes, pickAddress, type RouteSet } from './route-set.ts';

type Figures = Record<string, number>;

const options = { staleTimeMs: 300_000, endOfRibTimeoutMs: 300_000 };
const updatesAtOnce = 20_000;
const sliceMs = 5;

class Bench {
  shard: RibShard = createRibShard(0, options);
  private readonly entry = createRouteLogEntry();
  private offset = 0;
  /** Longest time the thread was held at once, ms. */
  longestMs = 0;

  constructor() {
    Object.assign(this.entry, { topicId: 'id', topic: 'bmp', collector: 'c' });
  }

  apply(router: string, buffer: Buffer, start: number, end: number): void {
    const { entry } = this;
    entry.routerKey = router;
    entry.routerName = router;
    entry.bmpAddress = router;
    entry.offset = this.offset++;
    entry.logOffset = entry.offset;
    entry.timestampMs = 1_700_000_000_000 + this.offset;
    entry.buffer = buffer;
    entry.start = start;
    entry.end = end;
    this.shard.apply(entry);
  }

  send(router: string, message: Buffer): void {
    this.apply(router, message, 0, message.length);
  }

  /** Applies the messages in slices, as the host does; processor ms. */
  async feed(router: string, { bytes, starts }: Updates): Promise<number> {
    let cpu = 0;
    for (let i = 0; i + 1 < starts.length;) {
      const before = cpuMs();
      const sliceStart = performance.now();
      do {
        for (let n = 0; n < 64 && i + 1 < starts.length; n++, i++) this.apply(router, bytes, starts[i], starts[i + 1]);
      } while (i + 1 < starts.length && performance.now() - sliceStart < sliceMs);
      this.note(sliceStart);
      cpu += cpuMs() - before;
      await turn();
    }
    return cpu;
  }

  note(sliceStart: number): void {
    this.longestMs = Math.max(this.longestMs, performance.now() - sliceStart);
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function rss(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

function routerOf(n: number): { address: string; peer: PeerOptions } {
  const address = `198.51.100.${n + 1}`;
  return { address, peer: { address: '192.0.2.9', as: 65001, bgpId: '192.0.2.9', isPostPolicy: true } };
}

/** Indices of the set in prefix order, families apart, as a router dumps its table; `share` of them. */
function sortedPart(set: RouteSet, share: number, seed: number): Int32Array {
  const random = createRandom(seed);
  const indices: number[] = [];
  for (let at = 0; at < set.count; at++) if (random() < share) indices.push(at);
  const { families, words, lengths } = set;
  const key = (at: number, word: number): number => words[at * 4 + word] >>> 0;
  indices.sort(
    (a, b) =>
      families[a] - families[b] ||
      key(a, 0) - key(b, 0) ||
      key(a, 1) - key(b, 1) ||
      key(a, 2) - key(b, 2) ||
      key(a, 3) - key(b, 3) ||
      lengths[a] - lengths[b],
  );
  return Int32Array.from(indices);
}

/** A whole table of one router: Peer Up, sorted dump of 4 prefixes an UPDATE, End-of-RIB. Processor ms and routes. */
async function loadRouter(
  bench: Bench,
  set: RouteSet,
  builder: UpdateBuilder,
  n: number,
  share: number,
): Promise<{ ms: number; routes: number }> {
  const { address, peer } = routerOf(n);
  builder.setRouter(n);
  bench.send(address, initiation());
  bench.send(address, peerUp(peer, { sentOpen: { as: 64_999 }, receivedOpen: { as: 65_001 } }));
  const indices = sortedPart(set, share, 100 + n);
  let ms = 0;
  for (let from = 0; from < indices.length; from += updatesAtOnce) {
    // Each router says it in attributes of its own.
    const updates = builder.announce(indices.subarray(from, from + updatesAtOnce), 4, n * 31);
    ms += await bench.feed(address, updates);
  }
  bench.send(address, endOfRib(peer));
  bench.send(address, endOfRib(peer, 2, 1));
  return { ms, routes: indices.length };
}

function tableBytes(shard: RibShard): number {
  return Object.values(shard.routes.memory()).reduce((sum, bytes) => sum + bytes, 0);
}

function routesIn(shard: RibShard): number {
  const { routesV4, routesV6 } = shard.routes.counts();
  return routesV4 + routesV6;
}

/** Nanoseconds of a lookup to the origin AS, in groups of 32 with look-ahead as flows come, uniform over the prefixes. */
function lookupNs(bench: Bench, set: RouteSet, family: number, routers: number): number {
  const lookups = 600_000;
  const group = 32;
  const random = createRandom(7);
  const picked = new Int32Array(5);
  const words = new Int32Array(lookups * 4);
  for (let at = 0; at < words.length; at += 4) {
    do pickAddress(set, random, picked);
    while (picked[0] !== family);
    words.set(picked.subarray(1), at);
  }
  const addresses = Array.from({ length: group }, () => new IpAddress());
  const lookup = new Lookup({ views: [0, 1, 2], unknownVrf: 'no-table' });
  const tables = new SingleShardTables(bench.shard);
  const ahead = new LookAhead(group);
  const answer = new RouteAnswer();
  const asked = Array.from({ length: routers }, (_, n): Router => ({
    key: routerOf(n).address,
    name: '',
    shard: 0,
    vrfs: [],
    references: [],
    bgp: [],
  }));
  const states = asked.map(({ key }) => bench.shard.router(key));
  const question = new LookupQuestion(asked[0], addresses[0]);
  let checksum = 0;
  let best = Infinity;
  for (let pass = 0; pass < 3; pass++) {
    const before = cpuMs();
    for (let n = 0; n < lookups; n += group) {
      for (let i = 0; i < group; i++) {
        const at = (n + i) * 4;
        if (family === 4) addresses[i].setV4(words[at]);
        else addresses[i].setV6(words[at], words[at + 1], words[at + 2], words[at + 3]);
        ahead.add(bench.shard, addresses[i], false, states[(n + i) % routers]);
      }
      ahead.run();
      for (let i = 0; i < group; i++) {
        question.router = asked[(n + i) % routers];
        question.address = addresses[i];
        lookup.lookup(tables, question, answer);
        checksum ^= answer.originAs;
      }
    }
    best = Math.min(best, ((cpuMs() - before) * 1e6) / lookups);
  }
  return checksum === 0.5 ? 0 : best;
}

/** Peer Down of router 0: what the message itself takes, and the work in slices until its memory is free. */
async function flush(bench: Bench): Promise<Figures> {
  const { address, peer } = routerOf(0);
  const before = routesIn(bench.shard);
  const start = cpuMs();
  bench.send(address, peerDown(peer));
  const answersEndMs = cpuMs() - start;
  const routes = before - routesIn(bench.shard);
  const reclaimStart = cpuMs();
  for (let more = true; more;) {
    const sliceStart = performance.now();
    more = bench.shard.reclaim(2000);
    bench.note(sliceStart);
    await turn();
  }
  const reclaimMs = cpuMs() - reclaimStart;
  return { flushRoutes: routes, answersEndMs, flushMs: reclaimMs, flush1MMs: (reclaimMs * 1e6) / routes };
}

/** One prefix an UPDATE in random order: every route of router 1 with other attributes, then a mix of 20/20/60. */
async function churn(bench: Bench, set: RouteSet, builder: UpdateBuilder): Promise<Figures> {
  const { address } = routerOf(1);
  builder.setRouter(1);
  const random = createRandom(11);
  const pick = (count: number): Int32Array => Int32Array.from({ length: count }, () => random() * set.count);
  let ms = 0;
  let routes = 0;
  for (let n = 0; n < 15; n++) {
    const updates = builder.announce(pick(updatesAtOnce), 1, 1000 + n);
    ms += await bench.feed(address, updates);
    routes += updates.routes;
  }
  let mixedMs = 0;
  let mixed = 0;
  for (let n = 0; n < 10; n++) {
    const gone = pick(updatesAtOnce / 5);
    const parts = [
      () => builder.withdraw(gone),
      () => builder.announce(gone, 1, n),
      () => builder.announce(pick((updatesAtOnce * 3) / 5), 1, 2000 + n),
    ];
    for (const part of parts) {
      const updates = part();
      mixedMs += await bench.feed(address, updates);
      mixed += updates.routes;
    }
  }
  if (bench.shard.counters.recordErrors > 0) throw new Error('the updates were not all well formed');
  return { churnRoutesPerS: (routes / ms) * 1000, mixRoutesPerS: (mixed / mixedMs) * 1000 };
}

async function snapshot(bench: Bench): Promise<Figures> {
  if (shardDumps === null) return {};
  const routes = routesIn(bench.shard);
  const chunks: Buffer[] = [];
  const writer = new ByteWriter(1 << 20);
  const dump = shardDumps.dumpShard(bench.shard);
  let start = cpuMs();
  for (let more = true; more;) {
    const sliceStart = performance.now();
    writer.reset();
    more = dump.write(writer, 128 << 10);
    chunks.push(Buffer.from(writer.view()));
    bench.note(sliceStart);
    await turn();
  }
  const saveMs = cpuMs() - start;
  const loader = shardDumps.loadShard(() => createRibShard(0, options));
  start = cpuMs();
  for (const chunk of chunks) {
    const sliceStart = performance.now();
    loader.read(chunk);
    bench.note(sliceStart);
    await turn();
  }
  const restored = loader.finish();
  const restoreMs = cpuMs() - start;
  if (routesIn(restored) !== routes) throw new Error(`restored ${routesIn(restored)} of ${routes} routes`);
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  return {
    snapshotSaveRoutesPerS: (routes / saveMs) * 1000,
    snapshotRestoreRoutesPerS: (routes / restoreMs) * 1000,
    snapshotBytesPerRoute: bytes / routes,
  };
}

async function oneRouter(): Promise<Figures> {
  const set = generateRoutes({ count: 1_000_000, seed: 1 });
  const builder = new UpdateBuilder(set, routerOf(0).peer);
  const bench = new Bench();
  const { ms, routes } = await loadRouter(bench, set, builder, 0, 1);
  await settle(bench);
  const bytesPerRoute1M = tableBytes(bench.shard) / routesIn(bench.shard);
  const attributes = Object.values(bench.shard.attributes.memory()).reduce((sum, bytes) => sum + bytes, 0);
  return {
    bytesPerRoute1M,
    loadRoutesPerS1M: (routes / ms) * 1000,
    bytesPerAttributeSet1M: attributes / bench.shard.attributes.size,
  };
}

async function fiveRouters(): Promise<Figures> {
  const set = generateRoutes({ count: 1_200_000, seed: 1 });
  const builder = new UpdateBuilder(set, routerOf(0).peer);
  const bench = new Bench();
  const before = rss();
  let ms = 0;
  let routes = 0;
  for (let n = 0; n < 5; n++) {
    const loaded = await loadRouter(bench, set, builder, n, 5 / 6);
    ms += loaded.ms;
    routes += loaded.routes;
  }
  await settle(bench);
  const { shard } = bench;
  const held = routesIn(shard);
  const attributes = Object.values(shard.attributes.memory()).reduce((sum, bytes) => sum + bytes, 0);
  const figures: Figures = {
    routes: held,
    bytesPerRoute5M: tableBytes(shard) / held,
    bytesPerAttributeSet: attributes / shard.attributes.size,
    attributeSets: shard.attributes.size,
    rssPerRoute5M: (rss() - before) / held,
    loadRoutesPerS: (routes / ms) * 1000,
    lookupV4Ns: lookupNs(bench, set, 4, 5),
    lookupV6Ns: lookupNs(bench, set, 6, 5),
  };
  Object.assign(figures, await churn(bench, set, builder), await snapshot(bench), await flush(bench));
  return { ...figures, maxHoldMs: bench.longestMs };
}

/** 50 M routes: ten shards of 1.2 M prefixes, five routers each; the made-up routes of a shard are forgotten before the next. */
async function fiftyMillion(): Promise<Figures> {
  const shards: RibShard[] = [];
  let routes = 0;
  let ms = 0;
  for (let n = 0; n < 10; n++) {
    const bench = new Bench();
    const set = generateRoutes({ count: 1_200_000, seed: n + 1 });
    const builder = new UpdateBuilder(set, routerOf(0).peer);
    for (let router = 0; router < 5; router++) {
      const loaded = await loadRouter(bench, set, builder, router, 5 / 6);
      routes += loaded.routes;
      ms += loaded.ms;
    }
    await settle(bench);
    shards.push(bench.shard);
  }
  const held = shards.reduce((sum, shard) => sum + routesIn(shard), 0);
  return { routes50M: held, rss50MGb: rss() / 1e9, loadRoutesPerS50M: (routes / ms) * 1000 };
}

/** Lets the table tidy up as it does when nothing comes. */
async function settle(bench: Bench): Promise<void> {
  for (let n = 0; n < 2000 && bench.shard.reclaim(2000); n++) await turn();
}

const scenarios: Record<string, () => Promise<Figures>> = { oneRouter, fiveRouters, fiftyMillion };
const figures = await scenarios[process.argv[2] ?? '']();
process.send?.(figures);
