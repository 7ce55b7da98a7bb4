/** Taking a snapshot: what is written, what is told, what is deleted, and when it is given up. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { SnapshotManifest } from '../../../../src/restore/snapshot-format.ts';
import { routes, shard, SnapshotRig, snapshots } from '../../../support/snapshot-rig.ts';
import { headersOf } from '../../../support/memory-kafka.ts';

const chunk = 512 * 1024;

async function rig(options: ConstructorParameters<typeof SnapshotRig>[0] = {}): Promise<SnapshotRig> {
  const made = new SnapshotRig(options);
  after(() => made.stop());
  await made.start();
  return made;
}

const lows = ({ kafka }: SnapshotRig): [number, number] => [kafka.low(snapshots, shard), kafka.low(routes, shard)];

test('chunks in order, then the manifest, with headers that console tools show', async () => {
  const made = await rig({ fillerBytes: 1.5 * chunk });
  made.held.rib.counters.records = 7;
  assert.equal(await made.take(10), true);
  const log = made.kafka.log(snapshots, shard);
  const keys = log.map(({ key }) => key?.toString().replace(/ [0-9a-f-]{36}/, ' ID'));
  assert.deepEqual(keys, ['chunk ID 0', 'chunk ID 1', 'manifest ID']);
  const manifest = JSON.parse(log[2].value?.toString() ?? '') as SnapshotManifest;
  const { id, takenAtMs, tookMs, bytes, checksum, ...rest } = manifest;
  assert.deepEqual(rest, {
    format: 1,
    shard,
    logTopicId: 'id-1',
    logOffset: 10,
    firstChunk: 0,
    chunks: 2,
    rawBytes: 1.5 * chunk + 20,
    clockMs: 10,
    routes: 0,
    takenBy: 'here',
    isIncomplete: false,
  });
  assert.ok(Math.abs(Date.now() - takenAtMs) < 10_000 && tookMs >= 0);
  assert.equal(bytes, (log[0].value?.length ?? 0) + (log[1].value?.length ?? 0));
  assert.match(checksum, /^[0-9a-f]{8}$/);
  const { 'flowrib.checksum': sum, ...headers } = headersOf(log[1]);
  assert.match(sum, /^[0-9a-f]{8}$/);
  assert.deepEqual(headers, { 'flowrib.snapshot': id, 'flowrib.chunk': '1' });
  assert.equal(headersOf(log[2])['flowrib.manifest'], '1');
  for (const { value } of log) assert.ok((value?.length ?? 0) < 600_000, 'below the limit of a broker, with room');
  assert.deepEqual(made.taken, [`${shard}@10 id-1`]);
  assert.equal(made.held.snapshots.last?.id, id);
});

test('applying pauses while the dump is written, no longer', async () => {
  const made = await rig({ fillerBytes: 3 * chunk });
  const seen: string[] = [];
  made.dumps.onWrite = () => void seen.push(made.pauses.join());
  await made.take(10);
  assert.ok(seen.length > 10 && seen.every((pauses) => pauses === 'pause'));
  assert.deepEqual(made.pauses, ['pause', 'resume']);
  assert.equal(made.held.snapshots.isDumping, false);
});

test('no slice of a dump holds the thread for long', async () => {
  const made = await rig({ fillerBytes: 100 });
  let last = 0;
  let longest = 0;
  const end = performance.now() + 60;
  Object.assign((made.taker as unknown as { deps: object }).deps, {
    dumpShard: () => ({
      // Slow and small: slices end by the clock, not by size.
      write: (into: { writeByte: (value: number) => void }) => {
        for (const until = performance.now() + 1; performance.now() < until;) into.writeByte(0);
        return performance.now() < end;
      },
    }),
  });
  let isOver = false;
  const watch = (): void => {
    if (last > 0) longest = Math.max(longest, performance.now() - last);
    last = performance.now();
    if (!isOver) setImmediate(watch);
  };
  watch();
  await made.take(10);
  isOver = true;
  assert.ok(longest < 30, `${longest} ms`);
});

test('a shard that is lost meanwhile: no manifest, nothing told, and the next one is as if that had not been', async () => {
  const made = await rig({ fillerBytes: 8 * chunk });
  let writes = 0;
  made.dumps.onWrite = () => {
    if (++writes === 20) made.isHeld = false;
  };
  assert.equal(await made.take(10), false);
  assert.ok(writes < 200, 'given up at the next slice');
  assert.deepEqual([made.manifests(), made.taken, made.taker.failed, made.taker.taken], [[], [], 0, 0]);
  assert.deepEqual(made.pauses, ['pause'], 'whoever has the shard now decides what is applied');
  assert.equal(made.held.snapshots.isDumping, false);
  made.isHeld = true;
  made.dumps.onWrite = () => {};
  assert.equal(await made.take(20), true);
  assert.equal(await made.found(), 20);
});

test('stopping gives up what is under way', async () => {
  const made = await rig({ fillerBytes: 8 * chunk });
  made.dumps.onWrite = () => made.taker.stop();
  assert.equal(await made.take(10), false);
  assert.deepEqual(made.manifests(), []);
});

test('a dump that fails: counted and told, applying goes on', async () => {
  const made = await rig();
  made.dumps.onWrite = () => {
    throw new Error('no room');
  };
  assert.equal(await made.take(10), false);
  assert.deepEqual([made.taker.failed, made.pauses], [1, ['pause', 'resume']]);
  assert.ok(made.lines.some(({ msg, reason }) => msg === 'snapshot failed' && reason === 'no room'));
});

test('the last two are kept, both topics trimmed to what the older needs', async () => {
  const made = await rig({ fillerBytes: 1.5 * chunk });
  await made.take(10);
  assert.deepEqual(lows(made), [0, 0], 'the only one');
  await made.take(20);
  assert.deepEqual(lows(made), [0, 10]);
  await made.take(30);
  assert.deepEqual(lows(made), [3, 20]);
  await made.take(40);
  assert.deepEqual(lows(made), [6, 30]);
  assert.equal(await made.found(), 40);
  made.tamper(made.manifests()[3], () => Buffer.alloc(0));
  assert.equal(await made.found(), 30, 'the older one has all it needs');
});

test('nothing is trimmed when another member has written a newer one', async () => {
  const made = await rig();
  const zombie = await rig({ kafka: made.kafka, takenBy: 'there' });
  await made.take(10);
  await made.take(20);
  const before = lows(made);
  // Its manifest comes right behind ours, before we look.
  const manifests = made.store.manifests.bind(made.store);
  made.store.manifests = async function* (n: number) {
    await zombie.take(15);
    yield* manifests(n);
  };
  await made.take(30);
  made.store.manifests = manifests;
  const [snapshotsLow, routesLow] = lows(made);
  assert.ok(routesLow <= 15, 'the zombie trims to the older in the log of 15 and 30');
  assert.ok(snapshotsLow >= before[0]);
  assert.equal(await made.found(), 15);
  made.tamper(made.manifests().at(-1) ?? 0, () => Buffer.alloc(0));
  assert.equal(await made.found(), 30);
});

test('a zombie that is behind keeps what its own snapshot needs', async () => {
  const made = await rig();
  const zombie = await rig({ kafka: made.kafka, takenBy: 'there' });
  await made.take(30);
  await zombie.take(12);
  assert.deepEqual(lows(made), [0, 12]);
  await made.take(40);
  assert.deepEqual(lows(made), [2, 12], 'of 40 and 12, the two newest in the topic');
});

test('a damaged snapshot is not one of the two', async () => {
  const made = await rig();
  await made.take(10);
  await made.take(20);
  made.tamper(made.manifests()[1], () => Buffer.alloc(0));
  await made.take(30);
  assert.deepEqual(lows(made), [0, 10]);
  assert.deepEqual(made.refusals(), [], 'looking is not refusing');
});

test('trimming that fails leaves the snapshot taken', async () => {
  const made = await rig();
  await made.take(10);
  Object.assign((made.taker as unknown as { deps: object }).deps, {
    admin: {
      ...(made.taker as unknown as { deps: { admin: object } }).deps.admin,
      deleteRecordsBefore: async () => {
        throw new Error('not allowed');
      },
    },
  });
  assert.equal(await made.take(20), true);
  assert.ok(
    made.lines.some(({ msg, reason }) => String(msg).startsWith('trimming failed') && reason === 'not allowed'),
  );
});
