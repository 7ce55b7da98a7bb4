/** What replay makes of records in order and in time: the clock, ticks, dead letters, the summary, comparison, and a configuration's VRFs. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { initiation, peerDown, peerUp, routeMonitoring } from '../../support/bmp-builder.ts';
import { obmpBinary } from '../../support/obmp-builder.ts';
import { recordLine, ReplayFolder } from '../../support/replay.ts';

const folder = new ReplayFolder();
after(() => folder.remove());

const router = '192.0.2.1';
const startMs = 1_700_000_000_000;
const peer = { address: '203.0.113.7', as: 65001, bgpId: '203.0.113.7', timestampMs: startMs };
const config = `kafka: {brokers: ["127.0.0.1:1"]}
routes: [{topic: bmp}]
flows: [{topic: flows, format: goflow2-json}]
output: {topic: out, format: native}
peers: {staleTime: 1m}
`;

const route = (asn: number): Buffer =>
  routeMonitoring(peer, { announced: ['198.51.100.0/24'], origin: 0, asPath: [asn], nextHop: '203.0.113.7' });

function bmpFile(name: string, list: readonly (readonly [atMs: number, message: Buffer])[]): string {
  return folder.lines(
    name,
    list.map(([atMs, message], i) =>
      recordLine('bmp', i, obmpBinary(message, { router }), { timestampMs: startMs + atMs }),
    ),
  );
}

function flowAt(atMs: number, destination = '198.51.100.9'): string {
  return JSON.stringify({
    type: 'IPFIX',
    time_received_ns: (startMs + atMs) * 1e6,
    sampler_address: router,
    src_addr: '10.0.0.1',
    dst_addr: destination,
    bytes: 1,
    packets: 1,
  });
}

const changing = bmpFile('changing.jsonl', [
  [0, initiation()],
  [0, peerUp(peer)],
  [1000, route(65001)],
  [60_000, route(65002)],
  [120_000, peerDown(peer)],
]);

test('all routes first: flows see the table as it was at the end of the recording', async () => {
  const routes = bmpFile('first.jsonl', [
    [0, initiation()],
    [0, peerUp(peer)],
    [1000, route(65001)],
    [60_000, route(65002)],
    [61_000, initiation()],
    [62_000, peerUp(peer)],
  ]);
  const flows = folder.write('flows.jsonl', [flowAt(0), flowAt(90_000)].join('\n'));
  const { flows: found } = await folder.run(config, '--routes', routes, '--flows', flows);
  assert.deepEqual(
    found.map(({ dst }) => [dst['as_path'], dst['age_ms']]),
    [
      [[65002], 2000],
      [[65002], 2000],
    ],
  );
});

test('--by-time: each flow sees what was known then; ticks let time go on between', async () => {
  const times = [500, 2000, 58_000, 61_000, 119_000, 121_000];
  const flows = folder.write('flows.jsonl', times.map((time) => flowAt(time)).join('\n'));
  const { flows: found } = await folder.run(config, '--by-time', '--routes', changing, '--flows', flows);
  assert.deepEqual(
    found.map(({ dst }) => [dst['status'], dst['as_path'], dst['age_ms']]),
    [
      ['no-route', undefined, undefined],
      ['matched', [65001], 0],
      ['matched', [65001], 57_000],
      ['matched', [65002], 0],
      ['matched', [65002], 59_000],
      ['no-route', undefined, undefined],
    ],
  );
});

test('--by-time: routes of a lost session are stale, and go after peers.staleTime', async () => {
  const routes = bmpFile('lost.jsonl', [
    [0, initiation()],
    [0, peerUp(peer)],
    [1000, route(65001)],
    [10_000, initiation()],
  ]);
  const flows = folder.lines(
    'records.jsonl',
    [5000, 20_000, 80_000].map((time, i) =>
      recordLine('flows', 0, flowAt(0), { partition: i, timestampMs: startMs + time }),
    ),
  );
  const { flows: found } = await folder.run(config, '--by-time', '--routes', routes, '--flows', flows);
  assert.deepEqual(
    found.map(({ dst }) => [dst['status'], dst['stale']]),
    [
      ['matched', false],
      ['matched', true],
      ['no-route', undefined],
    ],
  );
});

test('bad records are told with their place and counted, the others go on', async () => {
  const bad = Array.from({ length: 25 }, () => '{"type":"IPFIX"');
  const flows = folder.write('flows.jsonl', [flowAt(0), ...bad, flowAt(0, '8.8.8.8')].join('\n'));
  const routes = folder.lines('routes.jsonl', [recordLine('bmp', 3, 'nonsense'), recordLine('bmp', 4, null)]);
  const { code, err } = await folder.run(config, '--routes', changing, '--routes', routes, '--flows', flows);
  assert.equal(code, 0);
  assert.match(err, /^dead letter: routes\.jsonl: line 1 \(bmp\[0\]@3\): openbmp-/m);
  assert.match(err, /^dead letter: routes\.jsonl: line 2 \(bmp\[0\]@4\): bmp-no-value: /m);
  assert.match(err, /^dead letter: flows\.jsonl: line 2 \(flows\[0\]@1\): \S+: in goflow2-json /m);
  assert.match(err, /^dead letter: … 7 more$/m);
  assert.match(err, /^routes: 7 records, 5 applied, 0 of collectors, 2 dead-lettered/m);
  assert.match(err, /^flows: 27 read, 25 dead-lettered, 2 no-route$/m);
});

test('--expect: exit 0 and silence where nothing differs, else exit 1 and what differs', async () => {
  const routes = bmpFile('routes.jsonl', [
    [0, initiation()],
    [0, peerUp(peer)],
    [1000, route(65001)],
  ]);
  const flows = folder.write('flows.jsonl', flowAt(0));
  const files = ['--routes', routes, '--flows', flows];
  const { out } = await folder.run(config, ...files);
  const expected = folder.write('expected.jsonl', out);
  const same = await folder.run(config, '-q', ...files, '--expect', expected);
  assert.deepEqual([same.code, same.out, same.err], [0, '', '']);
  const other = `${config}routers: [{name: edge1, bmp: [${router}]}]\n`;
  const different = await folder.run(other, ...files, '--expect', expected, '--ignore', 'dst.router');
  assert.equal(different.code, 1);
  assert.deepEqual(different.out.split('\n').slice(2), [
    `@@ line 1: ${router} saw 10.0.0.1 to 198.51.100.9 @@`,
    `- router: "${router}"`,
    '+ router: "edge1"',
    '1 lines differ of 1 expected, 1 found',
    '',
  ]);
  const missing = await folder.run(config, ...files, '--expect', '/nowhere/x');
  assert.equal(missing.code, 1);
  assert.match(missing.err, /\/nowhere\/x: cannot be read/);
  const bad = await folder.run(config, ...files, '--expect', folder.write('bad.jsonl', '{'));
  assert.equal(bad.code, 1);
  assert.match(bad.err, /bad\.jsonl: line 1: not JSON/);
});

test('a broken configuration is exit 2, as is an address that is none', async () => {
  const flows = folder.write('flows.jsonl', flowAt(0));
  const files = ['--routes', changing, '--flows', flows];
  const { code, err } = await folder.run(`${config}shards: 0\n`, ...files);
  assert.equal(code, 2);
  assert.match(err, /flowrib\.yaml:6:\d+: shards/);
  assert.equal((await folder.run(config, ...files, '--router', 'x')).code, 2);
});

test('messages that are held back to be put in order are in the table when the flows come', async () => {
  const reordering = config.replace('{topic: bmp}', '{topic: bmp, reorder: 3s}');
  const routes = bmpFile('routes.jsonl', [
    [0, initiation()],
    [0, peerUp(peer)],
    [1000, route(65001)],
  ]);
  const { flows } = await folder.run(reordering, '--routes', routes, '--flows', folder.write('flows.jsonl', flowAt(0)));
  assert.deepEqual(flows[0].dst['as_path'], [65001]);
});

test('the registry is not asked, whatever the format of the output', async () => {
  const avro = config.replace('format: native', 'format: avro') + 'schemaRegistry: {url: "http://127.0.0.1:1"}\n';
  const { code, flows } = await folder.run(
    avro,
    '--routes',
    changing,
    '--flows',
    folder.write('flows.jsonl', flowAt(0)),
  );
  assert.equal(code, 0);
  assert.equal(flows[0].dst['status'], 'no-route');
});

test('messages that a table cannot use are told and counted', async () => {
  const routes = bmpFile('bad.jsonl', [
    [0, initiation()],
    [0, peerUp(peer)],
    [1000, routeMonitoring(peer, Buffer.from('00'.repeat(30), 'hex'))],
    [1000, route(65001)],
  ]);
  const { err, flows } = await folder.run(
    config,
    '--routes',
    routes,
    '--flows',
    folder.write('flows.jsonl', flowAt(0)),
  );
  assert.equal(flows[0].dst['status'], 'matched');
  assert.match(err, new RegExp(`^problem: ${router}: .*in bgp `, 'm'));
  assert.match(err, /^routes: 4 records, 4 applied, .* 1 bad messages/m);
});
