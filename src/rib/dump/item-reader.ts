/** Reads the fields of one item of a dump (format.ts). Whatever the bytes are: RecordError, naming the item and the byte of the dump. */

import { RecordError } from '../../base/errors.ts';
import { itemNames } from './format.ts';

const safeBytes = 8;

export function dumpError(item: string, offset: number, problem: string): RecordError {
  return new RecordError('snapshot-dump', problem, { format: 'shard dump', offset, field: item });
}

export class ItemReader {
  kind = 0;
  buffer: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;
  /** Of the buffer's first byte, in the dump. */
  private base = 0;
  private readonly words: string[] = [];

  /** The content in [at, end) is next. */
  begin(kind: number, buffer: Buffer, at: number, end: number, base: number): void {
    this.kind = kind;
    this.buffer = buffer;
    this.at = at;
    this.end = end;
    this.base = base;
  }

  /** To be called after the last field. */
  done(): void {
    if (this.at !== this.end) throw this.error(`${this.end - this.at} bytes are left over`);
  }

  error(problem: string): RecordError {
    return dumpError(itemNames[this.kind] ?? `item ${this.kind}`, this.base + this.at, problem);
  }

  integer(): number {
    const { buffer, end } = this;
    let value = 0;
    let factor = 1;
    for (let n = 0; n < safeBytes; n++) {
      if (this.at >= end) throw this.error('it ends within a number');
      const byte = buffer[this.at++];
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      factor *= 128;
    }
    throw this.error('a number is too large');
  }

  /** An integer below `limit`. */
  below(limit: number, what: string): number {
    const value = this.integer();
    if (value >= limit) throw this.error(`${what} ${value} is not below ${limit}`);
    return value;
  }

  number(): number {
    const code = this.integer();
    if ((code & 1) === 0) {
      const zigzag = code / 2;
      return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
    }
    if (code === 1) return Infinity;
    if (code === 3) return -Infinity;
    if (code !== 5) throw this.error(`a number of form ${code}`);
    if (this.end - this.at < 8) throw this.error('it ends within a number');
    this.at += 8;
    return this.buffer.readDoubleBE(this.at - 8);
  }

  flag(): boolean {
    return this.below(2, 'flag') === 1;
  }

  /** Of things of at least a byte each. */
  count(): number {
    const value = this.integer();
    if (value > this.end - this.at) throw this.error(`${value} are said to be in ${this.end - this.at} bytes`);
    return value;
  }

  /** A view. */
  bytes(): Buffer {
    const size = this.count();
    this.at += size;
    return this.buffer.subarray(this.at - size, this.at);
  }

  text(): string {
    const size = this.count();
    this.at += size;
    return this.buffer.toString('utf8', this.at - size, this.at);
  }

  word(): string {
    const number = this.integer();
    if (number > this.words.length) throw this.error(`text ${number} of ${this.words.length}`);
    if (number > 0) return this.words[number - 1];
    const text = this.text();
    this.words.push(text);
    return text;
  }

  integers(): number[] {
    const values: number[] = [];
    for (let left = this.count(); left > 0; left--) values.push(this.integer());
    return values;
  }

  numbers(): number[] {
    const values: number[] = [];
    for (let left = this.count(); left > 0; left--) values.push(this.number());
    return values;
  }
}
