/** `flowrib replay`: captures in, enriched flows out, without a broker. Its options are fixed; this version does not replay yet. */

import { type AddCommand, exitFailed } from './command.ts';
import { configOption } from './config-option.ts';

export const addReplayCommand: AddCommand = (program, terminal, finish) => {
  program
    .command('replay')
    .description('enrich recorded flows with recorded routes, without Kafka; JSON lines out')
    .addOption(configOption())
    .requiredOption('--routes <path>', 'recorded BMP messages')
    .requiredOption('--flows <path>', 'recorded flows')
    .action(() => {
      terminal.err('flowrib replay is not available in this version');
      finish(exitFailed);
    });
};
