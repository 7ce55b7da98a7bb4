/**
 * Output format `avro`: an enriched flow (enriched-flow.ts) by schemas/enriched-flow.avsc, in Confluent's framing:
 *
 *   0x00 | schema id (4 bytes, big-endian) | Avro binary
 *
 * The id is that of the schema in the registry, learnt before the first flow; encoding itself is synchronous.
 */

import { readFileSync } from 'node:fs';
import avro from 'avsc';
import type { ByteWriter } from '../base/byte-writer.ts';
import type { EnrichedFlow } from '../model/answer.ts';
import type { Flow } from '../model/flow.ts';
import type { Attribution } from './attribution.ts';
import { enrichedFlowRecord, type EnrichedFlowRecord } from './enriched-flow.ts';
import type { FlowEncoder } from './types.ts';

/** The schema's text, as it is registered. Sources and build lie equally deep below the package's root. */
export function enrichedFlowSchema(): string {
  return readFileSync(new URL('../../schemas/enriched-flow.avsc', import.meta.url), 'utf8');
}

const initialRoom = 1024;

export class AvroFlowEncoder implements FlowEncoder {
  readonly format = 'avro';
  private readonly attribution: Attribution;
  private readonly schemaId: number;
  private readonly type: avro.Type;

  constructor(attribution: Attribution, schemaId: number) {
    this.attribution = attribution;
    this.schemaId = schemaId;
    this.type = avro.Type.forSchema(JSON.parse(enrichedFlowSchema()) as avro.Schema, { wrapUnions: false });
  }

  encode(_buffer: Buffer, _start: number, _end: number, flow: Flow, enriched: EnrichedFlow, out: ByteWriter): void {
    const record: EnrichedFlowRecord = enrichedFlowRecord(flow, enriched, this.attribution);
    out.writeByte(0);
    out.reserve(initialRoom);
    out.length = out.bytes.writeInt32BE(this.schemaId, out.length);
    let end = this.type.encode(record, out.bytes, out.length);
    if (end < 0) {
      // avsc says how many bytes were missing.
      out.reserve(out.bytes.length - out.length - end);
      end = this.type.encode(record, out.bytes, out.length);
    }
    out.length = end;
  }
}
