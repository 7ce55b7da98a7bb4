/** src/rib/MEMORY.md against the real arrays: its table of bytes is read and a table of 60,000 prefixes must come out as it says. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { generateRoutes } from '../../bench/route-set.ts';
import { AttributeStore } from '../../src/rib/attribute-store.ts';
import { PrefixTable } from '../../src/rib/prefix-table.ts';

const claims = new Map<string, number[]>();
const document = readFileSync(new URL('../../src/rib/MEMORY.md', import.meta.url), 'utf8');
for (const [, part, bytes] of document.matchAll(/^\| ([^|]+?) +\| ([0-9/]+(?: to [0-9/]+)?) +\| /gm)) {
  claims.set(part, bytes.split(' to ').map(parseBytes));
}

function parseBytes(text: string): number {
  const [over, under = '1'] = text.split('/');
  return Number(over) / Number(under);
}

/** Lowest and highest bytes that the document names for a part. */
function claim(part: string): { low: number; high: number } {
  const bytes = claims.get(part);
  assert.ok(bytes !== undefined, `MEMORY.md has a row for ${part}`);
  return { low: bytes[0], high: bytes[bytes.length - 1] };
}

/** Growth by a sixteenth, and arrays that begin with a few KiB. */
function assertWithin(what: string, bytes: number, low: number, high: number): void {
  assert.ok(bytes >= low && bytes <= high * 1.07 + 70_000, `${what}: ${bytes} bytes, by the formula ${low} to ${high}`);
}

void test('every part is as large as MEMORY.md says', () => {
  const set = generateRoutes({ count: 60_000, seed: 2, sets: 8000 });
  const attributes = new AttributeStore({ seed: 1 });
  const table = new PrefixTable(attributes, { seed: 1 });
  const sources = [table.createSource(), table.createSource()];
  const few = table.createSource();
  const announce = (source: number, at: number, pathId: number): void => {
    const words = set.sets[set.setOf[at]];
    const id = attributes.intern(words, words.length);
    const [w0, w1, w2, w3] = set.words.subarray(at * 4, at * 4 + 4);
    table.announce(source, set.families[at], w0, w1, w2, w3, set.lengths[at], pathId, id, at);
    attributes.release(id);
  };
  for (const source of sources) for (let at = 0; at < set.count; at++) announce(source, at, -1);
  const { prefixesV4, prefixesV6 } = table.counts();
  const memory = table.memory();
  const { nodes, blockWordsLive, blockWordsUsed } = table.occupancy();
  const records = prefixesV4 * claim('IPv4 prefix record').low + prefixesV6 * claim('IPv6 prefix record').low;
  assertWithin('records', memory.prefixRecords, records, records);
  const shortcuts = nodes > 4096 ? 262_144 : 0;
  const long = [...set.lengths.keys()].filter((at) => set.lengths[at] > 32);
  const anchors = new Set(long.map((at) => set.words[at * 4])).size;
  const ofNodes =
    nodes * claim('tree node').low + (set.count - long.length) * claim('prefix of up to 32 bits, in its node').low;
  assertWithin('nodes', memory.nodes, ofNodes + shortcuts, (ofNodes + 4 * anchors) * 1.25 + shortcuts);
  const anchor = claim('anchor');
  const ofLong = long.length * claim('prefix of more than 32 bits, at its anchor').low;
  // One page begun for each of the sizes of leaves.
  const begun = 64 * 4096;
  assertWithin('anchors', memory.anchors, anchors * anchor.low + ofLong, anchors * anchor.high + ofLong * 1.25 + begun);
  const routes = 2 * set.count * claim('route').low;
  assert.equal(blockWordsLive * 4, routes);
  assert.ok(blockWordsUsed * 4 <= routes * 1.02);
  assertWithin('route blocks', memory.routeBlocks, routes, routes * 1.3);

  const ids = prefixesV4 + 2 * prefixesV6;
  const bitmap = claim('source, a prefix id, bitmap');
  assertWithin('bitmaps', memory.sources, 2 * ids * bitmap.low, 2 * ids * bitmap.high);
  assert.ok(memory.sources < 4 * ids * bitmap.low, 'bitmaps, not sparse sets');
  for (let at = 0; at < 1000; at++) announce(few, at, -1);
  const sparse = claim('source, a prefix, sparse');
  const grown = table.memory().sources - memory.sources;
  assert.ok(grown >= 1000 * sparse.low && grown <= 1000 * sparse.high, `${grown} bytes for 1,000 prefixes of a source`);

  const held = attributes.memory();
  const words = set.sets.filter((_, at) => set.setOf.includes(at)).reduce((sum, one) => sum + one.length, 0);
  assertWithin('attribute words', held.attributeWords, words * claim('attribute word').low, words * 4 * 1.25);
  const perSet = claim('attribute set, without words');
  const withoutWords = held.attributeSets + held.attributeIndex;
  assertWithin('attribute sets', withoutWords, attributes.size * perSet.low, attributes.size * perSet.high);
});

void test('a route with a path id takes the bytes that MEMORY.md says', () => {
  const attributes = new AttributeStore({ seed: 1 });
  const table = new PrefixTable(attributes, { seed: 1 });
  const source = table.createSource();
  const id = attributes.intern(Int32Array.of(1, 2, 3), 3);
  for (let path = 0; path < 10; path++) table.announce(source, 4, 0, 0, 0, 0, 0, path, id, 1);
  assert.equal(table.occupancy().blockWordsLive * 4, 10 * claim('route in a block with path ids').low);
});

void test('a lone /32 takes no more nodes than the worst case of MEMORY.md', () => {
  const table = new PrefixTable(new AttributeStore({ seed: 1 }), { seed: 1 });
  const source = table.createSource();
  const before = table.occupancy().nodes;
  table.announce(source, 4, 0x01020304, 0, 0, 0, 32, -1, 1, 1);
  const nodes = table.occupancy().nodes - before;
  assert.ok(document.includes(`${nodes} nodes, ${nodes * claim('tree node').low} bytes`), `${nodes} nodes`);
});
