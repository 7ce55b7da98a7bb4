/** `flowrib lookup`: asks a running member which route it would choose, and why. Its options are fixed; this version does not ask yet. */

import { type AddCommand, exitFailed } from './command.ts';

export const addLookupCommand: AddCommand = (program, terminal, finish) => {
  program
    .command('lookup')
    .description('print the route chosen for an address, and why others lost')
    .argument('<address>', 'IPv4 or IPv6 address')
    .requiredOption('--router <router>', 'name or address of the router')
    .option('--next-hop <address>', 'next hop of the flow')
    .option('--rd <rd>', 'route distinguisher of the VRF')
    .option('--url <url>', 'HTTP address of a member', 'http://127.0.0.1:8080')
    .action(() => {
      terminal.err('flowrib lookup is not available in this version');
      finish(exitFailed);
    });
};
