/** Loads the routes of one instance from their blocks (route-section.ts has the layout). */

import { AttributeReader } from '../../model/attribute-words.ts';
import type { AttributeStore } from '../attribute-store.ts';
import type { PrefixTable } from '../prefix-table.ts';
import type { SourceId } from '../types.ts';
import { sortedRoutes } from './format.ts';
import type { ItemReader } from './item-reader.ts';
import { PagedNumbers, sourceKey } from './route-section.ts';

const mostWords = 2 ** 20;

/** Ids of attribute sets by their numbers in a dump, for both instances. */
export class SetIds {
  readonly ids = new PagedNumbers();
  count = 0;
}

export class RouteReader {
  routes = 0;
  private readonly table: PrefixTable;
  private readonly attributes: AttributeStore;
  private readonly sets: SetIds;
  private readonly sources: readonly SourceId[];
  private readonly lastSets: Int32Array;
  private readonly lastTimes: Float64Array;
  private readonly checker = new AttributeReader();
  private words = new Int32Array(256);
  private hasPathIds = false;
  /** Routes of the prefix at hand that are to come, and come so far. */
  private left = 0;
  private seen = 0;
  private lastSource = 0;
  private lastKey = -1;
  private family = 0;
  private readonly before = new Uint8Array(16);

  constructor(table: PrefixTable, attributes: AttributeStore, sets: SetIds, sources: readonly SourceId[]) {
    this.table = table;
    this.attributes = attributes;
    this.sets = sets;
    this.sources = sources;
    this.lastSets = new Int32Array(sources.length);
    this.lastTimes = new Float64Array(sources.length);
  }

  readBlock(reader: ItemReader): void {
    while (reader.at < reader.end) {
      if (this.left === 0) this.readPrefix(reader);
      else this.readRoute(reader);
    }
  }

  /** No more blocks come. */
  finish(reader: ItemReader): void {
    if (this.left > 0) throw reader.error(`${this.left} routes of the last prefix are missing`);
  }

  private readPrefix(reader: ItemReader): void {
    const { before, table } = this;
    const form = reader.below(258, 'prefix length');
    const length = form >>> 1;
    const family = (form & 1) === 0 ? 4 : 6;
    if (length > (family === 4 ? 32 : 128)) throw reader.error(`a prefix of ${length} bits`);
    if (family !== this.family) before.fill(0);
    this.family = family;
    const size = (length + 7) >> 3;
    const shared = reader.below(size + 1, 'shared bytes');
    if (size - shared > reader.end - reader.at) throw reader.error('it ends within a prefix');
    for (let i = shared; i < size; i++) before[i] = reader.buffer[reader.at++];
    for (let i = size; i < 16; i++) before[i] = 0;
    if ((length & 7) !== 0 && (before[size - 1] & (255 >> (length & 7))) !== 0)
      throw reader.error('a prefix has host bits');
    const routes = reader.integer();
    this.hasPathIds = routes % 2 === 1;
    this.left = Math.floor(routes / 2);
    this.seen = 0;
    const [w0, w1, w2, w3] = [word(before, 0), word(before, 4), word(before, 8), word(before, 12)];
    table.loadPrefix(family, w0, w1, w2, w3, length, this.left, this.hasPathIds);
  }

  private readRoute(reader: ItemReader): void {
    const { lastSets, lastTimes, sets, sources } = this;
    if (this.seen % sortedRoutes === 0) {
      this.lastSource = 0;
      this.lastKey = -1;
    }
    const source = reader.integer() + this.lastSource;
    if (source >= sources.length) throw reader.error(`source ${source} of ${sources.length}`);
    this.lastSource = source;
    const pathId = this.hasPathIds ? reader.below(2 ** 32 + 1, 'path id') - 1 : -1;
    const key = source * sourceKey + pathId + 1;
    if (key <= this.lastKey) throw reader.error('routes of a prefix are out of order');
    this.lastKey = key;
    const form = reader.integer();
    let set = sets.count;
    let id = 0;
    if (form === 0) {
      id = this.readSet(reader);
      sets.ids.set(sets.count++, id);
    } else {
      const zigzag = form - 1;
      set = lastSets[source] + ((zigzag & 1) === 0 ? zigzag / 2 : -(zigzag + 1) / 2);
      if (set < 0 || set >= sets.count) throw reader.error(`attribute set ${set} of ${sets.count}`);
      id = sets.ids.get(set);
    }
    lastSets[source] = set;
    const later = reader.integer();
    const timeMs = lastTimes[source] + (later % 2 === 0 ? later / 2 : -(later + 1) / 2);
    lastTimes[source] = timeMs;
    this.table.loadRoute(sources[source], pathId, id, timeMs);
    // The route has a reference of its own now.
    if (form === 0) this.attributes.release(id);
    this.seen++;
    this.left--;
    this.routes++;
  }

  private readSet(reader: ItemReader): number {
    const count = reader.count();
    if (count > mostWords) throw reader.error(`an attribute set of ${count} words`);
    if (count > this.words.length) this.words = new Int32Array(count * 2);
    const { checker, words } = this;
    for (let i = 0; i < count; i++) words[i] = reader.below(2 ** 32, 'word') | 0;
    checker.read(words, 0);
    if (checker.length !== count) throw reader.error(`an attribute set of ${count} words says ${checker.length}`);
    return this.attributes.load(words, 0, count);
  }
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}
