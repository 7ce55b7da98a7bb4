/** Sections about the process itself: `snapshots`, `workers`, `http`, `shutdown`, `log`. */

import { z } from 'zod';
import { duration, hostPort, httpUrl } from './fields.ts';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export const snapshotsSchema = z
  .strictObject({
    interval: duration()
      .default('15m')
      .describe('A shard that changes is written to its snapshot topic at least this often.'),
  })
  .prefault({});

export const workersSchema = z
  .int()
  .min(1)
  .max(256)
  .default(1)
  .describe('Threads; each is a full member of the consumer group.');

export const httpSchema = z
  .strictObject({
    listen: hostPort()
      .default('127.0.0.1:8080')
      .describe('Address and port of metrics, health and API; port 0 takes any free one and logs it.'),
    advertise: httpUrl()
      .optional()
      .describe(
        'URL under which other members reach this one; else the address of listen, or, when that is a wildcard, the address that Kafka sees.',
      ),
  })
  .prefault({});

export const shutdownSchema = z
  .strictObject({
    grace: duration().default('20s').describe('How long a stop may take before what is left is given up.'),
  })
  .prefault({});

export const logSchema = z
  .strictObject({
    level: z.enum(logLevels).default('info').describe('Least important level that is logged.'),
  })
  .prefault({});
