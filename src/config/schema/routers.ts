/** Sections about how a flow finds its route: `routers`, `lookup`, `peers`. */

import { z } from 'zod';
import { viewNames } from '../../model/answer.ts';
import { distinguisherText, localDistinguisherText } from '../../model/route-distinguisher.ts';
import { routeTargetWords } from '../../model/route-target.ts';
import { address, addressRange, duration, nonEmpty } from './fields.ts';

export const asnProviders = [
  'flow',
  'flow-except-private',
  'flow-except-default-route',
  'routing',
  'routing-except-private',
] as const;
export const netProviders = ['flow', 'routing'] as const;
export const unknownVrfs = ['no-table', 'global'] as const;

const routeDistinguisher = () =>
  z
    .string()
    .refine(
      (text) => distinguisherText(text) !== null,
      'expected type:administrator:number, such as 0:65000:11 or 1:192.0.2.1:11',
    );

const routeTarget = () =>
  z
    .string()
    .refine((text) => routeTargetWords(text) !== null, 'expected a route target such as 65000:11 or 192.0.2.1:11');

const localDistinguisher = () =>
  z.union([
    z.int().min(0),
    z.string().refine((text) => localDistinguisherText(text) !== null, 'expected a number of at most 64 bits'),
  ]);

const vrfSchema = z.union([
  routeDistinguisher(),
  z.strictObject({
    ids: z.array(z.int().min(0).max(0xffffffff)).default([]).describe('VRF ids that flows carry.'),
    rds: z.array(routeDistinguisher()).default([]).describe('Route distinguishers of the VRF.'),
    distinguishers: z
      .array(localDistinguisher())
      .default([])
      .describe(
        'Distinguishers of BMP peers of type 2, which are local values of the router, decimal or 0x and hexadecimal.',
      ),
    importTargets: z
      .array(routeTarget())
      .default([])
      .describe(
        'Route targets that the VRF imports: `AS:number` or `address:number`; an AS above 65535, with a dot or followed by L has four octets.',
      ),
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
    .record(z.string().min(1), vrfSchema)
    .default({})
    .describe(
      'Its VRFs by name, besides those that it tells of itself; the short form is one route distinguisher. `global` is its global table.',
    )
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
    unknownVrf: z
      .enum(unknownVrfs)
      .default('no-table')
      .describe('Where a flow of an unknown VRF is looked up: nowhere, or in the global table.'),
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
    silence: duration()
      .default('0s')
      .describe(
        'A BMP session that says nothing for this long counts as lost until it speaks again; 0s: never. Longer than the interval of statistics reports.',
      ),
  })
  .prefault({});
