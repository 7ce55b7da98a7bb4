/**
 * A dump to compressed chunks and back, in slices: the thread is never held longer than a slice, compression runs in node's thread pool
 * with a few chunks under way. Knows nothing of where chunks go to or come from.
 */

import { promisify } from 'node:util';
import { crc32, zstdCompress, zstdDecompress } from 'node:zlib';
import { ByteWriter } from '../base/byte-writer.ts';
import { errorText, RecordError } from '../base/errors.ts';
import type { ShardDump, ShardLoader } from '../rib/dump/types.ts';
import type { RibShard } from '../rib/shard.ts';
import { checksumText, damaged, rawChunkBytes, type SnapshotManifest } from './snapshot-format.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

const sliceMs = 3;
/** Between two looks at the clock: about a thousand routes. */
const stepBytes = 4 * 1024;
/** Chunks in the thread pool at a time, whichever way. */
const underWay = 4;

export interface DumpTotals {
  chunks: number;
  bytes: number;
  rawBytes: number;
  checksum: string;
}

/**
 * The chunks of a dump, in order; `onDumped` when the shard is needed no more, chunks may still be to come. Null as soon as `isWanted` says no, which is asked before every slice: whoever owns the shard may
 * have changed it by then.
 */
export async function dumpChunks(
  dump: ShardDump,
  isWanted: () => boolean,
  onChunk: (chunk: Buffer, index: number) => Promise<void> | void,
  onDumped: () => void = () => {},
): Promise<DumpTotals | null> {
  const writer = new ByteWriter(2 * rawChunkBytes);
  const compressing: Promise<Buffer>[] = [];
  const totals: DumpTotals = { chunks: 0, bytes: 0, rawBytes: 0, checksum: '' };
  let crc = 0;
  const emit = async (): Promise<void> => {
    const chunk = await (compressing.shift() as Promise<Buffer>);
    totals.bytes += chunk.length;
    await onChunk(chunk, totals.chunks++);
  };
  for (let more = true; more || writer.length > 0;) {
    if (!isWanted()) return settled(compressing);
    const sliceEnd = performance.now() + sliceMs;
    if (more) {
      while (more && writer.length < rawChunkBytes && performance.now() < sliceEnd)
        more = dump.write(writer, stepBytes);
      if (!more) onDumped();
    }
    if (writer.length >= rawChunkBytes || !more) {
      const raw = cutChunk(writer);
      crc = crc32(raw, crc);
      totals.rawBytes += raw.length;
      const compressed = compress(raw);
      // Awaited in its turn; until then a failure must not count as unhandled.
      compressed.catch(() => undefined);
      compressing.push(compressed);
      if (compressing.length > underWay) await emit();
    }
    await new Promise(setImmediate);
  }
  while (compressing.length > 0) {
    if (!isWanted()) return settled(compressing);
    await emit();
  }
  totals.checksum = checksumText(crc);
  return totals;
}

/** The writer's first bytes; what is left is moved to its front. */
function cutChunk(writer: ByteWriter): Buffer {
  const size = Math.min(writer.length, rawChunkBytes);
  const chunk = Buffer.allocUnsafeSlow(size);
  writer.bytes.copy(chunk, 0, 0, size);
  writer.bytes.copyWithin(0, size, writer.length);
  writer.length -= size;
  return chunk;
}

async function settled(promises: readonly Promise<unknown>[]): Promise<null> {
  await Promise.allSettled(promises);
  return null;
}

/** Takes the chunks of one snapshot as they come, each to be a copy, and feeds the loader. Throws RecordError when they are not right. */
export class ChunkLoader {
  chunks = 0;
  private readonly manifest: SnapshotManifest;
  private readonly loader: ShardLoader;
  private readonly isWanted: () => boolean;
  private readonly decompressing: Promise<Buffer>[] = [];
  private crc = 0;
  private bytes = 0;
  private rawBytes = 0;
  /** Over chunks: one may follow another without a turn of the event loop. */
  private sliceEnd = 0;

  constructor(manifest: SnapshotManifest, loader: ShardLoader, isWanted: () => boolean) {
    this.manifest = manifest;
    this.loader = loader;
    this.isWanted = isWanted;
  }

  /** Resolves when the next one may come. */
  async add(chunk: Buffer): Promise<void> {
    this.chunks++;
    this.bytes += chunk.length;
    const raw = decompress(chunk, { maxOutputLength: rawChunkBytes });
    raw.catch(() => undefined);
    this.decompressing.push(raw);
    if (this.decompressing.length > underWay) await this.loadNext();
  }

  /** Loads what is left and holds it against the manifest; null when it is not wanted any more. */
  async finish(): Promise<RibShard | null> {
    while (this.decompressing.length > 0) await this.loadNext();
    if (!this.isWanted()) return null;
    const { manifest, chunks, bytes, rawBytes } = this;
    const checksum = checksumText(this.crc);
    if (chunks !== manifest.chunks) throw damaged('chunks', `there are ${chunks} of ${manifest.chunks}`);
    if (bytes !== manifest.bytes || rawBytes !== manifest.rawBytes || checksum !== manifest.checksum) {
      const told = `${manifest.bytes}, ${manifest.rawBytes}, ${manifest.checksum}`;
      throw damaged(
        'chunks',
        `${bytes} bytes, ${rawBytes} decompressed, checksum ${checksum}; the manifest says ${told}`,
      );
    }
    return orDamaged(() => this.loader.finish());
  }

  private async loadNext(): Promise<void> {
    let raw: Buffer;
    try {
      raw = await (this.decompressing.shift() as Promise<Buffer>);
    } catch (error) {
      throw damaged(`chunk ${this.chunks - this.decompressing.length - 1}`, errorText(error));
    }
    this.rawBytes += raw.length;
    this.crc = crc32(raw, this.crc);
    for (let at = 0; at < raw.length && this.isWanted(); at += stepBytes) {
      orDamaged(() => this.loader.read(raw.subarray(at, at + stepBytes)));
      if (performance.now() < this.sliceEnd) continue;
      await new Promise(setImmediate);
      this.sliceEnd = performance.now() + sliceMs;
    }
  }
}

/** What a loader stumbles over is its dump's fault as far as anybody can tell: another snapshot may be had. */
function orDamaged<T>(load: () => T): T {
  try {
    return load();
  } catch (error) {
    throw error instanceof RecordError ? error : damaged('dump', errorText(error));
  }
}
