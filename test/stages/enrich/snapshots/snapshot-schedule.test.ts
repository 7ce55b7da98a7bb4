/** When a snapshot is due: by the log since the last one, by time and change, not too often, one at a time. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { HeldShard } from '../../../../src/stages/enrich/shard-logs.ts';
import { SnapshotSchedule } from '../../../../src/stages/enrich/snapshots/snapshot-schedule.ts';
import type { SnapshotManifest } from '../../../../src/restore/snapshot-format.ts';
import { settle } from '../../../support/stage-driver.ts';
import { SnapshotRig } from '../../../support/snapshot-rig.ts';

const minute = 60_000;
const now = 1_000_000_000;

function scheduleOf(
  shards: readonly HeldShard[],
  take: (held: HeldShard) => Promise<boolean> = async () => true,
): SnapshotSchedule {
  return new SnapshotSchedule({
    shards: () => shards,
    take,
    intervalMs: 15 * minute,
    leastLogBytes: 1000,
    checkEveryMs: 1,
  });
}

function held(change: Partial<Pick<HeldShard, 'state' | 'since' | 'shard'>> = {}): HeldShard {
  const { held: made } = new SnapshotRig();
  return Object.assign(made, { since: now, ...change });
}

/** A snapshot that old, of so many bytes; nothing happened since. */
function noted(shard: HeldShard, ageMs: number, rawBytes: number): HeldShard {
  shard.snapshots.note({ takenAtMs: now - ageMs, rawBytes } as SnapshotManifest, shard.snapshots.mark(shard.rib));
  return shard;
}

const isDue = (shard: HeldShard, atMs = now): boolean => scheduleOf([shard]).due(atMs).length === 1;

test('by time, and only when something changed', () => {
  const shard = noted(held(), 14 * minute, 10);
  shard.rib.counters.records++;
  assert.equal(isDue(shard), false);
  assert.equal(isDue(shard, now + minute), true);
  noted(shard, 20 * minute, 10);
  assert.equal(isDue(shard), false, 'nothing but ticks since');
  shard.rib.counters.records++;
  assert.equal(isDue(shard), true);
});

test('without a snapshot, time counts from the restore', () => {
  const shard = held();
  shard.rib.counters.records = 5;
  assert.equal(isDue(shard, now + 14 * minute), false);
  assert.equal(isDue(shard, now + 15 * minute), true);
});

test('by size: when the log outgrows the dump, whatever its records are', () => {
  const shard = noted(held(), 0, 5000);
  shard.snapshots.logBytes = 5000;
  assert.equal(isDue(shard), false);
  shard.snapshots.logBytes = 5001;
  assert.equal(isDue(shard), true);
  const small = noted(held(), 0, 10);
  small.snapshots.logBytes = 1000;
  assert.equal(isDue(small), false, 'a small dump is not taken over and over');
  small.snapshots.logBytes = 1001;
  assert.equal(isDue(small), true);
});

test('what came while a snapshot was taken counts for the next', () => {
  const { snapshots, rib } = held();
  snapshots.logBytes = 100;
  rib.counters.records = 3;
  const mark = snapshots.mark(rib);
  snapshots.logBytes = 130;
  rib.counters.records = 5;
  snapshots.note({} as SnapshotManifest, mark);
  assert.deepEqual([snapshots.logBytes, snapshots.changesIn(rib)], [30, 2]);
});

test('not while it is restoring, and at most a tenth of the time', () => {
  const shard = held({ state: 'restoring' });
  shard.snapshots.logBytes = 5000;
  assert.equal(isDue(shard), false);
  shard.state = 'serving';
  assert.equal(isDue(shard), true);
  shard.snapshots.triedAtMs = now;
  shard.snapshots.tookMs = 500;
  assert.equal(isDue(shard, now + 4999), false);
  assert.equal(isDue(shard, now + 5000), true);
});

test('one at a time, the oldest first', async () => {
  const shards = [3, 1, 2].map((n) => {
    const shard = noted(held({ shard: n }), n * minute, 10);
    shard.snapshots.logBytes = 5000;
    return shard;
  });
  const taken: number[] = [];
  let running = 0;
  const schedule = scheduleOf(shards, async (shard) => {
    assert.equal(++running, 1);
    await settle();
    taken.push(shard.shard);
    shard.snapshots.logBytes = 0;
    running--;
    return true;
  });
  after(() => schedule.stop());
  schedule.start();
  while (taken.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  await schedule.stop();
  assert.deepEqual(taken, [3, 2, 1]);
});
