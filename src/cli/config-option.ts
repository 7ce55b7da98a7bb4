/** The option `-c FILE` of commands that work with a configuration, and the way from it to the running form. */

import { Option } from 'commander';
import type { CompiledConfig } from '../config/types.ts';

export function configOption(): Option {
  return new Option('-c, --config <file>', 'configuration file (YAML)').makeOptionMandatory();
}

/** Throws ConfigError with every problem of the file. */
export async function readConfig(path: string): Promise<CompiledConfig> {
  const { loadConfig } = await import('../config/load.ts');
  const { compileConfig } = await import('../config/compile.ts');
  return compileConfig(loadConfig(path));
}
