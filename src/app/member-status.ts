/** What HTTP shows of a member: shards, routers and peers, taken from the stages at the request; lookups through its service. */

import type { AppStatus, ShardStatus } from '../http/status.ts';
import type { HeldShard } from '../stages/enrich/shard-logs.ts';
import { isIncomplete } from '../stages/enrich/snapshots/snapshot-progress.ts';
import { statusOfGroup } from './group-status.ts';
import type { Member } from './member.ts';
import { routerStatus } from './router-status.ts';

export function memberStatus(member: Member): AppStatus {
  const { config, host, enrichStage, lookupService, groupMembers, events } = member;
  const shards = (): ShardStatus[] =>
    [
      ...host.all().map((held) => shardStatus(held, false)),
      ...host.copies().map((held) => shardStatus(held, true)),
    ].toSorted((a, b) => a.shard - b.shard);
  const routers = (): ReturnType<AppStatus['routers']> =>
    host
      .all()
      .flatMap(({ shard, rib }) =>
        rib
          .status()
          .routers.map((router) =>
            routerStatus(shard, router, rib.router(router.key), config.lookup.views, events.last(rib, router.name)),
          ),
      );
  return {
    isReady: () => enrichStage.state === 'running' && host.areAllServing(),
    shards,
    routers,
    ofGroup: (what) =>
      statusOfGroup(groupMembers, what, what === 'shards' ? shards() : routers(), groupMembers.selfUrl),
    lookup: (query, isForwarded) => lookupService.lookup(query, isForwarded),
  };
}

function shardStatus(held: HeldShard, isCopy: boolean): ShardStatus {
  const { routesV4, routesV6, prefixesV4, prefixesV6 } = held.rib.routes.counts();
  const vpn = held.rib.vpn.routes.counts();
  const { last } = held.snapshots;
  return {
    shard: held.shard,
    state: held.state,
    position: held.position,
    logEnd: held.logEnd,
    lag: Math.max(0, held.logEnd - held.position),
    copy: isCopy,
    routes: routesV4 + routesV6,
    vpnRoutes: vpn.routesV4 + vpn.routesV6,
    prefixes: prefixesV4 + prefixesV6,
    attributeSets: held.rib.attributes.size,
    clockMs: held.rib.clockMs,
    restoreMs: held.restoreMs,
    restoredFrom: held.snapshots.restoredFrom,
    replayed: held.snapshots.replayed,
    incomplete: isIncomplete(held),
    snapshotOffset: last?.logOffset ?? null,
    snapshotAgeMs: last === null ? null : Math.max(0, Date.now() - last.takenAtMs),
    snapshotBytes: last?.bytes ?? null,
    snapshotMs: last?.tookMs ?? null,
  };
}
