/** The names that `routes[].format` of the configuration may have for raw BMP, and their decoders. */

import { ConfigError } from '../../base/errors.ts';
import { bareBmpDecoder } from './bare.ts';
import { openbmpDecoder } from './openbmp.ts';
import type { BmpDecoder } from './types.ts';

const decoders: ReadonlyMap<string, BmpDecoder> = new Map(
  [openbmpDecoder, bareBmpDecoder].map((decoder) => [decoder.format, decoder]),
);

export function bmpDecoder(format: string): BmpDecoder {
  const decoder = decoders.get(format);
  if (decoder) return decoder;
  throw new ConfigError(`no BMP format "${format}"; there are: ${[...decoders.keys()].join(', ')}`);
}
