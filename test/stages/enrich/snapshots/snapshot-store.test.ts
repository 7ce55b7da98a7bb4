/** A shard from its newest usable snapshot: which one that is, why others are refused, and what happens when records vanish. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { HeaderSection } from '../../../../src/base/record-headers.ts';
import {
  encodeManifest,
  type SnapshotManifest,
  writeManifestHeaders,
} from '../../../../src/restore/snapshot-format.ts';
import { emptyShard, routes, shard, SnapshotRig, snapshots } from '../../../support/snapshot-rig.ts';

const chunk = 512 * 1024;

async function rig(options: ConstructorParameters<typeof SnapshotRig>[0] = {}): Promise<SnapshotRig> {
  const made = new SnapshotRig(options);
  after(() => made.stop());
  await made.start();
  return made;
}

/** Two snapshots of three chunks each. */
async function two(): Promise<SnapshotRig> {
  const made = await rig({ fillerBytes: 2.5 * chunk });
  await made.take(10);
  await made.take(20);
  return made;
}

/** Rewrites a manifest as somebody who can compute checksums would. */
function forge(made: SnapshotRig, offset: number, change: Partial<Record<keyof SnapshotManifest, unknown>>): void {
  const log = made.kafka.log(snapshots, shard);
  const manifest = { ...(JSON.parse(log[offset].value?.toString() ?? '') as SnapshotManifest), ...change };
  const value = encodeManifest(manifest as SnapshotManifest);
  const headers = Buffer.from(writeManifestHeaders(new HeaderSection(), manifest as SnapshotManifest, value));
  log[offset] = { ...log[offset], value, headers };
}

test('none, then one, then the newest of several', async () => {
  const made = await rig();
  assert.equal(await made.found(), null);
  await made.take(10);
  assert.equal(await made.found(), 10);
  await made.take(20);
  await made.take(30);
  assert.equal(await made.found(), 30);
  assert.deepEqual(made.refusals(), []);
});

test('a snapshot of many chunks is found from the end without reading the one before', async () => {
  const made = await two();
  made.live.delivered = 0;
  assert.equal(await made.found(), 20);
  assert.equal(made.live.delivered, 4, 'the manifest and three chunks');
});

test('a damaged chunk: told with its place, and the snapshot before is taken', async () => {
  const made = await two();
  const [, newest] = made.manifests();
  const offset = made.chunksOf(newest)[1];
  made.tamper(offset, (value) => {
    value[1000] ^= 1;
    return value;
  });
  assert.equal(await made.found(), 10);
  const [refusal] = made.refusals();
  assert.match(refusal, new RegExp(`^app\\.snapshots\\[1\\]@${newest}: .*chunk 1 at ${offset}.*checksum`));
  assert.equal(made.store.refused, 1);
});

test('a truncated chunk, a chunk without a value, a missing one, two that changed places', async () => {
  const cases: [RegExp, (made: SnapshotRig, chunks: number[]) => void][] = [
    [/chunk 0 at \d+.*checksum/, (made, chunks) => made.tamper(chunks[0], (value) => value.subarray(0, 100))],
    [
      /chunk 2 at \d+.*it has no value/,
      (made, chunks) => {
        const log = made.kafka.log(snapshots, shard);
        log[chunks[2]] = { ...log[chunks[2]], value: null };
      },
    ],
    [
      /chunk 2 came in its place/,
      (made, chunks) => {
        const log = made.kafka.log(snapshots, shard);
        log[chunks[1]] = { ...log[chunks[1]], headers: Buffer.alloc(0) };
      },
    ],
    [
      /there are 2 of 3/,
      (made, chunks) => {
        const log = made.kafka.log(snapshots, shard);
        log[chunks[2]] = { ...log[chunks[2]], headers: Buffer.alloc(0) };
      },
    ],
    [
      /chunk 1 came in its place/,
      (made, chunks) => {
        const log = made.kafka.log(snapshots, shard);
        [log[chunks[0]], log[chunks[1]]] = [log[chunks[1]], log[chunks[0]]];
      },
    ],
  ];
  for (const [reason, spoil] of cases) {
    const made = await two();
    spoil(made, made.chunksOf(made.manifests()[1]));
    assert.equal(await made.found(), 10, String(reason));
    assert.match(made.refusals()[0], reason);
  }
});

test('snapshot-damaged, snapshot-format, snapshot-foreign: a manifest that cannot be used', async () => {
  const cases: [RegExp, (made: SnapshotRig, manifest: number) => void][] = [
    [/manifest.*checksum of the record/, (made, at) => made.tamper(at, (value) => value.subarray(1))],
    [/format 2 is newer than what this version reads, 1/, (made, at) => forge(made, at, { format: 2 })],
    [/it has no format/, (made, at) => forge(made, at, { format: 'x' })],
    [/it is of shard 0, not of 1/, (made, at) => forge(made, at, { shard: 0 })],
    [/chunks is -1/, (made, at) => forge(made, at, { chunks: -1 })],
    [/checksum is not a text/, (made, at) => forge(made, at, { checksum: 7 })],
    [/there are 3 of 4/, (made, at) => forge(made, at, { chunks: 4 })],
    [/the manifest says/, (made, at) => forge(made, at, { checksum: '00000000' })],
    [/topic id other; that of today is id-1/, (made, at) => forge(made, at, { logTopicId: 'other' })],
    [/beyond the end of the routes log/, (made, at) => forge(made, at, { logOffset: 99 })],
  ];
  for (const [reason, spoil] of cases) {
    const made = await two();
    spoil(made, made.manifests()[1]);
    assert.equal(await made.found(), 10, String(reason));
    assert.match(made.refusals()[0], reason);
  }
});

test('what is no JSON, though its checksum is right', async () => {
  const made = await two();
  const log = made.kafka.log(snapshots, shard);
  const at = made.manifests()[1];
  for (const [text, reason] of [
    ['{', /it is no JSON/],
    ['7', /it is no object/],
  ] as const) {
    const value = Buffer.from(text);
    const manifest = { format: 1, id: 'x' } as SnapshotManifest;
    log[at] = { ...log[at], value, headers: Buffer.from(writeManifestHeaders(new HeaderSection(), manifest, value)) };
    assert.equal(await made.found(), 10);
    assert.match(made.refusals().at(-1) ?? '', reason);
  }
});

test('a dump that the loader refuses, or stumbles over, costs that snapshot only', async () => {
  const made = await two();
  let loads = 0;
  const { loadShard } = made.dumps;
  const failing = {
    ...made.dumps,
    loadShard: (create: () => ReturnType<typeof emptyShard>) => {
      if (++loads > 1) return loadShard(create);
      return {
        read: () => {
          throw new RangeError('offset is out of bounds');
        },
        finish: emptyShard,
      };
    },
  };
  Object.assign((made.store as unknown as { deps: object }).deps, failing);
  assert.equal(await made.found(), 10);
  assert.match(made.refusals()[0], /offset is out of bounds/);
});

test('no usable one: null', async () => {
  const made = await two();
  for (const at of made.manifests()) forge(made, at, { format: 9 });
  assert.equal(await made.found(), null);
  assert.equal(made.store.refused, 2);
});

test('a log that begins beyond the snapshot makes it useless', async () => {
  const made = await two();
  made.kafka.deleteBefore(routes, shard, 15);
  assert.equal(await made.found(), 20);
  made.kafka.deleteBefore(routes, shard, 21);
  assert.equal(await made.found(), null);
  assert.match(made.refusals()[0], /it ends at 20, the routes log begins at 21: what lies between is gone/);
});

test('chunks that were deleted make it useless', async () => {
  const made = await two();
  made.kafka.deleteBefore(snapshots, shard, made.chunksOf(made.manifests()[1])[0] + 1);
  assert.equal(await made.found(), null);
  assert.match(made.refusals()[0], /its chunks begin at 4, what is retained at 5/);
});

test('foreign records and abandoned chunks are passed over', async () => {
  const made = await two();
  for (let i = 0; i < 700; i++) made.kafka.produce(snapshots, shard, { value: Buffer.from('x'), headers: { a: 'b' } });
  const log = made.kafka.log(snapshots, shard);
  log.push(log[4], log[5]);
  assert.equal(await made.found(), 20);
  assert.deepEqual(made.refusals(), []);
});

test('two members write at the same time: each snapshot has its own chunks', async () => {
  const made = await rig({ fillerBytes: 8.5 * chunk });
  const zombie = await rig({ kafka: made.kafka, fillerBytes: 8.5 * chunk, takenBy: 'there' });
  made.advance(20);
  zombie.advance(15);
  await Promise.all([made.taker.take(made.held), zombie.taker.take(zombie.held)]);
  const ids = made.kafka.log(snapshots, shard).map(({ key }) => key?.toString().split(' ')[1]);
  assert.ok(ids.filter((id, i) => i > 0 && id !== ids[i - 1]).length > 1, 'interleaved');
  const newest = JSON.parse(
    made.kafka.log(snapshots, shard)[made.manifests()[1]].value?.toString() ?? '',
  ) as SnapshotManifest;
  assert.equal(await made.found(), newest.logOffset, 'a zombie is as good as anybody');
  made.tamper(made.manifests()[1], () => Buffer.alloc(0));
  assert.equal(await made.found(), newest.logOffset === 20 ? 15 : 20);
});

test('chunks that vanish under the reader: all over from the newest', async () => {
  const made = await two();
  let isDone = false;
  made.live.beforeRecord = (offset) => {
    if (isDone || offset !== made.chunksOf(made.manifests()[1])[1]) return;
    isDone = true;
    // The owner took two more and trimmed.
    const log = made.kafka.log(snapshots, shard);
    const first = log.length;
    const manifest = JSON.parse(log[made.manifests()[1]].value?.toString() ?? '') as SnapshotManifest;
    log.push(...log.slice(4, 8));
    forge(made, log.length - 1, { ...manifest, firstChunk: first, takenBy: 'again' });
    made.kafka.deleteBefore(snapshots, shard, first);
  };
  const loaded = await made.load();
  assert.equal(loaded?.manifest.takenBy, 'again');
  assert.ok(made.lines.some(({ msg }) => String(msg).includes('starting over from the newest')));
  assert.deepEqual(made.refusals(), []);
});

test('snapshots that keep vanishing are given up, with a line that says so', async () => {
  const made = await two();
  made.live.beforeRecord = (offset) => {
    const log = made.kafka.log(snapshots, shard);
    if (offset !== log.length - 3) return;
    const manifest = log.length - 1;
    const first = log.length;
    log.push(...log.slice(first - 4, first));
    forge(made, log.length - 1, { firstChunk: first });
    made.kafka.deleteBefore(snapshots, shard, manifest + 1);
  };
  assert.equal(await made.found(), null);
  assert.ok(made.lines.some(({ level, msg }) => level === 50 && String(msg).includes('keep vanishing')));
});

test('a load that is not wanted any more ends, and others go on', async () => {
  const made = await two();
  let wanted = 3;
  assert.equal(await made.store.load(shard, emptyShard, () => --wanted > 0), null);
  assert.deepEqual(made.refusals(), []);
  assert.equal(await made.found(), 20);
});

test('more loads than may run at a time all end', async () => {
  const made = await two();
  const found = await Promise.all(Array.from({ length: 9 }, () => made.found()));
  assert.deepEqual(
    found,
    Array.from({ length: 9 }, () => 20),
  );
});

test('the checksum of a record is CRC-32 of its value, 8 hex digits', async () => {
  const made = await rig();
  await made.take(10);
  const [record] = made.kafka.log(snapshots, shard);
  const text = crc32(record.value ?? '')
    .toString(16)
    .padStart(8, '0');
  assert.ok(record.headers.includes(Buffer.from(`flowrib.checksum${String.fromCharCode(16)}${text}`)));
});
