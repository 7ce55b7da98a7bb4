/** A BMP topic that is deleted, created again and refilled: the new log is read from its start, with the member up and with it down. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { buildFlowRecord } from '../../dev/flow-builder.ts';
import { Application, eventually } from '../support/application.ts';
import { endOfRib, initiation, type PeerOptions, peerUp, routeMonitoring } from '../support/bmp-builder.ts';
import { plainKafka } from '../support/kafka.ts';
import { obmpBinary } from '../support/obmp-builder.ts';

const router = '192.0.2.1';

/** A whole session of the router in which 10.0.0.0/8 has this path; padded, so that a refilled log outgrows the old position. */
function session(as: number, padding: number): Buffer[] {
  const peer: PeerOptions = {
    address: '198.51.100.9',
    as: 65001,
    bgpId: '198.51.100.9',
    timestampMs: as,
    isPostPolicy: true,
  };
  const messages = [
    initiation({ sysName: router }),
    peerUp(peer, { sentOpen: { as: 64999 }, receivedOpen: { as: 65001 } }),
  ];
  messages.push(
    routeMonitoring(peer, { origin: 0, asPath: [65001, as], nextHop: '198.51.100.9', announced: ['10.0.0.0/8'] }),
  );
  for (let i = 0; i < padding; i++) {
    messages.push(
      routeMonitoring(peer, {
        origin: 0,
        asPath: [65001, as, i + 1],
        nextHop: '198.51.100.9',
        announced: ['172.16.0.0/12'],
      }),
    );
  }
  messages.push(endOfRib(peer));
  return messages.map((message) => obmpBinary(message, { router }));
}

async function recreate(app: Application): Promise<void> {
  const admin = plainKafka(app.brokers).admin();
  await admin.connect();
  await admin.deleteTopics({ topics: [app.bmpTopic] });
  await eventually('topic gone', async () =>
    (await admin.listTopics()).includes(app.bmpTopic) ? 'still there' : true,
  );
  await admin.createTopics({
    topics: [{ topic: app.bmpTopic, numPartitions: 1, replicationFactor: 1 }],
    waitForLeaders: true,
  });
  await admin.disconnect();
}

async function pathOf(app: Application, asked: number): Promise<number[]> {
  await app.produceFlows([
    { value: buildFlowRecord({ samplerAddress: router, srcAddr: '10.1.1.1', dstAddr: '10.2.2.2' }) },
  ]);
  const out = await app.output(asked);
  return (JSON.parse(out[asked - 1].value?.toString() ?? '') as { dst: { as_path: number[] } }).dst.as_path;
}

async function pathBecomes(app: Application, as: number, asked: { count: number }): Promise<void> {
  await eventually(`path ${as}`, async () => {
    const path = await pathOf(app, ++asked.count);
    return path?.[1] === as ? true : `path ${path?.join(' ')}`;
  });
}

test('re-created and refilled past the old position while the member is up', async () => {
  const app = await Application.create({ flowPartitions: 1, shards: 2 });
  after(() => app.stopAll());
  await app.produceBmp(session(100, 5).map((value) => ({ value })));
  const member = await app.start();
  const asked = { count: 0 };
  await pathBecomes(app, 100, asked);
  await recreate(app);
  await app.produceBmp(session(200, 30).map((value) => ({ value })));
  await pathBecomes(app, 200, asked);
  assert.equal(member.member.sources.recreated, 1);
});

test('re-created and refilled while the member is down', async () => {
  const app = await Application.create({ flowPartitions: 1, shards: 2 });
  after(() => app.stopAll());
  await app.produceBmp(session(100, 5).map((value) => ({ value })));
  const asked = { count: 0 };
  const first = await app.start();
  await pathBecomes(app, 100, asked);
  await app.stop(first);
  await recreate(app);
  await app.produceBmp(session(300, 5).map((value) => ({ value })));
  await app.start();
  await pathBecomes(app, 300, asked);
});
