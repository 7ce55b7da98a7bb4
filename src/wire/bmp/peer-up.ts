/**
 * Peer Up Notification (RFC 7854 §4.10): both OPENs, from which the ADD-PATH form of all later NLRI follows, and information TLVs.
 *
 *   local address (16) | local port (2) | remote port (2) | sent OPEN | received OPEN | TLVs
 *
 * For Loc-RIB address and ports are 0 and both OPENs are made up by the router (RFC 9069 §5.2).
 */

import { RecordError } from '../../base/errors.ts';
import { murmur2 } from '../../base/murmur2.ts';
import { bgpHeaderSize, decodeOpen } from '../bgp/open.ts';
import { formatPeerAddress } from './per-peer-header.ts';
import { readTlvs, textOfTlv } from './tlv.ts';
import type { PeerUp, PerPeerHeader } from './types.ts';

const localFieldsSize = 20;
const tlvTableName = 3;
const tlvAdminLabel = 4;

/** The message's body after the per-peer header, [start, end). */
export function decodePeerUp(
  buffer: Buffer,
  peer: PerPeerHeader,
  start: number,
  end: number,
  recordStart: number,
): PeerUp {
  const sentStart = start + localFieldsSize;
  if (sentStart > end) throw peerUpError('local address', start - recordStart, `${end - start} of 20 bytes`);
  const receivedStart = openEnd(buffer, sentStart, end, recordStart, 'sent open');
  const informationStart = openEnd(buffer, receivedStart, end, recordStart, 'received open');
  const information = readTlvs(buffer, informationStart, end, recordStart, 'peer-up');
  return {
    kind: 'peer-up',
    peer,
    localAddress: formatPeerAddress(buffer, start, peer.isIpv6),
    localPort: buffer.readUInt16BE(start + 16),
    remotePort: buffer.readUInt16BE(start + 18),
    sentOpen: decodeOpen(buffer, sentStart, receivedStart, recordStart),
    receivedOpen: decodeOpen(buffer, receivedStart, informationStart, recordStart),
    information,
    tableName: textOfTlv(information, tlvTableName),
    adminLabels: information.filter((tlv) => tlv.type === tlvAdminLabel).map((tlv) => tlv.value.toString('utf8')),
    // Ports and OPENs lie side by side.
    fingerprint: murmur2(buffer.subarray(start + 16, informationStart)),
  };
}

/** Where the OPEN at `start` ends, by the length in its header. */
function openEnd(buffer: Buffer, start: number, end: number, recordStart: number, field: string): number {
  if (start + bgpHeaderSize > end) throw peerUpError(field, start - recordStart, `${end - start} bytes left`);
  const to = start + buffer.readUInt16BE(start + 16);
  if (to > end || to < start + bgpHeaderSize) {
    throw peerUpError(field, start + 16 - recordStart, `length ${to - start}, ${end - start} bytes left`);
  }
  return to;
}

function peerUpError(field: string, offset: number, message: string): RecordError {
  return new RecordError('bmp-truncated', message, { format: 'bmp', offset, field: `peer-up: ${field}` });
}
