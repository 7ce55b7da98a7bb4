/**
 * `flowrib run`: wires the stages to Kafka and keeps them alive. Order of start: topics, producers, HTTP (whose address the group is
 * told at the join), route stage, enrich stage. Order of stop: stages leave their groups (commit, then leave, so that others take over
 * at once), then connections, then HTTP.
 */

import { errorText, FatalError } from '../base/errors.ts';
import type { CompiledConfig } from '../config/types.ts';
import { createHttpServer } from '../http/server.ts';
import type { Logger } from 'pino';
import { createMetrics } from '../telemetry/metrics.ts';
import { type ShardDumps, shardDumps } from './engine.ts';
import { createMember, type Member } from './member.ts';
import { registerMemberMetrics } from './member-metrics.ts';
import { memberStatus } from './member-status.ts';

export interface RunningApp {
  /** Rejects when something failed for good; resolves after `stop`. */
  readonly done: Promise<void>;
  readonly httpUrl: string;
  readonly member: Member;
  stop(): Promise<void>;
}

/** `dumps` are for tests of what carries them. */
export async function runApp(
  config: CompiledConfig,
  logger: Logger,
  dumps: ShardDumps = shardDumps,
): Promise<RunningApp> {
  const failure = Promise.withResolvers<void>();
  // Whoever started the app may look at `done` later; until then a failure must not count as unhandled.
  failure.promise.catch(() => undefined);
  const onFatal = (error: Error): void => {
    logger.fatal({ reason: errorText(error) }, 'cannot go on');
    failure.reject(error instanceof FatalError ? error : new FatalError(errorText(error), { cause: error }));
  };
  const member = await createMember(config, logger, onFatal, dumps);
  const metrics = createMetrics();
  registerMemberMetrics(metrics, member);
  const http = createHttpServer({ listen: config.http.listen, logger, status: memberStatus(member), metrics });
  let httpUrl: string;
  try {
    httpUrl = await http.start();
  } catch (error) {
    await member.stop();
    throw new FatalError(`http.listen ${config.http.listen.host}:${config.http.listen.port}: ${errorText(error)}`);
  }
  logger.info({ url: httpUrl }, 'http server listens');
  member.groupMembers.listensOn(httpUrl);
  try {
    await member.start();
  } catch (error) {
    await http.stop();
    throw error;
  }
  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    await member.stop();
    await http.stop();
    failure.resolve();
  };
  return {
    done: failure.promise,
    httpUrl,
    member,
    stop: () => (stopping ??= stop()),
  };
}
