/**
 * A shard as bytes and back, each in slices, as the snapshots in Kafka (restore/) use it. What is in the bytes, and in which order, is
 * the dump's own business; it is versioned by itself.
 */

import type { ByteWriter } from '../../base/byte-writer.ts';
import type { RibShard } from '../shard.ts';

export interface ShardDump {
  /**
   * Writes up to about `maxBytes` more; false when all is written. Nothing may be applied to the shard, nor reclaimed in it, from the
   * first call to the last.
   */
  write(into: ByteWriter, maxBytes: number): boolean;
}

/** `dumpShard` of dump.ts. */
export type DumpShard = (shard: RibShard) => ShardDump;

export interface ShardLoader {
  /**
   * The next bytes of the dump, in order, in slices of any size; they are the loader's until it returns only. Throws RecordError when
   * they are no dump of a format that it reads.
   */
  read(bytes: Buffer): void;
  /** The shard. Throws RecordError when the dump is not at its end. */
  finish(): RibShard;
}

/** `loadShard` of load.ts. `create` gives an empty shard; called once. */
export type LoadShard = (create: () => RibShard) => ShardLoader;
