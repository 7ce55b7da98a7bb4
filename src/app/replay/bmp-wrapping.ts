/**
 * A BMP message that was not in Kafka → the record that it would be in a topic of the configuration: with OpenBMP's header, or bare, the
 * router's address where the input looks for it.
 */

import { ConfigError } from '../../base/errors.ts';
import { HeaderSection } from '../../base/record-headers.ts';
import { ipAddressOf } from '../../base/ip.ts';
import type { RouteInput } from '../../config/types.ts';
import { noHeaders, type ReplayRecord } from './replay-record.ts';

const headerSize = 78;
const flagRouter = 0x80;
const flagIpv6 = 0x40;
const objectTypeBmpRaw = 12;
const perPeerTimeAt = 40;
const typesWithPeer = new Set([0, 1, 2, 3, 6]);

/** `router`: its address. */
export function bmpRecord(
  input: RouteInput,
  router: string,
  message: Buffer,
  timestampMs: number,
  place: string,
): ReplayRecord {
  const { format, router: from, topic } = input;
  const base = { topic, partition: 0, offset: -1, timestampMs, place };
  if (format === 'openbmp') {
    return { ...base, key: null, headers: noHeaders, value: openbmpRecord(router, message, timestampMs) };
  }
  if (from?.from === 'key') return { ...base, key: Buffer.from(router), headers: noHeaders, value: message };
  if (from?.from !== 'header') return { ...base, key: null, headers: noHeaders, value: message };
  const section = new HeaderSection();
  section.reset();
  section.addText(Buffer.from(from.name, 'utf8'), router);
  return { ...base, key: null, headers: Buffer.from(section.finish()), value: message };
}

/** The time in the per-peer header, ms; -1 where there is none. */
export function perPeerTimeMs(message: Buffer): number {
  if (message.length < perPeerTimeAt + 8 || !typesWithPeer.has(message[5])) return -1;
  const seconds = message.readUInt32BE(perPeerTimeAt);
  return seconds === 0 ? -1 : seconds * 1000 + Math.floor(message.readUInt32BE(perPeerTimeAt + 4) / 1000);
}

/** Layout: decode/bmp/openbmp.ts. */
function openbmpRecord(router: string, message: Buffer, timestampMs: number): Buffer {
  const address = ipAddressOf(router);
  if (address === null) throw new ConfigError(`"${router}" is not the address of a router`);
  const record = Buffer.alloc(headerSize + message.length);
  record.write('OBMP', 0, 'latin1');
  record[4] = 1;
  record[5] = 7;
  record.writeUInt16BE(headerSize, 6);
  record.writeUInt32BE(message.length, 8);
  record[12] = flagRouter | (address.family === 6 ? flagIpv6 : 0);
  record[13] = objectTypeBmpRaw;
  const timeMs = Math.max(timestampMs, 0);
  record.writeUInt32BE(Math.floor(timeMs / 1000), 14);
  record.writeUInt32BE(Math.floor((timeMs % 1000) * 1000), 18);
  record.writeInt32BE(address.w0, 56);
  record.writeInt32BE(address.w1, 60);
  record.writeInt32BE(address.w2, 64);
  record.writeInt32BE(address.w3, 68);
  record.writeUInt32BE(1, 74);
  message.copy(record, headerSize);
  return record;
}
