/**
 * Values of the member that a scanner stands on, as the fields of a flow: numbers, addresses, protocols, texts. A value of another kind
 * than is asked for is absent, or empty. Numbers in strings are numbers.
 */

import type { IpAddress } from '../../base/ip.ts';
import { absent } from '../../model/flow.ts';
import { JsonMemberScanner, valueNumber, valueString } from './json-members.ts';
import { protocolNumber } from './protocol-numbers.ts';
import { TextCache } from './text-cache.ts';

const slash = 47;

export class JsonValueReader {
  readonly scanner = new JsonMemberScanner();
  private buffer: Buffer = Buffer.alloc(0);
  private readonly texts = new TextCache();

  /** False when there is no object at the start of the range. */
  start(buffer: Buffer, start: number, end: number): boolean {
    this.buffer = buffer;
    return this.scanner.start(buffer, start, end);
  }

  /** Text of a number, or of a string without its quotes; empty for any other value. */
  text(): string {
    const { valueKind, valueStart, valueEnd, hasEscapes } = this.scanner;
    if (valueKind === valueNumber) return this.buffer.toString('latin1', valueStart, valueEnd);
    if (valueKind !== valueString) return '';
    if (!hasEscapes) return this.buffer.toString('utf8', valueStart + 1, valueEnd - 1);
    return JSON.parse(this.buffer.toString('utf8', valueStart, valueEnd)) as string;
  }

  /** The same for values that repeat: nothing is allocated for one that was there before. */
  repeatedText(): string {
    const { valueKind, valueStart, valueEnd, hasEscapes } = this.scanner;
    if (valueKind === valueNumber) return this.texts.text(this.buffer, valueStart, valueEnd);
    if (valueKind === valueString && !hasEscapes) return this.texts.text(this.buffer, valueStart + 1, valueEnd - 1);
    return this.text();
  }

  /** A whole number in [0, max]; `absent` for anything else. */
  number(max: number): number {
    const { bytes, valueKind, valueStart, valueEnd } = this.scanner;
    const quotes = valueKind === valueString ? 1 : 0;
    if (valueKind === valueNumber || valueKind === valueString) {
      const value = smallNumber(bytes, valueStart + quotes, valueEnd - quotes);
      if (value >= 0) return value <= max ? value : absent;
    }
    return wholeNumber(this.text(), max);
  }

  /** A counter of 64 bits: what is beyond 2^53 - 1 is given as 2^53 - 1, and `exactDigits` has all of it. */
  counter(): number {
    const value = this.number(Number.MAX_SAFE_INTEGER);
    return value === absent && this.exactDigits() !== '' ? Number.MAX_SAFE_INTEGER : value;
  }

  /** The digits of a whole number from 2^53 - 1 to 2^64 - 1; empty for any other value. */
  exactDigits(): string {
    const { valueStart, valueEnd } = this.scanner;
    if (valueEnd - valueStart < 16) return '';
    const digits = this.text();
    if (!/^[1-9]\d{15,19}$/.test(digits)) return '';
    const value = BigInt(digits);
    return value >= Number.MAX_SAFE_INTEGER && value < 1n << 64n ? digits : '';
  }

  /** IPv4-mapped addresses are unmapped. */
  address(into: IpAddress): void {
    const { bytes, valueKind, valueStart, valueEnd } = this.scanner;
    if (valueKind === valueString && readDottedQuad(bytes, valueStart + 1, valueEnd - 1, into)) return;
    into.parse(this.text());
    into.unmap();
  }

  /** Reads `10.0.0.0/24` or `10.0.0.0`; returns the length, `absent` without one. */
  network(into: IpAddress): number {
    const { bytes, valueKind, valueStart, valueEnd } = this.scanner;
    let end = valueEnd - 1;
    if (valueKind === valueString) {
      for (let at = valueStart + 1; at < end; at++) if (bytes[at] === slash) end = at;
      if (end < valueEnd - 1 && readDottedQuad(bytes, valueStart + 1, end, into)) {
        return prefixLengthIn(smallNumber(bytes, end + 1, valueEnd - 1));
      }
    }
    if (end >= valueEnd - 1) {
      this.address(into);
      return absent;
    }
    const [network, length] = this.text().split('/');
    into.parse(network);
    into.unmap();
    return wholeNumber(length, 128);
  }

  /** By name or number. */
  protocol(): number {
    if (this.scanner.valueKind === valueNumber) return this.number(255);
    const text = this.repeatedText();
    return protocolNumber(text) ?? wholeNumber(text, 255);
  }
}

/** Of up to nine digits; -1 for anything else. */
function smallNumber(bytes: Uint8Array, start: number, end: number): number {
  if (end <= start || end - start > 9) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at] - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function prefixLengthIn(value: number): number {
  return value >= 0 && value <= 128 ? value : absent;
}

export function wholeNumber(text: string, max: number): number {
  if (text === '') return absent;
  const value = Number(text);
  return Number.isInteger(value) && value >= 0 && value <= max ? value : absent;
}

/** The common address, without a string; false leaves the rest (IPv6, empty, malformed) to IpAddress.parse. */
function readDottedQuad(bytes: Uint8Array, start: number, end: number, into: IpAddress): boolean {
  let word = 0;
  let octet = -1;
  let dots = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at] - 48;
    if (digit >= 0 && digit <= 9) {
      if (octet === 0) return false;
      octet = octet < 0 ? digit : octet * 10 + digit;
      if (octet > 255) return false;
    } else if (digit === -2 && octet >= 0 && dots < 3) {
      word = (word << 8) | octet;
      octet = -1;
      dots++;
    } else {
      return false;
    }
  }
  if (octet < 0 || dots !== 3) return false;
  into.setV4((word << 8) | octet);
  return true;
}
