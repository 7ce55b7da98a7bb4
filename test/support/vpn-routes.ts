/** Routes of a shard's vpn instance at a prefix, as text: "view peer rd [#path id] [stale] [suspect]" each, sorted. */

import { ipAddressOf } from '../../src/base/ip.ts';
import { viewNames } from '../../src/model/answer.ts';
import type { RibShard } from '../../src/rib/shard.ts';

export function vpnRoutesAt(shard: RibShard, prefix: string): string[] {
  const { routes, sources } = shard.vpn;
  const slash = prefix.indexOf('/');
  const address = ipAddressOf(prefix.slice(0, slash));
  if (address === null) throw new Error(prefix);
  const { family, w0, w1, w2, w3 } = address;
  const id = routes.exactMatch(family, w0, w1, w2, w3, Number(prefix.slice(slash + 1)));
  const found: string[] = [];
  const count = id < 0 ? 0 : routes.routeCount(id);
  for (let i = 0; i < count; i++) {
    const ref = routes.firstRoute(id) + i * routes.routeStride(id);
    const source = routes.routeSource(ref);
    const rib = sources.ribs[source] ?? null;
    if (rib === null || sources.head[source] < 0) continue;
    const pathId = routes.routePathId(id, ref);
    const marks = `${pathId < 0 ? '' : ` #${pathId}`}${rib.isStale ? ' stale' : ''}${rib.isSuspect ? ' suspect' : ''}`;
    found.push(`${viewNames[rib.view]} ${rib.peer.text} ${shard.rds.text(sources.rd[source])}${marks}`);
  }
  return found.sort();
}
