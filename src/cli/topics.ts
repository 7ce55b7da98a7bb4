/** `flowrib topics`: the topics that a configuration needs, what is missing of them, and with --create: makes them. */

import { type AddCommand, exitFailed, exitOk } from './command.ts';
import { configOption, readConfig } from './config-option.ts';

export const addTopicsCommand: AddCommand = (program, terminal, finish) => {
  program
    .command('topics')
    .description('list the topics that the configuration needs, and how to make those that are missing')
    .addOption(configOption())
    .option('--create', 'create what is missing, inputs excepted')
    .action(async (options: { config: string; create?: boolean }) => {
      const config = await readConfig(options.config);
      const { createMissingTopics, describeTopics } = await import('../app/check.ts');
      const { ok, lines } = await (options.create === true ? createMissingTopics : describeTopics)(config);
      terminal.out(lines.join('\n'));
      finish(ok ? exitOk : exitFailed);
    });
};
