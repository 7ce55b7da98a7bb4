import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeBmpMessage } from '../../../src/wire/bmp/messages.ts';
import { peerDownText } from '../../../src/wire/bmp/peer-down.ts';
import { bgpPdu, peerDown } from '../../support/bmp-builder.ts';

function textOf(reason: number, data: Uint8Array): string {
  const bytes = peerDown({}, reason, data);
  const message = decodeBmpMessage(bytes, 0, bytes.length);
  assert.ok(message.kind === 'peer-down');
  assert.equal(message.reason, reason);
  return peerDownText(message);
}

const notification = bgpPdu(3, Buffer.from([6, 4, 1, 2, 3]));
const cases: readonly (readonly [string, number, Uint8Array, string])[] = [
  ['RFC 7854 §4.9: reason 1, NOTIFICATION', 1, notification, 'reason 1: closed by the router, notification 6/4'],
  ['RFC 7854 §4.9: reason 2, FSM event', 2, Buffer.from([0, 24]), 'reason 2: closed by the router, event 24'],
  ['RFC 7854 §4.9: reason 2, event 0 is none', 2, Buffer.from([0, 0]), 'reason 2: closed by the router'],
  ['RFC 7854 §4.9: reason 3, NOTIFICATION', 3, notification, 'reason 3: closed by the peer, notification 6/4'],
  ['RFC 7854 §4.9: reason 4', 4, Buffer.alloc(0), 'reason 4: closed by the peer, without notification'],
  ['RFC 7854 §4.9: reason 5', 5, Buffer.alloc(0), 'reason 5: no longer monitored'],
  [
    'RFC 9069 §5.3: reason 6, TLV',
    6,
    Buffer.from('00030004626c7565', 'hex'),
    'reason 6: closed by the router, table blue',
  ],
  ['an unknown reason', 77, Buffer.alloc(9, 1), 'reason 77'],
  ['reason 1 with no NOTIFICATION', 1, Buffer.alloc(0), 'reason 1: closed by the router'],
  ['reason 1 with a NOTIFICATION cut short', 1, notification.subarray(0, 20), 'reason 1: closed by the router'],
  ['reason 3 with another PDU', 3, bgpPdu(4, Buffer.alloc(4)), 'reason 3: closed by the peer'],
  ['reason 2 with one byte', 2, Buffer.from([1]), 'reason 2: closed by the router'],
  ['reason 6 with TLVs that run over the end', 6, Buffer.from([0, 3, 0, 9, 1]), 'reason 6: closed by the router'],
];

for (const [name, reason, data, expected] of cases) test(name, () => assert.equal(textOf(reason, data), expected));
