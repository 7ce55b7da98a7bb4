/** Configured inputs and output in, decoders and encoders out. */

import { ConfigError, RecordError } from '../base/errors.ts';
import { bmpDecoder } from '../decode/bmp/formats.ts';
import { flowDecoder } from '../decode/flow/formats.ts';
import { Attribution } from '../encode/attribution.ts';
import { flowEncoder } from '../encode/formats.ts';
import { enrichedFlowSchema } from '../encode/avro.ts';
import { registerSchema } from '../registry/schema-registry.ts';
import type {
  CompiledConfig,
  FlowInput as ConfiguredFlowInput,
  RouteInput as ConfiguredRouteInput,
} from '../config/types.ts';
import type { BmpDecoder } from '../decode/bmp/types.ts';
import type { FlowDecoder } from '../decode/flow/types.ts';
import type { FlowInput } from '../stages/enrich/flow-batch.ts';
import type { RouteInput, RouterFrom } from '../stages/route/route-stage.ts';

export function routeInputs(config: CompiledConfig): RouteInput[] {
  return config.routes.map((input) => ({
    topic: input.topic,
    format: input.format,
    decoder: bmpDecoder(input.format),
    router: routerFrom(input),
  }));
}

function routerFrom(input: ConfiguredRouteInput): RouterFrom {
  if (input.router === null) return { from: 'record' };
  if (input.router.from === 'header') return { from: 'header', name: Buffer.from(input.router.name, 'utf8') };
  return input.router;
}

/** Decoders by format name, made once. Throws RecordError for a format that this version does not know. */
export function decoderByFormat(): (format: string) => BmpDecoder {
  const known = new Map<string, BmpDecoder>();
  return (format) => {
    let decoder = known.get(format);
    if (decoder === undefined) {
      decoder = decoderNamedInRecord(format);
      known.set(format, decoder);
    }
    return decoder;
  };
}

/** What a log says, perhaps written by another version, is no fault of this one's configuration. */
function decoderNamedInRecord(format: string): BmpDecoder {
  try {
    return bmpDecoder(format);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const detail = { format: 'routes log', offset: 0, field: 'format header' };
    throw new RecordError('route-log-format', error.message, detail);
  }
}

export function flowDecoderOf({ format, framing, vrfFields }: ConfiguredFlowInput): FlowDecoder {
  return flowDecoder(format, {
    framing,
    ingressVrfField: vrfFields.ingress,
    egressVrfField: vrfFields.egress,
  });
}

/** For `avro` the schema is registered here, so that its id is known before the first record. */
export async function flowInputs(config: CompiledConfig): Promise<FlowInput[]> {
  const schemaId =
    config.output.format === 'avro'
      ? await registerSchema(config.schemaRegistry.url, `${config.output.topic}-value`, enrichedFlowSchema())
      : undefined;
  const attribution = new Attribution({ asn: config.lookup.asn, net: config.lookup.net });
  return config.flows.map((input) => {
    const decoder = flowDecoderOf(input);
    const encoder = flowEncoder({
      format: config.output.format,
      input: decoder,
      attribution,
      ...(schemaId === undefined ? {} : { schemaId }),
    });
    return { topic: input.topic, decoder, encoder };
  });
}
