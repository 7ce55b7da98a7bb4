/**
 * A growable byte buffer with a write position: what encoders write values into and batches are built from. Reused, never
 * shrunk; `reset()` between uses. Growth doubles, so that a run reaches its working size within a few records.
 */
export class ByteWriter {
  bytes: Buffer;
  length = 0;

  constructor(capacity = 4096) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
  }

  reset(): void {
    this.length = 0;
  }

  /** Makes room for `extra` more bytes. Call before writing to `bytes` directly. */
  reserve(extra: number): void {
    const needed = this.length + extra;
    if (needed <= this.bytes.length) return;
    let capacity = this.bytes.length * 2;
    while (capacity < needed) capacity *= 2;
    const grown = Buffer.allocUnsafeSlow(capacity);
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  writeByte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  writeBytes(source: Uint8Array, start = 0, end: number = source.length): void {
    const size = end - start;
    this.reserve(size);
    if (size < 24) {
      const bytes = this.bytes;
      let to = this.length;
      for (let from = start; from < end; from++) bytes[to++] = source[from];
    } else {
      this.bytes.set(source.subarray(start, end), this.length);
    }
    this.length += size;
  }

  /** Unsigned LEB128 of a uint32 (protobuf varint; `value` may be a negative int32, read as uint32). */
  writeVarint32(value: number): void {
    this.reserve(5);
    const bytes = this.bytes;
    let at = this.length;
    let rest = value >>> 0;
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.length = at;
  }

  /** Unsigned LEB128 of a non-negative safe integer. */
  writeVarint(value: number): void {
    if (value <= 0xffffffff) {
      this.writeVarint32(value);
      return;
    }
    this.reserve(8);
    let rest = value;
    while (rest > 0x7f) {
      this.bytes[this.length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.length++] = rest;
  }

  writeText(text: string): void {
    this.reserve(text.length * 3);
    this.length += this.bytes.write(text, this.length, 'utf8');
  }

  /** The bytes written so far: a view, valid until the next write or reset. */
  view(): Buffer {
    return this.bytes.subarray(0, this.length);
  }
}
