/**
 * The configuration's JSON Schema, for editors (`flowrib schema`, config.schema.json) and for the reference in docs/. Made from the
 * zod schema, which stays the only description of the keys.
 */

import { z } from 'zod';
import { configSchema } from './schema/config.ts';
import type { ConfigPath } from './document.ts';

/** The part of JSON Schema that zod writes for our schema. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | false;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

export function configJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    override: ({ jsonSchema, path }) => {
      // load.ts splits a comma-separated text before the schema sees it.
      if (path.join('.') !== 'properties.kafka.properties.brokers') return;
      const { type, items, minItems, ...rest } = jsonSchema;
      for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
      Object.assign(jsonSchema, rest, { anyOf: [{ type, items, minItems }, { type: 'string' }] });
    },
  });
  return { title: 'flowrib configuration', ...schema } as JsonSchema;
}

/** Keys that are known in the map at a path. */
export function knownKeys(path: ConfigPath): string[] {
  let schemas: readonly JsonSchema[] = [configJsonSchema()];
  for (const step of path) {
    schemas = schemas
      .flatMap((schema) => schema.anyOf ?? [schema])
      .map((schema) =>
        typeof step === 'number' ? schema.items : (schema.properties?.[step] ?? schema.additionalProperties),
      )
      .filter((schema) => schema !== undefined && schema !== false);
  }
  return schemas
    .flatMap((schema) => schema.anyOf ?? [schema])
    .flatMap((schema) => Object.keys(schema.properties ?? {}));
}
