/** Tables of reference routers: on every member, in memory once, and never away while shards come and go. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { RibShard } from '../../../src/rib/shard.ts';
import { shardOfRouter } from '../../../src/model/router.ts';
import { endOfRib, initiation, type PeerOptions, peerUp, routeMonitoring } from '../../support/bmp-builder.ts';
import { obmpBinary } from '../../support/obmp-builder.ts';
import { Pipeline } from '../../support/stage-pipeline.ts';

const reference = '192.0.2.100';
const shard = shardOfRouter(reference, 2);
/** A router of the same shard that is no reference. */
const other = Array.from({ length: 20 }, (_, i) => `192.0.2.${i + 1}`).find((r) => shardOfRouter(r, 2) === shard) ?? '';

function bmpOf(router: string, announced: string): Buffer[] {
  const peer: PeerOptions = { address: '198.51.100.9', as: 65001, bgpId: '198.51.100.9', timestampMs: 1000 };
  return [
    initiation(),
    peerUp(peer, { sentOpen: { as: 64999 }, receivedOpen: { as: 65001 } }),
    routeMonitoring(peer, { origin: 0, asPath: [65001], nextHop: '198.51.100.9', announced: [announced] }),
    endOfRib(peer),
  ].map((message) => obmpBinary(message, { router }));
}

async function started(): Promise<Pipeline> {
  const pipeline = new Pipeline({ routers: [{ name: 'rr1', bmp: [reference] }], references: ['rr1'] });
  after(() => pipeline.stop());
  await pipeline.start();
  for (const value of [...bmpOf(reference, '10.0.0.0/8'), ...bmpOf(other, '10.0.0.0/8')]) {
    pipeline.kafka.produce('bmp', 0, { value });
  }
  await pipeline.route();
  return pipeline;
}

function routersIn(rib: RibShard | null): string[] {
  return [reference, other].filter((router) => rib?.router(router) !== undefined);
}

test('a member without the shard keeps a copy of the reference router alone, and goes on applying', async () => {
  const pipeline = await started();
  await pipeline.own([1 - shard], [0]);
  assert.equal(pipeline.host.shard(shard), null);
  assert.deepEqual(routersIn(pipeline.host.reference(shard)), [reference]);
  assert.equal(pipeline.host.reference(shard)?.routes.counts().routesV4, 1);
  for (const value of [...bmpOf(reference, '10.1.0.0/16'), ...bmpOf(other, '10.2.0.0/16')]) {
    pipeline.kafka.produce('bmp', 0, { value });
  }
  await pipeline.route();
  await pipeline.copyReader.poll();
  assert.deepEqual(routersIn(pipeline.host.reference(shard)), [reference]);
  assert.equal(pipeline.host.copies()[0].position, pipeline.kafka.log('app.routes', shard).length);
});

test('flows wait for the copies as they wait for the shards', async () => {
  const pipeline = await started();
  await pipeline.flowConsumer.assign([
    { topic: 'flows', partition: 0 },
    { topic: 'app.repartition', partition: 1 - shard },
  ]);
  await pipeline.reader.poll();
  assert.equal(pipeline.enrichStage.state, 'restoring');
  assert.equal(pipeline.host.areAllServing(), false);
  await pipeline.copyReader.poll();
  assert.equal(pipeline.enrichStage.state, 'running');
  assert.equal(pipeline.host.areAllServing(), true);
});

test('the owner has no copy beside its shard', async () => {
  const pipeline = await started();
  await pipeline.own([0, 1], [0]);
  assert.deepEqual(pipeline.host.copies(), []);
  assert.equal(pipeline.host.reference(shard), pipeline.host.shard(shard));
});

test('a shard that is lost stays as the copy of its reference routers, without loading anything', async () => {
  const pipeline = await started();
  await pipeline.own([0, 1], [0]);
  const rib = pipeline.host.shard(shard);
  const restores = pipeline.host.restoresStarted;
  await pipeline.own([1 - shard], [0]);
  assert.equal(pipeline.host.shard(shard), null);
  assert.equal(pipeline.host.reference(shard), rib);
  assert.deepEqual(routersIn(rib), [reference]);
  assert.equal(pipeline.host.restoresStarted, restores);
  assert.equal(pipeline.enrichStage.state, 'running');
});

test('while the shard is loaded the copy serves; then the shard does, and the copy is gone', async () => {
  const pipeline = await started();
  await pipeline.own([1 - shard], [0]);
  const copy = pipeline.host.reference(shard);
  await pipeline.flowConsumer.assign([0, 1].map((partition) => ({ topic: 'app.repartition', partition })));
  assert.equal(pipeline.host.reference(shard), copy);
  assert.equal(pipeline.host.shard(shard), null);
  await pipeline.reader.poll();
  assert.deepEqual(routersIn(pipeline.host.reference(shard)), [reference, other]);
  assert.equal(pipeline.host.reference(shard), pipeline.host.shard(shard));
  assert.deepEqual(pipeline.host.copies(), []);
});

test('a shard that is lost before it was loaded is read once more, for its reference routers', async () => {
  const pipeline = await started();
  await pipeline.flowConsumer.assign([0, 1].map((partition) => ({ topic: 'app.repartition', partition })));
  assert.equal(pipeline.host.reference(shard), null);
  await pipeline.own([1 - shard], [0]);
  assert.deepEqual(routersIn(pipeline.host.reference(shard)), [reference]);
});

test('a copy whose place in the log is gone is restored, and flows wait for it', async () => {
  const pipeline = await started();
  await pipeline.own([1 - shard], [0]);
  pipeline.copyReader.loseOffset(shard, 0, 8);
  assert.equal(pipeline.host.reference(shard), null);
  assert.equal(pipeline.enrichStage.state, 'restoring');
  await pipeline.copyReader.poll();
  assert.deepEqual(routersIn(pipeline.host.reference(shard)), [reference]);
  assert.equal(pipeline.enrichStage.state, 'running');
});
