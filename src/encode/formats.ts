/** From the name of an output format, as the configuration has it, to its encoder. */

import { ConfigError } from '../base/errors.ts';
import type { Attribution } from './attribution.ts';
import { AvroFlowEncoder } from './avro.ts';
import { JsonFlowEncoder } from './json.ts';
import { NativeGoflow2JsonEncoder } from './native-goflow2-json.ts';
import { NativeGoflow2ProtobufEncoder } from './native-goflow2-protobuf.ts';
import { NativePmacctJsonEncoder } from './native-pmacct-json.ts';
import type { FlowEncoder } from './types.ts';

export interface FlowEncoderRequest {
  /** native, json, avro. */
  readonly format: string;
  /** The decoder whose records are encoded: native outputs go by its format. */
  readonly input: { readonly format: string };
  readonly attribution: Attribution;
  /** For avro: the id of `enrichedFlowSchema()` in the registry. */
  readonly schemaId?: number;
}

export function flowEncoder(request: FlowEncoderRequest): FlowEncoder {
  const { format, attribution, schemaId } = request;
  switch (format) {
    case 'native':
      return nativeEncoder(request);
    case 'json':
      return new JsonFlowEncoder(attribution);
    case 'avro':
      if (schemaId === undefined) throw new ConfigError('output.format: avro needs a schema registry');
      return new AvroFlowEncoder(attribution, schemaId);
    default:
      throw new ConfigError(`output.format: unknown format ${format}`);
  }
}

function nativeEncoder(request: FlowEncoderRequest): FlowEncoder {
  const { input, attribution } = request;
  if (input.format === 'goflow2-protobuf') return new NativeGoflow2ProtobufEncoder(attribution);
  if (input.format === 'goflow2-json') return new NativeGoflow2JsonEncoder(attribution);
  if (input.format === 'pmacct-json') return new NativePmacctJsonEncoder(attribution);
  throw new ConfigError(`output.format: native is not possible for flows in the format ${input.format}`);
}
