/**
 * The routes of one instance, in blocks of about `routeBlockBytes`: its prefixes in order, each with all its routes; a block may end
 * between two routes of a prefix. Numbers and times are differences, since what comes next is mostly like what came before.
 *
 *   block    (prefix  route*)*
 *   prefix   integer 2 × length + (IPv6: 1) | byte: bytes shared with the prefix before, of the same family | the other bytes up to
 *            length | integer 2 × routes + (path ids: 1)
 *   route    integer source: less that of the route before, the prefix's first the number itself, the first of each further
 *            `sortedRoutes` too | path ids: integer 0 = none, else 1 + path id
 *            | integer attribute set: 0 = a new one, that gets the next number; else 1 + zigzag of its number less that of the same
 *            source's route before | a new one: list of words, each an integer of 32 bits | zigzag of its time less that of the same
 *            source's route before
 */

import type { AttributeStore } from '../attribute-store.ts';
import { PrefixTable } from '../prefix-table.ts';
import type { RouteTable } from '../types.ts';
import { routeBlockBytes, sortedRoutes } from './format.ts';
import type { ItemWriter } from './item-writer.ts';
import type { SourceNumbers } from './session-section.ts';

/** Beyond the lower 32 bits of a sorting key, which hold 1 + path id, comes the source. */
export const sourceKey = 2 ** 33;
const pageBits = 16;
const pageSize = 1 << pageBits;

/** The table as dumps need it: walked in order, loaded in bulk. */
export function compactTable(table: RouteTable): PrefixTable {
  if (!(table instanceof PrefixTable)) throw new TypeError('only the compact table can be dumped and loaded');
  return table;
}

/** Int32 by number, in pages, so that it grows without a copy; 0 where nothing was set. */
export class PagedNumbers {
  private readonly pages: Int32Array[] = [];

  get(index: number): number {
    const page = this.pages[index >>> pageBits];
    return page === undefined ? 0 : page[index & (pageSize - 1)];
  }

  set(index: number, value: number): void {
    const at = index >>> pageBits;
    while (this.pages.length <= at) this.pages.push(new Int32Array(pageSize));
    this.pages[at][index & (pageSize - 1)] = value;
  }
}

/** Numbers of attribute sets in a dump, for both instances: 1 + number by id. */
export class SetNumbers {
  readonly numbers = new PagedNumbers();
  count = 0;
}

export class RouteWriter {
  routes = 0;
  private readonly table: PrefixTable;
  private readonly attributes: AttributeStore;
  private readonly sets: SetNumbers;
  private readonly sources: Int32Array;
  private readonly lastSets: Int32Array;
  private readonly lastTimes: Float64Array;
  private readonly out: ItemWriter;
  private readonly kind: number;
  private readonly walk: ReturnType<PrefixTable['walk']>;
  private prefix = -1;
  private hasPathIds = false;
  /** Routes of the prefix, in the table and looked at so far. */
  private inTable = 0;
  private seen = 0;
  /** Sorted, to be written: keys and places. */
  private readonly keys = new Float64Array(sortedRoutes);
  private readonly places = new Int32Array(sortedRoutes);
  private sorted = 0;
  private next = 0;
  private lastSource = 0;
  private family = 0;
  private readonly before = new Uint8Array(16);

  constructor(
    table: PrefixTable,
    attributes: AttributeStore,
    sets: SetNumbers,
    sources: SourceNumbers,
    out: ItemWriter,
    kind: number,
  ) {
    this.table = table;
    this.attributes = attributes;
    this.sets = sets;
    this.sources = sources.numbers;
    this.lastSets = new Int32Array(sources.count);
    this.lastTimes = new Float64Array(sources.count);
    this.out = out;
    this.kind = kind;
    this.walk = table.walk();
  }

  /** Writes a block; false, and nothing, when all are written. */
  writeBlock(): boolean {
    if (this.next === this.sorted && !this.findRoutes()) return false;
    const { into } = this.out;
    this.out.begin(this.kind);
    if (this.seen > 0 && !this.isBegun) this.writePrefix();
    const end = into.length + routeBlockBytes;
    while (into.length < end) {
      if (this.next < this.sorted) {
        this.writeRoute(this.next++);
        continue;
      }
      if (!this.findRoutes()) break;
      if (!this.isBegun) this.writePrefix();
    }
    this.out.end();
    return true;
  }

  /** The prefix at hand is written. */
  private isBegun = false;

  /** More of the present prefix's routes, or the next prefix that has any. */
  private findRoutes(): boolean {
    const { table } = this;
    for (;;) {
      if (this.seen === this.inTable) {
        this.prefix = this.walk.next();
        if (this.prefix < 0) return false;
        this.inTable = table.routeCount(this.prefix);
        this.seen = 0;
        this.isBegun = false;
      }
      this.sortRoutes();
      if (this.sorted > 0) return true;
    }
  }

  private sortRoutes(): void {
    const { keys, places, prefix, sources, table } = this;
    const stride = table.routeStride(prefix);
    const end = Math.min(this.inTable, this.seen + sortedRoutes);
    let route = table.firstRoute(prefix) + this.seen * stride;
    let count = 0;
    let hasPathIds = false;
    for (let i = this.seen; i < end; i++, route += stride) {
      const source = sources[table.routeSource(route)];
      if (source < 0) continue;
      const pathId = stride === 3 ? -1 : table.routePathId(prefix, route);
      if (pathId >= 0) hasPathIds = true;
      keys[count] = source * sourceKey + pathId + 1;
      places[count++] = route;
    }
    if (!this.isBegun) this.hasPathIds = hasPathIds || (stride === 4 && this.inTable > sortedRoutes);
    this.seen = end;
    this.sorted = count;
    this.next = 0;
    this.lastSource = 0;
    sortByKey(keys, places, count);
  }

  private writePrefix(): void {
    const { before, out, prefix, table } = this;
    const { into } = out;
    this.isBegun = true;
    const family = table.prefixFamily(prefix);
    const length = table.prefixLength(prefix);
    const bytes = (length + 7) >> 3;
    if (family !== this.family) before.fill(0);
    this.family = family;
    into.writeVarint32(length * 2 + (family === 6 ? 1 : 0));
    into.reserve(24);
    const sharedAt = into.length++;
    let shared = 0;
    let isShared = true;
    for (let i = 0; i < bytes; i++) {
      const byte = (table.prefixWord(prefix, i >> 2) >>> (24 - (i & 3) * 8)) & 255;
      if (isShared && byte === before[i]) {
        shared++;
        continue;
      }
      isShared = false;
      before[i] = byte;
      into.bytes[into.length++] = byte;
    }
    for (let i = bytes; i < 16; i++) before[i] = 0;
    into.bytes[sharedAt] = shared;
    into.writeVarint32(this.liveRoutes() * 2 + (this.hasPathIds ? 1 : 0));
  }

  private liveRoutes(): number {
    const { inTable, prefix, sources, table } = this;
    if (this.seen === inTable) return this.sorted;
    const stride = table.routeStride(prefix);
    const first = table.firstRoute(prefix);
    // What was looked at before had none that is live, else the prefix would be written.
    let count = this.sorted;
    for (let i = this.seen; i < inTable; i++) if (sources[table.routeSource(first + i * stride)] >= 0) count++;
    return count;
  }

  private writeRoute(at: number): void {
    const { keys, lastSets, lastTimes, sets, table } = this;
    const { into } = this.out;
    const route = this.places[at];
    const source = Math.floor(keys[at] / sourceKey);
    into.writeVarint32(source - this.lastSource);
    this.lastSource = source;
    if (this.hasPathIds) into.writeVarint(keys[at] - source * sourceKey);
    const id = table.routeAttributes(route);
    let set = sets.numbers.get(id) - 1;
    if (set < 0) {
      set = sets.count++;
      sets.numbers.set(id, set + 1);
      into.writeByte(0);
      this.writeWords(id);
    } else {
      const step = set - lastSets[source];
      into.writeVarint32(1 + (step < 0 ? -2 * step - 1 : 2 * step));
    }
    lastSets[source] = set;
    const timeMs = table.routeTimeMs(route);
    const later = timeMs - lastTimes[source];
    into.writeVarint(later < 0 ? -2 * later - 1 : 2 * later);
    lastTimes[source] = timeMs;
    this.routes++;
  }

  private writeWords(id: number): void {
    const { attributes } = this;
    const { into } = this.out;
    const count = attributes.wordCount(id);
    const words = attributes.words(id);
    const start = attributes.start(id);
    into.writeVarint32(count);
    for (let i = 0; i < count; i++) into.writeVarint32(words[start + i]);
  }
}

/** Shell's sort: a plain insertion sort for the few routes that most prefixes have. Gaps by Ciura. */
const gaps = [1750, 701, 301, 132, 57, 23, 10, 4, 1];

function sortByKey(keys: Float64Array, places: Int32Array, count: number): void {
  for (let n = count > 10 ? 0 : gaps.length - 1; n < gaps.length; n++) {
    const gap = gaps[n];
    for (let i = gap; i < count; i++) {
      const key = keys[i];
      const place = places[i];
      let at = i;
      while (at >= gap && keys[at - gap] > key) {
        keys[at] = keys[at - gap];
        places[at] = places[at - gap];
        at -= gap;
      }
      keys[at] = key;
      places[at] = place;
    }
  }
}
