/**
 * Record headers in Kafka's own bytes (KIP-82, inside a record of magic 2):
 *
 *   headers => count(varint) [header]
 *   header  => nameLength(varint) name(utf-8) valueLength(varint, -1 = null) value
 *
 * varint is zigzag LEB128. Batches carry this section as a range of their buffer; it can be copied whole, searched by name, or
 * extended, without an object for each header.
 */

import { ByteWriter } from './byte-writer.ts';

const empty = Buffer.alloc(0);

/** Reads zigzag varints out of a byte array; keeps its position. */
class VarintCursor {
  bytes: Uint8Array = empty;
  at = 0;

  read(): number {
    let raw = 0;
    let shift = 0;
    for (;;) {
      const byte = this.bytes[this.at++];
      raw |= (byte & 0x7f) << shift;
      if (byte < 0x80 || byte === undefined) break;
      shift += 7;
    }
    return (raw >>> 1) ^ -(raw & 1);
  }
}

const cursor = new VarintCursor();

/** The value of the last header of that name as a view, or null when absent (or null). An empty section has no headers. */
export function findHeader(bytes: Buffer, start: number, end: number, name: Uint8Array): Buffer | null {
  if (end <= start) return null;
  cursor.bytes = bytes;
  cursor.at = start;
  const count = cursor.read();
  let found: Buffer | null = null;
  for (let i = 0; i < count; i++) {
    const nameSize = cursor.read();
    const nameStart = cursor.at;
    cursor.at += nameSize;
    const valueSize = cursor.read();
    if (nameSize === name.length && sameBytes(bytes, nameStart, name)) {
      found = valueSize < 0 ? null : bytes.subarray(cursor.at, cursor.at + valueSize);
    }
    if (valueSize > 0) cursor.at += valueSize;
  }
  return found;
}

/** All headers as name and value views, for cold paths. */
export function listHeaders(bytes: Buffer, start: number, end: number): { name: string; value: Buffer | null }[] {
  if (end <= start) return [];
  const own = new VarintCursor();
  own.bytes = bytes;
  own.at = start;
  const count = own.read();
  const list: { name: string; value: Buffer | null }[] = [];
  for (let i = 0; i < count; i++) {
    const nameSize = own.read();
    const name = bytes.toString('utf8', own.at, own.at + nameSize);
    own.at += nameSize;
    const valueSize = own.read();
    list.push({ name, value: valueSize < 0 ? null : bytes.subarray(own.at, own.at + valueSize) });
    if (valueSize > 0) own.at += valueSize;
  }
  return list;
}

function sameBytes(bytes: Uint8Array, start: number, other: Uint8Array): boolean {
  for (let i = 0; i < other.length; i++) if (bytes[start + i] !== other[i]) return false;
  return true;
}

/** Builds one headers section; reused from record to record. */
export class HeaderSection {
  private readonly body = new ByteWriter(256);
  private readonly whole = new ByteWriter(256);
  private count = 0;

  reset(): void {
    this.body.reset();
    this.count = 0;
  }

  add(name: Uint8Array, value: Uint8Array | null): void {
    writeZigzag(this.body, name.length);
    this.body.writeBytes(name);
    if (value === null) {
      writeZigzag(this.body, -1);
    } else {
      writeZigzag(this.body, value.length);
      this.body.writeBytes(value);
    }
    this.count++;
  }

  addText(name: Uint8Array, value: string): void {
    this.add(name, Buffer.from(value, 'utf8'));
  }

  /** Takes over all headers of another record, but those named in `except`. */
  addFrom(bytes: Buffer, start: number, end: number, except: readonly Uint8Array[] = []): void {
    if (end <= start) return;
    cursor.bytes = bytes;
    cursor.at = start;
    const count = cursor.read();
    for (let i = 0; i < count; i++) {
      const from = cursor.at;
      const nameSize = cursor.read();
      const nameStart = cursor.at;
      cursor.at += nameSize;
      const valueSize = cursor.read();
      if (valueSize > 0) cursor.at += valueSize;
      if (except.some((name) => name.length === nameSize && sameBytes(bytes, nameStart, name))) continue;
      this.body.writeBytes(bytes, from, cursor.at);
      this.count++;
    }
  }

  /** The section's bytes: a view, valid until the next call of any method here. */
  finish(): Buffer {
    this.whole.reset();
    writeZigzag(this.whole, this.count);
    this.whole.writeBytes(this.body.bytes, 0, this.body.length);
    return this.whole.view();
  }
}

/** Zigzag varint of an int32, as Kafka's records use for lengths and deltas. */
export function writeZigzag(writer: ByteWriter, value: number): void {
  writer.writeVarint32((value << 1) ^ (value >> 31));
}
