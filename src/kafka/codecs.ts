/**
 * Compression of record batches, both ways: gzip and zstd by node:zlib, lz4 (frames) and snappy (xerial framing) by WebAssembly.
 * Importing this file also gives the four to kafkajs, which has only gzip. Every decompression is capped: a batch of a few kilobytes
 * must not be able to take the process's memory.
 *
 * Snappy in Kafka is not bare snappy but snappy-java's stream:
 *   magic(82 'SNAPPY' 00) version(int32 = 1) compatible(int32 = 1) [block]
 *   block => size(int32) snappy(size bytes; begins with the varint of its decompressed size)
 */

import { promisify } from 'node:util';
import { gunzip, gzip, zstdCompress, zstdDecompress } from 'node:zlib';
import { lz4Compress, lz4Decompress, snappyCompress, snappyDecompress } from '@platformatic/wasm-utils';
import { kafkajsModule } from './internals.ts';

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

/** Low three bits of a batch's attributes. */
export const compressionIds: Readonly<Record<Compression, number>> = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 };

/** Largest records section that is decompressed. */
export const maxDecompressedBytes = 128 * 1024 * 1024;

const gzipAsync = promisify(gzip);
const gunzipAsync = promisify(gunzip);
const zstdCompressAsync = promisify(zstdCompress);
const zstdDecompressAsync = promisify(zstdDecompress);

/** lz4 and snappy are done on the spot (some 400 MB/s), gzip and zstd in a thread of node's pool. */
export function compressRecords(compression: Exclude<Compression, 'none'>, bytes: Buffer): Buffer | Promise<Buffer> {
  if (compression === 'lz4') return lz4Compress(bytes);
  if (compression === 'snappy') return compressXerial(bytes);
  if (compression === 'zstd') return zstdCompressAsync(bytes);
  return gzipAsync(bytes);
}

export function decompressRecords(
  compression: Exclude<Compression, 'none'>,
  bytes: Buffer,
  limit: number = maxDecompressedBytes,
): Buffer | Promise<Buffer> {
  if (compression === 'lz4') {
    checkLz4Size(bytes, limit);
    return lz4Decompress(bytes);
  }
  if (compression === 'snappy') return decompressXerial(bytes, limit);
  if (compression === 'zstd') return zstdDecompressAsync(bytes, { maxOutputLength: limit });
  return gunzipAsync(bytes, { maxOutputLength: limit });
}

const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const xerialHeaderBytes = 16;
const xerialBlockBytes = 32 * 1024;

function compressXerial(bytes: Buffer): Buffer {
  const header = Buffer.alloc(xerialHeaderBytes);
  xerialMagic.copy(header);
  header.writeInt32BE(1, 8);
  header.writeInt32BE(1, 12);
  const parts: Buffer[] = [header];
  for (let at = 0; at < bytes.length; at += xerialBlockBytes) {
    const block = snappyCompress(bytes.subarray(at, at + xerialBlockBytes));
    const size = Buffer.alloc(4);
    size.writeInt32BE(block.length);
    parts.push(size, block);
  }
  return Buffer.concat(parts);
}

/** Some producers write bare snappy; it cannot begin with the magic, whose first bytes would be a length with nothing behind it. */
function decompressXerial(bytes: Buffer, limit: number): Buffer {
  if (!bytes.subarray(0, xerialMagic.length).equals(xerialMagic)) {
    checkSize(snappyBlockSize(bytes), limit);
    return snappyDecompress(bytes);
  }
  const parts: Buffer[] = [];
  let total = 0;
  let at = xerialHeaderBytes;
  while (at + 4 <= bytes.length) {
    const size = bytes.readInt32BE(at);
    at += 4;
    if (size < 0 || at + size > bytes.length) throw new RangeError('snappy block runs past the end of its batch');
    const block = bytes.subarray(at, at + size);
    total += snappyBlockSize(block);
    checkSize(total, limit);
    parts.push(snappyDecompress(block));
    at += size;
  }
  return Buffer.concat(parts);
}

/** A snappy block begins with its decompressed size, an LEB128 of 32 bits. */
function snappyBlockSize(block: Buffer): number {
  let size = 0;
  for (let i = 0; i < 5 && i < block.length; i++) {
    size += (block[i] & 0x7f) * 2 ** (7 * i);
    if (block[i] < 0x80) break;
  }
  return size;
}

/**
 * Upper bound of what an LZ4 frame can become: number of blocks times the block size it declares.
 *   frame => magic(04 22 4d 18) flg(int8) bd(int8) [contentSize(int64)] [dictId(int32)] hc(int8) [block] endMark(int32 = 0)
 *   block => size(uint32 LE, highest bit = stored) data [checksum(int32)]
 */
function checkLz4Size(bytes: Buffer, limit: number): void {
  if (bytes.length < 7 || bytes.readUInt32LE(0) !== 0x184d2204) throw new RangeError('not an LZ4 frame');
  const flags = bytes[4];
  const maxBlockBytes = 2 ** (8 + 2 * ((bytes[5] >> 4) & 7));
  const checksumBytes = (flags & 0x10) === 0 ? 0 : 4;
  let at = 7 + ((flags & 0x08) === 0 ? 0 : 8) + ((flags & 0x01) === 0 ? 0 : 4);
  let total = 0;
  while (at + 4 <= bytes.length) {
    const word = bytes.readUInt32LE(at);
    if (word === 0) return;
    const size = word & 0x7fffffff;
    total += word >= 0x80000000 ? size : Math.min(maxBlockBytes, size * 255);
    checkSize(total, limit);
    at += 4 + size + checksumBytes;
  }
}

function checkSize(size: number, limit: number): void {
  if (size > limit) throw new RangeError(`batch decompresses to more than ${limit} bytes`);
}

/** What kafkajs calls: `compress` gets an Encoder, both may be async. */
function kafkajsCodec(compression: Exclude<Compression, 'none'>): () => object {
  const codec = {
    compress: async (encoder: { buffer: Buffer }): Promise<Buffer> => compressRecords(compression, encoder.buffer),
    decompress: async (bytes: Buffer): Promise<Buffer> => decompressRecords(compression, bytes),
  };
  return () => codec;
}

const { CompressionCodecs } = kafkajsModule as unknown as { CompressionCodecs: Record<number, () => object> };
for (const compression of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
  CompressionCodecs[compressionIds[compression]] = kafkajsCodec(compression);
}
