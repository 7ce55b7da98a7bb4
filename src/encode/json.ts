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
    const record = enrichedFlowRecord(flow, enriched, this.attribution);
    let text = JSON.stringify(record);
    if (flow.exactBytes !== '') text = withDigits(text, 'bytes', record.bytes, flow.exactBytes);
    if (flow.exactPackets !== '') text = withDigits(text, 'packets', record.packets, flow.exactPackets);
    out.writeText(text);
  }
}

/** A counter beyond 2^53 with all its digits; an unescaped quote before its name can only be the member itself. */
function withDigits(text: string, name: string, capped: number | null, digits: string): string {
  return text.replace(`"${name}":${capped}`, `"${name}":${digits}`);
}
