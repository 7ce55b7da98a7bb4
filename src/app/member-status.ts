/** What HTTP shows of a member: shards, routers and peers, taken from the stages at the request. */

import type { AppStatus, RouterStatus, ShardStatus } from '../http/status.ts';
import type { RouterStatus as RibRouterStatus } from '../rib/status.ts';
import type { Member } from './member.ts';

export function memberStatus(member: Member): AppStatus {
  return {
    isReady: () =>
      member.enrichStage.state === 'running' && member.host.all().every((held) => held.state === 'serving'),
    shards: () => member.host.all().map((held) => shardStatus(held)),
    routers: () =>
      member.host.all().flatMap((held) => held.rib.status().routers.map((router) => routerStatus(held.shard, router))),
  };
}

function shardStatus(held: ReturnType<Member['host']['all']>[number]): ShardStatus {
  const { routesV4, routesV6, prefixesV4, prefixesV6 } = held.rib.routes.counts();
  return {
    shard: held.shard,
    state: held.state,
    position: held.position,
    logEnd: held.logEnd,
    lag: Math.max(0, held.logEnd - held.position),
    routes: routesV4 + routesV6,
    prefixes: prefixesV4 + prefixesV6,
    attributeSets: held.rib.attributes.size,
    clockMs: held.rib.clockMs,
    restoreMs: held.restoreMs,
  };
}

function routerStatus(shard: number, router: RibRouterStatus): RouterStatus {
  const peers = router.sessions.flatMap((session) => session.peers);
  return {
    name: router.name,
    key: router.key,
    shard,
    sessions: router.sessions.length,
    sessionsUp: router.sessions.filter((session) => session.up).length,
    peers: peers.length,
    peersUp: peers.filter((peer) => peer.state === 'up').length,
    routes: peers.reduce((sum, peer) => sum + peer.ribs.reduce((routes, rib) => routes + rib.routes, 0), 0),
    suspect: peers.some((peer) => peer.suspect),
  };
}
