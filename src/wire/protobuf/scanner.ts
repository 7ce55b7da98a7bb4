/**
 * Walks the fields of one protobuf message in a byte range, without objects: `next()` moves to a field and says its number; the rest
 * stands in plain members until the next call. Knows no schema. https://protobuf.dev/programming-guides/encoding/
 *
 *   message => field*          field => tag value          tag => varint(number << 3 | wire type)
 *   wire type 0: varint        1: 8 bytes        2: varint(length) bytes        5: 4 bytes        3, 4: groups, refused
 *
 * A varint is 64 bits: `high` and `low` hold them as int32, because V8 keeps int32 in members without boxing.
 */

export const wireVarint = 0;
export const wireFixed64 = 1;
export const wireBytes = 2;
export const wireFixed32 = 5;

/** What `next()` returns besides field numbers. */
export const scanEnd = 0;
export const scanFailed = -1;

export type ScanFailure = '' | 'truncated' | 'malformed';

const empty = new Uint8Array(0);

export class ProtobufScanner {
  bytes: Uint8Array = empty;
  at = 0;
  end = 0;
  /** First byte of the field's tag; it ends at `at`. */
  fieldStart = 0;
  wireType = wireVarint;
  /** Of a varint. */
  low = 0;
  high = 0;
  /** Of a length-delimited or fixed field. */
  valueStart = 0;
  valueEnd = 0;
  failure: ScanFailure = '';

  start(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.failure = '';
  }

  /** Field number, `scanEnd`, or `scanFailed`; then `failure` says why and `fieldStart` where. */
  next(): number {
    const { bytes, end } = this;
    let at = this.at;
    if (at >= end) return scanEnd;
    this.fieldStart = at;
    // Tags of one or two bytes and values of one are nearly all there are.
    let tag = bytes[at++];
    if (tag >= 0x80) {
      if (at < end && bytes[at] < 0x80) tag = (tag & 0x7f) | (bytes[at++] << 7);
      else {
        if (!this.readVarint()) return scanFailed;
        if (this.high !== 0) return this.fail('malformed');
        tag = this.low;
        at = this.at;
      }
    }
    const field = tag >>> 3;
    const wireType = tag & 7;
    this.wireType = wireType;
    if (field === 0) return this.fail('malformed');
    if (wireType === wireVarint) {
      if (at < end && bytes[at] < 0x80) {
        this.low = bytes[at];
        this.high = 0;
        this.at = at + 1;
        return field;
      }
      this.at = at;
      return this.readVarint() ? field : scanFailed;
    }
    return this.skipValue(at) ? field : scanFailed;
  }

  /** A value of a known size, which begins at `from`. */
  private skipValue(from: number): boolean {
    this.at = from;
    let size = 0;
    if (this.wireType === wireBytes) {
      if (!this.readVarint()) return false;
      // A length of 2^31 or more is negative here, and more than any record has left.
      size = this.high === 0 && this.low >= 0 ? this.low : Infinity;
    } else if (this.wireType === wireFixed64) {
      size = 8;
    } else if (this.wireType === wireFixed32) {
      size = 4;
    } else {
      this.fail('malformed');
      return false;
    }
    if (size > this.end - this.at) {
      this.fail('truncated');
      return false;
    }
    this.valueStart = this.at;
    this.at += size;
    this.valueEnd = this.at;
    return true;
  }

  /** The varint as a number; what is beyond 2^53 - 1 is given as 2^53 - 1. */
  number(): number {
    if (this.high === 0) return this.low >>> 0;
    return Math.min((this.high >>> 0) * 0x1_0000_0000 + (this.low >>> 0), Number.MAX_SAFE_INTEGER);
  }

  /** The varint divided by a million, rounded down: exact for all 64 bits, since 2^32 = 4294 * 10^6 + 967296. */
  millionth(): number {
    const high = this.high >>> 0;
    return high * 4294 + (((high * 967_296 + (this.low >>> 0)) / 1_000_000) >>> 0);
  }

  /** Reads a varint at `at` into `low` and `high`; false with `failure` set when it does not end within ten bytes. */
  readVarint(): boolean {
    const bytes = this.bytes;
    const end = this.end;
    let at = this.at;
    let low = 0;
    let shift = 0;
    this.high = 0;
    while (at < end) {
      const byte = bytes[at++];
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.low = low;
        this.at = at;
        return true;
      }
      shift += 7;
      if (shift === 28) return this.readLongVarint(at, low);
    }
    this.fail('truncated');
    return false;
  }

  /** The fifth byte and on: 4 bits go to `low`, 3 to `high`; bits beyond 64 are dropped, as protobuf does. */
  private readLongVarint(from: number, lowSoFar: number): boolean {
    const bytes = this.bytes;
    const end = this.end;
    let at = from;
    if (at >= end) {
      this.fail('truncated');
      return false;
    }
    let byte = bytes[at++];
    this.low = lowSoFar | (byte << 28);
    let high = (byte & 0x7f) >>> 4;
    for (let shift = 3; byte >= 0x80; shift += 7) {
      if (shift > 31) {
        this.fail('malformed');
        return false;
      }
      if (at >= end) {
        this.fail('truncated');
        return false;
      }
      byte = bytes[at++];
      high |= (byte & 0x7f) << shift;
    }
    this.high = high;
    this.at = at;
    return true;
  }

  private fail(failure: ScanFailure): number {
    this.failure = failure;
    return scanFailed;
  }
}

/** Bytes that a uint32 takes as a varint. */
export function varint32Size(value: number): number {
  const unsigned = value >>> 0;
  if (unsigned < 0x80) return 1;
  if (unsigned < 0x4000) return 2;
  if (unsigned < 0x20_0000) return 3;
  return unsigned < 0x1000_0000 ? 4 : 5;
}
