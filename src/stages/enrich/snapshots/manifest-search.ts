/**
 * Manifests of one partition of `<app>.snapshots`, the newest first, found from the topic's end: a snapshot ends with its manifest, so
 * the last record nearly always is one, and right before its first chunk is the manifest before it. What lies elsewhere (abandoned
 * chunks, a second writer's records, foreign ones) is stepped over in growing steps.
 */

import { RecordError } from '../../../base/errors.ts';
import { decodeManifest, kindOfRecord, type SnapshotManifest } from '../../../restore/snapshot-format.ts';
import type { RecordBatch } from '../../../kafka/types.ts';
import type { RangeReader } from './range-reader.ts';

export interface FoundManifest {
  /** Its offset in the snapshots topic. */
  readonly offset: number;
  /** Null when it cannot be read. */
  readonly manifest: SnapshotManifest | null;
  /** Why it cannot be used; empty = nothing is known against it. */
  readonly problem: string;
}

export interface SearchedPartition {
  readonly topic: string;
  readonly partition: number;
  /** What the log has: [low, high). */
  readonly low: number;
  readonly high: number;
}

const largestStep = 256;

/** Throws RangeVanished when the records are deleted meanwhile. */
export async function* manifestsFromEnd(reader: RangeReader, at: SearchedPartition): AsyncGenerator<FoundManifest> {
  let step = 1;
  for (let to = at.high; to > at.low;) {
    const from = Math.max(at.low, to - step);
    const found: FoundManifest[] = [];
    await reader.read(at.topic, at.partition, from, to, (batch, index) => {
      const range = recordRange(batch, index);
      if (kindOfRecord(range) === 'manifest') found.push(readManifest(batch, index, at.partition));
      return true;
    });
    yield* found.toReversed();
    const first = found.at(0);
    const skipped = first === undefined ? null : startIfAlone(first);
    to = skipped === null ? from : Math.min(from, skipped);
    step = skipped === null ? Math.min(largestStep, step * 2) : 1;
  }
}

/** Where the snapshot begins when nothing but its own records lies in between, else null. */
function startIfAlone({ manifest, offset }: FoundManifest): number | null {
  if (manifest === null || offset - manifest.firstChunk !== manifest.chunks) return null;
  return manifest.firstChunk;
}

export function recordRange(
  batch: RecordBatch,
  index: number,
): { buffer: Buffer; headersStart: number; headersEnd: number; valueStart: number; valueEnd: number } {
  return {
    buffer: batch.buffer,
    headersStart: batch.headerStarts[index],
    headersEnd: batch.headerEnds[index],
    valueStart: batch.valueStarts[index],
    valueEnd: batch.valueEnds[index],
  };
}

function readManifest(batch: RecordBatch, index: number, shard: number): FoundManifest {
  const offset = batch.offsets[index];
  try {
    return { offset, manifest: decodeManifest(recordRange(batch, index), shard), problem: '' };
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    return { offset, manifest: null, problem: error.message };
  }
}
