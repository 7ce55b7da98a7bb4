/**
 * A dump that holds little of a shard, its clock and how many records it saw, but is as long as asked: for tests of what carries dumps.
 *
 *   dump => 'FAKE' clockMs(float64) records(float64) routes(uint32 = 0) filler
 */

import type { ByteWriter } from '../../src/base/byte-writer.ts';
import { RecordError } from '../../src/base/errors.ts';
import type { ShardDump, ShardLoader } from '../../src/rib/dump/types.ts';
import type { RibShard } from '../../src/rib/shard.ts';

const headBytes = 20;
const magic = 'FAKE';

export interface FakeDumps {
  /** Dumps begun. */
  dumped: number;
  readonly dumpShard: (shard: RibShard) => ShardDump;
  readonly loadShard: (create: () => RibShard) => ShardLoader;
  /** Called at each write of a dump. */
  onWrite: () => void;
}

export function fakeDumps(fillerBytes: number): FakeDumps {
  const filler = Buffer.alloc(fillerBytes);
  // Hardly compressible, so that chunks are as many as they can be.
  let state = 1;
  for (let i = 0; i < fillerBytes; i++) filler[i] = (state = (Math.imul(state, 1103515245) + 12345) | 0) >>> 16;
  const dumps: FakeDumps = {
    dumped: 0,
    onWrite: () => {},
    dumpShard: (shard) => {
      dumps.dumped++;
      const head = Buffer.alloc(headBytes);
      head.write(magic);
      head.writeDoubleBE(shard.clockMs, 4);
      head.writeDoubleBE(shard.counters.records, 12);
      const bytes = Buffer.concat([head, filler]);
      let at = 0;
      return {
        write: (into: ByteWriter, maxBytes: number) => {
          dumps.onWrite();
          const end = Math.min(bytes.length, at + maxBytes);
          into.writeBytes(bytes, at, end);
          at = end;
          return at < bytes.length;
        },
      };
    },
    loadShard: (create) => {
      const parts: Buffer[] = [];
      return {
        read: (bytes) => {
          if (parts.length === 0 && bytes.toString('latin1', 0, 4) !== magic) throw refused('it is no dump');
          parts.push(Buffer.from(bytes));
        },
        finish: () => {
          const bytes = Buffer.concat(parts);
          if (!bytes.subarray(headBytes).equals(filler)) throw refused('its filler is another one');
          const shard = create();
          shard.clockMs = bytes.readDoubleBE(4);
          shard.counters.records = bytes.readDoubleBE(12);
          return shard;
        },
      };
    },
  };
  return dumps;
}

function refused(problem: string): RecordError {
  return new RecordError('dump-fake', problem, { format: 'dump', offset: 0, field: 'head' });
}
