/**
 * Made-up routes with the shape of the real tables, the same for the same seed: five IPv4 prefixes to one IPv6 prefix, lengths as the
 * default-free zone has them (61 % /24, 45 % /48), clustered as allocations are, in random order; and attribute sets in the words of
 * src/model/attribute-words.ts: paths of 1 to 8 ASNs, 0 to 9 communities, now and then MED and large communities, 12 words on average.
 */

import { maskWords } from '../test/oracle/slow-table.ts';

export interface RouteSet {
  /** Distinct prefixes, one at each index. Family is 4 or 6; IPv4 uses the first word. */
  count: number;
  families: Uint8Array;
  lengths: Uint8Array;
  /** Four words a prefix. */
  words: Int32Array;
  /** Attribute set of each prefix: an index into `sets`. Origins share sets, as prefixes of one AS do. */
  setOf: Int32Array;
  sets: Int32Array[];
}

export interface RouteSetOptions {
  /** Prefixes of both families. */
  count: number;
  seed: number;
  /** Distinct attribute sets, 150,000 unless told. */
  sets?: number;
}

/** [length, per mille]; what is left is the first. */
const lengthsV4 = [
  [24, 610], [23, 95], [22, 110], [21, 50], [20, 45], [19, 25], [18, 13], [17, 8], [16, 13], [15, 3], [14, 3], [13, 2],
  [12, 1], [11, 1], [10, 1], [25, 5], [27, 4], [30, 4], [32, 7],
]; // prettier-ignore
const lengthsV6 = [
  [48, 450], [32, 110], [44, 80], [40, 80], [36, 45], [46, 40], [47, 35], [42, 20], [29, 25], [33, 25], [34, 20], [45, 20],
  [38, 15], [64, 10], [28, 5], [56, 10], [128, 10],
]; // prettier-ignore

/** A small generator of random numbers (mulberry32): the same everywhere. */
export function createRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

export function generateRoutes({ count, seed, sets = 150_000 }: RouteSetOptions): RouteSet {
  const random = createRandom(seed);
  const routes: RouteSet = {
    count,
    families: new Uint8Array(count),
    lengths: new Uint8Array(count),
    words: new Int32Array(count * 4),
    setOf: new Int32Array(count),
    sets: Array.from({ length: Math.min(sets, count) }, (_, index) => attributeSet(index, random)),
  };
  const pools = { v4: allocationsV4(random, count), v6: allocationsV6(random, count) };
  const seen = new Set<string>();
  let set = 0;
  let drawn = 0;
  for (let at = 0; at < count;) {
    const family = at % 6 === 5 ? 6 : 4;
    const length = pickLength(family === 4 ? lengthsV4 : lengthsV6, random);
    const pool = family === 4 ? pools.v4 : pools.v6;
    const base = pool[Math.floor(random() * pool.length)];
    const words = maskWords(prefixWithin(family, base, length, random), length);
    const key = `${words.join(' ')} ${length}`;
    if (seen.has(key)) continue;
    seen.add(key);
    routes.families[at] = family;
    routes.lengths[at] = length;
    routes.words.set(words, at * 4);
    // Runs of about six prefixes share a set; once all sets are in use, they come back.
    if (random() < 0.17) {
      set = drawn < routes.sets.length ? drawn : Math.floor(random() * routes.sets.length);
      drawn++;
    }
    routes.setOf[at] = set;
    at++;
  }
  shuffle(routes, random);
  return routes;
}

/** An address within a random prefix of the set, into `into` (family, four words). */
export function pickAddress(
  { families, lengths, words, count }: RouteSet,
  random: () => number,
  into: Int32Array,
): void {
  const at = Math.floor(random() * count);
  into[0] = families[at];
  for (let index = 0; index < 4; index++) {
    const bits = Math.min(32, Math.max(0, lengths[at] - 32 * index));
    const host = (random() * 0x1_0000_0000) | 0;
    into[index + 1] = words[at * 4 + index] | (bits === 32 ? 0 : host & (-1 >>> bits));
  }
  if (families[at] === 4) into.fill(0, 2);
}

/** Blocks of /14 to /20, 12 prefixes each on average, in 20,000 /16s. The low 5 bits say how long (host bits, all the same). */
function allocationsV4(random: () => number, count: number): number[] {
  const blocks = Array.from(
    { length: 20_000 },
    () => (1 + Math.floor(random() * 222)) * 256 + Math.floor(random() * 256),
  );
  return Array.from({ length: Math.max(16, Math.floor(count / 12)) }, () => {
    const block = blocks[Math.floor(random() * blocks.length)];
    return (block << 16) | (Math.floor(random() * 0x800) << 5) | (14 + Math.floor(random() * 7));
  });
}

function allocationsV6(random: () => number, count: number): number[] {
  const registries = [0x2001, 0x2400, 0x2600, 0x2800, 0x2a00, 0x2c00];
  return Array.from({ length: Math.max(16, count >>> 6) }, () => {
    const registry = registries[Math.floor(random() * registries.length)];
    return ((registry + Math.floor(random() * 16)) << 16) | (random() * 0x10000);
  });
}

/** Within an IPv4 block; within an IPv6 allocation, mostly with small subnet numbers. */
function prefixWithin(family: number, base: number, length: number, random: () => number): number[] {
  if (family === 4) {
    const hosts = -1 >>> (base & 31);
    return [(base & ~hosts) | ((random() * 0x1_0000_0000) & hosts), 0, 0, 0];
  }
  if (length <= 32) return [(base & 0xffff0000) | (random() * 0x10000), 0, 0, 0];
  const subnet = random() < 0.7 ? Math.floor(random() * 256) << 16 : (random() * 0x1_0000_0000) | 0;
  return [base, subnet, (random() * 0x1_0000_0000) | 0, (random() * 0x1_0000_0000) | 0];
}

function pickLength(table: number[][], random: () => number): number {
  let left = random() * 1000;
  for (const [length, share] of table) {
    left -= share;
    if (left < 0) return length;
  }
  return table[0][0];
}

function attributeSet(index: number, random: () => number): Int32Array {
  const hops = 1 + Math.floor(random() * 4 + random() * 4);
  const communities = Math.floor(random() * random() * 10);
  const large = random() < 0.1 ? 1 : 0;
  const hasMed = random() < 0.3 ? 1 : 0;
  const words = [0x20 | (hasMed << 2) | 8, (1 + hops) | (communities << 16), large];
  words.push(100);
  if (hasMed === 1) words.push(Math.floor(random() * 100));
  words.push(0x0a000000 | (index & 15));
  words.push((2 << 16) | hops);
  for (let hop = 1; hop < hops; hop++) words.push(1000 + Math.floor(random() * random() * 60_000));
  // The origin makes each set one of its own.
  words.push(100_000 + index);
  for (let n = 0; n < communities; n++) words.push((Math.floor(random() * 65_000) << 16) | Math.floor(random() * 1000));
  if (large === 1) words.push(64_512, index, 1);
  return Int32Array.from(words);
}

function shuffle({ count, families, lengths, words, setOf }: RouteSet, random: () => number): void {
  for (let at = count - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    for (const array of [families, lengths, setOf]) swap(array, at, other);
    for (let index = 0; index < 4; index++) swap(words, at * 4 + index, other * 4 + index);
  }
}

function swap(array: Uint8Array | Int32Array, one: number, other: number): void {
  const kept = array[one];
  array[one] = array[other];
  array[other] = kept;
}
