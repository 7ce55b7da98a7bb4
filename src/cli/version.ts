/** `flowrib version`. */

import { readFileSync } from 'node:fs';
import type { AddCommand } from './command.ts';

export const addVersionCommand: AddCommand = (program, terminal) => {
  program
    .command('version')
    .description('print the version')
    .action(() => terminal.out(packageVersion()));
};

/** From package.json, which stands two folders up from src/cli as from dist/cli. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
