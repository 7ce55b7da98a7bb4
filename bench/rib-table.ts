/**
 * The prefix table alone: `node bench/rib-table.ts [prefixes] [sources]` (1,200,000 and 1 unless told). Each source announces every
 * prefix, in an order of its own, interning each route's attributes as an UPDATE would. Prints routes/s, bytes a route from the real
 * arrays, growth of the resident set, nanoseconds (all of processor time) a longest match over uniformly picked prefixes, then a flush and a withdrawal.
 */

import { AttributeStore } from '../src/rib/attribute-store.ts';
import { PrefixTable } from '../src/rib/prefix-table.ts';
import { createRandom, generateRoutes, pickAddress, type RouteSet } from './route-set.ts';

const prefixes = Number(process.argv[2] ?? 1_200_000);
const sources = Number(process.argv[3] ?? 1);
const lookups = 2_000_000;

const set = generateRoutes({ count: prefixes, seed: 1 });
const attributes = new AttributeStore();
const table = new PrefixTable(attributes);
const rssBefore = process.memoryUsage.rss();

console.log(`${prefixes} prefixes, ${sources} sources, ${set.sets.length} attribute sets, node ${process.version}`);
const ids = Array.from({ length: sources }, () => table.createSource());
for (const [n, source] of ids.entries()) {
  report(`announce, source ${n + 1}, random order`, prefixes, () => announceAll(set, source, strideOf(n)));
}
printMemory();
calibrate();
for (const family of [4, 6]) measureLookups(family);
report('announce again, other time', prefixes, () => announceAll(set, ids[0], strideOf(3)));
report('withdraw all of source 1', prefixes, () => withdrawAll(set, ids[0]));
report('announce after the withdrawal', prefixes, () => announceAll(set, ids[0], strideOf(5)));
let longest = 0;
report('retire and reclaim source 1', prefixes, () => {
  table.retire(ids[0]);
  for (let more = true; more;) {
    const start = cpuMs();
    more = table.reclaim(1000);
    longest = Math.max(longest, cpuMs() - start);
  }
});
console.log(`longest slice of 1,000: ${longest.toFixed(2)} ms`);
printMemory();

/** Steps through all prefixes: coprime with their number, so that each source has another order. */
function strideOf(n: number): number {
  const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
  let stride = n === 0 ? 1 : Math.floor(prefixes / (2.3 + n)) | 1;
  while (gcd(stride, prefixes) !== 1) stride += 2;
  return stride;
}

function announceAll({ families, lengths, words, setOf, sets }: RouteSet, source: number, stride: number): void {
  let at = 0;
  for (let n = 0; n < prefixes; n++) {
    const held = sets[setOf[at]];
    const id = attributes.intern(held, held.length);
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
      1_700_000_000_000 + n,
    );
    attributes.release(id);
    at += stride;
    if (at >= prefixes) at -= prefixes;
  }
}

function withdrawAll({ families, lengths, words }: RouteSet, source: number): void {
  for (let at = 0; at < prefixes; at++) {
    const w = at * 4;
    table.withdraw(source, families[at], words[w], words[w + 1], words[w + 2], words[w + 3], lengths[at], -1);
  }
}

function measureLookups(family: number): void {
  const random = createRandom(2);
  const addresses = new Int32Array(lookups * 4);
  const address = new Int32Array(5);
  for (let n = 0; n < lookups;) {
    pickAddress(set, random, address);
    if (address[0] !== family) continue;
    addresses.set(address.subarray(1), n * 4);
    n++;
  }
  for (let pass = 0; pass < 2; pass++) {
    const start = cpuMs();
    let checksum = 0;
    for (let at = 0; at < addresses.length; at += 4) {
      checksum += table.longestMatch(family, addresses[at], addresses[at + 1], addresses[at + 2], addresses[at + 3]);
    }
    const ns = ((cpuMs() - start) * 1e6) / lookups;
    if (pass > 0) console.log(`longest match IPv${family}: ${ns.toFixed(0)} ns (checksum ${checksum})`);
  }
}

function report(what: string, routes: number, act: () => void): void {
  const wall = performance.now();
  const start = cpuMs();
  act();
  const ms = cpuMs() - start;
  console.log(
    `${what}: ${ms.toFixed(0)} ms, ${(routes / ms / 1000).toFixed(2)} M/s (wall ${(performance.now() - wall).toFixed(0)} ms)`,
  );
}

/** What this machine needs, now, for random reads over 64 MB: what the other numbers are to be read against. */
function calibrate(): void {
  const words = new Int32Array(2 ** 24);
  const random = createRandom(9);
  for (let at = 0; at < words.length; at++) words[at] = random() * words.length;
  let at = 0;
  let start = cpuMs();
  for (let n = 0; n < 1_000_000; n++) at = (words[at] + n) & (words.length - 1);
  const dependent = cpuMs() - start;
  let checksum = at;
  start = cpuMs();
  for (let n = 0; n < 4_000_000; n++) checksum = (checksum + words[Math.imul(n, 0x9e3779b1) >>> 8]) | 0;
  const independent = (cpuMs() - start) / 4;
  console.log(
    `random read: ${dependent.toFixed(0)} ns dependent, ${independent.toFixed(1)} ns not (checksum ${checksum})`,
  );
}

/** Processor time, which other programs on the machine disturb less than they do the clock's. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function printMemory(): void {
  const { routesV4, routesV6 } = table.counts();
  const routes = routesV4 + routesV6;
  const parts = table.memory();
  const total = sum(parts);
  const held = attributes.memory();
  console.log(`${routes} routes: ${(total / routes).toFixed(1)} bytes a route`, inMegabytes(parts), table.occupancy());
  console.log(
    `${attributes.size} attribute sets: ${(sum(held) / attributes.size).toFixed(1)} bytes a set`,
    inMegabytes(held),
    `resident +${((process.memoryUsage.rss() - rssBefore) / 1e6).toFixed(0)} MB`,
  );
}

function sum(parts: Record<string, number>): number {
  return Object.values(parts).reduce((total, bytes) => total + bytes, 0);
}

function inMegabytes(parts: Record<string, number>): string {
  return Object.entries(parts)
    .map(([part, bytes]) => `${part} ${(bytes / 1e6).toFixed(1)}`)
    .join(', ');
}
