/** `flowrib schema`: the JSON Schema of the configuration, for editors. */

import type { AddCommand } from './command.ts';

export const addSchemaCommand: AddCommand = (program, terminal) => {
  program
    .command('schema')
    .description('print the JSON Schema of the configuration file')
    .action(async () => {
      const { configJsonSchema } = await import('../config/json-schema.ts');
      terminal.out(JSON.stringify(configJsonSchema(), null, 2));
    });
};
