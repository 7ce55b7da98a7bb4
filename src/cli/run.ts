/**
 * `flowrib run`: reads the configuration, starts the application and waits for its end: a signal (exit 0), or something that it cannot
 * go on without (exit 3).
 */

import { ConfigError, errorText, FatalError } from '../base/errors.ts';
import { formatDuration } from '../base/units.ts';
import { type AddCommand, exitFatal, exitForced, exitOk, exitUsage } from './command.ts';
import { configOption, readConfig } from './config-option.ts';
import { stopOnSignals } from './signals.ts';
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
        const app = await runApp(config, logger);
        const stopped = signals.stopWith(() => withinGrace(app.stop(), config.shutdown.graceMs));
        await Promise.race([app.done, stopped]);
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
