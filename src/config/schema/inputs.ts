/** Sections `routes` and `flows`: the topics that flowrib reads and the formats they are in. */

import { z } from 'zod';
import { parseAddress } from '../addresses.ts';
import { duration, nonEmpty, topicName } from './fields.ts';

export const routeFormats = ['openbmp', 'bmp', 'gobmp-json', 'pmacct-json', 'pmacct-avro', 'openbmp-tsv'] as const;
export const flowFormats = [
  'goflow2-protobuf',
  'goflow2-json',
  'pmacct-json',
  'pmacct-avro',
  'avro',
  'json',
  'protobuf',
] as const;

export const framings = ['auto', 'delimited', 'plain'] as const;

/** Field numbers of protobuf. */
function protobufField() {
  return z.int().min(1).max(0x1fffffff);
}

function isRouterSource(text: string): boolean {
  return text === 'key' || /^header:./.test(text) || parseAddress(text) !== null;
}

const routeInputSchema = z.strictObject({
  topic: topicName().describe('Topic with BMP messages.'),
  format: z.enum(routeFormats).default('openbmp').describe('How the messages are wrapped.'),
  router: z
    .strictObject({
      from: z
        .string()
        .refine(isRouterSource, 'expected key, header:NAME or an IP address')
        .describe(
          '`key`: the record key is the address; `header:NAME`: that header is; an IP address: always this one.',
        )
        .meta({ examples: ['key', 'header:router', '198.51.100.1'] }),
    })
    .optional()
    .describe('Where the address of the router is when the record itself does not say it. Required for format `bmp`.'),
  reorder: duration()
    .optional()
    .describe(
      'For producers that reorder, as gobmp does, in raw mode too (`openbmp`, `bmp`, `gobmp-json`): how long messages are held back to be put in order.',
    )
    .meta({ examples: ['500ms'] }),
});

const flowInputSchema = z.strictObject({
  topic: topicName().describe('Topic with flow records.'),
  format: z.enum(flowFormats).default('goflow2-protobuf').describe('How a flow is written.'),
  fields: z
    .record(z.string(), nonEmpty())
    .optional()
    .describe('For `json` and `protobuf`: field of the record by the name that flowrib has for it.'),
  framing: z
    .enum(framings)
    .optional()
    .describe(
      'For `goflow2-protobuf`: whether a length stands before each message. `auto`, which is the default, tells them apart by the first bytes.',
    ),
  vrfFields: z
    .strictObject({
      ingress: protobufField()
        .optional()
        .describe('Number of the field with the id of the VRF that the flow came in by.'),
      egress: protobufField().optional().describe('Number of the field with the id of the VRF that it left by.'),
    })
    .optional()
    .describe(
      'For `goflow2-protobuf`: the numbers that the producer’s mapping gives its fields with VRF ids. 39 and 40 unless told.',
    )
    .meta({ examples: [{ ingress: 1039, egress: 1040 }] }),
  schema: nonEmpty().optional().describe('For `protobuf`: path of the .proto file.'),
  message: nonEmpty().optional().describe('For `protobuf`: full name of the message type.'),
});

export const routesSchema = z.array(routeInputSchema).min(1, 'at least one BMP topic');
export const flowsSchema = z.array(flowInputSchema).min(1, 'at least one flow topic');
