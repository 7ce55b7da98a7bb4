/**
 * Records of `<app>.snapshots[q]`: a snapshot of shard q is its dump (rib/dump), cut into chunks, and closed by a manifest.
 *
 *   chunk      key    "chunk <id> <index>"
 *              value  one zstd frame: at most `rawChunkBytes` of the dump. The dump is a stream of bytes; it is cut anywhere
 *              headers  flowrib.snapshot = <id>, flowrib.chunk = <index from 0>, flowrib.checksum = <CRC-32 of the value>
 *   manifest   key    "manifest <id>"
 *              value  JSON of `SnapshotManifest`; other members are ignored
 *              headers  flowrib.snapshot = <id>, flowrib.manifest = <format>, flowrib.checksum = <CRC-32 of the value>
 *
 * Checksums are 8 hex digits (CRC-32 of zlib). Chunks of a snapshot are in order, but not necessarily next to each other: two members
 * that both take themselves for the owner write at the same time. A record that is neither is foreign and passed over. A snapshot
 * without a manifest was abandoned. The newest manifest whose chunks are all there and right is the truth.
 *
 * A format is written only from the release after the one that first reads it, so that members of two releases run side by side. What
 * changes in it: chunks, compression, manifest. The dump inside has a version of its own.
 */

import { crc32 } from 'node:zlib';
import { RecordError } from '../base/errors.ts';
import { findHeader, type HeaderSection } from '../base/record-headers.ts';
import { headerChecksum, headerChunk, headerManifest, headerSnapshot } from '../model/header-names.ts';

/** The newest format that is read, and the one that is written. */
export const newestReadFormat = 1;
export const writtenFormat = 1;

/** Bytes of the dump in one chunk. Compressed they are hardly ever more, and fit where a broker's default limit of 1 MiB rules. */
export const rawChunkBytes = 512 * 1024;

export interface SnapshotManifest {
  readonly format: number;
  readonly id: string;
  readonly shard: number;
  /** Topic id of the routes log; empty = not known. */
  readonly logTopicId: string;
  /** The table is a function of the log below this offset: where replay goes on. */
  readonly logOffset: number;
  /** No chunk is before this offset of the snapshots topic. */
  readonly firstChunk: number;
  readonly chunks: number;
  /** Of all chunks, compressed. */
  readonly bytes: number;
  /** Of the dump. */
  readonly rawBytes: number;
  /** CRC-32 of the dump. */
  readonly checksum: string;
  readonly clockMs: number;
  readonly routes: number;
  readonly takenAtMs: number;
  /** How long it took. */
  readonly tookMs: number;
  /** Host and process that took it. */
  readonly takenBy: string;
  /** The table was itself restored from a log whose beginning was gone, and not all of its routers had told everything again. */
  readonly isIncomplete: boolean;
}

/** A range of a record batch: one record's headers and value. */
export interface SnapshotRecordRange {
  readonly buffer: Buffer;
  readonly headersStart: number;
  readonly headersEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

export type SnapshotRecordKind = 'chunk' | 'manifest' | 'foreign';

export function checksumText(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}

export function chunkKey(id: string, index: number): Buffer {
  return Buffer.from(`chunk ${id} ${index}`);
}

export function manifestKey(id: string): Buffer {
  return Buffer.from(`manifest ${id}`);
}

/** The section's bytes: a view, valid until the section is written to again. */
export function writeChunkHeaders(section: HeaderSection, id: string, index: number, value: Buffer): Buffer {
  section.reset();
  section.addText(headerSnapshot, id);
  section.addText(headerChunk, String(index));
  section.addText(headerChecksum, checksumText(crc32(value)));
  return section.finish();
}

export function encodeManifest(manifest: SnapshotManifest): Buffer {
  return Buffer.from(JSON.stringify(manifest));
}

export function writeManifestHeaders(section: HeaderSection, manifest: SnapshotManifest, value: Buffer): Buffer {
  section.reset();
  section.addText(headerSnapshot, manifest.id);
  section.addText(headerManifest, String(manifest.format));
  section.addText(headerChecksum, checksumText(crc32(value)));
  return section.finish();
}

export function kindOfRecord({ buffer, headersStart, headersEnd }: SnapshotRecordRange): SnapshotRecordKind {
  if (findHeader(buffer, headersStart, headersEnd, headerManifest) !== null) return 'manifest';
  return findHeader(buffer, headersStart, headersEnd, headerChunk) === null ? 'foreign' : 'chunk';
}

/** Id and number of a chunk, or null for any other record. */
export function readChunkHeaders(record: SnapshotRecordRange): { id: string; index: number } | null {
  const { buffer, headersStart, headersEnd } = record;
  const id = findHeader(buffer, headersStart, headersEnd, headerSnapshot);
  const index = findHeader(buffer, headersStart, headersEnd, headerChunk);
  if (id === null || index === null) return null;
  return { id: id.toString('utf8'), index: Number(index.toString('utf8')) };
}

/** The value, its checksum verified: a view. */
export function checkedValue(record: SnapshotRecordRange, field: string): Buffer {
  const { buffer, headersStart, headersEnd, valueStart, valueEnd } = record;
  const told = findHeader(buffer, headersStart, headersEnd, headerChecksum)?.toString('utf8') ?? 'none';
  if (valueStart < 0) throw damaged(field, 'it has no value');
  const value = buffer.subarray(valueStart, valueEnd);
  const actual = checksumText(crc32(value));
  if (told !== actual)
    throw damaged(field, `checksum of the record is ${told}, that of its ${value.length} bytes ${actual}`);
  return value;
}

const numbers = [
  'shard',
  'logOffset',
  'firstChunk',
  'chunks',
  'bytes',
  'rawBytes',
  'clockMs',
  'routes',
  'takenAtMs',
  'tookMs',
] as const satisfies (keyof SnapshotManifest)[];
const texts = ['id', 'logTopicId', 'checksum', 'takenBy'] as const satisfies (keyof SnapshotManifest)[];

/** Throws RecordError for a manifest that is damaged, of a newer format, or of another shard. */
export function decodeManifest(record: SnapshotRecordRange, shard: number): SnapshotManifest {
  const { buffer, headersStart, headersEnd } = record;
  const format = Number(findHeader(buffer, headersStart, headersEnd, headerManifest)?.toString('utf8'));
  if (!Number.isInteger(format) || format < 1) throw damaged('manifest', 'it has no format');
  if (format > newestReadFormat) {
    const problem = `format ${format} is newer than what this version reads, ${newestReadFormat}`;
    throw new RecordError('snapshot-format', problem, { format: 'snapshot', offset: 0, field: 'manifest' });
  }
  const parsed = parsedManifest(checkedValue(record, 'manifest'));
  for (const name of numbers) {
    const value = parsed[name];
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw damaged('manifest', `${name} is ${String(value)}`);
  }
  for (const name of texts) {
    if (typeof parsed[name] !== 'string') throw damaged('manifest', `${name} is not a text`);
  }
  const manifest = { ...parsed, format, isIncomplete: parsed['isIncomplete'] === true } as unknown as SnapshotManifest;
  if (manifest.shard !== shard) {
    const problem = `it is of shard ${manifest.shard}, not of ${shard}`;
    throw new RecordError('snapshot-foreign', problem, { format: 'snapshot', offset: 0, field: 'manifest' });
  }
  return manifest;
}

function parsedManifest(value: Buffer): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value.toString('utf8'));
  } catch {
    throw damaged('manifest', 'it is no JSON');
  }
  if (typeof parsed !== 'object' || parsed === null) throw damaged('manifest', 'it is no object');
  return parsed as Record<string, unknown>;
}

export function damaged(field: string, problem: string): RecordError {
  return new RecordError('snapshot-damaged', problem, { format: 'snapshot', offset: 0, field });
}
