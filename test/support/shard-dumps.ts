/** Dumps of shards in tests, written and read in slices of a given size. */

import { ByteWriter } from '../../src/base/byte-writer.ts';
import { dumpShard } from '../../src/rib/dump/dump.ts';
import { loadShard } from '../../src/rib/dump/load.ts';
import { createRibShard, type RibShard, type RibShardOptions } from '../../src/rib/shard.ts';

export function dumpOf(shard: RibShard, sliceBytes = 65_536): Buffer {
  const writer = new ByteWriter(1024);
  const dump = dumpShard(shard);
  const parts: Buffer[] = [];
  let more = true;
  while (more) {
    more = dump.write(writer, sliceBytes);
    parts.push(Buffer.from(writer.view()));
    writer.reset();
  }
  return Buffer.concat(parts);
}

export function loaded(bytes: Buffer, options: RibShardOptions, sliceBytes = 65_536, shard = 0): RibShard {
  const loader = loadShard(() => createRibShard(shard, options));
  for (let at = 0; at < bytes.length; at += sliceBytes) {
    // A copy that is spoilt afterwards: slices are the loader's until it returns only.
    const slice = Buffer.from(bytes.subarray(at, at + sliceBytes));
    loader.read(slice);
    slice.fill(0xee);
  }
  return loader.finish();
}
