/** A shard to bytes (format.ts has their layout), in slices; nothing of the shard is copied but what a slice writes. */

import type { ByteWriter } from '../../base/byte-writer.ts';
import { AttributeStore } from '../attribute-store.ts';
import type { RibShard } from '../shard.ts';
import { itemEnd, itemGlobalRoutes, itemVpnRoutes } from './format.ts';
import { writeHeld } from './held-section.ts';
import { ItemWriter } from './item-writer.ts';
import { compactTable, RouteWriter, SetNumbers } from './route-section.ts';
import { SessionWriter } from './session-section.ts';
import { writeShard } from './shard-section.ts';
import type { ShardDump } from './types.ts';

/** Steps of a call at the most: some write little or nothing, but take their time. */
const mostSteps = 1024;

export function dumpShard(shard: RibShard): ShardDump {
  const out = new ItemWriter();
  const steps = stepsOf(shard, out);
  return {
    write(into: ByteWriter, maxBytes: number): boolean {
      out.into = into;
      const end = into.length + maxBytes;
      for (let n = 0; n < mostSteps && into.length < end; n++) if (steps.next().done === true) return false;
      return true;
    },
  };
}

/** Yields between items. */
function* stepsOf(shard: RibShard, out: ItemWriter): Generator<void> {
  yield* writeShard(shard, out);
  const sessions = new SessionWriter(shard, out);
  yield* sessions.write();
  yield* writeHeld(shard, sessions.sessions, out);
  const { attributes, global, vpn } = shard;
  if (!(attributes instanceof AttributeStore)) throw new TypeError('only the compact attribute store can be dumped');
  const sets = new SetNumbers();
  let routes = 0;
  for (const isVpn of [false, true]) {
    const table = compactTable(isVpn ? vpn.routes : global.routes);
    const numbers = isVpn ? sessions.vpn : sessions.global;
    const writer = new RouteWriter(table, attributes, sets, numbers, out, isVpn ? itemVpnRoutes : itemGlobalRoutes);
    while (writer.writeBlock()) yield;
    routes += writer.routes;
  }
  out.begin(itemEnd);
  out.integer(out.items);
  out.integer(routes);
  out.end();
}
