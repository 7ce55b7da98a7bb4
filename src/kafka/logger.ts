/**
 * kafkajs's log lines, handed to the program's logger. kafkajs calls routine events errors (a rebalance, a broker that restarts)
 * and its own bookkeeping info, so everything goes one level down, and what its caller handles to debug; what
 * needs a reaction reaches the stages as an event anyway.
 */

import type { logCreator } from 'kafkajs';
import { kafkajsModule } from './internals.ts';

/** What this folder logs with; a pino logger fits. */
export interface KafkaLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const ignore = (): void => undefined;

export const silentLogger: KafkaLogger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** Refused requests, and restarts that group-consumer.ts tells of itself. */
function isHandled(namespace: string, message: string): boolean {
  if (namespace === 'Connection') return message.startsWith('Response ');
  return namespace === 'Consumer' && (message.startsWith('Crash: ') || message.startsWith('Restarting '));
}

export function bridgeLogger(logger: KafkaLogger): logCreator {
  const { logLevel } = kafkajsModule;
  return () =>
    ({ namespace, level, log }) => {
      const { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...fields } = log;
      const line = { ...fields, source: `kafkajs ${namespace}`.trim() };
      if (isHandled(namespace, message)) logger.debug(line, message);
      else if (level === logLevel.ERROR) logger.warn(line, message);
      else if (level === logLevel.WARN) logger.info(line, message);
      else logger.debug(line, message);
    };
}
