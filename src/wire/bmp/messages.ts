/**
 * BMP messages (RFC 7854 §4, with RFC 8671 and RFC 9069) → objects of types.ts. A range of bytes may hold several, one after another:
 * `bmpMessageLength` walks them, `decodeBmpMessage` reads one. Offsets of errors count from `recordStart`, the start of the Kafka
 * record's value. Throws RecordError and nothing else, whatever the bytes.
 *
 *   version (1) = 3 | message length (4), header included | type (1)
 */

import { RecordError } from '../../base/errors.ts';
import { PerPeerHeaderReader, perPeerHeaderSize } from './per-peer-header.ts';
import { decodePeerDown } from './peer-down.ts';
import { decodePeerUp } from './peer-up.ts';
import { readStatistics } from './statistics.ts';
import { readTlvs, textOfTlv } from './tlv.ts';
import { type BmpMessage, peerTypeLocRib } from './types.ts';

const bmpVersion = 3;
const bmpHeaderSize = 6;

const typeRouteMonitoring = 0;
const typeStatisticsReport = 1;
const typePeerDown = 2;
const typePeerUp = 3;
const typeInitiation = 4;
const typeTermination = 5;
const typeRouteMirroring = 6;

const fieldNames = [
  'route-monitoring',
  'statistics-report',
  'peer-down',
  'peer-up',
  'initiation',
  'termination',
  'route-mirroring',
];

const initiationSysDescr = 1;
const initiationSysName = 2;
const terminationReason = 1;

const headers = new PerPeerHeaderReader();

/** Bytes of the message at `start`, which lies wholly before `end`. No upper bound but that: BGP messages may be extended (RFC 8654). */
export function bmpMessageLength(buffer: Buffer, start: number, end: number, recordStart = start): number {
  // The version comes first: a message of another version must say so even when it is cut short.
  if (start < end && buffer[start] !== bmpVersion) {
    throw bmpError('bmp-version', 'version', start - recordStart, `version ${buffer[start]} is not ${bmpVersion}`);
  }
  if (start + bmpHeaderSize > end) {
    throw bmpError('bmp-truncated', 'common header', start - recordStart, `${end - start} of 6 bytes`);
  }
  const length = buffer.readUInt32BE(start + 1);
  if (length < bmpHeaderSize) {
    throw bmpError('bmp-length', 'message length', start + 1 - recordStart, `${length} is less than the header`);
  }
  if (length > end - start) {
    throw bmpError('bmp-truncated', 'message length', start + 1 - recordStart, `${length} said, ${end - start} there`);
  }
  return length;
}

/** Decodes the one message that fills [start, end). */
export function decodeBmpMessage(buffer: Buffer, start: number, end: number, recordStart = start): BmpMessage {
  const length = bmpMessageLength(buffer, start, end, recordStart);
  if (length !== end - start) {
    throw bmpError('bmp-length', 'message length', start + 1 - recordStart, `${length} said, ${end - start} there`);
  }
  const type = buffer[start + 5];
  const at = start + bmpHeaderSize;
  if (type === typeInitiation) return decodeInitiation(buffer, at, end, recordStart);
  if (type === typeTermination) return decodeTermination(buffer, at, end, recordStart);
  if (type > typeRouteMirroring) {
    throw bmpError('bmp-type', 'message type', start + 5 - recordStart, `type ${type} is unknown`);
  }
  const bodyAt = at + perPeerHeaderSize;
  if (bodyAt > end) {
    throw bmpError(
      'bmp-truncated',
      `${fieldNames[type]}: per-peer header`,
      at - recordStart,
      `${end - at} of 42 bytes`,
    );
  }
  if (buffer[at] > peerTypeLocRib) {
    // Its flags, and what its address and distinguisher are, no RFC says (RFC 9069 §8.2: they go by the peer type).
    throw bmpError(
      'bmp-peer-type',
      `${fieldNames[type]}: peer type`,
      at - recordStart,
      `type ${buffer[at]} is unknown`,
    );
  }
  const peer = headers.read(buffer, at);
  switch (type) {
    case typeRouteMonitoring:
      return { kind: 'route-monitoring', peer, pduStart: bodyAt, pduEnd: end };
    case typeStatisticsReport:
      return { kind: 'statistics-report', peer, statistics: readStatistics(buffer, bodyAt, end, recordStart) };
    case typePeerDown:
      return decodePeerDown(buffer, peer, bodyAt, end, recordStart);
    case typePeerUp:
      return decodePeerUp(buffer, peer, bodyAt, end, recordStart);
    default:
      return { kind: 'route-mirroring', peer };
  }
}

/** Information TLVs (RFC 7854 §4.3): 0 text, 1 sysDescr, 2 sysName. */
function decodeInitiation(buffer: Buffer, start: number, end: number, recordStart: number): BmpMessage {
  const information = readTlvs(buffer, start, end, recordStart, 'initiation');
  return {
    kind: 'initiation',
    information,
    sysName: textOfTlv(information, initiationSysName),
    sysDescr: textOfTlv(information, initiationSysDescr),
  };
}

/** TLVs (RFC 7854 §4.5): 0 text, 1 reason (2 bytes). A message without a reason closes too; it counts as 0, administratively closed. */
function decodeTermination(buffer: Buffer, start: number, end: number, recordStart: number): BmpMessage {
  let reason = 0;
  for (const tlv of readTlvs(buffer, start, end, recordStart, 'termination')) {
    if (tlv.type === terminationReason && tlv.value.length === 2) reason = tlv.value.readUInt16BE();
  }
  return { kind: 'termination', reason };
}

function bmpError(code: string, field: string, offset: number, message: string): RecordError {
  return new RecordError(code, message, { format: 'bmp', offset, field });
}
