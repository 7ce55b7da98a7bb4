/** What of the configuration decides answers, made in one place: `run` and `replay` cannot differ in it. */

import type { CompiledConfig } from '../config/types.ts';
import { Lookup } from '../lookup/ladder.ts';
import { createRouterDirectory, type RouterDirectory } from '../lookup/router-directory.ts';
import { dumpShard } from '../rib/dump/dump.ts';
import { loadShard } from '../rib/dump/load.ts';
import type { DumpShard, LoadShard } from '../rib/dump/types.ts';

/** How shards become bytes and come back: what snapshots are made of. */
export interface ShardDumps {
  readonly dumpShard: DumpShard;
  readonly loadShard: LoadShard;
}

export const shardDumps: ShardDumps = { dumpShard, loadShard };

export function createDirectory({ lookup, routers, shards }: CompiledConfig): RouterDirectory {
  return createRouterDirectory(routers, shards, lookup.references);
}

export function createLookup({ lookup }: CompiledConfig): Lookup {
  return new Lookup({ views: lookup.views, unknownVrf: lookup.unknownVrf });
}
