/**
 * The whole configuration as one strict schema: the sections of this folder joined in the order in which documentation lists them.
 * Every key has a default but `kafka.brokers`, `routes`, `flows` and `output.topic`. Rules between keys are in cross-checks.ts.
 */

import { z } from 'zod';
import { topicName } from './fields.ts';
import { flowsSchema, routesSchema } from './inputs.ts';
import { kafkaSchema, schemaRegistrySchema } from './kafka.ts';
import { deliverySchema, outputSchema, topicsSchema, transactionsSchema } from './output.ts';
import { httpSchema, logSchema, shutdownSchema, snapshotsSchema, workersSchema } from './process.ts';
import { lookupSchema, peersSchema, routersSchema } from './routers.ts';

export const configSchema = z.strictObject({
  application: topicName(200)
    .default('flowrib')
    .describe('Name of the consumer group and prefix of the internal topics. A new name is a new start.'),
  kafka: kafkaSchema.describe('Connection to Kafka.'),
  schemaRegistry: schemaRegistrySchema.describe('Connection to a Confluent-compatible schema registry.'),
  routes: routesSchema.describe('BMP inputs.'),
  flows: flowsSchema.describe('Flow inputs.'),
  output: outputSchema.describe('Where enriched flows go.'),
  startAt: z
    .enum(['earliest', 'latest'])
    .default('earliest')
    .describe('Where flow partitions without a commit are begun. BMP topics are always read from the start.'),
  shards: z
    .int()
    .min(1)
    .max(4096)
    .default(16)
    .describe(
      'Parts into which the routers are divided; the number of partitions of internal topics. Changes only with a new `application`.',
    ),
  topics: topicsSchema.describe('Topics that flowrib needs.'),
  delivery: deliverySchema,
  transactions: transactionsSchema.describe('Timing of transactions.'),
  routers: routersSchema.describe(
    'Routers with more than one address. One not listed is its own BMP address and its own exporter.',
  ),
  lookup: lookupSchema.describe('How a route is chosen.'),
  peers: peersSchema.describe('BGP peers in the tables.'),
  snapshots: snapshotsSchema.describe('Snapshots of shards, from which a member starts again.'),
  workers: workersSchema,
  http: httpSchema.describe('HTTP server.'),
  shutdown: shutdownSchema.describe('End of the process.'),
  log: logSchema.describe('Logging.'),
});

/** The configuration as the user wrote it, defaults filled in. */
export type Config = z.output<typeof configSchema>;
