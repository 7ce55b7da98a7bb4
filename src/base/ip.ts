/**
 * IP addresses as numbers: an address is a family (0 none, 4, 6) and four int32 words, most significant first; an IPv4 address
 * stands in `w0`, the rest 0. Records carry bytes and text; ipaddr.js serves configuration and command line, this file serves the
 * hot path, where an object and an array for each address would be too many. Words are int32 (`| 0`), because V8 keeps int32 in
 * fields without boxing; compare with `>>> 0`.
 */

export type IpFamily = 0 | 4 | 6;

/** A mutable address, made once and refilled for each record. */
export class IpAddress {
  family: IpFamily = 0;
  w0 = 0;
  w1 = 0;
  w2 = 0;
  w3 = 0;

  clear(): void {
    this.family = 0;
    this.w0 = 0;
    this.w1 = 0;
    this.w2 = 0;
    this.w3 = 0;
  }

  copyFrom(other: IpAddress): void {
    this.family = other.family;
    this.w0 = other.w0;
    this.w1 = other.w1;
    this.w2 = other.w2;
    this.w3 = other.w3;
  }

  setV4(word: number): void {
    this.family = 4;
    this.w0 = word | 0;
    this.w1 = 0;
    this.w2 = 0;
    this.w3 = 0;
  }

  setV6(w0: number, w1: number, w2: number, w3: number): void {
    this.family = 6;
    this.w0 = w0 | 0;
    this.w1 = w1 | 0;
    this.w2 = w2 | 0;
    this.w3 = w3 | 0;
  }

  /** Turns ::ffff:a.b.c.d into a.b.c.d. For flow addresses and next hops only, never for NLRI. */
  unmap(): void {
    if (this.family === 6 && this.w0 === 0 && this.w1 === 0 && this.w2 === 0xffff) this.setV4(this.w3);
  }

  equals(other: IpAddress): boolean {
    return (
      this.family === other.family &&
      this.w0 === other.w0 &&
      this.w1 === other.w1 &&
      this.w2 === other.w2 &&
      this.w3 === other.w3
    );
  }

  /** True for "no address", 0.0.0.0 and ::. */
  isUnspecified(): boolean {
    return this.family === 0 || (this.w0 | this.w1 | this.w2 | this.w3) === 0;
  }

  /** Reads 4 or 16 bytes; false (and cleared) for any other size. */
  readBytes(bytes: Uint8Array, start: number, size: number): boolean {
    if (size === 4) {
      this.setV4(readWord(bytes, start));
      return true;
    }
    if (size === 16) {
      this.setV6(
        readWord(bytes, start),
        readWord(bytes, start + 4),
        readWord(bytes, start + 8),
        readWord(bytes, start + 12),
      );
      return true;
    }
    this.clear();
    return false;
  }

  /** Parses RFC 4291 / dotted-quad text strictly; false (and cleared) for anything else. Zone ids are refused. */
  parse(text: string): boolean {
    return parseIpAddress(text, this);
  }

  /** RFC 5952 text; empty for no address. */
  toString(): string {
    return formatIp(this.family, this.w0, this.w1, this.w2, this.w3);
  }
}

export function readWord(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}

/** Parses or returns null; allocates, for cold paths. */
export function ipAddressOf(text: string): IpAddress | null {
  const address = new IpAddress();
  return address.parse(text) ? address : null;
}

export function formatIp(family: IpFamily, w0: number, w1: number, w2: number, w3: number): string {
  if (family === 4) return `${w0 >>> 24}.${(w0 >>> 16) & 255}.${(w0 >>> 8) & 255}.${w0 & 255}`;
  if (family !== 6) return '';
  if (w0 === 0 && w1 === 0 && w2 === 0xffff) return `::ffff:${formatIp(4, w3, 0, 0, 0)}`;
  const groups = [w0 >>> 16, w0 & 0xffff, w1 >>> 16, w1 & 0xffff, w2 >>> 16, w2 & 0xffff, w3 >>> 16, w3 & 0xffff];
  let bestStart = -1;
  let bestSize = 1;
  for (let i = 0; i < 8; i++) {
    let size = 0;
    while (i + size < 8 && groups[i + size] === 0) size++;
    if (size > bestSize) {
      bestStart = i;
      bestSize = size;
    }
    i += size;
  }
  if (bestStart < 0) return groups.map((g) => g.toString(16)).join(':');
  const head = groups.slice(0, bestStart).map((g) => g.toString(16));
  const tail = groups.slice(bestStart + bestSize).map((g) => g.toString(16));
  return `${head.join(':')}::${tail.join(':')}`;
}

function parseIpAddress(text: string, into: IpAddress): boolean {
  if (text.indexOf(':') < 0) {
    const word = parseV4(text, 0);
    if (Number.isNaN(word)) {
      into.clear();
      return false;
    }
    into.setV4(word);
    return true;
  }
  if (parseV6(text, into)) return true;
  into.clear();
  return false;
}

/** Dotted quad from `from` to the end of the text, as int32; NaN when malformed. */
function parseV4(text: string, from: number): number {
  let word = 0;
  let octet = -1;
  let dots = 0;
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 48 && code <= 57) {
      if (octet === 0) return NaN;
      octet = octet < 0 ? code - 48 : octet * 10 + code - 48;
      if (octet > 255) return NaN;
    } else if (code === 46 && octet >= 0 && dots < 3) {
      word = (word << 8) | octet;
      octet = -1;
      dots++;
    } else {
      return NaN;
    }
  }
  return octet < 0 || dots !== 3 ? NaN : (word << 8) | octet;
}

const groups = new Int32Array(8);

function parseV6(text: string, into: IpAddress): boolean {
  let count = 0;
  let gap = -1;
  let at = 0;
  const end = text.length;
  if (text.startsWith('::')) {
    gap = 0;
    at = 2;
  } else if (text.startsWith(':')) {
    return false;
  }
  while (at < end) {
    if (count === 8) return false;
    let value = 0;
    let digits = 0;
    let to = at;
    for (; to < end; to++) {
      const digit = hexDigit(text.charCodeAt(to));
      if (digit < 0) break;
      value = (value << 4) | digit;
      if (++digits > 4) return false;
    }
    if (to < end && text.charCodeAt(to) === 46) {
      const word = parseV4(text, at);
      if (Number.isNaN(word) || count > 6) return false;
      groups[count++] = word >>> 16;
      groups[count++] = word & 0xffff;
      at = end;
      break;
    }
    if (digits === 0) return false;
    groups[count++] = value;
    at = to;
    if (at === end) break;
    if (text.charCodeAt(at) !== 58) return false;
    at++;
    if (at === end) return false;
    if (text.charCodeAt(at) === 58) {
      if (gap >= 0) return false;
      gap = count;
      at++;
    }
  }
  if (gap < 0 ? count !== 8 : count > 7) return false;
  if (gap >= 0) {
    const moved = count - gap;
    for (let i = 0; i < moved; i++) groups[7 - i] = groups[count - 1 - i];
    for (let i = gap; i < 8 - moved; i++) groups[i] = 0;
  }
  into.setV6(
    (groups[0] << 16) | groups[1],
    (groups[2] << 16) | groups[3],
    (groups[4] << 16) | groups[5],
    (groups[6] << 16) | groups[7],
  );
  return true;
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
