/** The compact prefix table against its slow twin: any history of changes leaves the same routes, prefixes, chains and counts. */

import { test } from 'node:test';
import * as fc from 'fast-check';
import { compareCopy, comparePair, createPair, type Change } from '../support/table-pair.ts';

const v4Words = [0, 0x0a000000, 0x0a000001, 0x0a0000ff, 0x0a00ff00, 0x0b000000, 0xc0a80101 | 0, -1];
const v6Words = [
  [0, 0, 0, 0],
  [0x20010db8, 0, 0, 0],
  [0x20010db8, 0x00010000, 0, 1],
  [0x20010db8, 0x00010002, 0x00030004, 0x00050006],
  [0x20010db8, -1, -1, -1],
  [0x20010db9, 0x80000000 | 0, 1, -1],
  [-1, -1, -1, -1],
];

const v4Prefix = fc
  .tuple(fc.constantFrom(...v4Words), fc.integer({ min: 0, max: 32 }))
  .map(([w0, length]) => ({ family: 4, words: [w0, 0, 0, 0], length }));
const v6Prefix = fc
  .tuple(
    fc.constantFrom(...v6Words),
    fc.oneof(fc.integer({ min: 0, max: 128 }), fc.constantFrom(0, 31, 32, 33, 48, 64, 65, 96, 97, 127, 128)),
  )
  .map(([words, length]) => ({ family: 6, words, length }));
const anyPrefix = fc.oneof(v4Prefix, v6Prefix);
const pathId = fc.oneof(
  { weight: 3, arbitrary: fc.constant(-1) },
  fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff),
);
const timeMs = fc.oneof(
  fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32, 2 ** 44 - 1),
  fc.integer({ min: 0, max: 2 ** 44 - 1 }),
);

const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('announce' as const),
      source: fc.nat(7),
      prefix: anyPrefix,
      pathId,
      attributes: fc.nat(9),
      timeMs,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('withdraw' as const), source: fc.nat(7), prefix: anyPrefix, pathId }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('withdraw-known' as const), pick: fc.nat(1000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('create' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('retire' as const), source: fc.nat(7) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('reclaim' as const), maxRoutes: fc.integer({ min: 0, max: 5 }) }),
  },
);

void test('any history of changes leaves what the slow twin has', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 120, size: 'max' }), fc.integer(), (changes, seed) => {
      const pair = createPair(seed);
      for (const one of changes) pair.apply(one);
      comparePair(pair);
      compareCopy(pair, seed + 1);
      pair.empty();
      comparePair(pair);
    }),
    { numRuns: 100 },
  );
});
