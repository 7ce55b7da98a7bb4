/** Interned attribute sets: equal words are one set, references count, space is used again; any history is what the slow twin has. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { AttributeStore } from '../../src/rib/attribute-store.ts';
import { createSlowAttributes } from '../oracle/slow-table.ts';

function wordsOf(store: AttributeStore, id: number): number[] {
  const start = store.start(id);
  return [...store.words(id).subarray(start, start + store.wordCount(id))];
}

function bytesOf(store: AttributeStore): number {
  return Object.values(store.memory()).reduce((sum, part) => sum + part, 0);
}

void test('equal words are one set until the last reference is gone', () => {
  const store = new AttributeStore({ seed: 1 });
  const id = store.intern(Int32Array.of(1, 2, 3, 9), 3);
  assert.equal(store.intern(Int32Array.of(1, 2, 3, 8), 3), id);
  assert.notEqual(store.intern(Int32Array.of(1, 2, 3, 8), 4), id);
  assert.equal(store.size, 2);
  store.retain(id);
  for (let n = 0; n < 3; n++) store.release(id);
  assert.equal(store.size, 1);
  assert.throws(() => store.release(id), RangeError);
});

void test('a set with 2,000 communities is kept whole', () => {
  const store = new AttributeStore({ seed: 1 });
  const words = Int32Array.from({ length: 2000 }, (_, index) => index * 77);
  assert.deepEqual(wordsOf(store, store.intern(words, 2000)), [...words]);
});

void test('any history of references is what the slow twin has', () => {
  const step = fc.record({ set: fc.nat(15), release: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), fc.integer(), (steps, seed) => {
      const fast = new AttributeStore({ seed });
      const slow = createSlowAttributes();
      const held: { fast: number; slow: number; words: Int32Array }[] = [];
      for (const { set, release } of steps) {
        const one = held[set];
        if (release && one !== undefined) {
          fast.release(one.fast);
          slow.release(one.slow);
          held.splice(set, 1);
        } else {
          const words = Int32Array.from({ length: 3 + set * set }, (_, index) => index ^ (set << 4));
          held.push({ fast: fast.intern(words, words.length), slow: slow.intern(words, words.length), words });
        }
        assert.equal(fast.size, slow.size);
      }
      for (const one of held) assert.deepEqual(wordsOf(fast, one.fast), [...one.words]);
    }),
    { numRuns: 100 },
  );
});

void test('space of released sets is used again, whatever their sizes; those that stay keep their words', () => {
  const store = new AttributeStore({ seed: 1 });
  const words = new Int32Array(40);
  const kept: { id: number; first: number; length: number }[] = [];
  let most = 0;
  for (let round = 0; round < 12; round++) {
    const ids: number[] = [];
    for (let n = 0; n < 10_000; n++) {
      const length = 3 + ((n + round * 3) % 37);
      words.fill(n, 0, length);
      words[0] = round * 10_000 + n;
      const id = store.intern(words, length);
      if (n % 500 === 0) kept.push({ id, first: words[0], length });
      else ids.push(id);
    }
    for (const id of ids) store.release(id);
    if (round === 2) most = bytesOf(store);
  }
  assert.ok(bytesOf(store) <= most * 1.1, `${most} bytes became ${bytesOf(store)}`);
  assert.equal(store.size, kept.length);
  for (const { id, first, length } of kept) {
    const found = wordsOf(store, id);
    assert.equal(found.length, length);
    assert.equal(found[0], first);
    assert.equal(found[length - 1], first % 10_000);
  }
});

void test('sets are moved together when most are gone, and longer ones take the space', () => {
  const store = new AttributeStore({ seed: 1 });
  const words = new Int32Array(40);
  const ids = Array.from({ length: 40_000 }, (_, n) => store.intern(words.fill(n, 0, 12), 12));
  for (const [n, id] of ids.entries()) if (n % 4 !== 0) store.release(id);
  for (let n = 0; n < 10_000; n++) store.intern(words.fill(-1 - n), 40);
  const { attributeWords } = store.memory();
  const live = 10_000 * 4 * (12 + 40);
  assert.ok(attributeWords < live * 1.35, `${attributeWords} bytes for ${live}`);
  for (let n = 0; n < ids.length; n += 4) assert.deepEqual(wordsOf(store, ids[n]), Array(12).fill(n));
});
