/**
 * SIGTERM and SIGINT ask for an orderly end; a second one forces it. A signal that comes before there is anything to stop is kept until
 * there is.
 */

import type { EventEmitter } from 'node:events';
import type { Logger } from 'pino';

const signals = ['SIGTERM', 'SIGINT'] as const;

export interface SignalHandling {
  /** Says how to stop. The promise settles as `stop` does, once a signal came. */
  stopWith(stop: () => Promise<void>): Promise<void>;
  /** A signal came. */
  isAsked(): boolean;
  /** Takes the handlers away. */
  release(): void;
}

export function stopOnSignals(source: EventEmitter, logger: Logger, force: () => void): SignalHandling {
  const asked = Promise.withResolvers<void>();
  let isAsked = false;
  const onSignal = (signal: string): void => {
    if (isAsked) {
      logger.warn({ signal }, 'forced to stop');
      force();
      return;
    }
    isAsked = true;
    logger.info({ signal }, 'stopping');
    asked.resolve();
  };
  for (const signal of signals) source.on(signal, onSignal);
  return {
    async stopWith(stop) {
      await asked.promise;
      await stop();
    },
    isAsked: () => isAsked,
    release() {
      for (const signal of signals) source.off(signal, onSignal);
    },
  };
}
