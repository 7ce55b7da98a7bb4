/** From the name of a flow format, as the configuration has it, to its decoder. */

import { ConfigError } from '../../base/errors.ts';
import { createGoflow2JsonDecoder } from './goflow2-json.ts';
import { createGoflow2ProtobufDecoder, type Goflow2ProtobufOptions } from './goflow2-protobuf.ts';
import { createPmacctJsonDecoder } from './pmacct-json.ts';
import type { FlowDecoder } from './types.ts';

export type FlowDecoderOptions = Goflow2ProtobufOptions;

export function flowDecoder(format: string, options: FlowDecoderOptions = {}): FlowDecoder {
  switch (format) {
    case 'goflow2-protobuf':
      return createGoflow2ProtobufDecoder(options);
    case 'goflow2-json':
      return createGoflow2JsonDecoder();
    case 'pmacct-json':
      return createPmacctJsonDecoder();
    default:
      throw new ConfigError(`flows: unknown format ${format}`);
  }
}
