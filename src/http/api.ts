/**
 * The HTTP interface (docs/operating.md): health, readiness, metrics, the state of shards and routers, and lookups, read-only. Answers
 * are JSON but for the page and /metrics; whatever is not known here is a JSON 404.
 */

import { fastify, type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { Logger } from 'pino';
import type { Metrics } from '../telemetry/metrics.ts';
import { BadQuery, parseLookupQuery } from './lookup-query.ts';
import { page } from './page.ts';
import type { AppStatus } from './status.ts';

export interface HttpApiOptions {
  readonly logger: Logger;
  readonly status: AppStatus;
  readonly metrics: Pick<Metrics, 'contentType' | 'text'>;
}

/** Set by a member that hands a lookup on; the name of that member is its value. Such a lookup is not handed on again. */
export const forwardedHeader = 'flowrib-forwarded-by';

export function createHttpApi({ logger, status, metrics }: HttpApiOptions): FastifyInstance {
  const api: FastifyInstance = fastify({
    loggerInstance: logger.child({}, { level: 'warn' }) as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    // A scraper's idle connection must not hold up the end of the process.
    forceCloseConnections: true,
  });
  api.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(page));
  api.get('/healthz', () => ({ status: 'alive' }));
  api.get('/readyz', (_request, reply) => {
    const isReady = status.isReady();
    const shards = status.shards().map(({ shard, state }) => ({ shard, state }));
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ready' : 'not-ready', shards });
  });
  api.get('/metrics', async (_request, reply) => {
    return reply.header('content-type', metrics.contentType).send(await metrics.text());
  });
  api.get('/api/v1/shards', async ({ query }) => {
    if (!wantsGroup(query)) return { shards: status.shards() };
    const { shards, members } = await status.ofGroup('shards');
    return { shards, members };
  });
  api.get('/api/v1/routers', async ({ query }) => {
    if (!wantsGroup(query)) return { routers: status.routers() };
    const { routers, members } = await status.ofGroup('routers');
    return { routers, members };
  });
  api.get('/api/v1/lookup', async ({ query, headers }, reply) => {
    const isForwarded = headers[forwardedHeader] !== undefined;
    const { code, body } = await status.lookup(parseLookupQuery(query), isForwarded);
    return reply.code(code).send(body);
  });
  api.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ error: `nothing at ${request.method} ${request.url}` }),
  );
  api.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    if (error instanceof BadQuery) return reply.code(400).send({ error: error.message, parameter: error.parameter });
    const code = error.statusCode ?? 500;
    if (code >= 500) logger.error({ url: request.url, reason: error.message }, 'http request failed');
    return reply.code(code).send({ error: code >= 500 ? 'internal error' : error.message });
  });
  return api;
}

function wantsGroup(query: unknown): boolean {
  const { all } = query as { all?: unknown };
  if (all === undefined || all === 'false') return false;
  if (all === 'true' || all === '') return true;
  throw new BadQuery('all', 'expected true or false');
}
