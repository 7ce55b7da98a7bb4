/**
 * Capture files → packets as ranges of the file: for replaying BMP that was captured on the wire. pcapng has a file of its own; here is
 * classic pcap (draft-ietf-opsawg-pcap), either byte order, microseconds or nanoseconds.
 *
 *   magic (4) | version (2, 2) | reserved (4, 4) | snap length (4) | link type (4)
 *   then per packet: seconds (4) | fraction (4) | captured length (4) | original length (4) | bytes
 */

import { captureError, type CapturedPacket, type OnCaptureProblem } from './captured-packet.ts';
import { isPcapng, readPcapng } from './pcapng.ts';

const fileHeaderSize = 24;
const packetHeaderSize = 16;
const magicMicroseconds = 0xa1b2c3d4;
const magicNanoseconds = 0xa1b23c4d;

export function isCapture(file: Buffer): boolean {
  return isPcapng(file) || isClassic(file);
}

/** Throws RecordError for a file that is no capture; tells `onProblem` where one breaks off. */
export function* readCapture(file: Buffer, onProblem: OnCaptureProblem = () => {}): Generator<CapturedPacket> {
  if (isPcapng(file)) {
    yield* readPcapng(file, onProblem);
    return;
  }
  if (file.length < fileHeaderSize) throw captureError('file header', 0, `${file.length} of 24 bytes`);
  if (!isClassic(file)) throw captureError('magic', 0, 'neither a pcap nor a pcapng file');
  const isLittleEndian = isMagic(file.readUInt32LE(0));
  const word = (at: number): number => (isLittleEndian ? file.readUInt32LE(at) : file.readUInt32BE(at));
  const fractionsPerMs = word(0) === magicNanoseconds ? 1e6 : 1e3;
  // The upper bits may say how long the frame check sequence is.
  const linkType = word(20) & 0xffff;
  for (let at = fileHeaderSize; at < file.length;) {
    const start = at + packetHeaderSize;
    const end = start > file.length ? start : start + word(at + 8);
    if (end > file.length) {
      onProblem(at, `the file ends within a packet, ${end - file.length} bytes are missing`);
      return;
    }
    const timestampMs = word(at) * 1000 + word(at + 4) / fractionsPerMs;
    yield { timestampMs, linkType, start, end, cutBytes: Math.max(0, word(at + 12) - (end - start)) };
    at = end;
  }
}

function isClassic(file: Buffer): boolean {
  return file.length >= 4 && (isMagic(file.readUInt32LE(0)) || isMagic(file.readUInt32BE(0)));
}

function isMagic(value: number): boolean {
  return value === magicMicroseconds || value === magicNanoseconds;
}
