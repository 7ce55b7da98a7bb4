/**
 * Where a member answers HTTP, as it tells the others in the group's member data (application bytes of src/kafka/member-data.ts):
 * JSON of at most 300 bytes, `{"id": random text, "url": …}` or, when it listens on every address, `{"id", "port"}`: the others then
 * reach it under the address from which it speaks to Kafka. `http.advertise` goes before both.
 */

import { ipAddressOf } from '../base/ip.ts';

export interface MemberAddress {
  /** Drawn anew for each process. */
  readonly id: string;
  /** Null when only the port is known. */
  readonly url: string | null;
  readonly port: number;
}

const wildcards = new Set(['0.0.0.0', '[::]', '::']);

/** `listening` is the URL with the real port. */
export function memberAddress(id: string, listening: string, advertise: string | null): MemberAddress {
  const { hostname, port, protocol } = new URL(advertise ?? listening);
  const number = Number(port === '' ? (protocol === 'https:' ? 443 : 80) : port);
  if (advertise !== null) return { id, url: advertise.replace(/\/+$/, ''), port: number };
  return { id, url: wildcards.has(hostname) ? null : listening, port: number };
}

export function encodeMemberAddress({ id, url, port }: MemberAddress): Buffer {
  return Buffer.from(JSON.stringify(url === null ? { id, port } : { id, url }), 'utf8');
}

/** Null for bytes of another version, or none. */
export function decodeMemberAddress(bytes: Buffer): MemberAddress | null {
  let told: unknown;
  try {
    told = JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
  if (typeof told !== 'object' || told === null) return null;
  const { id, url, port } = told as Record<string, unknown>;
  if (typeof id !== 'string') return null;
  if (typeof url === 'string' && /^https?:$/.test(protocolOf(url))) return { id, url, port: 0 };
  if (typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536) return { id, url: null, port };
  return null;
}

function protocolOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : '';
}

/** True for a URL that means "this machine" wherever it is read. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  if (hostname === 'localhost' || hostname === '[::1]') return true;
  const address = ipAddressOf(hostname);
  return address?.family === 4 && address.w0 >>> 24 === 127;
}
