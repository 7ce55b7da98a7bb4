/**
 * `flowrib check`: says what is wrong with a configuration file (exit 2), else what `run` would do with it, then asks Kafka and the
 * registry whether it could (exit 1 if not). With --no-connect it stays off the network.
 */

import { type AddCommand, exitFailed, exitOk } from './command.ts';
import { configOption, readConfig } from './config-option.ts';
import { describePlan } from './plan.ts';

export const addCheckCommand: AddCommand = (program, terminal, finish) => {
  program
    .command('check')
    .description('validate the configuration, connect, and say what run would do')
    .addOption(configOption())
    .option('--connect', 'ask Kafka and the schema registry too', true)
    .option('--no-connect', 'look at the file only')
    .action(async (options: { config: string; connect: boolean }) => {
      const config = await readConfig(options.config);
      terminal.out(describePlan(config).join('\n'));
      if (!options.connect) return;
      const { checkWorld } = await import('../app/check.ts');
      const { ok, lines } = await checkWorld(config);
      terminal.out(['', ...lines].join('\n'));
      finish(ok ? exitOk : exitFailed);
    });
};
