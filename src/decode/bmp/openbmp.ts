/**
 * BMP in OpenBMP's headers, as gobmp (raw mode), RouteViews and obmp-collector write it to Kafka: the binary header 1.7, or the text
 * header of the older collector, told apart by the first bytes. Both name the router and the collector; BMP messages (RFC 7854) follow.
 * Records that collectors send about themselves are told apart too.
 */

import { RecordError } from '../../base/errors.ts';
import { IpAddress } from '../../base/ip.ts';
import { bmpMessageLength } from '../../wire/bmp/messages.ts';
import type { BmpDecoder, BmpPart } from './types.ts';

const magic = 0x4f424d50;
const fixedHeaderSize = 78;
const flagRouter = 0x80;
const flagIpv6 = 0x40;
const objectTypeBmpRaw = 12;
const noHash = '0'.repeat(32);

const textLineMaximum = 4096;

interface Envelope {
  kind: 'bmp' | 'collector';
  router: string;
  collector: string;
  bmpStart: number;
}

const address = new IpAddress();

export const openbmpDecoder: BmpDecoder = {
  format: 'openbmp',

  split(buffer: Buffer, start: number, end: number): BmpPart[] {
    const { bmpStart, collector, kind, router } = readEnvelope(buffer, start, end);
    if (kind === 'bmp') {
      for (let at = bmpStart; at < end;) at += bmpMessageLength(buffer, at, end, start);
    }
    return [{ router, collector, start, end, kind }];
  },

  frames(buffer: Buffer, start: number, end: number): { start: number; end: number } {
    const { bmpStart, kind } = readEnvelope(buffer, start, end);
    return { start: kind === 'bmp' ? bmpStart : end, end };
  },
};

function readEnvelope(buffer: Buffer, start: number, end: number): Envelope {
  if (end - start >= 4 && buffer.readUInt32BE(start) === magic) return readBinaryHeader(buffer, start, end);
  const first = start < end ? buffer[start] | 0x20 : 0;
  if (first >= 0x61 && first <= 0x7a) return readTextHeader(buffer, start, end);
  throw openbmpError('openbmp-magic', 'magic', 0, 'neither OBMP nor a text header');
}

/**
 *   "OBMP" (4) | version 1, 7 (2) | header length (2) | BMP length (4) | flags (1): 0x80 router, 0x40 IPv6 | object type (1)
 *   seconds (4) | microseconds (4) | collector hash (16) | N (2) | admin id (N) | router hash (16)
 *   router address (16), IPv4 in the first 4 | M (2) | router group (M) | row count (4) | BMP
 */
function readBinaryHeader(buffer: Buffer, start: number, end: number): Envelope {
  if (end - start < fixedHeaderSize) {
    throw openbmpError('openbmp-truncated', 'header', 0, `${end - start} bytes, at least ${fixedHeaderSize} needed`);
  }
  if (buffer[start + 4] !== 1 || buffer[start + 5] !== 7) {
    throw openbmpError('openbmp-version', 'version', 4, `${buffer[start + 4]}.${buffer[start + 5]} is not 1.7`);
  }
  const headerSize = buffer.readUInt16BE(start + 6);
  const bmpSize = buffer.readUInt32BE(start + 8);
  if (headerSize + bmpSize !== end - start) {
    const message = `header ${headerSize} and message ${bmpSize} are not the record's ${end - start} bytes`;
    throw openbmpError('openbmp-length', 'header length', 6, message);
  }
  const adminSize = buffer.readUInt16BE(start + 38);
  const groupAt = 72 + adminSize;
  if (groupAt + 6 > headerSize || groupAt + 6 + buffer.readUInt16BE(start + groupAt) > headerSize) {
    throw openbmpError('openbmp-length', 'admin id length', 38, 'admin id and router group do not fit into the header');
  }
  const flags = buffer[start + 12];
  const hash = buffer.toString('hex', start + 22, start + 38);
  const collector = hash === noHash ? '' : hash;
  const bmpStart = start + headerSize;
  if ((flags & flagRouter) === 0 || buffer[start + 13] !== objectTypeBmpRaw) {
    return { kind: 'collector', router: '', collector, bmpStart };
  }
  address.readBytes(buffer, start + 56 + adminSize, (flags & flagIpv6) === 0 ? 4 : 16);
  address.unmap();
  return { kind: 'bmp', router: address.isUnspecified() ? '' : address.toString(), collector, bmpStart };
}

/** Lines of "Name: value", in any order and case, up to an empty line; V 1.x, C_HASH_ID, R_IP, L (bytes after it), T for parsed types. */
function readTextHeader(buffer: Buffer, start: number, end: number): Envelope {
  const fields = new Map<string, string>();
  const limit = Math.min(end, start + textLineMaximum);
  let at = start;
  for (;;) {
    const lineEnd = buffer.subarray(0, limit).indexOf(0x0a, at);
    if (lineEnd < 0) throw openbmpError('openbmp-truncated', 'text header', at - start, 'no empty line ends it');
    const line = buffer.toString('latin1', at, lineEnd).trim();
    at = lineEnd + 1;
    if (line === '') break;
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon).trim().toUpperCase(), line.slice(colon + 1).trim());
  }
  const version = fields.get('V') ?? '';
  if (!version.startsWith('1.')) throw openbmpError('openbmp-version', 'text header: V', 0, `"${version}" is not 1.7`);
  const size = Number(fields.get('L') ?? NaN);
  if (size !== end - at) {
    throw openbmpError('openbmp-length', 'text header: L', 0, `${fields.get('L')} said, ${end - at} bytes there`);
  }
  const collector = (fields.get('C_HASH_ID') ?? '').toLowerCase();
  const type = (fields.get('T') ?? 'bmp_raw').toLowerCase();
  if (type === 'collector') return { kind: 'collector', router: '', collector, bmpStart: at };
  if (type !== 'bmp_raw') throw openbmpError('openbmp-type', 'text header: T', 0, `"${type}" is not raw BMP`);
  const router = fields.get('R_IP') ?? '';
  if (!address.parse(router)) throw openbmpError('openbmp-router', 'text header: R_IP', 0, `"${router}" is no address`);
  address.unmap();
  return { kind: 'bmp', router: address.toString(), collector, bmpStart: at };
}

function openbmpError(code: string, field: string, offset: number, message: string): RecordError {
  return new RecordError(code, message, { format: 'openbmp', offset, field });
}
