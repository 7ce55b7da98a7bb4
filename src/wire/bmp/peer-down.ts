/**
 * Peer Down Notification (RFC 7854 §4.9; reason 6 RFC 9069 §5.3): reason (1) and what it brings along. The peer is down whatever that
 * data is, so data that cannot be read is left out and is no error.
 *
 *   1 local, with NOTIFICATION | 2 local, with FSM event code (2) | 3 remote, with NOTIFICATION | 4 remote, nothing | 5 de-configured
 *   6 Loc-RIB, with TLVs
 */

import { RecordError } from '../../base/errors.ts';
import { bgpHeaderSize } from '../bgp/open.ts';
import { readTlvs, textOfTlv } from './tlv.ts';
import type { PeerDown, PerPeerHeader } from './types.ts';

const reasonLocalNotification = 1;
const reasonLocalEvent = 2;
const reasonRemoteNotification = 3;
const reasonLocRib = 6;
const notificationType = 3;
const tlvTableName = 3;

const reasonTexts = [
  '',
  'closed by the router',
  'closed by the router',
  'closed by the peer',
  'closed by the peer, without notification',
  'no longer monitored',
  'closed by the router',
];

/** The message's body after the per-peer header, [start, end). */
export function decodePeerDown(
  buffer: Buffer,
  peer: PerPeerHeader,
  start: number,
  end: number,
  recordStart: number,
): PeerDown {
  if (start === end) {
    const detail = { format: 'bmp', offset: start - recordStart, field: 'peer-down: reason' };
    throw new RecordError('bmp-truncated', 'missing', detail);
  }
  const reason = buffer[start];
  const at = start + 1;
  const hasNotification = reason === reasonLocalNotification || reason === reasonRemoteNotification;
  return {
    kind: 'peer-down',
    peer,
    reason,
    notification: hasNotification ? readNotification(buffer, at, end) : '',
    fsmEvent: reason === reasonLocalEvent && at + 2 <= end ? buffer.readUInt16BE(at) : -1,
    tableName: reason === reasonLocRib ? readTableName(buffer, at, end) : '',
  };
}

/** Why, for people: "reason 3: closed by the peer, notification 6/4". */
export function peerDownText(message: PeerDown): string {
  const said = reasonTexts[message.reason] ?? '';
  const parts = said === '' ? [] : [said];
  if (message.notification !== '') parts.push(`notification ${message.notification}`);
  if (message.fsmEvent > 0) parts.push(`event ${message.fsmEvent}`);
  if (message.tableName !== '') parts.push(`table ${message.tableName}`);
  return parts.length === 0 ? `reason ${message.reason}` : `reason ${message.reason}: ${parts.join(', ')}`;
}

/** Error code and subcode (RFC 4271 §4.5), "6/4"; empty when no NOTIFICATION is there. */
function readNotification(buffer: Buffer, start: number, end: number): string {
  const at = start + bgpHeaderSize;
  return at + 2 <= end && buffer[at - 1] === notificationType ? `${buffer[at]}/${buffer[at + 1]}` : '';
}

function readTableName(buffer: Buffer, start: number, end: number): string {
  try {
    return textOfTlv(readTlvs(buffer, start, end, start, 'peer-down'), tlvTableName);
  } catch (error) {
    if (error instanceof RecordError) return '';
    throw error;
  }
}
