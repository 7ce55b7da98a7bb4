/** Copies a prefix table through its walk and its bulk load, checking the order on the way. */

import assert from 'node:assert/strict';
import { AttributeStore } from '../../src/rib/attribute-store.ts';
import { PrefixTable } from '../../src/rib/prefix-table.ts';

export interface TableCopy {
  table: PrefixTable;
  attributes: AttributeStore;
  /** Source of the copy by live source of the table. */
  sources: Map<number, number>;
}

/** Live routes only, prefixes without any left out. */
export function copyTable(from: PrefixTable, store: AttributeStore, seed: number): TableCopy {
  const attributes = new AttributeStore({ seed });
  const table = new PrefixTable(attributes, { seed });
  const sets = new Map<number, number>();
  for (let id = 1; id < store.end; id++) {
    if (store.references(id) > 0) sets.set(id, attributes.load(store.words(id), store.start(id), store.wordCount(id)));
  }
  const sources = new Map<number, number>();
  const counts = from.counts();
  table.beginLoad({ ...counts, routes: counts.routesV4 + counts.routesV6 });
  const walk = from.walk();
  let before = '';
  for (let prefix = walk.next(); prefix >= 0; prefix = walk.next()) {
    const place = placeOf(from, prefix);
    assert.ok(before < place, `${place} after ${before}`);
    before = place;
    copyPrefix(from, prefix, { table, attributes, sources }, sets);
  }
  assert.equal(walk.next(), -1);
  table.endLoad();
  for (const id of sets.values()) attributes.release(id);
  return { table, attributes, sources };
}

function copyPrefix(from: PrefixTable, prefix: number, to: TableCopy, sets: Map<number, number>): void {
  const stride = from.routeStride(prefix);
  const first = from.firstRoute(prefix);
  const routes: number[] = [];
  for (let n = 0; n < from.routeCount(prefix); n++) {
    if (from.isLive(from.routeSource(first + n * stride))) routes.push(first + n * stride);
  }
  if (routes.length === 0) return;
  const [w0, w1, w2, w3] = [0, 1, 2, 3].map((index) => from.prefixWord(prefix, index));
  const hasPathIds = routes.some((route) => from.routePathId(prefix, route) >= 0);
  const { table, sources } = to;
  table.loadPrefix(from.prefixFamily(prefix), w0, w1, w2, w3, from.prefixLength(prefix), routes.length, hasPathIds);
  for (const route of routes) {
    const source = from.routeSource(route);
    const copied = sources.get(source) ?? table.createSource();
    sources.set(source, copied);
    const set = sets.get(from.routeAttributes(route));
    assert.ok(set !== undefined);
    table.loadRoute(copied, from.routePathId(prefix, route), set, from.routeTimeMs(route));
  }
}

/** A text that sorts as prefixes do. */
function placeOf(table: PrefixTable, prefix: number): string {
  const words = [0, 1, 2, 3].map((index) => (table.prefixWord(prefix, index) >>> 0).toString(16).padStart(8, '0'));
  return `${table.prefixFamily(prefix)} ${words.join('')} ${String(table.prefixLength(prefix)).padStart(3, '0')}`;
}
