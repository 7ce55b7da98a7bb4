/** Two and three members: forwarding, joining and leaving under load. Nothing is lost; with clean leaves nothing is doubled. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildFlowRecord } from '../../dev/flow-builder.ts';
import { Application, eventually } from '../support/application.ts';
import { endOfRib, initiation, type PeerOptions, peerUp, routeMonitoring } from '../support/bmp-builder.ts';
import { obmpBinary } from '../support/obmp-builder.ts';

/** Twelve routers, each with 10.0.0.0/8 over an AS of its own: the answer tells which router's table was asked. */
const routers = Array.from({ length: 12 }, (_, i) => `192.0.2.${i + 1}`);

function bmpOf(router: string): Buffer[] {
  const as = 65000 + Number(router.split('.')[3]);
  const peer: PeerOptions = {
    address: '198.51.100.9',
    as,
    bgpId: '198.51.100.9',
    timestampMs: 1000,
    isPostPolicy: true,
  };
  return [
    initiation({ sysName: router }),
    peerUp(peer, { sentOpen: { as: 64999 }, receivedOpen: { as } }),
    routeMonitoring(peer, { origin: 0, asPath: [as, 7], nextHop: '198.51.100.9', announced: ['10.0.0.0/8'] }),
    endOfRib(peer),
  ].map((message) => obmpBinary(message, { router }));
}

function flowOf(sequence: number): { value: Buffer; key: string } {
  const value = buildFlowRecord({
    type: 3,
    sequenceNum: sequence + 1,
    samplerAddress: routers[sequence % routers.length],
    srcAddr: '172.16.0.1',
    dstAddr: `10.0.${sequence % 200}.1`,
    bytes: 100,
    packets: 1,
  });
  return { value, key: String(sequence) };
}

function check(
  out: readonly { key: Buffer | null; value: Buffer | null }[],
  count: number,
): { missing: number; repeated: number } {
  const seen = new Map<number, number>();
  for (const record of out) {
    const sequence = Number(record.key?.toString());
    seen.set(sequence, (seen.get(sequence) ?? 0) + 1);
    const answer = JSON.parse(record.value?.toString() ?? '') as {
      exporter: string;
      dst: { status: string; as_path: number[] };
    };
    assert.equal(answer.exporter, routers[sequence % routers.length]);
    assert.equal(answer.dst.status, 'matched', `flow ${sequence} is enriched`);
    assert.deepEqual(answer.dst.as_path, [65000 + Number(answer.exporter.split('.')[3]), 7], 'by its own router');
  }
  let missing = 0;
  for (let i = 0; i < count; i++) if (!seen.has(i)) missing++;
  return { missing, repeated: out.length - seen.size };
}

test('two members, flow partitions not aligned with routers: flows are forwarded, each comes out once, right', async () => {
  const app = await Application.create({ flowPartitions: 4, shards: 8 });
  after(() => app.stopAll());
  await app.start();
  await app.start();
  await eventually('two members running', () => {
    const shards = app.members.map((m) => m.member.host.all().length);
    return shards.every((n) => n === 4) && app.members.every((m) => m.member.enrichStage.state === 'running')
      ? true
      : `shards ${shards.join('+')}`;
  });
  await app.produceBmp(routers.flatMap(bmpOf).map((value) => ({ value })));
  await app.routesApplied();
  const count = 2000;
  for (let partition = 0; partition < 4; partition++) {
    const mine = Array.from({ length: count }, (_, i) => i).filter((i) => i % 4 === partition);
    await app.produceFlows(mine.map(flowOf), partition);
  }
  const out = await app.output(count);
  assert.deepEqual(check(out, count), { missing: 0, repeated: 0 });
  for (const record of out) {
    assert.equal(record.partition, Number(record.key?.toString()) % 4, 'output partition is the original one');
    assert.deepEqual(record.headers, [], 'headers of the detour are gone');
  }
  const forwarded = app.members.reduce((sum, m) => sum + m.member.flowCounters.forwarded, 0);
  const received = app.members.reduce((sum, m) => sum + m.member.flowCounters.received, 0);
  assert.ok(forwarded > count / 4, `${forwarded} forwarded`);
  assert.equal(received, forwarded);
});

test('a member joins and another leaves under load: nothing lost, kept shards are not loaded again', async () => {
  const app = await Application.create({ flowPartitions: 4, shards: 8 });
  after(() => app.stopAll());
  await app.produceBmp(routers.flatMap(bmpOf).map((value) => ({ value })));
  const first = await app.start();
  const second = await app.start();
  await app.routesApplied();
  let sequence = 0;
  const loading = { on: true };
  const load = (async () => {
    while (loading.on) {
      const batch = Array.from({ length: 40 }, () => flowOf(sequence++));
      for (let p = 0; p < 4; p++) {
        await app.produceFlows(
          batch.filter((_, i) => i % 4 === p),
          p,
        );
      }
      await sleep(20);
    }
  })();
  await sleep(1500);
  await app.start();
  await eventually(
    'three members running',
    () =>
      app.members.every((m) => m.member.enrichStage.state === 'running' && m.member.host.all().length >= 2) ||
      'not yet',
  );
  assert.equal(first.member.host.restoresStarted <= 8, true);
  const restoresBefore = first.member.host.restoresStarted + second.member.host.restoresStarted;
  await sleep(1000);
  await app.stop(app.members[2]);
  await eventually('two members running', () => {
    const held = app.members.map((m) => m.member.host.all().length);
    return held.reduce((a, b) => a + b, 0) === 8 && app.members.every((m) => m.member.enrichStage.state === 'running')
      ? true
      : `shards ${held.join('+')}`;
  });
  const restoresAfter = first.member.host.restoresStarted + second.member.host.restoresStarted;
  assert.ok(restoresAfter - restoresBefore <= 3, `only what moved is restored: ${restoresAfter - restoresBefore}`);
  await sleep(500);
  loading.on = false;
  await load;
  const out = await app.output(sequence);
  const { missing, repeated } = check(out, sequence);
  assert.equal(missing, 0);
  // At-least-once: a rebalance may repeat what was in flight, never much of it.
  assert.ok(repeated <= sequence / 10, `${repeated} of ${sequence} repeated`);
});
