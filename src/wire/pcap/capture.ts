/**
 * Classic pcap files (draft-ietf-opsawg-pcap) → packets as ranges of the file: for replaying BMP that was captured on the wire. Either
 * byte order, microseconds or nanoseconds. pcapng is another format and is refused.
 *
 *   magic (4) | version (2, 2) | reserved (4, 4) | snap length (4) | link type (4)
 *   then per packet: seconds (4) | fraction (4) | captured length (4) | original length (4) | bytes
 */

import { RecordError } from '../../base/errors.ts';

const fileHeaderSize = 24;
const packetHeaderSize = 16;
const magicMicroseconds = 0xa1b2c3d4;
const magicNanoseconds = 0xa1b23c4d;

export interface CapturedPacket {
  /** Milliseconds since the epoch, fractions kept. */
  timestampMs: number;
  linkType: number;
  start: number;
  end: number;
}

export function* readCapture(file: Buffer): Generator<CapturedPacket> {
  if (file.length < fileHeaderSize) throw captureError('file header', 0, `${file.length} of 24 bytes`);
  const isLittleEndian = isMagic(file.readUInt32LE(0));
  if (!isLittleEndian && !isMagic(file.readUInt32BE(0))) throw captureError('magic', 0, 'not a classic pcap file');
  const word = (at: number): number => (isLittleEndian ? file.readUInt32LE(at) : file.readUInt32BE(at));
  const fractionsPerMs = word(0) === magicNanoseconds ? 1e6 : 1e3;
  // The upper bits may say how long the frame check sequence is.
  const linkType = word(20) & 0xffff;
  for (let at = fileHeaderSize; at < file.length;) {
    const start = at + packetHeaderSize;
    const end = start > file.length ? start : start + word(at + 8);
    // A capture that was cut off ends in the middle of a packet; what came before is good.
    if (end > file.length) return;
    yield { timestampMs: word(at) * 1000 + word(at + 4) / fractionsPerMs, linkType, start, end };
    at = end;
  }
}

function isMagic(value: number): boolean {
  return value === magicMicroseconds || value === magicNanoseconds;
}

function captureError(field: string, offset: number, message: string): RecordError {
  return new RecordError('pcap-header', message, { format: 'pcap', offset, field });
}
