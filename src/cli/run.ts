/**
 * `flowrib run`: reads the configuration, starts the application and waits for its end: a signal (exit 0), or something that it cannot
 * go on without (exit 3).
 */

import type { RunningApp } from '../app/run.ts';
import { ConfigError, errorText, FatalError } from '../base/errors.ts';
import { formatDuration } from '../base/units.ts';
import { type AddCommand, exitFatal, exitForced, exitOk, exitUsage } from './command.ts';
import { configOption, readConfig } from './config-option.ts';
import { type SignalHandling, stopOnSignals } from './signals.ts';
import { packageVersion } from './version.ts';

export const addRunCommand: AddCommand = (program, _terminal, finish) => {
  program
    .command('run')
    .description('read BMP and flow topics, write enriched flows, until stopped')
    .addOption(configOption())
    .action(async (options: { config: string }) => {
      const config = await readConfig(options.config);
      const { createLogger } = await import('../telemetry/logger.ts');
      const { runApp } = await import('../app/run.ts');
      const logger = createLogger(config.log.level);
      logger.info({ version: packageVersion(), application: config.application }, 'starting');
      const signals = stopOnSignals(process, logger, () => process.exit(exitForced));
      try {
        const starting = runApp(config, logger);
        const stopped = signals.stopWith(() => withinGrace(stopStarted(starting), config.shutdown.graceMs));
        await Promise.race([started(starting, signals), stopped]);
        logger.info('stopped');
        finish(exitOk);
      } catch (error) {
        logger.fatal({ reason: errorText(error) }, 'failed');
        finish(error instanceof ConfigError ? exitUsage : exitFatal);
      } finally {
        signals.release();
      }
    });
};

/** Until the application ends. A start that fails after we were asked to stop is no failure: nothing had begun. */
async function started(starting: Promise<RunningApp>, signals: SignalHandling): Promise<void> {
  let app: RunningApp;
  try {
    app = await starting;
  } catch (error) {
    if (signals.isAsked()) return;
    throw error;
  }
  await app.done;
}

async function stopStarted(starting: Promise<RunningApp>): Promise<void> {
  const app = await starting.catch(() => null);
  await app?.stop();
}

/** Gives up on a stop that takes too long: what was not committed is read again by whoever comes next. */
async function withinGrace(stop: Promise<void>, graceMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new FatalError(`did not stop within ${formatDuration(graceMs)}`)), graceMs);
  });
  try {
    await Promise.race([stop, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
