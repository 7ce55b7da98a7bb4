/** The program's log: pino, one JSON object a line on stdout; for a terminal, the same in colours. Messages are lower-case, no payload. */

import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import pretty from 'pino-pretty';

export interface LoggerTarget {
  readonly destination: DestinationStream;
  readonly isTerminal: boolean;
}

/** `target` is stdout unless a test says otherwise. Nothing is buffered and no thread is started: what was logged is out. */
export function createLogger(level: string, target?: LoggerTarget): Logger {
  const isTerminal = target === undefined ? process.stdout.isTTY : target.isTerminal;
  const options = { level, base: { pid: process.pid }, timestamp: stdTimeFunctions.isoTime };
  if (!isTerminal) return target === undefined ? pino(options) : pino(options, target.destination);
  return pino(
    { ...options, base: null },
    pretty({ sync: true, translateTime: 'SYS:HH:MM:ss.l', ...(target && { destination: target.destination }) }),
  );
}
