/** What every output format offers. */

import type { ByteWriter } from '../base/byte-writer.ts';
import type { EnrichedFlow } from '../model/answer.ts';
import type { Flow } from '../model/flow.ts';

export interface FlowEncoder {
  /** As configured: native, json, avro. */
  readonly format: string;
  /**
   * Appends one output value to `out`. `buffer[start, end)` is the input record's value that the flow was decoded from by the decoder
   * this encoder was made for; native outputs copy it and may use what the decoder remembers of its last record. Synchronous, no
   * allocation beyond what the format forces.
   */
  encode(buffer: Buffer, start: number, end: number, flow: Flow, enriched: EnrichedFlow, out: ByteWriter): void;
}
