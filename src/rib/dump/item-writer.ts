/** Writes the items of a dump and their fields (format.ts) into a ByteWriter that may be another one for each item. */

import { crc32 } from 'node:zlib';
import { ByteWriter } from '../../base/byte-writer.ts';
import { checksumBytes, itemHeadBytes } from './format.ts';

const wholeBelow = 2 ** 51;

export class ItemWriter {
  into = new ByteWriter(0);
  /** Items so far. */
  items = 0;
  private start = 0;
  private checksum = 0;
  private readonly words = new Map<string, number>();
  private readonly double = Buffer.alloc(8);

  begin(kind: number): void {
    const { into } = this;
    this.start = into.length;
    into.reserve(itemHeadBytes);
    into.bytes[this.start] = kind;
    into.length += itemHeadBytes;
  }

  end(): void {
    const { into, start } = this;
    into.reserve(checksumBytes);
    into.bytes.writeUInt32BE(into.length - start - itemHeadBytes, start + 1);
    this.checksum = crc32(into.bytes.subarray(start, into.length), this.checksum);
    into.bytes.writeUInt32BE(this.checksum, into.length);
    into.length += checksumBytes;
    this.items++;
  }

  integer(value: number): void {
    this.into.writeVarint(value);
  }

  number(value: number): void {
    if (Number.isInteger(value) && Math.abs(value) < wholeBelow && !Object.is(value, -0)) {
      this.into.writeVarint((value < 0 ? -2 * value - 1 : 2 * value) * 2);
      return;
    }
    if (value === Infinity || value === -Infinity) {
      this.into.writeByte(value > 0 ? 1 : 3);
      return;
    }
    this.into.writeByte(5);
    this.double.writeDoubleBE(value);
    this.into.writeBytes(this.double);
  }

  flag(value: boolean): void {
    this.into.writeByte(value ? 1 : 0);
  }

  bytes(value: Buffer): void {
    this.into.writeVarint32(value.length);
    this.into.writeBytes(value);
  }

  text(value: string): void {
    this.into.writeVarint32(Buffer.byteLength(value));
    this.into.writeText(value);
  }

  word(value: string): void {
    const known = this.words.get(value);
    if (known !== undefined) {
      this.into.writeVarint32(known + 1);
      return;
    }
    this.words.set(value, this.words.size);
    this.into.writeByte(0);
    this.text(value);
  }

  integers(values: ReadonlySet<number> | readonly number[]): void {
    this.into.writeVarint('size' in values ? values.size : values.length);
    for (const value of values) this.into.writeVarint(value);
  }

  numbers(values: readonly number[]): void {
    this.into.writeVarint(values.length);
    for (const value of values) this.number(value);
  }
}
