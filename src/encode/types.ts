/** What every output format offers. */

import type { ByteWriter } from '../base/byte-writer.ts';
import type { EnrichedFlow } from '../model/answer.ts';
import type { Flow } from '../model/flow.ts';

export interface FlowEncoder {
  /** As configured: native, json, avro. */
  readonly format: string;
  /**
   * Appends one output value to `out`. `buffer[start, end)` is the input record's value that the flow was decoded from by a
   * decoder of this encoder's input format; native outputs copy it, by the flow's layout. Synchronous, no
   * allocation beyond what the format forces.
   */
  encode(buffer: Buffer, start: number, end: number, flow: Flow, enriched: EnrichedFlow, out: ByteWriter): void;
}
