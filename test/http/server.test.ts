import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { createHttpApi } from '../../src/http/api.ts';
import { createHttpServer } from '../../src/http/server.ts';
import type { AppStatus, ShardStatus } from '../../src/http/status.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';

function status(states: readonly string[]): AppStatus {
  const shards: ShardStatus[] = states.map((state, shard) => ({ shard, state, routes: 7 }));
  return {
    isReady: () => states.every((state) => state === 'serving'),
    shards: () => shards,
    routers: () => [{ name: 'edge1', key: '198.51.100.1', shard: 0, peersUp: 2 }],
  };
}

function api(states: readonly string[]) {
  const metrics = createMetrics();
  metrics.gaugeFrom('flowrib_rib_routes', 'Routes.', ['shard'], () => [{ labels: { shard: 3 }, value: 9 }]);
  return createHttpApi({ logger: pino({ level: 'silent' }), status: status(states), metrics });
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
    shards: [{ shard: 0, state: 'serving', routes: 7 }],
  });
  assert.deepEqual((await server.inject('/api/v1/routers')).json(), {
    routers: [{ name: 'edge1', key: '198.51.100.1', shard: 0, peersUp: 2 }],
  });
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
