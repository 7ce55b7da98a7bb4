/**
 * Wraps BMP messages as collectors write them to Kafka: OpenBMP's binary header 1.7 (gobmp raw, RouteViews) and its text header.
 */

import { ipAddressOf } from '../../src/base/ip.ts';

export interface ObmpOptions {
  /** Router address text. */
  router?: string;
  /** 32 hex digits. */
  collectorHash?: string;
  routerHash?: string;
  adminId?: string;
  routerGroup?: string;
  timestampMs?: number;
  /** Default 0x80, with 0x40 for an IPv6 router. 0 = a message about the collector. */
  flags?: number;
  /** 12 = BMP_RAW. */
  objectType?: number;
}

/** OBMP 1.7: all of `messages` go into one record. */
export function obmpBinary(messages: readonly Uint8Array[] | Uint8Array, options: ObmpOptions = {}): Buffer {
  const bmp = messages instanceof Uint8Array ? Buffer.from(messages) : Buffer.concat(messages);
  const admin = Buffer.from(options.adminId ?? 'collector');
  const group = Buffer.from(options.routerGroup ?? '');
  const router = routerBytes(options.router ?? '198.51.100.1');
  const size = 78 + admin.length + group.length;
  const out = Buffer.alloc(size);
  out.write('OBMP', 0, 'latin1');
  out[4] = 1;
  out[5] = 7;
  out.writeUInt16BE(size, 6);
  out.writeUInt32BE(bmp.length, 8);
  out[12] = options.flags ?? (router.length === 16 ? 0xc0 : 0x80);
  out[13] = options.objectType ?? 12;
  const timestampMs = options.timestampMs ?? 1_700_000_000_000;
  out.writeUInt32BE(Math.floor(timestampMs / 1000), 14);
  out.writeUInt32BE(Math.round((timestampMs % 1000) * 1000), 18);
  out.write(options.collectorHash ?? '000102030405060708090a0b0c0d0e0f', 22, 'hex');
  out.writeUInt16BE(admin.length, 38);
  admin.copy(out, 40);
  out.write(options.routerHash ?? 'f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff', 40 + admin.length, 'hex');
  router.copy(out, 56 + admin.length);
  out.writeUInt16BE(group.length, 72 + admin.length);
  group.copy(out, 74 + admin.length);
  out.writeUInt32BE(1, 74 + admin.length + group.length);
  return Buffer.concat([out, bmp]);
}

/** OpenBMP's text header (obmp-collector 2.2). */
export function obmpText(messages: readonly Uint8Array[] | Uint8Array, options: ObmpOptions = {}): Buffer {
  const bmp = messages instanceof Uint8Array ? Buffer.from(messages) : Buffer.concat(messages);
  const header =
    `V: 1.7\nC_HASH_ID: ${options.collectorHash ?? '000102030405060708090a0b0c0d0e0f'}\n` +
    `R_HASH: ${options.routerHash ?? 'f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff'}\nR_IP: ${options.router ?? '198.51.100.1'}\n` +
    `L: ${bmp.length}\n\n`;
  return Buffer.concat([Buffer.from(header), bmp]);
}

function routerBytes(text: string): Buffer {
  const address = ipAddressOf(text);
  if (address === null) throw new Error(`not an address: ${text}`);
  const words = address.family === 4 ? [address.w0] : [address.w0, address.w1, address.w2, address.w3];
  const out = Buffer.alloc(words.length * 4);
  words.forEach((value, i) => out.writeInt32BE(value, i * 4));
  return out;
}
