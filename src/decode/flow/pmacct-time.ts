/**
 * Times as pmacct prints them, to milliseconds since the epoch, without strings:
 *
 *   2026-11-24 15:43:57.123456                       the default: local time of pmacct's host, taken for ours (environment variable TZ)
 *   1795535037.123456                                timestamps_since_epoch
 *   2026-11-24T15:43:57.123456+01:00[Europe/Rome]    timestamps_rfc9557 (the name is not needed), timestamps_rfc3339 without it
 *
 * The fraction and the zone's colon may be missing, Z is a zone. Anything else, and what is not after 1970, is absent.
 */

import { absent } from '../../model/flow.ts';

const dash = 45;
const plus = 43;
const openBracket = 91;
const hourMs = 3_600_000;

export class PmacctTime {
  private bytes: Uint8Array = new Uint8Array(0);
  private at = 0;
  private end = 0;
  /** Of an hour by its UTC spelling, what is to be added to make local time UTC. */
  private localHour = -1;
  private localShiftMs = 0;

  read(bytes: Uint8Array, start: number, end: number): number {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    const ms = bytes[start + 4] === dash && end - start >= 19 ? this.date() : this.epoch();
    return ms > 0 && ms <= Number.MAX_SAFE_INTEGER ? ms : absent;
  }

  private epoch(): number {
    const seconds = this.digits(11);
    const ms = this.fraction();
    return seconds < 0 || ms < 0 || this.at !== this.end ? absent : seconds * 1000 + ms;
  }

  private date(): number {
    const year = this.digits(4);
    const month = this.after(dash);
    const day = this.after(dash);
    const separator = this.peek();
    if (separator !== 32 && (separator | 32) !== 116) return absent;
    const hour = this.after(separator);
    const minute = this.after(58);
    const second = this.after(58);
    const isTime = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second <= 60;
    if (year < 0 || month < 1 || month > 12 || day < 1 || day > 31 || !isTime) return absent;
    const ms = this.fraction();
    if (ms < 0) return absent;
    const utc = Date.UTC(year, month - 1, day, hour, minute, second) + ms;
    const first = this.peek();
    if (first < 0 || first === openBracket) return utc + this.localShift(utc);
    return utc - this.zoneMs();
  }

  /** Milliseconds east of UTC; NaN for no zone. */
  private zoneMs(): number {
    const sign = this.peek();
    this.at++;
    let minutes = 0;
    if (sign === plus || sign === dash) {
      const hours = this.digits(2);
      if (this.peek() === 58) this.at++;
      const rest = this.at < this.end && this.peek() !== openBracket ? this.digits(2) : 0;
      if (hours < 0 || rest < 0) return NaN;
      minutes = hours * 60 + rest;
    } else if ((sign | 32) !== 122) {
      return NaN;
    }
    if (this.at < this.end && this.peek() !== openBracket) return NaN;
    return (sign === dash ? -minutes : minutes) * 60_000;
  }

  /** Asked of the system once an hour of local time; zones change at full hours. */
  private localShift(utc: number): number {
    const hour = Math.floor(utc / hourMs);
    if (hour !== this.localHour) {
      const spelt = new Date(hour * hourMs);
      const local = new Date(spelt.getUTCFullYear(), spelt.getUTCMonth(), spelt.getUTCDate(), spelt.getUTCHours());
      this.localHour = hour;
      this.localShiftMs = local.getTime() - spelt.getTime();
    }
    return this.localShiftMs;
  }

  /** Two digits behind a separator; -1 for anything else. */
  private after(separator: number): number {
    if (this.peek() !== separator) return -1;
    this.at++;
    return this.digits(2);
  }

  /** Up to `most` digits; -1 without any. */
  private digits(most: number): number {
    const stop = Math.min(this.end, this.at + most);
    const from = this.at;
    let value = 0;
    for (; this.at < stop; this.at++) {
      const digit = this.bytes[this.at] - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    return this.at === from ? -1 : value;
  }

  /** Milliseconds of a fraction, 0 without one, -1 for a dot without digits. */
  private fraction(): number {
    if (this.peek() !== 46) return 0;
    this.at++;
    const from = this.at;
    let ms = 0;
    for (; this.at < this.end; this.at++) {
      const digit = this.bytes[this.at] - 48;
      if (digit < 0 || digit > 9) break;
      if (this.at - from < 3) ms = ms * 10 + digit;
    }
    const size = this.at - from;
    return size === 0 ? -1 : size === 1 ? ms * 100 : size === 2 ? ms * 10 : ms;
  }

  private peek(): number {
    return this.at < this.end ? this.bytes[this.at] : -1;
  }
}
