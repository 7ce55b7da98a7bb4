/** Sections about how a flow finds its route: `routers`, `lookup`, `peers`. */

import { z } from 'zod';
import { viewNames } from '../../model/answer.ts';
import { address, addressRange, duration, nonEmpty } from './fields.ts';

export const asnProviders = [
  'flow',
  'flow-except-private',
  'flow-except-default-route',
  'routing',
  'routing-except-private',
] as const;
export const netProviders = ['flow', 'routing'] as const;

/** `type:administrator:number`; the administrator of type 1 is an IPv4 address. */
const routeDistinguisher = () =>
  z
    .string()
    .regex(
      /^(0:\d{1,5}:\d{1,10}|1:\d+\.\d+\.\d+\.\d+:\d{1,5}|2:\d{1,10}:\d{1,5})$/,
      'expected type:administrator:number, such as 0:65000:11',
    );

const vrfSchema = z.union([
  routeDistinguisher(),
  z.strictObject({
    ids: z.array(z.int().min(0).max(0xffffffff)).default([]).describe('VRF ids that flows carry.'),
    rds: z.array(routeDistinguisher()).default([]).describe('Route distinguishers of the VRF.'),
    importTargets: z.array(nonEmpty()).default([]).describe('Route targets that the VRF imports.'),
  }),
]);

const references = () => z.array(nonEmpty()).default([]);

const unique = (list: readonly string[]): boolean => new Set(list).size === list.length;

const routerSchema = z.strictObject({
  name: nonEmpty().describe('Name of the router in enriched flows and metrics.'),
  bmp: z
    .array(address())
    .default([])
    .describe('Addresses from which it speaks BMP. The first one decides its shard: keep it first.')
    .meta({ examples: [['198.51.100.1']] }),
  exporters: z
    .array(addressRange())
    .optional()
    .describe('Addresses and ranges from which its flows are exported. Absent: its BMP addresses.')
    .meta({ examples: [['192.0.2.1', '192.0.2.64/28']] }),
  bgp: z
    .array(address())
    .default([])
    .describe('Its BGP addresses or BGP ID, as its route reflectors know it.')
    .meta({ examples: [['192.0.2.1']] }),
  vrfs: z
    .record(z.string(), vrfSchema)
    .default({})
    .describe('Its VRFs by name; the short form is one route distinguisher.')
    .meta({ examples: [{ blue: { ids: [17], rds: ['0:65000:11'], importTargets: ['65000:11'] }, red: '0:65000:12' }] }),
  references: references().describe('Routers whose tables serve where its own does not, in this order.'),
});

export const routersSchema = z.array(routerSchema).default([]);

export const lookupSchema = z
  .strictObject({
    views: z
      .array(z.enum(viewNames))
      .min(1, 'at least one view')
      .refine(unique, 'names a view twice')
      .default(['loc-rib', 'adj-rib-in-post', 'adj-rib-in-pre'])
      .describe('Views that answer, in this order.'),
    references: references().describe(
      'Routers whose tables serve exporters without `references` of their own, in this order.',
    ),
    asn: z
      .array(z.enum(asnProviders))
      .min(1, 'at least one source')
      .refine(unique, 'names a source twice')
      .default(['flow', 'routing'])
      .describe('Where AS numbers come from: the first that is not 0.'),
    net: z
      .array(z.enum(netProviders))
      .min(1, 'at least one source')
      .refine(unique, 'names a source twice')
      .default(['flow', 'routing'])
      .describe('Where prefix lengths come from: the first that is not 0.'),
    waitForEndOfRib: duration()
      .default('0s')
      .describe('How long flows of a shard that starts without routes wait for End-of-RIB; 0s: not at all.'),
    maxRouteLag: duration().default('0s').describe('Flows wait while routes are further behind than this; 0s: never.'),
  })
  .prefault({});

export const peersSchema = z
  .strictObject({
    staleTime: duration().default('5m').describe('How long the routes of a lost BMP session go on answering.'),
    endOfRibTimeout: duration()
      .default('5m')
      .describe(
        'This long after the last Route Monitoring a view counts as complete without End-of-RIB; one that never falls silent, after twelve times as long.',
      ),
  })
  .prefault({});
