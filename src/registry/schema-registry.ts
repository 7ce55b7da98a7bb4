/**
 * Registers the output's schema in a Confluent-compatible schema registry, once, at start: in, its URL, a subject and the schema's
 * text; out, the id that goes before each Avro value. The client sets the subject's compatibility to BACKWARD when it is new.
 */

import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { FatalError, errorText } from '../base/errors.ts';

export async function registerSchema(url: string, subject: string, schema: string): Promise<number> {
  try {
    const registry = new SchemaRegistry({ host: url, retry: { retries: 3 } });
    const registered = await registry.register({ type: SchemaType.AVRO, schema }, { subject });
    return registered.id;
  } catch (error) {
    throw new FatalError(`schema registry ${url}: subject ${subject} not registered: ${errorText(error)}`, {
      cause: error,
    });
  }
}

/** Rejects when the registry does not answer as one. */
export async function checkRegistry(url: string): Promise<void> {
  const response = await fetch(`${url.replace(/\/$/, '')}/subjects`, { signal: AbortSignal.timeout(5_000) });
  if (!response.ok) throw new Error(`HTTP status ${response.status}`);
}
