/** The walk in prefix order and the bulk load of the compact prefix table; many IPv6 prefixes in one /32. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom, generateRoutes } from '../../bench/route-set.ts';
import { AttributeStore } from '../../src/rib/attribute-store.ts';
import { PrefixTable } from '../../src/rib/prefix-table.ts';
import { compareCopy, comparePair, createPair, type TestPrefix } from '../support/table-pair.ts';

function createTable() {
  const attributes = new AttributeStore({ seed: 1 });
  const table = new PrefixTable(attributes, { seed: 1 });
  const set = attributes.load(Int32Array.of(0, 1, 2, 3), 1, 3);
  return { attributes, table, set, source: table.createSource() };
}

void test('a walk: IPv4 before IPv6, by address, shorter before longer', () => {
  const { table, set, source } = createTable();
  const prefixes = [
    [4, 0, 0, 0],
    [4, 0x0a000000, 0, 7],
    [4, 0x0a000000, 0, 8],
    [4, 0x0a000000, 0, 32],
    [4, 0x0a800000, 0, 9],
    [4, 0xc0000000, 0, 2],
    [6, 0, 0, 0],
    [6, 0x20010db8, 0, 32],
    [6, 0x20010db8, 0, 33],
    [6, 0x20010db8, 0, 128],
    [6, 0x20010db8, 0x80000000, 33],
    [6, 0x20010db8, 0x80000000, 64],
  ];
  for (const [family, w0, w1, length] of prefixes.toReversed()) {
    table.announce(source, family, w0, w1, 0, 0, length, -1, set, 1);
  }
  const walk = table.walk();
  for (const [family, w0, w1, length] of prefixes) {
    const prefix = walk.next();
    assert.deepEqual(
      [table.prefixFamily(prefix), table.prefixWord(prefix, 0) >>> 0, table.prefixWord(prefix, 1) >>> 0],
      [family, w0, w1],
    );
    assert.equal(table.prefixLength(prefix), length);
  }
  assert.equal(walk.next(), -1);
  assert.equal(walk.next(), -1);
});

void test('a load that does not add up is refused', () => {
  const { table, set, source } = createTable();
  table.beginLoad({ prefixesV4: 2, prefixesV6: 0, routes: 3 });
  assert.throws(() => table.loadRoute(source, -1, set, 1), RangeError);
  assert.throws(() => table.loadPrefix(4, 0x0a000000, 0, 0, 0, 8, 0, false), RangeError);
  table.loadPrefix(4, 0x0a000000, 0, 0, 0, 8, 2, false);
  table.loadRoute(source, -1, set, 1);
  assert.throws(() => table.loadRoute(source, 0, set, 1), /path id/);
  assert.throws(() => table.endLoad(), RangeError);
  assert.throws(() => table.loadPrefix(4, 0x0b000000, 0, 0, 0, 8, 1, false), RangeError);
  table.loadRoute(table.createSource(), -1, set, 2);
  assert.throws(() => table.loadPrefix(4, 0x0a000000, 0, 0, 0, 8, 1, false), /twice/);
  table.endLoad();
  assert.deepEqual(table.counts(), { routesV4: 2, routesV6: 0, prefixesV4: 1, prefixesV6: 0 });
});

void test('sets are loaded without a search, and found by those who intern later', () => {
  const { attributes, set } = createTable();
  assert.equal(attributes.references(set), 1);
  assert.equal(attributes.intern(Int32Array.of(1, 2, 3), 3), set);
  assert.equal(attributes.references(set), 2);
  for (let n = 0; n < 2; n++) attributes.release(set);
  assert.equal(attributes.references(set), 0);
  assert.equal(attributes.end, set + 1);
});

void test('2,000 IPv6 prefixes in two /32s, in any order and in order, as the slow twin has them', () => {
  const random = createRandom(11);
  const pick = (below: number): number => Math.floor(random() * below);
  const lengths = [33, 40, 44, 48, 48, 48, 56, 64, 64, 65, 80, 96, 97, 112, 127, 128, 128, 128];
  const prefixes: TestPrefix[] = Array.from({ length: 2000 }, () => ({
    family: 6,
    // Few values of each word, so that prefixes lie within each other and share their first 64 bits.
    words: [0x20010db8 + pick(2), pick(3) === 0 ? 0x00010000 * pick(400) : pick(3), pick(6) << 29, pick(2000) << 21],
    length: lengths[pick(lengths.length)],
  }));
  const pair = createPair(3);
  const change = (share: number, rounds: number): void => {
    for (let n = 0; n < rounds; n++) {
      if (random() > share) pair.apply({ kind: 'withdraw-known', pick: pick(1e6) });
      else {
        const prefix = prefixes[pick(prefixes.length)];
        pair.apply({ kind: 'announce', source: pick(2), prefix, pathId: -1, attributes: 1, timeMs: n });
      }
    }
  };
  change(0.9, 4000);
  comparePair(pair);
  change(0.3, 4000);
  comparePair(pair);
  change(0.8, 3000);
  comparePair(pair);
  compareCopy(pair, 4);
  change(0.05, 6000);
  comparePair(pair);
  pair.empty();
});

void test('a loaded table is no larger than it must be', () => {
  const set = generateRoutes({ count: 60_000, seed: 5, sets: 1 });
  const { table, set: attributes } = createTable();
  const sources = [0, 1, 2, 3].map(() => table.createSource());
  table.beginLoad({ prefixesV4: 50_000, prefixesV6: 10_000, routes: 240_000 });
  for (let at = 0; at < set.count; at++) {
    const [w0, w1, w2, w3] = set.words.subarray(at * 4, at * 4 + 4);
    table.loadPrefix(set.families[at], w0, w1, w2, w3, set.lengths[at], 4, false);
    for (const source of sources) table.loadRoute(source, -1, attributes, at);
  }
  table.endLoad();
  const { routeBlocks } = table.memory();
  assert.ok(routeBlocks < 240_000 * 12 * 1.08 + 70_000, `${routeBlocks} bytes of route blocks`);
});
