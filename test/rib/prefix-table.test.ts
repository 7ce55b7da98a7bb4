/** The compact prefix table: edges by hand, a long random history against the slow twin, and memory that stays flat under churn. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRandom, generateRoutes, pickAddress } from '../../bench/route-set.ts';
import { AttributeStore } from '../../src/rib/attribute-store.ts';
import { PrefixTable } from '../../src/rib/prefix-table.ts';
import { createSlowAttributes, createSlowTable, maskWords } from '../oracle/slow-table.ts';
import { comparePair, createPair, type TestPrefix } from '../support/table-pair.ts';

const noPath = -1;

function createTable() {
  const attributes = new AttributeStore({ seed: 1 });
  const table = new PrefixTable(attributes, { seed: 1 });
  const set = attributes.intern(Int32Array.of(1, 2, 3), 3);
  return { attributes, table, set };
}

function lengthsOver(table: PrefixTable, family: number, words: readonly number[]): number[] {
  const lengths: number[] = [];
  let prefix = table.longestMatch(family, words[0], words[1], words[2], words[3]);
  for (; prefix >= 0; prefix = table.shorter(prefix)) lengths.push(table.prefixLength(prefix));
  return lengths;
}

void describe('longest match', () => {
  void test('every length of both families at once, down to the default route, and each gone again', () => {
    for (const { family, bits, words } of [
      { family: 4, bits: 32, words: [0xc0a81234 | 0, 0, 0, 0] },
      { family: 6, bits: 128, words: [0x20010db8, 0x12345678, 0x9abcdef0 | 0, 0x0fedcba9] },
    ]) {
      const { table, set } = createTable();
      const source = table.createSource();
      const all = Array.from({ length: bits + 1 }, (_, index) => bits - index);
      for (const length of all) {
        const [w0, w1, w2, w3] = maskWords(words, length);
        assert.equal(table.announce(source, family, w0, w1, w2, w3, length, noPath, set, 1), true);
      }
      assert.deepEqual(lengthsOver(table, family, words), all);
      assert.deepEqual(lengthsOver(table, family === 4 ? 6 : 4, words), []);
      for (const [index, length] of all.entries()) {
        const [w0, w1, w2, w3] = maskWords(words, length);
        assert.equal(table.withdraw(source, family, w0, w1, w2, w3, length, noPath), true);
        assert.deepEqual(lengthsOver(table, family, words), all.slice(index + 1));
      }
      assert.equal(table.occupancy().nodes, 0);
    }
  });

  void test('uint32 words are the same prefix as int32 words', () => {
    const { table, set } = createTable();
    const source = table.createSource();
    table.announce(source, 4, 0xffffffff, 0, 0, 0, 32, noPath, set, 1);
    assert.equal(table.announce(source, 4, -1, 0, 0, 0, 32, noPath, set, 1), false);
    assert.notEqual(table.exactMatch(4, 0xffffffff, 0, 0, 0, 32), -1);
  });

  void test('IPv4 and IPv6 prefixes with the same first word are two', () => {
    const { table, set } = createTable();
    const source = table.createSource();
    table.announce(source, 4, 0x20010db8, 0, 0, 0, 32, noPath, set, 1);
    table.announce(source, 6, 0x20010db8, 0, 0, 0, 32, noPath, set, 1);
    assert.deepEqual(table.counts(), { routesV4: 1, routesV6: 1, prefixesV4: 1, prefixesV6: 1 });
    assert.equal(table.prefixFamily(table.longestMatch(6, 0x20010db8, 1, 2, 3)), 6);
    assert.equal(table.prefixFamily(table.longestMatch(4, 0x20010db8, 0, 0, 0)), 4);
  });
});

void describe('routes', () => {
  void test('path ids: none, 0 and the largest are three routes, before and after the block gets wider', () => {
    const { table, set } = createTable();
    const source = table.createSource();
    const paths = [noPath, 0, 0xffffffff, 0x80000000];
    for (const path of paths) assert.equal(table.announce(source, 4, 0, 0, 0, 0, 0, path, set, 2 ** 44 - 1), true);
    const prefix = table.longestMatch(4, 1, 0, 0, 0);
    const refs = paths.map((_, index) => table.firstRoute(prefix) + index * table.routeStride(prefix));
    assert.deepEqual(
      refs.map((route) => table.routePathId(prefix, route)),
      paths,
    );
    assert.deepEqual(new Set(refs.map((route) => table.routeTimeMs(route))), new Set([2 ** 44 - 1]));
    assert.equal(table.withdraw(source, 4, 0, 0, 0, 0, 0, 1), false);
    for (const path of paths) assert.equal(table.withdraw(source, 4, 0, 0, 0, 0, 0, path), true);
    assert.equal(table.longestMatch(4, 1, 0, 0, 0), -1);
  });

  void test('thousands of routes at one prefix, whose block is a run of pages, from many sources', () => {
    const { table, attributes, set } = createTable();
    const sources = Array.from({ length: 3000 }, () => table.createSource());
    for (const [n, source] of sources.entries()) table.announce(source, 6, 0, 0, 0, 0, 0, noPath, set, n);
    const prefix = table.longestMatch(6, 1, 1, 1, 1);
    assert.equal(table.routeCount(prefix), 3000);
    for (const source of sources) if (source % 3 !== 0) table.withdraw(source, 6, 0, 0, 0, 0, 0, noPath);
    assert.equal(table.routeCount(prefix), 1000);
    const times = Array.from({ length: 1000 }, (_, n) => table.routeTimeMs(table.firstRoute(prefix) + 3 * n));
    assert.deepEqual(
      times.sort((a, b) => a - b),
      times.map((_, n) => 3 * n),
    );
    for (const source of sources) table.retire(source);
    while (table.reclaim(100));
    attributes.release(set);
    assert.equal(attributes.size, 0);
    assert.equal(table.occupancy().blockWordsUsed, 0);
  });

  void test('times outside 0 to 2^44 - 1 are clamped', () => {
    const { table, set } = createTable();
    const source = table.createSource();
    for (const [given, kept] of [
      [-1, 0],
      [2 ** 50, 2 ** 44 - 1],
      [NaN, 0],
    ]) {
      table.announce(source, 4, 0, 0, 0, 0, 0, noPath, set, given);
      assert.equal(table.routeTimeMs(table.firstRoute(table.longestMatch(4, 0, 0, 0, 0))), kept);
    }
  });
});

void describe('sources', () => {
  void test('a retired source stops answering at once; its id returns only when its routes are gone', () => {
    const { table, set } = createTable();
    const first = table.createSource();
    for (let n = 0; n < 10; n++) table.announce(first, 4, n << 24, 0, 0, 0, 8, noPath, set, 1);
    table.retire(first);
    assert.equal(table.isLive(first), false);
    assert.equal(table.routesOfSource(first), 0);
    assert.deepEqual(table.counts(), { routesV4: 0, routesV6: 0, prefixesV4: 10, prefixesV6: 0 });
    assert.notEqual(table.createSource(), first);
    assert.equal(table.reclaim(9), true);
    assert.equal(table.counts().prefixesV4, 1);
    assert.notEqual(table.createSource(), first);
    assert.equal(table.reclaim(9), false);
    assert.equal(table.createSource(), first);
  });

  void test('a source that is not live takes no routes', () => {
    const { table, set } = createTable();
    const source = table.createSource();
    table.retire(source);
    assert.throws(() => table.announce(source, 4, 0, 0, 0, 0, 0, noPath, set, 1), RangeError);
    assert.throws(() => table.withdraw(source, 4, 0, 0, 0, 0, 0, noPath), RangeError);
    assert.throws(() => table.retire(source), RangeError);
  });
});

void test('50,000 random changes over 3,000 prefixes leave what the slow twin has', () => {
  const random = createRandom(7);
  const { families, lengths, words } = generateRoutes({ count: 3000, seed: 3, sets: 10 });
  const prefixes: TestPrefix[] = Array.from(families, (family, at) => ({
    family,
    words: [...words.subarray(at * 4, at * 4 + 4)],
    length: lengths[at],
  }));
  const pick = (below: number): number => Math.floor(random() * below);
  const pair = createPair(5);
  for (let n = 0; n < 50_000; n++) {
    const dice = pick(1000);
    const source = pick(1000);
    const prefix = prefixes[pick(prefixes.length)];
    const pathId = pick(20) === 0 ? pick(3) : noPath;
    // Growing and shrinking by turns, so that blocks empty and are moved together.
    const growing = (n >> 13) % 2 === 0;
    if (dice < (growing ? 700 : 250)) {
      pair.apply({ kind: 'announce', source, prefix, pathId, attributes: pick(40), timeMs: n });
    } else if (dice < 985) {
      pair.apply({ kind: 'withdraw-known', pick: pick(1e6) });
    } else if (dice < 990) {
      pair.apply({ kind: 'create' });
    } else if (dice < 993) {
      pair.apply({ kind: 'retire', source });
    } else {
      pair.apply({ kind: 'reclaim', maxRoutes: pick(300) });
    }
    if (n === 25_000) comparePair(pair);
  }
  comparePair(pair);
  pair.empty();
});

for (const nodesForNear of [65_536, 6000]) {
  void test(`a table large enough for shortcuts (near ones from ${nodesForNear} nodes) answers as the slow twin`, () => {
    checkShortcuts(nodesForNear);
  });
}

function checkShortcuts(nodesForNear: number): void {
  const set = generateRoutes({ count: 24_000, seed: 8, sets: 1 });
  const attributes = createSlowAttributes();
  const id = attributes.intern(set.sets[0], set.sets[0].length);
  const fast = new PrefixTable(attributes, { seed: 1, nodesForNear });
  const slow = createSlowTable(attributes);
  const random = createRandom(4);
  const source = fast.createSource();
  assert.equal(slow.createSource(), source);
  const addresses = new Int32Array(3000 * 5);
  const together = new Int32Array(3000);
  const compare = (): void => {
    for (let n = 0; n < 3000; n++) {
      const address = addresses.subarray(n * 5, n * 5 + 5);
      pickAddress(set, random, address);
      // Some that no prefix may cover.
      if (n % 7 === 0) address[1] ^= 1 << (n & 31);
    }
    // In groups of several sizes, before the single lookups fill the shortcuts.
    for (let first = 0, size = 1; first < 3000; first += size, size = Math.min(3000 - first, (size * 3) % 200)) {
      fast.longestMatches(addresses, first, size, together);
    }
    for (let n = 0; n < 3000; n++) {
      const [family, w0, w1, w2, w3] = addresses.subarray(n * 5, n * 5 + 5);
      const one = fast.longestMatch(family, w0, w1, w2, w3);
      const other = slow.longestMatch(family, w0, w1, w2, w3);
      assert.equal(one < 0 ? -1 : fast.prefixLength(one), other < 0 ? -1 : slow.prefixLength(other));
      assert.equal(together[n], one);
    }
    // Once more with all shortcuts there.
    fast.longestMatches(addresses, 0, 3000, together);
    for (let n = 0; n < 3000; n++) {
      const [family, w0, w1, w2, w3] = addresses.subarray(n * 5, n * 5 + 5);
      assert.equal(together[n], fast.longestMatch(family, w0, w1, w2, w3));
    }
  };
  const change = (step: number, from: number, isAnnounce: boolean): void => {
    for (let at = from; at < set.count; at += step) {
      const [w0, w1, w2, w3] = set.words.subarray(at * 4, at * 4 + 4);
      for (const table of [fast, slow]) {
        if (isAnnounce) table.announce(source, set.families[at], w0, w1, w2, w3, set.lengths[at], -1, id, at);
        else table.withdraw(source, set.families[at], w0, w1, w2, w3, set.lengths[at], -1);
      }
    }
  };
  change(2, 0, true);
  change(2, 1, true);
  assert.ok(fast.occupancy().nodes > 8192);
  compare();
  for (const from of [0, 1]) change(3, from, false);
  compare();
  // Nodes that come back elsewhere.
  change(3, 2, false);
  change(9, 1, true);
  compare();
}

void test('memory stays flat while routes come and go', () => {
  const attributes = new AttributeStore({ seed: 1 });
  const table = new PrefixTable(attributes, { seed: 1 });
  const { families, lengths, words, sets, setOf, count } = generateRoutes({ count: 20_000, seed: 4, sets: 2000 });
  const round = (n: number): void => {
    const sources = [table.createSource(), table.createSource(), table.createSource()];
    for (const [index, source] of sources.entries()) {
      for (let at = 0; at < count; at++) {
        // Another two thirds of the prefixes each time.
        if ((at + index + n) % 3 === 0) continue;
        const id = attributes.intern(sets[setOf[at]], sets[setOf[at]].length);
        const w = at * 4;
        table.announce(
          source,
          families[at],
          words[w],
          words[w + 1],
          words[w + 2],
          words[w + 3],
          lengths[at],
          -1,
          id,
          n,
        );
        attributes.release(id);
      }
    }
    table.retire(sources[n % 3]);
    while (table.reclaim(1000));
    for (const source of sources) if (table.isLive(source)) table.retire(source);
    while (table.reclaim(1000));
  };
  const bytes = (): number =>
    Object.values({ ...table.memory(), ...attributes.memory() }).reduce((sum, part) => sum + part, 0);
  round(0);
  round(1);
  const before = bytes();
  for (let n = 2; n < 12; n++) round(n);
  assert.ok(bytes() <= before * 1.05, `${before} bytes became ${bytes()}`);
  assert.equal(attributes.size, 0);
  assert.deepEqual(table.occupancy(), { nodes: 0, blockWordsLive: 0, blockWordsUsed: 0 });
});

void test('blocks are moved together when three of four routes are gone', () => {
  const { table, set } = createTable();
  const sources = [0, 1, 2, 3].map(() => table.createSource());
  const prefixes = 30_000;
  for (let n = 0; n < prefixes; n++) {
    for (const source of sources) table.announce(source, 4, n << 8, 0, 0, 0, 24, noPath, set, n);
  }
  // Leaves single routes scattered over pages of single routes, then of nothing.
  for (let n = 0; n < prefixes; n++) {
    if (n % 4 !== 0) for (const source of sources) table.withdraw(source, 4, n << 8, 0, 0, 0, 24, noPath);
  }
  for (let round = 0; round < 20; round++) {
    for (let n = 1; n < 4000; n += 4) table.announce(sources[0], 4, n << 8, 0, 0, 0, 24, noPath, set, n);
    for (let n = 1; n < 4000; n += 4) table.withdraw(sources[0], 4, n << 8, 0, 0, 0, 24, noPath);
  }
  const { blockWordsLive, blockWordsUsed } = table.occupancy();
  assert.equal(blockWordsLive, (prefixes / 4) * 12);
  assert.ok(blockWordsUsed < blockWordsLive * 1.25, `${blockWordsUsed} words for ${blockWordsLive}`);
  for (let n = 0; n < prefixes; n += 4) {
    const prefix = table.longestMatch(4, (n << 8) | 7, 0, 0, 0);
    assert.equal(table.routeCount(prefix), 4);
    for (let i = 0; i < 4; i++) assert.equal(table.routeTimeMs(table.firstRoute(prefix) + 3 * i), n);
  }
});
