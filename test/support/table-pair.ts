/**
 * A compact prefix table and its slow twin side by side, each with its own attribute table: the same changes go to both, answers are
 * compared. Prefix, source and attribute ids differ between the two; a pair maps them.
 */

import assert from 'node:assert/strict';
import { AttributeStore } from '../../src/rib/attribute-store.ts';
import { PrefixTable } from '../../src/rib/prefix-table.ts';
import type { AttributeTable, RouteTable } from '../../src/rib/types.ts';
import { createSlowAttributes, createSlowTable, maskWords } from '../oracle/slow-table.ts';
import { copyTable } from './table-copy.ts';

export interface TestPrefix {
  family: number;
  words: readonly number[];
  length: number;
}

export type Change =
  | { kind: 'create' }
  | { kind: 'announce'; source: number; prefix: TestPrefix; pathId: number; attributes: number; timeMs: number }
  | { kind: 'withdraw'; source: number; prefix: TestPrefix; pathId: number }
  | { kind: 'withdraw-known'; pick: number }
  | { kind: 'retire'; source: number }
  | { kind: 'reclaim'; maxRoutes: number };

interface Side {
  table: RouteTable;
  attributes: AttributeTable;
  /** Ids by the pair's own source number. */
  sources: number[];
}

interface KnownRoute {
  source: number;
  prefix: TestPrefix;
  pathId: number;
}

export class TablePair {
  readonly fast: Side;
  readonly slow: Side;
  readonly known: KnownRoute[] = [];
  /** Every prefix ever named, by text. */
  readonly prefixes = new Map<string, TestPrefix>();
  readonly live: number[] = [];
  /** The fast side by its own types. */
  readonly compact: PrefixTable;
  readonly store: AttributeStore;

  constructor(seed: number) {
    const fast = new AttributeStore({ seed });
    const slow = createSlowAttributes();
    this.compact = new PrefixTable(fast, { seed });
    this.store = fast;
    this.fast = { table: this.compact, attributes: fast, sources: [] };
    this.slow = { table: createSlowTable(slow), attributes: slow, sources: [] };
    for (let i = 0; i < 4; i++) this.apply({ kind: 'create' });
  }

  apply(change: Change): void {
    switch (change.kind) {
      case 'create':
        this.live.push(this.fast.sources.length);
        for (const side of [this.fast, this.slow]) side.sources.push(side.table.createSource());
        return;
      case 'announce': {
        const source = this.#liveSource(change.source);
        const prefix = this.#masked(change.prefix);
        const created = this.#both((side) => announce(side, source, prefix, change));
        if (created) this.known.push({ source, prefix, pathId: change.pathId });
        return;
      }
      case 'withdraw': {
        const source = this.#liveSource(change.source);
        const prefix = this.#masked(change.prefix);
        this.#both((side) => withdraw(side, source, prefix, change.pathId));
        return;
      }
      case 'withdraw-known': {
        if (this.known.length === 0) return;
        const at = change.pick % this.known.length;
        const { source, prefix, pathId } = this.known[at];
        this.known[at] = this.known[this.known.length - 1];
        this.known.pop();
        if (this.live.includes(source)) this.#both((side) => withdraw(side, source, prefix, pathId));
        return;
      }
      case 'retire': {
        if (this.live.length < 2) return;
        const source = this.live.splice(change.source % this.live.length, 1)[0];
        for (const side of [this.fast, this.slow]) side.table.retire(side.sources[source]);
        assert.equal(this.fast.table.isLive(this.fast.sources[source]), false);
        return;
      }
      case 'reclaim':
        assert.equal(this.fast.table.reclaim(change.maxRoutes), this.slow.table.reclaim(change.maxRoutes));
    }
  }

  /** Retires every source and reclaims to the end. */
  empty(): void {
    for (const source of this.live.splice(0)) {
      for (const side of [this.fast, this.slow]) side.table.retire(side.sources[source]);
    }
    for (const { table } of [this.fast, this.slow]) {
      for (let i = 0; table.reclaim(1000); i++) assert.ok(i < 10_000, 'reclaim ends');
    }
    assert.equal(this.fast.attributes.size, 0);
    assert.deepEqual(this.fast.table.counts(), { routesV4: 0, routesV6: 0, prefixesV4: 0, prefixesV6: 0 });
  }

  #liveSource(pick: number): number {
    return this.live[pick % this.live.length];
  }

  #masked(prefix: TestPrefix): TestPrefix {
    const masked = { ...prefix, words: maskWords(prefix.words, prefix.length) };
    this.prefixes.set(`${masked.family} ${masked.words.join(' ')} ${masked.length}`, masked);
    return masked;
  }

  #both(act: (side: Side) => boolean): boolean {
    const fast = act(this.fast);
    assert.equal(fast, act(this.slow));
    return fast;
  }
}

export function createPair(seed: number): TablePair {
  return new TablePair(seed);
}

function announce(
  { table, attributes, sources }: Side,
  source: number,
  { family, words, length }: TestPrefix,
  change: { pathId: number; attributes: number; timeMs: number },
): boolean {
  const set = attributes.intern(attributeWords(change.attributes), 3 + change.attributes);
  const created = table.announce(
    sources[source],
    family,
    words[0],
    words[1],
    words[2],
    words[3],
    length,
    change.pathId,
    set,
    change.timeMs,
  );
  attributes.release(set);
  return created;
}

function withdraw(side: Side, source: number, { family, words, length }: TestPrefix, pathId: number): boolean {
  return side.table.withdraw(side.sources[source], family, words[0], words[1], words[2], words[3], length, pathId);
}

/** Sets of different lengths; the words are not read as attributes here. */
function attributeWords(n: number): Int32Array {
  const words = new Int32Array(3 + n).fill(n);
  words[2 + n] = -n;
  return words;
}

/** Compares everything that does not depend on the order of reclaiming, and all of it when nothing is left to reclaim. */
export function comparePair({
  fast,
  slow,
  prefixes,
  live,
}: Pick<TablePair, 'fast' | 'slow' | 'prefixes' | 'live'>): void {
  const { routesV4, routesV6 } = slow.table.counts();
  const counts = fast.table.counts();
  assert.deepEqual([counts.routesV4, counts.routesV6], [routesV4, routesV6]);
  for (const source of live) {
    assert.equal(fast.table.routesOfSource(fast.sources[source]), slow.table.routesOfSource(slow.sources[source]));
  }
  for (const prefix of prefixes.values()) {
    const { family, words, length } = prefix;
    const [w0, w1, w2, w3] = words;
    assert.deepEqual(routesAt(fast, prefix, live), routesAt(slow, prefix, live));
    compareChains(fast, slow, live, family, [w0, w1, w2, w3]);
    // The last address of the prefix, and the one after it.
    const last = words.map((word, index) => word | ~maskWords([-1, -1, -1, -1], length)[index]);
    compareChains(fast, slow, live, family, family === 4 ? [last[0], 0, 0, 0] : last);
    if (length === 0) continue;
    const word = (length - 1) >> 5;
    const beside = words.with(word, words[word] ^ (1 << (31 - ((length - 1) & 31))));
    compareChains(fast, slow, live, family, beside);
  }
  if (!isReclaimed(slow)) return;
  assert.deepEqual(counts, slow.table.counts());
  assert.equal(fast.attributes.size, slow.attributes.size);
}

/** Compares a copy, made by walk and bulk load, with the slow twin; the copy then takes changes and gives all its memory back. */
export function compareCopy({ fast, slow, prefixes, live, compact, store }: TablePair, seed: number): void {
  const copy = copyTable(compact, store, seed);
  const sources = fast.sources.map((source) => copy.sources.get(source) ?? copy.table.createSource());
  comparePair({ fast: { table: copy.table, attributes: copy.attributes, sources }, slow, prefixes, live });
  for (const source of sources) if (copy.table.isLive(source)) copy.table.retire(source);
  while (copy.table.reclaim(1000));
  assert.equal(copy.attributes.size, 0);
  assert.deepEqual(copy.table.occupancy(), { nodes: 0, blockWordsLive: 0, blockWordsUsed: 0 });
}

function isReclaimed({ table }: Side): boolean {
  return !table.reclaim(0);
}

function compareChains(fast: Side, slow: Side, live: number[], family: number, address: readonly number[]): void {
  assert.deepEqual(chain(fast, live, family, address), chain(slow, live, family, address));
}

/** Prefixes over an address with a live route, longest first. */
function chain({ table, sources }: Side, live: number[], family: number, address: readonly number[]): string[] {
  const found: string[] = [];
  let before = 129;
  let prefix = table.longestMatch(family, address[0], address[1], address[2], address[3]);
  for (; prefix >= 0; prefix = table.shorter(prefix)) {
    const length = table.prefixLength(prefix);
    assert.ok(length < before, 'chains get shorter');
    before = length;
    assert.ok(table.routeCount(prefix) > 0, 'prefixes have routes');
    assert.equal(table.prefixFamily(prefix), family);
    const words = [0, 1, 2, 3].map((index) => table.prefixWord(prefix, index));
    assert.deepEqual(words, maskWords(address, length));
    if (live.some((source) => hasRoute(table, prefix, sources[source]))) found.push(`${words.join(' ')} ${length}`);
  }
  return found;
}

function hasRoute(table: RouteTable, prefix: number, source: number): boolean {
  for (let i = 0; i < table.routeCount(prefix); i++) {
    if (table.routeSource(table.firstRoute(prefix) + i * table.routeStride(prefix)) === source) return true;
  }
  return false;
}

function routesAt({ table, attributes, sources }: Side, prefix: TestPrefix, live: number[]): string[] {
  const { family, words, length } = prefix;
  const id = table.exactMatch(family, words[0], words[1], words[2], words[3], length);
  if (id < 0) return [];
  const found: string[] = [];
  for (let i = 0; i < table.routeCount(id); i++) {
    const route = table.firstRoute(id) + i * table.routeStride(id);
    if (!table.isLive(table.routeSource(route))) continue;
    const source = live.find((one) => sources[one] === table.routeSource(route));
    const set = table.routeAttributes(route);
    const start = attributes.start(set);
    const word = attributes.words(set)[start];
    const last = attributes.words(set)[start + 2 + word];
    found.push(`${source} ${table.routePathId(id, route)} ${word} ${last} ${table.routeTimeMs(route)}`);
  }
  return found.sort();
}
