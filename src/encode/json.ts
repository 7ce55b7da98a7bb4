/** Output format `json`: one enriched flow as one line of JSON, without a newline. enriched-flow.ts says which keys. */

import type { ByteWriter } from '../base/byte-writer.ts';
import type { EnrichedFlow } from '../model/answer.ts';
import type { Flow } from '../model/flow.ts';
import type { Attribution } from './attribution.ts';
import { enrichedFlowRecord } from './enriched-flow.ts';
import type { FlowEncoder } from './types.ts';

export class JsonFlowEncoder implements FlowEncoder {
  readonly format = 'json';
  private readonly attribution: Attribution;

  constructor(attribution: Attribution) {
    this.attribution = attribution;
  }

  encode(_buffer: Buffer, _start: number, _end: number, flow: Flow, enriched: EnrichedFlow, out: ByteWriter): void {
    out.writeText(JSON.stringify(enrichedFlowRecord(flow, enriched, this.attribution)));
  }
}
