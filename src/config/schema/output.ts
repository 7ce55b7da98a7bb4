/** Sections about what flowrib writes: `output`, `topics`, `delivery`, `transactions`. */

import { z } from 'zod';
import { duration, topicName } from './fields.ts';

export const outputFormats = ['native', 'json', 'avro'] as const;
export const compressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export const deliveries = ['at-least-once', 'exactly-once'] as const;

export const outputSchema = z.strictObject({
  topic: topicName().describe('Topic of the enriched flows.'),
  format: z
    .enum(outputFormats)
    .default('native')
    .describe('`native`: as the flow came, plus the fields that its own schema has for this.'),
  deadLetterTopic: topicName()
    .default('flows-dead-letter')
    .describe('Topic of records that could not be decoded, whole, with the reason in headers.'),
  compression: z.enum(compressions).default('lz4').describe('Codec of everything that flowrib writes.'),
  positions: z
    .boolean()
    .default(false)
    .describe(
      'Adds headers with the position of the original flow and of the routes log, by which repeats can be told.',
    ),
});

export const topicsSchema = z
  .strictObject({
    create: z.boolean().default(true).describe('Creates internal and output topics that are missing.'),
    replicationFactor: z.int().min(1).max(32767).default(1).describe('Replicas of topics that flowrib creates.'),
  })
  .prefault({});

export const deliverySchema = z
  .enum(deliveries)
  .default('at-least-once')
  .describe('What happens to flows at hand when a member fails: repeated, or neither lost nor repeated.');

export const transactionsSchema = z
  .strictObject({
    interval: duration().default('100ms').describe('For `exactly-once`: how often a transaction is closed.'),
    timeout: duration().default('15s').describe('For `exactly-once`: after which the brokers abort a transaction.'),
  })
  .prefault({});
