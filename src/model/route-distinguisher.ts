/**
 * Text of route distinguishers (RFC 4364 §4.2): `type:administrator:number`, administrators of type 1 as IPv4 addresses. One text for one
 * value: no leading zeros. Distinguishers of peer type 2 (RFC 7854 §4.2) are local values: `local:NUMBER`.
 */

import { ipAddressOf } from '../base/ip.ts';

const pattern = /^([012]):(\d{1,10}|\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}):(\d{1,10})$/;
const localPattern = /^(0x[0-9a-f]{1,16}|\d{1,20})$/i;
const mostLocal = (1n << 64n) - 1n;

/** The one text of the distinguisher, or null when the text is none. */
export function distinguisherText(text: string): string | null {
  const match = pattern.exec(text);
  if (match === null) return null;
  const [, type, administrator, assigned] = match;
  if (administrator.includes('.') !== (type === '1')) return null;
  const number = Number(assigned);
  if (number > (type === '0' ? 0xffffffff : 0xffff)) return null;
  if (type === '1') {
    const address = ipAddressOf(administrator);
    return address === null ? null : `1:${address.toString()}:${number}`;
  }
  const as = Number(administrator);
  return as > (type === '0' ? 0xffff : 0xffffffff) ? null : `${type}:${as}:${number}`;
}

/** `local:NUMBER` of a decimal or 0x number of at most 64 bits, or null. */
export function localDistinguisherText(text: string): string | null {
  if (!localPattern.test(text)) return null;
  const number = BigInt(text.toLowerCase());
  return number > mostLocal ? null : `local:${number}`;
}
