/** What every command has in common: exit codes, the way to reach them, and what one writes to. */

import type { Command } from 'commander';
import { ConfigError, FatalError } from '../base/errors.ts';

export const exitOk = 0;
/** The command could not do it, or found something wrong. */
export const exitFailed = 1;
/** Wrong configuration or wrong use. */
export const exitUsage = 2;
/** A running flowrib cannot go on: a supervisor should start it again. */
export const exitFatal = 3;
/** A second signal while stopping. */
export const exitForced = 130;

export function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return exitUsage;
  return error instanceof FatalError ? exitFatal : exitFailed;
}

/** What commands write to. Each call is whole lines without the final newline. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
}

/** Adds a subcommand; its action tells its exit code through `finish`. */
export type AddCommand = (program: Command, terminal: Terminal, finish: (code: number) => void) => void;
