/**
 * BGP OPEN → BgpOpen: what a Peer Up tells about both sides. RFC 4271 §4.2 with capabilities (RFC 5492), extended optional parameters
 * (RFC 9072), 4-octet AS (RFC 6793), multiprotocol (RFC 4760), ADD-PATH (RFC 7911), Multiple Labels (RFC 8277). Routers fabricate
 * OPENs for Loc-RIB (RFC 9069 §5.2), so a capability of the wrong size is passed over; only broken framing is an error.
 */

import { RecordError } from '../../base/errors.ts';
import { formatIp, readWord } from '../../base/ip.ts';
import type { BgpOpen } from './types.ts';

export const bgpHeaderSize = 19;
const openType = 1;
const parameterCapabilities = 2;

const capabilityMultiprotocol = 1;
const capabilityMultipleLabels = 8;
const capabilityFourOctetAs = 65;
const capabilityAddPath = 69;

interface OpenCapabilities {
  as: number;
  hasFourOctetAs: boolean;
  addPath: Map<number, number>;
  families: number[];
  multipleLabels: Map<number, number>;
  codes: number[];
}

/**
 * The PDU in [start, end), its header included; `recordStart` is where the record's value begins, for error offsets.
 *
 *   marker (16) | length (2) | type (1) = 1
 *   version (1) | my autonomous system (2) | hold time (2) | BGP identifier (4) | optional parameters length (1) | parameters
 *   extended (RFC 9072): the length is 255 and followed by type 255, length (2); parameter lengths have 2 bytes
 */
export function decodeOpen(buffer: Buffer, start: number, end: number, recordStart = start): BgpOpen {
  if (end - start < bgpHeaderSize + 10)
    throw openError('length', start - recordStart, `${end - start} bytes, at least 29 needed`);
  if (buffer[start + 18] !== openType)
    throw openError('type', start + 18 - recordStart, `type ${buffer[start + 18]} is not OPEN`);
  const at = start + bgpHeaderSize;
  const found: OpenCapabilities = {
    as: buffer.readUInt16BE(at + 1),
    hasFourOctetAs: false,
    addPath: new Map(),
    families: [],
    multipleLabels: new Map(),
    codes: [],
  };
  readParameters(buffer, at + 9, end, recordStart, found);
  return {
    version: buffer[at],
    as: found.as,
    holdTimeS: buffer.readUInt16BE(at + 3),
    bgpId: formatIp(4, readWord(buffer, at + 5), 0, 0, 0),
    hasFourOctetAs: found.hasFourOctetAs,
    addPath: found.addPath,
    families: found.families,
    multipleLabels: found.multipleLabels,
    capabilities: found.codes,
  };
}

function readParameters(buffer: Buffer, at: number, end: number, recordStart: number, found: OpenCapabilities): void {
  let size = buffer[at];
  let from = at + 1;
  const isExtended = size === 255 && from + 3 <= end && buffer[from] === 255;
  if (isExtended) {
    size = buffer.readUInt16BE(from + 1);
    from += 3;
  }
  const headerSize = isExtended ? 3 : 2;
  if (from + size !== end) {
    throw openError('optional parameters length', at - recordStart, `${size} bytes said, ${end - from} there`);
  }
  while (from < end) {
    const length = from + headerSize > end ? -1 : isExtended ? buffer.readUInt16BE(from + 1) : buffer[from + 1];
    const to = from + headerSize + length;
    if (length < 0 || to > end) throw openError('optional parameter', from - recordStart, 'runs over the end');
    if (buffer[from] === parameterCapabilities) readCapabilities(buffer, from + headerSize, to, recordStart, found);
    from = to;
  }
}

/** code (1) | length (1) | value, one after another. */
function readCapabilities(
  buffer: Buffer,
  start: number,
  end: number,
  recordStart: number,
  found: OpenCapabilities,
): void {
  for (let at = start; at < end;) {
    const to = at + 2 > end ? end + 1 : at + 2 + buffer[at + 1];
    if (to > end) throw openError('capability', at - recordStart, 'runs over the end');
    const code = buffer[at];
    found.codes.push(code);
    readCapability(buffer, code, at + 2, to, found);
    at = to;
  }
}

function readCapability(buffer: Buffer, code: number, start: number, end: number, found: OpenCapabilities): void {
  const size = end - start;
  if (code === capabilityMultiprotocol && size === 4) {
    found.families.push((buffer.readUInt16BE(start) << 8) | buffer[start + 3]);
  } else if (code === capabilityFourOctetAs && size === 4) {
    found.as = buffer.readUInt32BE(start);
    found.hasFourOctetAs = true;
  } else if (code === capabilityAddPath) {
    // Any other mode than receive, send, both is as if not sent (RFC 7911 §4).
    for (let at = start; at + 4 <= end; at += 4) {
      const mode = buffer[at + 3];
      if (mode >= 1 && mode <= 3) found.addPath.set((buffer.readUInt16BE(at) << 8) | buffer[at + 2], mode);
    }
  } else if (code === capabilityMultipleLabels) {
    // A count of 0 is ignored, and of several for a family the first one counts (RFC 8277 §2.1).
    for (let at = start; at + 4 <= end; at += 4) {
      const family = (buffer.readUInt16BE(at) << 8) | buffer[at + 2];
      if (buffer[at + 3] > 0 && !found.multipleLabels.has(family)) found.multipleLabels.set(family, buffer[at + 3]);
    }
  }
}

function openError(field: string, offset: number, message: string): RecordError {
  return new RecordError('bgp-open', message, { format: 'bgp', offset, field: `open: ${field}` });
}
