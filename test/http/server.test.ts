import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { createHttpApi, forwardedHeader } from '../../src/http/api.ts';
import { createHttpServer } from '../../src/http/server.ts';
import type { AppStatus, LookupQuery, RouterStatus, ShardStatus } from '../../src/http/status.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';

const edge1: RouterStatus = {
  name: 'edge1',
  key: '198.51.100.1',
  shard: 0,
  sessionCount: 1,
  sessionsUp: 1,
  peerCount: 2,
  peersUp: 2,
  routeCount: 7,
  stale: false,
  suspect: false,
  unordered: false,
  families: [],
  lastEvent: null,
  sessions: [],
};
const members = [
  { url: 'http://127.0.0.1:8080', error: null },
  { url: null, error: 'it did not tell where it answers' },
];

function status(states: readonly string[], asked: unknown[] = []): AppStatus {
  const shards: ShardStatus[] = states.map((state, shard) => ({ shard, state, copy: false, routes: 7 }));
  return {
    isReady: () => states.every((state) => state === 'serving'),
    shards: () => shards,
    routers: () => [edge1],
    ofGroup: async (what) => ({
      shards: what === 'shards' ? [...shards, { shard: 9 }] : [],
      routers: what === 'routers' ? [edge1, { name: 'elsewhere' }] : [],
      members,
    }),
    lookup: async (query: LookupQuery, isForwarded: boolean) => {
      asked.push({ ...query, isForwarded });
      return { code: 503, body: { error: 'shard 3 is not here' } };
    },
  };
}

function api(states: readonly string[], asked: unknown[] = []) {
  const metrics = createMetrics();
  metrics.gaugeFrom('flowrib_rib_routes', 'Routes.', ['shard'], () => [{ labels: { shard: 3 }, value: 9 }]);
  return createHttpApi({ logger: pino({ level: 'silent' }), status: status(states, asked), metrics });
}

test('alive whatever the shards do', async () => {
  const answer = await api(['restoring']).inject('/healthz');
  assert.equal(answer.statusCode, 200);
  assert.deepEqual(answer.json(), { status: 'alive' });
});

test('ready when every shard serves, else 503 with the states', async () => {
  const ready = await api(['serving', 'serving']).inject('/readyz');
  assert.equal(ready.statusCode, 200);
  assert.equal(ready.json<{ status: string }>().status, 'ready');
  const waiting = await api(['serving', 'restoring']).inject('/readyz');
  assert.equal(waiting.statusCode, 503);
  assert.deepEqual(waiting.json(), {
    status: 'not-ready',
    shards: [
      { shard: 0, state: 'serving' },
      { shard: 1, state: 'restoring' },
    ],
  });
});

test('metrics are Prometheus text', async () => {
  const answer = await api([]).inject('/metrics');
  assert.equal(answer.statusCode, 200);
  assert.match(String(answer.headers['content-type']), /^text\/plain; version=0\.0\.4/);
  assert.match(answer.body, /^flowrib_rib_routes\{shard="3"\} 9$/m);
});

test('shards and routers as the application gives them', async () => {
  const server = api(['serving']);
  assert.deepEqual((await server.inject('/api/v1/shards')).json(), {
    shards: [{ shard: 0, state: 'serving', copy: false, routes: 7 }],
  });
  assert.deepEqual((await server.inject('/api/v1/routers')).json(), {
    routers: [edge1],
  });
});

test('all=true asks the whole group and says who answered', async () => {
  const server = api(['serving']);
  assert.deepEqual((await server.inject('/api/v1/shards?all=true')).json(), {
    shards: [{ shard: 0, state: 'serving', copy: false, routes: 7 }, { shard: 9 }],
    members,
  });
  assert.deepEqual((await server.inject('/api/v1/routers?all=true')).json(), {
    routers: [edge1, { name: 'elsewhere' }],
    members,
  });
  assert.equal((await server.inject('/api/v1/routers?all=false')).json<{ members?: unknown }>().members, undefined);
  const wrong = await server.inject('/api/v1/routers?all=maybe');
  assert.deepEqual([wrong.statusCode, wrong.json()], [400, { error: 'all: expected true or false', parameter: 'all' }]);
});

test('a lookup: the question checked, addresses in their normal form, the reply passed on', async () => {
  const asked: unknown[] = [];
  const server = api(['serving'], asked);
  const answer = await server.inject(
    '/api/v1/lookup?router=edge1&address=2001:DB8:0::1&nextHop=192.0.2.1&rd=0:65000:1',
  );
  assert.deepEqual([answer.statusCode, answer.json()], [503, { error: 'shard 3 is not here' }]);
  await server.inject('/api/v1/lookup?router=edge1&address=10.0.0.1&nextHop=&rd=');
  await server.inject({
    url: '/api/v1/lookup?router=edge1&address=10.0.0.1',
    headers: { [forwardedHeader]: 'http://127.0.0.1:8081' },
  });
  assert.deepEqual(asked, [
    { router: 'edge1', address: '2001:db8::1', nextHop: '192.0.2.1', rd: '0:65000:1', isForwarded: false },
    { router: 'edge1', address: '10.0.0.1', nextHop: null, rd: null, isForwarded: false },
    { router: 'edge1', address: '10.0.0.1', nextHop: null, rd: null, isForwarded: true },
  ]);
});

test('a lookup that is no question is a 400 that names the parameter', async () => {
  const asked: unknown[] = [];
  const server = api(['serving'], asked);
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['', 'router', /^router: is missing: configured name, BMP address/],
    ['router=edge1', 'address', /^address: is missing/],
    ['router=edge1&address=10.0.0', 'address', /^address: "10\.0\.0" is no IPv4 or IPv6 address$/],
    ['router=edge1&address=10.0.0.0/8', 'address', /^address: "10\.0\.0\.0\/8" is no/],
    ['router=edge1&address=::1&nextHop=gateway', 'nextHop', /^nextHop: "gateway" is no/],
    ['router=a&router=b&address=::1', 'router', /^router: is given more than once$/],
    ['router=edge1&address=::1&next-hop=::2', 'next-hop', /^next-hop: is no parameter of a lookup; they are router, /],
    [`router=${'a'.repeat(300)}&address=::1`, 'router', /^router: is longer than 256 characters$/],
  ];
  for (const [query, parameter, message] of cases) {
    const answer = await server.inject(`/api/v1/lookup?${query}`);
    assert.equal(answer.statusCode, 400, query);
    const body = answer.json<{ error: string; parameter: string }>();
    assert.match(body.error, message);
    assert.equal(body.parameter, parameter);
  }
  assert.deepEqual(asked, []);
});

test('anything else is a JSON 404, also by another method', async () => {
  const server = api([]);
  const answer = await server.inject('/nothing');
  assert.equal(answer.statusCode, 404);
  assert.deepEqual(answer.json(), { error: 'nothing at GET /nothing' });
  assert.equal((await server.inject({ method: 'POST', url: '/healthz' })).statusCode, 404);
});

test('a failure inside is a 500 that tells nothing of it', async () => {
  const broken: AppStatus = {
    ...status([]),
    shards: () => {
      throw new Error('internal text');
    },
  };
  const server = createHttpApi({ logger: pino({ level: 'silent' }), status: broken, metrics: createMetrics() });
  const answer = await server.inject('/api/v1/shards');
  assert.equal(answer.statusCode, 500);
  assert.deepEqual(answer.json(), { error: 'internal error' });
});

test('port 0 takes a free port and start() tells which', async () => {
  const options = { logger: pino({ level: 'silent' }), status: status(['serving']), metrics: createMetrics() };
  const server = createHttpServer({ ...options, listen: { host: '127.0.0.1', port: 0 } });
  const url = await server.start();
  assert.match(url, /^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
  const second = createHttpServer({ ...options, listen: { host: '127.0.0.1', port: Number(new URL(url).port) } });
  await assert.rejects(second.start(), /EADDRINUSE/);
  await server.stop();
  await assert.rejects(fetch(`${url}/healthz`));
});

test('the page asks only what the member answers', async () => {
  const member = api(['serving']);
  const answer = await member.inject('/');
  assert.equal(answer.statusCode, 200);
  assert.match(answer.headers['content-type'] as string, /^text\/html/);
  const paths = [...answer.body.matchAll(/(?:fetch\('|href=")([^'"]+)/g)].map(([, path]) => path);
  assert.ok(paths.length >= 8);
  for (const path of new Set(paths)) assert.equal((await member.inject(`/${path}`)).statusCode, 200, path);
});
