/**
 * Information TLVs (RFC 7854 §4.4) to the end of a message: type (2) | length (2) | value. Values are views of the buffer.
 */

import { RecordError } from '../../base/errors.ts';
import type { BmpTlv } from './types.ts';

export function readTlvs(buffer: Buffer, start: number, end: number, recordStart: number, message: string): BmpTlv[] {
  const tlvs: BmpTlv[] = [];
  for (let at = start; at < end;) {
    const from = at + 4;
    const to = from > end ? end + 1 : from + buffer.readUInt16BE(at + 2);
    if (to > end) {
      const detail = { format: 'bmp', offset: at - recordStart, field: `${message}: information tlv` };
      throw new RecordError('bmp-tlv', 'runs over the end', detail);
    }
    tlvs.push({ type: buffer.readUInt16BE(at), value: buffer.subarray(from, to) });
    at = to;
  }
  return tlvs;
}

/** The value of the last TLV of that type as text; empty when there is none. */
export function textOfTlv(tlvs: readonly BmpTlv[], type: number): string {
  return tlvs.findLast((tlv) => tlv.type === type)?.value.toString('utf8') ?? '';
}
