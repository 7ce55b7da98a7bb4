/**
 * Takes a snapshot of a shard: chunks, manifest, and then what the manifest allows: the group's commit for the routes log, and trimming
 * of both topics to what the older of the last two snapshots needs. Applying of the shard's log pauses while its dump is written; flows
 * go on. Given up at once when the shard is lost.
 *
 *   pause ─► dump, in slices ─► resume ─► chunks acknowledged ─► manifest acknowledged ─► commit ─► trim
 */

import { randomUUID } from 'node:crypto';
import { errorText } from '../../../base/errors.ts';
import { HeaderSection } from '../../../base/record-headers.ts';
import type { Admin, Producer, RecordSink, TopicPartitionOffset } from '../../../kafka/types.ts';
import { dumpChunks } from '../../../restore/snapshot-chunks.ts';
import {
  chunkKey,
  encodeManifest,
  manifestKey,
  type SnapshotManifest,
  writeChunkHeaders,
  writeManifestHeaders,
  writtenFormat,
} from '../../../restore/snapshot-format.ts';
import type { DumpShard } from '../../../rib/dump/types.ts';
import type { Logger } from 'pino';
import type { HeldShard } from '../shard-logs.ts';
import { isIncomplete } from './snapshot-progress.ts';
import { offsetsOf, type SnapshotStore } from './snapshot-store.ts';

/** What of ShardLogs it needs. */
export interface PausableLogs {
  isHeld(held: HeldShard): boolean;
  /** Resolves when nothing is applied any more. */
  pause(held: HeldShard): Promise<void>;
  resume(held: HeldShard): void;
}

export interface SnapshotTakerDependencies {
  readonly admin: Admin;
  readonly producer: Producer;
  readonly store: SnapshotStore;
  readonly dumpShard: DumpShard;
  readonly logs: PausableLogs;
  readonly routesTopic: string;
  readonly snapshotsTopic: string;
  /** Host and process. */
  readonly takenBy: string;
  /** The log below is not needed any more by whoever starts from this snapshot. */
  readonly onTaken: (shard: number, logOffset: number, logTopicId: string) => void;
  readonly logger: Logger;
}

/** Bytes of chunks that may wait for the broker. */
const mostPending = 8 * 1024 * 1024;

export class SnapshotTaker {
  taken = 0;
  failed = 0;
  private readonly deps: SnapshotTakerDependencies;
  private readonly section = new HeaderSection();
  private isStopped = false;

  constructor(deps: SnapshotTakerDependencies) {
    this.deps = deps;
  }

  /** Gives up what is under way, soon. */
  stop(): void {
    this.isStopped = true;
  }

  /** True when there is a new snapshot. Never rejects. */
  async take(held: HeldShard): Promise<boolean> {
    const { logger, snapshotsTopic } = this.deps;
    const { shard, snapshots } = held;
    const start = performance.now();
    snapshots.triedAtMs = Date.now();
    try {
      const manifest = await this.write(held, start);
      if (manifest === null) {
        logger.info({ shard }, 'snapshot given up: the shard is not held any more');
        return false;
      }
      this.taken++;
      const { id, logOffset, chunks, bytes, rawBytes, routes } = manifest;
      const ms = Math.round(performance.now() - start);
      logger.info({ shard, id, logOffset, routes, chunks, bytes, rawBytes, ms }, 'snapshot taken');
      this.deps.onTaken(shard, logOffset, manifest.logTopicId);
      await this.trim(manifest);
      return true;
    } catch (error) {
      this.failed++;
      logger.warn({ topic: snapshotsTopic, partition: shard, reason: errorText(error) }, 'snapshot failed');
      return false;
    } finally {
      snapshots.tookMs = performance.now() - start;
    }
  }

  private isWanted(held: HeldShard): boolean {
    return !this.isStopped && this.deps.logs.isHeld(held);
  }

  private async write(held: HeldShard, start: number): Promise<SnapshotManifest | null> {
    const { admin, producer, dumpShard, logs, routesTopic, snapshotsTopic, takenBy } = this.deps;
    const { shard, rib, snapshots } = held;
    const logTopicId = (await admin.topicIds([routesTopic])).get(routesTopic) ?? '';
    const firstChunk = offsetsOf(await admin.offsets(snapshotsTopic), shard).high;
    if (!this.isWanted(held)) return null;
    const id = randomUUID();
    const sink = producer.createSink();
    snapshots.isDumping = true;
    const resume = (): void => {
      if (!snapshots.isDumping) return;
      snapshots.isDumping = false;
      if (logs.isHeld(held)) logs.resume(held);
    };
    try {
      await logs.pause(held);
      if (!this.isWanted(held)) return null;
      const mark = snapshots.mark(rib);
      const { position: logOffset } = held;
      const { clockMs } = rib;
      const { routesV4, routesV6 } = rib.routes.counts();
      const vpn = rib.vpn.routes.counts();
      const isCut = isIncomplete(held);
      const totals = await dumpChunks(
        dumpShard(rib),
        () => this.isWanted(held),
        (chunk, index) => this.appendChunk(sink, shard, id, chunk, index),
        resume,
      );
      await sink.flush();
      if (totals === null || !this.isWanted(held)) return null;
      const manifest: SnapshotManifest = {
        format: writtenFormat,
        id,
        shard,
        logTopicId,
        logOffset,
        firstChunk,
        ...totals,
        clockMs,
        routes: routesV4 + routesV6 + vpn.routesV4 + vpn.routesV6,
        takenAtMs: Date.now(),
        tookMs: Math.round(performance.now() - start),
        takenBy,
        isIncomplete: isCut,
      };
      const value = encodeManifest(manifest);
      const headers = writeManifestHeaders(this.section, manifest, value);
      this.append(sink, shard, manifestKey(id), value, headers);
      await sink.flush();
      snapshots.note(manifest, mark);
      return manifest;
    } finally {
      resume();
    }
  }

  private async appendChunk(sink: RecordSink, shard: number, id: string, chunk: Buffer, index: number): Promise<void> {
    this.append(sink, shard, chunkKey(id, index), chunk, writeChunkHeaders(this.section, id, index, chunk));
    if (sink.pendingBytes() > mostPending) await sink.flush();
  }

  private append(sink: RecordSink, shard: number, key: Buffer, value: Buffer, headers: Buffer): void {
    const { snapshotsTopic } = this.deps;
    const now = Date.now();
    sink.append(snapshotsTopic, shard, now, key, 0, key.length, value, 0, value.length, headers, 0, headers.length);
  }

  /**
   * Deletes what neither of the last two snapshots needs. Not when another one has been written since: whoever wrote it goes by what it
   * found, and this one may be the older of the two by now.
   */
  private async trim(own: SnapshotManifest): Promise<void> {
    const { admin, store, routesTopic, snapshotsTopic, logger } = this.deps;
    const { shard, id } = own;
    try {
      let isNewest = false;
      for await (const { manifest, problem } of store.manifests(shard)) {
        if (!isNewest) {
          if (manifest?.id !== id || problem !== '') return;
          isNewest = true;
          continue;
        }
        if (manifest === null || problem !== '') continue;
        const logOffset = Math.min(own.logOffset, manifest.logOffset);
        const firstChunk = Math.min(own.firstChunk, manifest.firstChunk);
        await admin.deleteRecordsBefore(snapshotsTopic, before(snapshotsTopic, shard, firstChunk));
        await admin.deleteRecordsBefore(routesTopic, before(routesTopic, shard, logOffset));
        logger.debug({ shard, logOffset, firstChunk }, 'trimmed to what the older of the last two snapshots needs');
        return;
      }
    } catch (error) {
      logger.warn({ shard, reason: errorText(error) }, 'trimming failed; tried again after the next snapshot');
    }
  }
}

function before(topic: string, partition: number, offset: number): TopicPartitionOffset[] {
  return offset > 0 ? [{ topic, partition, offset }] : [];
}
