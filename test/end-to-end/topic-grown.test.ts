/** A BMP topic that gains a partition: what the old one still holds reaches the routes log before anything of the new one. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Application, eventually } from '../support/application.ts';
import { initiation, type PeerOptions, peerUp, routeMonitoring } from '../support/bmp-builder.ts';
import { endOffsets, plainKafka, produceRecords, readTopic } from '../support/kafka.ts';
import { obmpBinary } from '../support/obmp-builder.ts';

const router = '192.0.2.1';
const peer: PeerOptions = { address: '198.51.100.9', as: 65001, bgpId: '198.51.100.9', timestampMs: 1000 };

function announcements(from: number, to: number): { value: Buffer }[] {
  return Array.from({ length: to - from }, (_, i) => {
    const asPath = [65001, from + i + 1];
    const message = routeMonitoring(peer, { origin: 0, asPath, nextHop: '198.51.100.9', announced: ['10.0.0.0/8'] });
    return { value: obmpBinary(message, { router }) };
  });
}

test('a partition added while the member is down begins after the old one is drained', async () => {
  const app = await Application.create({ flowPartitions: 1, shards: 1 });
  after(() => app.stopAll());
  const session = [
    initiation({ sysName: router }),
    peerUp(peer, { sentOpen: { as: 64999 }, receivedOpen: { as: 65001 } }),
  ];
  await app.produceBmp(session.map((message) => ({ value: obmpBinary(message, { router }) })));
  const first = await app.start();
  await app.routesApplied();
  await app.stop(first);

  // Enough for several fetches of the old partition; the one record of the new one would come first otherwise.
  await app.produceBmp(announcements(0, 20_000));
  const admin = plainKafka(app.brokers).admin();
  await admin.connect();
  await admin.createPartitions({ topicPartitions: [{ topic: app.bmpTopic, count: 2 }] });
  await admin.disconnect();
  await produceRecords(app.brokers, app.bmpTopic, 1, announcements(20_000, 20_001));

  await app.start();
  await eventually('everything routed', async () => {
    const ends = await endOffsets(app.brokers, `${app.name}.routes`);
    return ends[0] >= 20_003 ? true : `log ends at ${ends[0]}`;
  });
  const log = await readTopic(app.brokers, `${app.name}.routes`);
  const ofPartition = ({ headers }: (typeof log)[number]): string =>
    headers.find(({ name }) => name === 'flowrib.partition')?.value.toString() ?? '';
  const partitions = log.map(ofPartition).filter((text) => text !== '');
  assert.equal(partitions.length, 20_003);
  assert.equal(partitions.indexOf('1'), 20_002, 'the new partition comes last');
});
