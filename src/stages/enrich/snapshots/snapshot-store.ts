/**
 * A shard from its newest usable snapshot. Those that are not are told, with where they are and why, and the one before is taken; when
 * what is read is deleted meanwhile (its owner wrote a newer one and trimmed), all starts over from the newest.
 */

import { FatalError, RecordError } from '../../../base/errors.ts';
import type { Admin, PartitionOffsets } from '../../../kafka/types.ts';
import { ChunkLoader } from '../../../restore/snapshot-chunks.ts';
import { checkedValue, damaged, readChunkHeaders, type SnapshotManifest } from '../../../restore/snapshot-format.ts';
import type { LoadShard } from '../../../rib/dump/types.ts';
import type { RibShard } from '../../../rib/shard.ts';
import type { Logger } from 'pino';
import { type FoundManifest, manifestsFromEnd, recordRange } from './manifest-search.ts';
import { type RangeReader, RangeVanished } from './range-reader.ts';

export interface SnapshotStoreDependencies {
  readonly admin: Admin;
  readonly reader: RangeReader;
  readonly loadShard: LoadShard;
  readonly routesTopic: string;
  readonly snapshotsTopic: string;
  readonly logger: Logger;
}

export interface LoadedSnapshot {
  readonly rib: RibShard;
  readonly manifest: SnapshotManifest;
}

/** What a manifest is held against. */
interface Bounds {
  readonly log: PartitionOffsets;
  readonly logTopicId: string;
  /** First offset of the snapshots topic. */
  readonly low: number;
}

/** How often the chunks of the newest snapshot may vanish before what is retained is replayed. */
const mostStarts = 8;
/** Shards loaded at a time: each has some megabytes of chunks under way. */
const mostLoads = 4;

export class SnapshotStore {
  /** Snapshots that could not be used, each time one was tried. */
  refused = 0;
  private readonly deps: SnapshotStoreDependencies;
  private loads = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(deps: SnapshotStoreDependencies) {
    this.deps = deps;
  }

  /** Null when there is none that can be used, or `isWanted` said no: asked before every slice. */
  async load(shard: number, create: () => RibShard, isWanted: () => boolean): Promise<LoadedSnapshot | null> {
    if (this.loads >= mostLoads) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.loads++;
    try {
      for (let start = 1; isWanted(); start++) {
        try {
          return await this.loadNewest(shard, create, isWanted);
        } catch (error) {
          if (!(error instanceof RangeVanished) || !isWanted()) throw error;
          const at = { topic: this.deps.snapshotsTopic, partition: shard, reason: error.message };
          if (start === mostStarts) {
            this.deps.logger.error(at, 'snapshots keep vanishing while they are read: the log is replayed');
            return null;
          }
          this.deps.logger.info(at, 'snapshot deleted while it was read: starting over from the newest');
        }
      }
      return null;
    } catch (error) {
      if (!isWanted()) return null;
      throw error;
    } finally {
      this.loads--;
      this.waiting.shift()?.();
    }
  }

  /** The manifests of a shard, the newest first; `problem` says of each why it cannot be used, as far as it tells. Throws RangeVanished. */
  async *manifests(shard: number): AsyncGenerator<FoundManifest> {
    const { admin, reader, routesTopic, snapshotsTopic: topic } = this.deps;
    const { low, high } = offsetsOf(await admin.offsets(topic), shard);
    for await (const found of manifestsFromEnd(reader, { topic, partition: shard, low, high })) {
      const { offset, manifest } = found;
      if (manifest === null) {
        yield found;
        continue;
      }
      // Asked anew for each: a manifest may be of a log that has grown since.
      const log = offsetsOf(await admin.offsets(routesTopic), shard);
      const logTopicId = (await admin.topicIds([routesTopic])).get(routesTopic) ?? '';
      yield { offset, manifest, problem: objection(manifest, { log, logTopicId, low }) };
    }
  }

  private async loadNewest(
    shard: number,
    create: () => RibShard,
    isWanted: () => boolean,
  ): Promise<LoadedSnapshot | null> {
    for await (const { manifest, offset, problem } of this.manifests(shard)) {
      if (!isWanted()) return null;
      if (manifest === null || problem !== '') {
        this.refuse(shard, offset, problem);
        continue;
      }
      try {
        const rib = await this.loadOne(manifest, offset, create, isWanted);
        return rib === null ? null : { rib, manifest };
      } catch (error) {
        if (!(error instanceof RecordError)) throw error;
        this.refuse(shard, offset, error.message);
      }
    }
    return null;
  }

  private async loadOne(
    manifest: SnapshotManifest,
    offset: number,
    create: () => RibShard,
    isWanted: () => boolean,
  ): Promise<RibShard | null> {
    const { reader, loadShard, snapshotsTopic } = this.deps;
    const { id, shard, firstChunk, chunks } = manifest;
    const load = new ChunkLoader(manifest, loadShard(create), isWanted);
    await reader.read(snapshotsTopic, shard, firstChunk, offset, async (batch, index) => {
      if (!isWanted()) return false;
      const range = recordRange(batch, index);
      const headers = readChunkHeaders(range);
      if (headers === null || headers.id !== id) return true;
      const field = `chunk ${load.chunks} at ${batch.offsets[index]}`;
      if (headers.index !== load.chunks) throw damaged(field, `chunk ${headers.index} came in its place`);
      // Copied: it is decompressed while further batches are read.
      await load.add(Buffer.from(checkedValue(range, field)));
      return load.chunks < chunks;
    });
    return load.finish();
  }

  private refuse(shard: number, offset: number, reason: string): void {
    this.refused++;
    this.deps.logger.error(
      { topic: this.deps.snapshotsTopic, partition: shard, offset, reason },
      'snapshot cannot be used: the one before is tried',
    );
  }
}

/** Why a manifest cannot be used, or empty. */
function objection(manifest: SnapshotManifest, { log, logTopicId, low }: Bounds): string {
  const { logOffset, firstChunk } = manifest;
  if (manifest.logTopicId !== '' && manifest.logTopicId !== logTopicId)
    return `it is of a routes log that is gone, topic id ${manifest.logTopicId}; that of today is ${logTopicId}`;
  if (logOffset < log.low)
    return `it ends at ${logOffset}, the routes log begins at ${log.low}: what lies between is gone`;
  if (logOffset > log.high) return `it ends at ${logOffset}, beyond the end of the routes log, ${log.high}`;
  if (firstChunk < low) return `its chunks begin at ${firstChunk}, what is retained at ${low}`;
  return '';
}

export function offsetsOf(all: readonly PartitionOffsets[], partition: number): PartitionOffsets {
  const found = all.find((one) => one.partition === partition);
  if (found === undefined) throw new FatalError(`there is no partition ${partition}`);
  return found;
}
