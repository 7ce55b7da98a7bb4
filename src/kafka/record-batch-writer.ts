/**
 * Records in, one record batch of magic 2 (KIP-98) out, written straight into one buffer as they are appended: no object for each
 * record. The buffer keeps room in front for the rest of the Produce request, so that a finished request body is a view of it.
 *
 *   batch  => baseOffset(int64) batchLength(int32) partitionLeaderEpoch(int32) magic(int8 = 2) crc(uint32, CRC-32C of all after it)
 *             attributes(int16) lastOffsetDelta(int32) baseTimestamp(int64) maxTimestamp(int64) producerId(int64)
 *             producerEpoch(int16) baseSequence(int32) recordCount(int32) [record]
 *   record => length(varint) attributes(int8 = 0) timestampDelta(varlong) offsetDelta(varint) keyLength(varint, -1 = null) key
 *             valueLength(varint, -1 = null) value headers(section of base/record-headers.ts)
 *
 * varint and varlong are zigzag LEB128.
 */

import { crc32c } from '@node-rs/crc32';

/** Offsets of the fields in a batch. */
const lengthAt = 8;
const leaderEpochAt = 12;
const magicAt = 16;
const crcAt = 17;
const attributesAt = 21;
const lastOffsetDeltaAt = 23;
const baseTimestampAt = 27;
const maxTimestampAt = 35;
const producerIdAt = 43;
const producerEpochAt = 51;
const baseSequenceAt = 53;
const recordCountAt = 57;
const batchHeaderBytes = 61;

/** Room in front of the batch: a topic name has at most 249 bytes, a transactional id rarely more than that. */
const frontBytes = 1024;
const recordsAt = frontBytes + batchHeaderBytes;

/** Buffers that grew beyond this are not kept from chunk to chunk. */
const keptBytes = 1024 * 1024;
const firstBytes = 64 * 1024;

export interface BatchIdentity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

export class RecordBatchWriter {
  /** Records appended since the last reset. */
  count = 0;
  private bytes = Buffer.allocUnsafeSlow(firstBytes);
  private end = recordsAt;
  private baseTimestamp = 0;
  private maxTimestamp = 0;
  private readonly maxRecords: number;
  private readonly maxBytes: number;

  constructor(maxRecords: number, maxBytes: number) {
    this.maxRecords = maxRecords;
    this.maxBytes = maxBytes;
  }

  reset(): void {
    this.count = 0;
    this.end = recordsAt;
    if (this.bytes.length > keptBytes) this.bytes = Buffer.allocUnsafeSlow(firstBytes);
  }

  /** Size of the records written so far. */
  recordBytes(): number {
    return this.end - recordsAt;
  }

  /** Copies one record in. False, and nothing done, when the batch is full; an empty batch takes a record of any size. */
  append(
    timestampMs: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    headers: Uint8Array,
    headersStart: number,
    headersEnd: number,
  ): boolean {
    const count = this.count;
    if (count >= this.maxRecords) return false;
    const keySize = keyStart < 0 ? -1 : keyEnd - keyStart;
    const valueSize = valueStart < 0 ? -1 : valueEnd - valueStart;
    const headersSize = headersEnd - headersStart;
    const delta = count === 0 ? 0 : timestampMs - this.baseTimestamp;
    let size = 1 + varlongSize(delta) + varintSize(count) + varintSize(keySize) + varintSize(valueSize);
    size += Math.max(keySize, 0) + Math.max(valueSize, 0) + Math.max(headersSize, 1);
    const needed = this.end + size + 5;
    if (count > 0 && needed - recordsAt > this.maxBytes) return false;
    if (needed > this.bytes.length) this.grow(needed);
    if (count === 0) {
      this.baseTimestamp = timestampMs;
      this.maxTimestamp = timestampMs;
    } else if (timestampMs > this.maxTimestamp) {
      this.maxTimestamp = timestampMs;
    }
    this.writeVarint(size);
    this.bytes[this.end++] = 0;
    this.writeVarlong(delta);
    this.writeVarint(count);
    this.writeVarint(keySize);
    if (keySize > 0) this.copy(key, keyStart, keyEnd);
    this.writeVarint(valueSize);
    if (valueSize > 0) this.copy(value, valueStart, valueEnd);
    if (headersSize > 0) this.copy(headers, headersStart, headersEnd);
    else this.bytes[this.end++] = 0;
    this.count = count + 1;
    return true;
  }

  /** The records section, uncompressed: a view, valid until the next reset. */
  recordsView(): Buffer {
    return this.bytes.subarray(recordsAt, this.end);
  }

  /**
   * The end of a Produce request: `front`, the size of the batch (int32), the batch. `compressed` replaces the records section when
   * given. A view, valid until the next reset; may be called again with another identity.
   */
  finish(
    front: Uint8Array,
    attributes: number,
    compressed: Buffer | null,
    identity: BatchIdentity,
    baseSequence: number,
  ): Buffer {
    let bytes = this.bytes;
    let end = this.end;
    if (compressed !== null) {
      end = recordsAt + compressed.length;
      bytes = Buffer.allocUnsafe(end);
      compressed.copy(bytes, recordsAt);
    }
    bytes.writeBigInt64BE(0n, frontBytes);
    bytes.writeInt32BE(end - frontBytes - leaderEpochAt, frontBytes + lengthAt);
    bytes.writeInt32BE(-1, frontBytes + leaderEpochAt);
    bytes[frontBytes + magicAt] = 2;
    bytes.writeInt16BE(attributes, frontBytes + attributesAt);
    bytes.writeInt32BE(this.count - 1, frontBytes + lastOffsetDeltaAt);
    bytes.writeBigInt64BE(BigInt(this.baseTimestamp), frontBytes + baseTimestampAt);
    bytes.writeBigInt64BE(BigInt(this.maxTimestamp), frontBytes + maxTimestampAt);
    bytes.writeBigInt64BE(identity.producerId, frontBytes + producerIdAt);
    bytes.writeInt16BE(identity.producerEpoch, frontBytes + producerEpochAt);
    bytes.writeInt32BE(baseSequence, frontBytes + baseSequenceAt);
    bytes.writeInt32BE(this.count, frontBytes + recordCountAt);
    bytes.writeUInt32BE(crc32c(bytes.subarray(frontBytes + attributesAt, end)), frontBytes + crcAt);
    const start = frontBytes - 4 - front.length;
    if (start < 0) throw new RangeError(`front of a Produce request takes ${front.length} bytes`);
    bytes.set(front, start);
    bytes.writeInt32BE(end - frontBytes, frontBytes - 4);
    return bytes.subarray(start, end);
  }

  /** Appends the records to `first` and, from the middle on, to `second`; for a batch that the broker found too large. */
  splitInto(first: RecordBatchWriter, second: RecordBatchWriter): void {
    const bytes = this.bytes;
    const half = this.count >> 1;
    const cursor = new ZigzagCursor(bytes, recordsAt);
    for (let i = 0; i < this.count; i++) {
      const size = Number(cursor.read());
      const recordEnd = cursor.at + size;
      cursor.at += 1;
      const timestampMs = this.baseTimestamp + Number(cursor.read());
      cursor.read();
      const keySize = Number(cursor.read());
      const keyStart = keySize < 0 ? -1 : cursor.at;
      const keyEnd = keyStart + keySize;
      cursor.at += Math.max(keySize, 0);
      const valueSize = Number(cursor.read());
      const valueStart = valueSize < 0 ? -1 : cursor.at;
      const valueEnd = valueStart + valueSize;
      cursor.at += Math.max(valueSize, 0);
      const into = i < half ? first : second;
      into.append(timestampMs, bytes, keyStart, keyEnd, bytes, valueStart, valueEnd, bytes, cursor.at, recordEnd);
      cursor.at = recordEnd;
    }
  }

  private grow(needed: number): void {
    let capacity = this.bytes.length * 2;
    while (capacity < needed) capacity *= 2;
    const grown = Buffer.allocUnsafeSlow(capacity);
    this.bytes.copy(grown, recordsAt, recordsAt, this.end);
    this.bytes = grown;
  }

  /** Short runs byte by byte: a view costs more than copying them, and one of a Buffer's own kind twice as much. */
  private copy(source: Uint8Array, start: number, end: number): void {
    const bytes = this.bytes;
    let to = this.end;
    if (end - start < 24) {
      for (let from = start; from < end; from++) bytes[to++] = source[from];
    } else {
      bytes.set(new Uint8Array(source.buffer, source.byteOffset + start, end - start), to);
    }
    this.end += end - start;
  }

  private writeVarint(value: number): void {
    const bytes = this.bytes;
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    let at = this.end;
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.end = at;
  }

  private writeVarlong(value: number): void {
    if (isSmall(value)) {
      this.writeVarint(value);
      return;
    }
    let rest = zigzag64(value);
    while (rest > 0x7fn) {
      this.bytes[this.end++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.bytes[this.end++] = Number(rest);
  }
}

/** Reads zigzag varints of up to 64 bits; cold. */
class ZigzagCursor {
  at: number;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  read(): bigint {
    let raw = 0n;
    let shift = 0n;
    for (;;) {
      const byte = this.bytes[this.at++];
      raw |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) break;
      shift += 7n;
    }
    return (raw >> 1n) ^ -(raw & 1n);
  }
}

/** True where int32 arithmetic holds. */
function isSmall(value: number): boolean {
  return value >= -0x40000000 && value < 0x40000000;
}

function zigzag64(value: number): bigint {
  const wide = BigInt(value);
  return wide < 0n ? -wide * 2n - 1n : wide * 2n;
}

function varintSize(value: number): number {
  const raw = ((value << 1) ^ (value >> 31)) >>> 0;
  if (raw < 0x80) return 1;
  if (raw < 0x4000) return 2;
  if (raw < 0x200000) return 3;
  return raw < 0x10000000 ? 4 : 5;
}

function varlongSize(value: number): number {
  if (isSmall(value)) return varintSize(value);
  let size = 1;
  for (let rest = zigzag64(value) >> 7n; rest > 0n; rest >>= 7n) size++;
  return size;
}
