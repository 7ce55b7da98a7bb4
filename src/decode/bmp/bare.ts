/**
 * BMP messages (RFC 7854) without any header, one or several a record, as RIS-Kafka and simple forwarders write them. Which router they
 * are from the input's `router` setting tells: the record's key, a header, or a fixed address.
 */

import { RecordError } from '../../base/errors.ts';
import { bmpMessageLength } from '../../wire/bmp/messages.ts';
import type { BmpDecoder, BmpPart } from './types.ts';

export const bareBmpDecoder: BmpDecoder = {
  format: 'bmp',

  split(buffer: Buffer, start: number, end: number): BmpPart[] {
    if (start === end) throw new RecordError('bmp-truncated', 'empty', { format: 'bmp', offset: 0, field: 'value' });
    for (let at = start; at < end;) at += bmpMessageLength(buffer, at, end, start);
    return [{ router: '', collector: '', start, end, kind: 'bmp' }];
  },

  frames(_buffer: Buffer, start: number, end: number): { start: number; end: number } {
    return { start, end };
  },
};
