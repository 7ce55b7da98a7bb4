/** A packet as a range of the capture file, and what reading a capture may find wrong with it. */

import { RecordError } from '../../base/errors.ts';

export interface CapturedPacket {
  /** Milliseconds since the epoch, fractions kept. */
  timestampMs: number;
  linkType: number;
  start: number;
  end: number;
  /** Bytes of the packet that the capture left out (its snap length). */
  cutBytes: number;
}

/** Told what is missing from a capture: the byte offset in the file, and a text. What came before is good. */
export type OnCaptureProblem = (offset: number, text: string) => void;

export function captureError(field: string, offset: number, message: string): RecordError {
  return new RecordError('pcap-header', message, { format: 'pcap', offset, field });
}
