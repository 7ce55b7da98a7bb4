/**
 * Route targets as text (`65000:11`, `192.0.2.1:11`) and as the two words of their extended community:
 *
 *   byte 0 type: 0 two-octet AS, 1 IPv4 address (RFC 4360 §3.1, §3.2), 2 four-octet AS (RFC 5668 §2)
 *   byte 1 subtype: 2 route target | bytes 2-7 administrator and number: 2 + 4 bytes for type 0, else 4 + 2
 *
 * AS numbers above 65535, those with a dot (RFC 5396) and those followed by L are of four octets.
 */

import { ipAddressOf } from '../base/ip.ts';

const typeTwoOctetAs = 0;
const typeIpv4Address = 1;
const typeFourOctetAs = 2;
const subtypeRouteTarget = 2;

/** The two words, or null when the text is no route target. */
export function routeTargetWords(text: string): readonly [number, number] | null {
  const match = /^([\d.]+)(L?):(\d{1,10})$/.exec(text);
  if (match === null) return null;
  const [, administrator, mark, assigned] = match;
  const number = Number(assigned);
  const dots = administrator.split('.').length - 1;
  if (dots === 3 && mark === '') {
    const address = ipAddressOf(administrator);
    return address === null ? null : fourPlusTwo(typeIpv4Address, address.w0, number);
  }
  const as = asNumber(administrator, dots);
  if (as === null) return null;
  if (dots === 1 || mark === 'L' || as > 0xffff) return fourPlusTwo(typeFourOctetAs, as, number);
  return number > 0xffffffff ? null : [(typeTwoOctetAs << 24) | (subtypeRouteTarget << 16) | as, number | 0];
}

function asNumber(text: string, dots: number): number | null {
  if (dots === 0) return /^\d{1,10}$/.test(text) && Number(text) <= 0xffffffff ? Number(text) : null;
  const match = /^(\d{1,5})\.(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const [high, low] = [Number(match[1]), Number(match[2])];
  return high > 0xffff || low > 0xffff ? null : high * 0x10000 + low;
}

function fourPlusTwo(type: number, administrator: number, number: number): readonly [number, number] | null {
  if (number > 0xffff) return null;
  return [
    (type << 24) | (subtypeRouteTarget << 16) | ((administrator >>> 16) & 0xffff),
    ((administrator & 0xffff) << 16) | number,
  ];
}
