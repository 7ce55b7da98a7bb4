/**
 * The command line: argv in, exit code out (command.ts). One file a subcommand; what a command needs is imported when it runs, so
 * that `schema` and `check` do not wait for Kafka's code to load.
 */

import { Command, CommanderError } from 'commander';
import { errorText } from '../base/errors.ts';
import { addCheckCommand } from './check.ts';
import { exitCodeOf, exitOk, exitUsage, type AddCommand, type Terminal } from './command.ts';
import { addLookupCommand } from './lookup.ts';
import { addReplayCommand } from './replay.ts';
import { addRunCommand } from './run.ts';
import { addSchemaCommand } from './schema.ts';
import { addTopicsCommand } from './topics.ts';
import { addVersionCommand, packageVersion } from './version.ts';

const commands: readonly AddCommand[] = [
  addRunCommand,
  addCheckCommand,
  addTopicsCommand,
  addLookupCommand,
  addReplayCommand,
  addSchemaCommand,
  addVersionCommand,
];

/** `argv` without interpreter and script. */
export async function runProgram(argv: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = exitOk;
  const program = new Command('flowrib')
    .description('Attaches AS path and BGP communities to flow records: joins flow topics with BMP topics in Kafka.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help of a command')
    .showHelpAfterError('(flowrib --help lists commands and options)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
      getOutHelpWidth: () => 100,
      getErrHelpWidth: () => 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  for (const add of commands) {
    add(program, terminal, (code) => {
      exitCode = code;
    });
  }
  for (const command of program.commands) command.copyInheritedSettings(program).helpOption('-h, --help', 'print help');
  if (argv.length === 0) {
    terminal.out(program.helpInformation().trimEnd());
    return exitOk;
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitOk : exitUsage;
    terminal.err(errorText(error));
    return exitCodeOf(error);
  }
}
