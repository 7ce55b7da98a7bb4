/** What a shard holds, as plain objects for metrics and HTTP: a picture of the moment, made on demand. */

import { viewNames } from '../model/answer.ts';
import type { RibCounters } from './counters.ts';
import type { Peer, PeerState, Rib, RouterState } from './peers.ts';
import type { AppliedPosition } from './positions.ts';

export interface RibStatus {
  readonly view: (typeof viewNames)[number];
  readonly afi: number;
  readonly safi: number;
  readonly routes: number;
  readonly endOfRib: boolean;
  readonly stale: boolean;
  readonly suspect: boolean;
}

export interface PeerStatus {
  readonly address: string;
  readonly as: number;
  readonly bgpId: string;
  readonly localAs: number;
  /** Peer type of RFC 7854 §4.2. */
  readonly type: number;
  /** 16 hex digits. */
  readonly distinguisher: string;
  readonly tableName: string;
  readonly state: PeerState;
  readonly epoch: number;
  readonly suspect: boolean;
  /** F flag: a filtered Loc-RIB. */
  readonly filtered: boolean;
  readonly ribs: readonly RibStatus[];
}

export interface SessionStatus {
  readonly collector: string;
  readonly bmpAddress: string;
  readonly up: boolean;
  readonly sysName: string;
  readonly sysDescr: string;
  readonly peers: readonly PeerStatus[];
}

export interface RouterStatus {
  readonly key: string;
  readonly name: string;
  readonly sessions: readonly SessionStatus[];
}

export interface ShardStatus {
  readonly shard: number;
  readonly clockMs: number;
  /** Offset in the routes log of the last record; -1 = none. */
  readonly logOffset: number;
  readonly routesV4: number;
  readonly routesV6: number;
  readonly prefixesV4: number;
  readonly prefixesV6: number;
  readonly attributeSets: number;
  readonly memory: Readonly<Record<string, number>>;
  readonly counters: RibCounters;
  readonly positions: readonly AppliedPosition[];
  readonly routers: readonly RouterStatus[];
}

export function statusOfRouter(router: RouterState): RouterStatus {
  const sessions = [...router.sessions.values()].map(({ collector, bmpAddress, isUp, sysName, sysDescr, peers }) => ({
    collector,
    bmpAddress,
    up: isUp,
    sysName,
    sysDescr,
    peers: [...peers.values()].map((peer) => statusOfPeer(peer)),
  }));
  return { key: router.key, name: router.name, sessions };
}

function statusOfPeer(peer: Peer): PeerStatus {
  return {
    address: peer.text,
    as: peer.as,
    bgpId: peer.bgpId,
    localAs: peer.localAs,
    type: peer.type,
    distinguisher: peer.distinguisher,
    tableName: peer.tableName,
    state: peer.state,
    epoch: peer.epoch,
    suspect: peer.isSuspect,
    filtered: peer.isFiltered,
    ribs: [...peer.ribs, ...peer.staleRibs].map((rib) => statusOfRib(rib)),
  };
}

function statusOfRib(rib: Rib): RibStatus {
  return {
    view: viewNames[rib.view],
    afi: rib.afiSafi >> 8,
    safi: rib.safi,
    routes: routesOf(rib),
    endOfRib: rib.isComplete,
    stale: rib.isStale,
    suspect: rib.isSuspect,
  };
}

function routesOf(rib: Rib): number {
  let routes = 0;
  for (const source of rib.sources) routes += rib.instance.routes.routesOfSource(source);
  return routes;
}
