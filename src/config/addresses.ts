/**
 * Addresses and ranges of the configuration: text in, normalised form out. ipaddr.js reads them (this is the cold path); the printed
 * form is base/ip.ts's, because routers are compared and hashed by it. IPv4-mapped IPv6 becomes IPv4, as in flow records.
 */

import ipaddr from 'ipaddr.js';
import { ipAddressOf, type IpAddress } from '../base/ip.ts';

export interface AddressRange {
  readonly family: 4 | 6;
  /** Network address, host bits 0. */
  readonly address: IpAddress;
  readonly length: number;
  /** RFC 5952 text of the address, with /length unless it is a single one. */
  readonly text: string;
}

/** The normalised address, or null when the text is not exactly one. Zone ids and abbreviated IPv4 forms are refused. */
export function parseAddress(text: string): IpAddress | null {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text) && (text.includes('%') || !ipaddr.IPv6.isValid(text))) return null;
  const address = ipAddressOf(text);
  address?.unmap();
  return address;
}

/** The range, or the text of what is wrong with it. */
export function parseRange(text: string): AddressRange | string {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === null || address.family === 0) return 'expected an address or a range such as 192.0.2.0/24';
  const family = address.family;
  const bits = family === 4 ? 32 : 128;
  if (slash < 0) return { family, address, length: bits, text: address.toString() };
  const lengthText = text.slice(slash + 1);
  const length = /^\d{1,3}$/.test(lengthText) ? Number(lengthText) : NaN;
  if (!(length <= bits)) return `expected a prefix length of 0 to ${bits} after "/"`;
  const network = ipAddressOf(networkText(address, length));
  if (network === null) return 'expected an address or a range such as 192.0.2.0/24';
  if (!network.equals(address)) return `has host bits set: did you mean ${network.toString()}/${length}?`;
  return { family, address, length, text: length === bits ? address.toString() : `${address.toString()}/${length}` };
}

function networkText(address: IpAddress, length: number): string {
  const cidr = `${address.toString()}/${length}`;
  return (address.family === 4 ? ipaddr.IPv4 : ipaddr.IPv6).networkAddressFromCIDR(cidr).toString();
}

/** True when the ranges have an address in common. */
export function rangesOverlap(a: AddressRange, b: AddressRange): boolean {
  if (a.family !== b.family) return false;
  const shared = Math.min(a.length, b.length);
  return (
    sameBits(a.address.w0, b.address.w0, shared) &&
    sameBits(a.address.w1, b.address.w1, shared - 32) &&
    sameBits(a.address.w2, b.address.w2, shared - 64) &&
    sameBits(a.address.w3, b.address.w3, shared - 96)
  );
}

function sameBits(a: number, b: number, count: number): boolean {
  if (count <= 0) return true;
  return count >= 32 ? a === b : (a ^ b) >>> (32 - count) === 0;
}
