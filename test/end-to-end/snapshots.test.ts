/**
 * Snapshots on a real broker: taken, found from the topic's end, trimmed, committed; a member that starts again replays what came after
 * them only. Most of these dumps hold the clock and a count only, but are as long as several chunks; the recording goes into real ones.
 */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { readRecording } from '../../demo/feed.ts';
import type { RunningApp } from '../../src/app/run.ts';
import { createKafka } from '../../src/kafka/connection.ts';
import { kafkaOptions } from '../../src/kafka/options.ts';
import { checksumText, encodeManifest, type SnapshotManifest } from '../../src/restore/snapshot-format.ts';
import type { HeldShard } from '../../src/stages/enrich/shard-logs.ts';
import { initiation, peerUp, routeMonitoring } from '../support/bmp-builder.ts';
import { Application, eventually } from '../support/application.ts';
import { fakeDumps } from '../support/fake-dump.ts';
import { endOffsets, plainKafka, produceRecords, readTopic } from '../support/kafka.ts';
import { obmpBinary } from '../support/obmp-builder.ts';

const peer = { address: '198.51.100.9', as: 65001, bgpId: '198.51.100.9', timestampMs: 1000 };
let prefixes = 0;

interface Shards {
  shards: Record<string, unknown>[];
}

function updates(count: number): { value: Buffer }[] {
  return Array.from({ length: count }, () => {
    const announced = [`10.${++prefixes >> 8}.${prefixes & 255}.0/24`];
    return routeMonitoring(peer, { origin: 0, asPath: [65001], nextHop: '198.51.100.9', announced });
  }).map((message) => ({ value: obmpBinary(message, { router: '192.0.2.1' }) }));
}

const opening = [initiation(), peerUp(peer, { sentOpen: { as: 64999 }, receivedOpen: { as: 65001 } })].map(
  (message) => ({
    value: obmpBinary(message, { router: '192.0.2.1' }),
  }),
);

const shardOf = (app: RunningApp): HeldShard => app.member.host.all()[0];

async function snapshotBeyond(app: RunningApp, offset: number): Promise<SnapshotManifest> {
  await eventually('snapshot', () => {
    const { last } = shardOf(app).snapshots;
    return last !== null && last.logOffset > offset ? true : `at ${last?.logOffset ?? 'none'}, not beyond ${offset}`;
  });
  return shardOf(app).snapshots.last ?? assert.fail();
}

async function lowOf(app: Application, topic: string): Promise<number> {
  const admin = plainKafka(app.brokers).admin();
  await admin.connect();
  const [{ low }] = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  return Number(low);
}

test('a member that starts again loads the newest snapshot it can use and replays what came after it', async () => {
  const dumps = fakeDumps(2_500_000);
  const app = await Application.create({ shards: 1, flowPartitions: 1, extra: 'snapshots: {interval: 1s}' });
  after(() => app.stopAll());
  const routes = `${app.name}.routes`;
  const topic = `${app.name}.snapshots`;
  await app.produceBmp([...opening, ...updates(100)]);
  const first = await app.start(dumps);
  await app.routesApplied();
  assert.equal(shardOf(first).snapshots.restoredFrom, 'log');
  const one = await snapshotBeyond(first, 101);
  assert.equal(one.chunks, 5);
  await app.produceBmp(updates(100));
  await app.routesApplied();
  const two = await snapshotBeyond(first, one.logOffset + 99);
  await app.produceBmp(updates(100));
  await app.routesApplied();
  const three = await snapshotBeyond(first, two.logOffset + 99);

  // The two newest are kept, and the group's lag reads what a failure would replay.
  await eventually('trimming', async () => {
    const lows = [await lowOf(app, topic), await lowOf(app, routes)];
    return lows.join() === [two.firstChunk, two.logOffset].join() ? true : lows.join();
  });
  const admin = createKafka(kafkaOptions({ brokers: app.brokers })).admin();
  await admin.connect();
  after(() => admin.disconnect());
  await eventually('commit', async () => {
    const offset = (await admin.committed(app.name, routes)).get(0);
    return offset === three.logOffset ? true : `${offset}, not ${three.logOffset}`;
  });
  await app.stop(first);

  const [end] = await endOffsets(app.brokers, routes);
  const second = await app.start(dumps);
  await eventually('restore', () => shardOf(second)?.state === 'serving' || 'restoring');
  const { restoredFrom, replayed } = shardOf(second).snapshots;
  assert.deepEqual([restoredFrom, replayed], ['snapshot', end - three.logOffset]);
  assert.equal(second.member.host.snapshots?.store.refused, 0);
  assert.ok(second.member.host.recordsApplied < 100, 'only the end of the log, and ticks since');
  const { shards } = (await (await fetch(`${second.httpUrl}/api/v1/shards`)).json()) as Shards;
  assert.deepEqual(
    [shards[0]['restoredFrom'], shards[0]['incomplete'], shards[0]['snapshotOffset']],
    ['snapshot', false, three.logOffset],
  );
  const metrics = await (await fetch(`${second.httpUrl}/metrics`)).text();
  assert.match(metrics, /flowrib_restore_replayed_records\{shard="0",from="snapshot"\} \d/);
  await app.stop(second);

  // A manifest that is right, of which a chunk is damaged; one of a newer format; something else altogether.
  const records = await readTopic(app.brokers, topic);
  const copies = records.slice(-6).map(({ key, value, headers }) => {
    const copy: Buffer = Buffer.from(value ?? '');
    return { key, value: copy, headers: Object.fromEntries(headers.map((h) => [h.name, h.value])) };
  });
  copies[2].value[100] ^= 1;
  const [firstChunk] = await endOffsets(app.brokers, topic);
  copies[5].value = encodeManifest({ ...(JSON.parse(copies[5].value.toString()) as SnapshotManifest), firstChunk });
  copies[5].headers['flowrib.checksum'] = Buffer.from(checksumText(crc32(copies[5].value)));
  const newer = { ...copies[5], headers: { ...copies[5].headers, 'flowrib.manifest': '2' } };
  for (const record of [...copies, newer, { value: 'x' }]) await produceRecords(app.brokers, topic, 0, [record]);
  const third = await app.start(dumps);
  await eventually('restore', () => shardOf(third)?.state === 'serving' || 'restoring');
  assert.equal(shardOf(third).snapshots.restoredFrom, 'snapshot');
  assert.equal(third.member.host.snapshots?.store.refused, 2);
  const { last } = shardOf(third).snapshots;
  assert.ok((last?.logOffset ?? 0) >= three.logOffset);
});

test('without a usable snapshot what is retained is replayed, and the shard says that it is incomplete', async () => {
  const app = await Application.create({ shards: 1, flowPartitions: 1, extra: 'snapshots: {interval: 1s}' });
  after(() => app.stopAll());
  await app.produceBmp([...opening, ...updates(50)]);
  const first = await app.start(fakeDumps(100));
  await app.routesApplied();
  const one = await snapshotBeyond(first, 51);
  await app.produceBmp(updates(50));
  await app.routesApplied();
  await snapshotBeyond(first, one.logOffset + 49);
  await eventually('trimming', async () => (await lowOf(app, `${app.name}.routes`)) > 0 || 'nothing');
  await app.stop(first);
  // Dumps of another kind: none of the snapshots can be loaded.
  const second = await app.start(fakeDumps(200));
  await eventually('restore', () => shardOf(second)?.state === 'serving' || 'restoring');
  const { snapshots, state } = shardOf(second);
  assert.deepEqual([state, snapshots.restoredFrom], ['serving', 'log']);
  const { shards } = (await (await fetch(`${second.httpUrl}/api/v1/shards`)).json()) as Shards;
  assert.equal(shards[0]['incomplete'], true);
  assert.equal(second.member.host.snapshots?.store.refused, 2);
});

test('recorded BMP: tables that came back from a snapshot answer as before, and know their peers', async () => {
  const app = await Application.create({ extra: 'snapshots: {interval: 1s}' });
  after(() => app.stopAll());
  const recorded = readRecording('gobmp-raw.jsonl');
  await app.produceBmp(recorded.map((r) => ({ value: r.value, timestampMs: r.timestampMs })));
  const first = await app.start();
  await app.routesApplied();
  const filled = (member: RunningApp): HeldShard[] =>
    member.member.host.all().filter(({ rib }) => rib.status().routers.length > 0);
  await eventually('snapshots', () => {
    const missing = filled(first).filter(({ rib, snapshots }) => snapshots.changesIn(rib) > 0);
    return missing.length === 0 ? true : missing.map(({ shard }) => shard).join();
  });
  const before = filled(first).map(({ shard, rib }) => [
    shard,
    rib.routes.counts(),
    rib.attributes.size,
    routersOf(rib),
  ]);
  assert.ok(before.length > 0);
  await app.stop(first);
  const second = await app.start();
  await eventually('restore', () => second.member.enrichStage.state === 'running' || 'restoring');
  for (const { snapshots } of filled(second)) {
    assert.equal(snapshots.restoredFrom, 'snapshot');
    assert.ok(snapshots.replayed < 50, 'ticks only');
  }
  assert.deepEqual(
    filled(second).map(({ shard, rib }) => [shard, rib.routes.counts(), rib.attributes.size, routersOf(rib)]),
    before,
  );
  const [refused] = [second.member.host.snapshots?.store.refused];
  assert.equal(refused, 0);
});

function routersOf(rib: HeldShard['rib']): unknown {
  return rib
    .status()
    .routers.map(({ key, sessions }) => [
      key,
      sessions.map(({ peers }) => peers.map(({ address, state, epoch, ribs }) => [address, state, epoch, ribs.length])),
    ]);
}
