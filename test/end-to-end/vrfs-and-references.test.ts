/**
 * VRFs and reference routers through a real Kafka, with two members: pmacct flows, several a record, are answered from the VRF that
 * they name, and from a reference router's table where their own router has none, whichever member holds what.
 */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { shardOfRouter } from '../../src/model/router.ts';
import { Application, eventually } from '../support/application.ts';
import { endOfRib, initiation, type PeerOptions, peerUp, routeMonitoring } from '../support/bmp-builder.ts';
import { obmpBinary } from '../support/obmp-builder.ts';

const edge = '192.0.2.1';
const reference = '192.0.2.100';
/** Exports flows, speaks no BMP. */
const silent = '203.0.113.7';
const global: PeerOptions = {
  address: '198.51.100.9',
  as: 65001,
  bgpId: '198.51.100.9',
  timestampMs: 1000,
  isPostPolicy: true,
};
/** RD 0:65000:11. */
const inVrf: PeerOptions = { ...global, address: '198.51.100.10', type: 1, distinguisher: '0000fde80000000b' };

function sessionOf(router: string, peers: readonly (readonly [PeerOptions, number])[]): { value: Buffer }[] {
  const messages = [initiation({ sysName: router })];
  for (const [peer, origin] of peers) {
    const update = { origin: 0, asPath: [65001, origin], nextHop: '198.51.100.9', announced: ['10.0.0.0/8'] };
    messages.push(peerUp(peer, { sentOpen: { as: 64999 }, receivedOpen: { as: 65001 } }));
    messages.push(routeMonitoring(peer, update), endOfRib(peer));
  }
  return messages.map((message) => ({ value: obmpBinary(message, { router }) }));
}

function pmacct(fields: Record<string, string | number>): string {
  return JSON.stringify({
    event_type: 'purge',
    ip_src: '172.16.0.1',
    ip_dst: '10.1.2.3',
    packets: 1,
    bytes: 64,
    ...fields,
  });
}

test('pmacct flows in VRFs, over two members, with a reference router', async () => {
  const app = await Application.create({
    flowPartitions: 2,
    shards: 4,
    flowFormat: 'pmacct-json',
    outputFormat: 'native',
    positions: true,
    extra: `
routers:
  - name: edge
    bmp: [${edge}]
    vrfs: {blue: {ids: [17], rds: ["0:65000:11"]}}
  - {name: rr1, bmp: [${reference}]}
lookup: {references: [rr1]}
`,
  });
  after(() => app.stopAll());
  await app.produceBmp([
    ...sessionOf(edge, [
      [global, 100],
      [inVrf, 200],
    ]),
    ...sessionOf(reference, [[global, 300]]),
  ]);
  const members = [await app.start(), await app.start()];
  await app.routesApplied();
  await eventually('both members hold shards and the reference table', () => {
    const held = members.map(({ member }) => member.host.all().length);
    const served = members.map(({ member }) => member.host.servingReference(shardOfRouter(reference, 4)) !== null);
    return held.every((n) => n > 0) && served.every(Boolean)
      ? true
      : `shards ${held.join()}, reference ${served.join()}`;
  });

  const record = [
    pmacct({ peer_ip_src: edge, tag: 1 }),
    pmacct({ peer_ip_src: edge, tag: 2, mpls_vpn_rd: '0:65000:11' }),
    JSON.stringify({ event_type: 'purge_close', writer_id: 'x/1' }),
    pmacct({ peer_ip_src: edge, tag: 3, mpls_vpn_rd: 'vrfid:17' }),
    pmacct({ peer_ip_src: edge, tag: 4, mpls_vpn_rd: '0:65000:99' }),
    pmacct({ peer_ip_src: silent, tag: 5 }),
  ].join('\n');
  const rounds = 4;
  for (let n = 0; n < rounds; n++) await app.produceFlows([{ value: Buffer.from(record) }], n % 2);

  const out = await app.output(5 * rounds);
  const paths = new Map<number, Set<string>>();
  const positions = new Set<string>();
  for (const { value, headers } of out) {
    const flow = JSON.parse(value?.toString() ?? '') as { tag: number; as_path?: string };
    paths.set(flow.tag, (paths.get(flow.tag) ?? new Set()).add(flow.as_path ?? 'none'));
    const named = new Map(headers.map((header) => [header.name, header.value.toString()]));
    positions.add(['partition', 'offset', 'part'].map((name) => named.get(`flowrib.${name}`)).join('/'));
  }
  assert.deepEqual(
    [...paths].sort(([a], [b]) => a - b).map(([tag, told]) => [tag, ...told]),
    [
      [1, '65001_100'],
      [2, '65001_200'],
      [3, '65001_200'],
      [4, 'none'],
      [5, '65001_300'],
    ],
  );
  assert.equal(out.length, 5 * rounds, 'each flow once');
  assert.equal(positions.size, 5 * rounds, 'each with a position of its own');
  const counts = members.map(({ member }) => member.flowCounters);
  const sum = (read: (c: (typeof counts)[number]) => number): number => counts.reduce((total, c) => total + read(c), 0);
  assert.equal(
    sum((c) => c.enriched),
    4 * rounds,
  );
  assert.equal(
    sum((c) => c.deadLettered),
    0,
  );
  assert.equal(
    sum((c) => c.forwarded),
    sum((c) => c.received),
  );
});
