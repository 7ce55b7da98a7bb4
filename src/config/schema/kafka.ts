/** Sections `kafka` and `schemaRegistry`: where the streams are and how one logs in there. */

import { z } from 'zod';
import { hostPort, httpUrl, nonEmpty } from './fields.ts';

export const saslMechanisms = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

const pem = (what: string) =>
  nonEmpty().optional().describe(`${what}: path of a PEM file, relative to this file, or the PEM text itself.`);

const sslSchema = z.strictObject({
  ca: pem('Certificates of the authorities to trust instead of the built-in ones'),
  cert: pem('Client certificate'),
  key: pem('Private key of the client certificate'),
});

const saslSchema = z.strictObject({
  mechanism: z.enum(saslMechanisms).default('plain').describe('SASL mechanism.'),
  username: nonEmpty().describe('User name.'),
  password: nonEmpty().describe('Password; best given as ${NAME} from the environment.'),
});

export const kafkaSchema = z.strictObject({
  brokers: z
    .array(hostPort())
    .min(1, 'at least one broker')
    .describe(
      'Brokers to start from, as host:port. A comma-separated text does as well, so that one variable can hold them all.',
    )
    .meta({ examples: [['127.0.0.1:9092']] }),
  ssl: sslSchema.optional().describe('TLS to the brokers; `{}` trusts the built-in authorities. Absent: no TLS.'),
  sasl: saslSchema.optional().describe('How to log in at the brokers. Absent: not at all.'),
});

export const schemaRegistrySchema = z
  .strictObject({
    url: httpUrl().default('http://127.0.0.1:8081').describe('Base URL, for inputs and outputs that use schema ids.'),
  })
  .prefault({});
