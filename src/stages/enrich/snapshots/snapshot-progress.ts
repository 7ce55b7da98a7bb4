/** What a held shard knows of its snapshots: the last one, and what came since. Plain fields that the schedule and the status read. */

import type { SnapshotManifest } from '../../../restore/snapshot-format.ts';
import type { RibShard } from '../../../rib/shard.ts';

export class SnapshotProgress {
  /** The last one taken here, or the one that the shard was restored from. */
  last: SnapshotManifest | null = null;
  /** Bytes of the log's records applied since. */
  logBytes = 0;
  restoredFrom: 'snapshot' | 'log' = 'log';
  /** Records of the log that the restore replays. */
  replayed = 0;
  /**
   * The shard was restored from what was left of its log, whose beginning was gone, without a snapshot, or from a snapshot
   * of such a shard. `isIncomplete` takes it back.
   */
  isCut = false;
  /** A dump is being written: nothing may be applied to the shard, nor reclaimed in it. */
  isDumping = false;
  /** Wall-clock time at which a snapshot was last tried; 0 = never. */
  triedAtMs = 0;
  /** How long that took. */
  tookMs = 0;
  private recordsBefore = 0;

  /** Records that may have changed the table since the last snapshot: ticks do not count. */
  changesIn(rib: RibShard): number {
    return rib.counters.records - this.recordsBefore;
  }

  /** The table as it is now, to be given to `note` when there is a snapshot of it. */
  mark(rib: RibShard): SnapshotMark {
    return { records: rib.counters.records, logBytes: this.logBytes };
  }

  note(manifest: SnapshotManifest, mark: SnapshotMark): void {
    this.last = manifest;
    this.logBytes -= mark.logBytes;
    this.recordsBefore = mark.records;
  }
}

export interface SnapshotMark {
  readonly records: number;
  readonly logBytes: number;
}

/**
 * The shard's log was cut, and not every RIB that it has is complete yet: some router has not told everything again. Routers that never
 * spoke since cannot be known.
 */
export function isIncomplete({ rib, snapshots }: { rib: RibShard; snapshots: SnapshotProgress }): boolean {
  if (!snapshots.isCut) return false;
  for (const { sessions } of rib.status().routers) {
    for (const { peers } of sessions) {
      for (const { ribs, state } of peers) {
        if (state !== 'down' && ribs.some(({ endOfRib, stale }) => !endOfRib && !stale)) return true;
      }
    }
  }
  snapshots.isCut = false;
  return false;
}
