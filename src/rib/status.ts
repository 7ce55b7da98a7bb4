/** What a shard holds, as plain objects for metrics and HTTP: a picture of the moment, made on demand. */

import { viewNames } from '../model/answer.ts';
import type { RibCounters } from './counters.ts';
import type { Peer, PeerState, Rib, RouterState } from './peers.ts';
import type { AppliedPosition } from './positions.ts';
import type { RouteTable } from './types.ts';

export interface RibStatus {
  readonly view: (typeof viewNames)[number];
  readonly afi: number;
  readonly safi: number;
  readonly routes: number;
  /** RDs that its routes have, where NLRI carry them; of EVPN, each with each Ethernet tag. */
  readonly rds: number;
  /** End-of-RIB was seen, or its time ran out. */
  readonly endOfRib: boolean;
  /** Time of the last Route Monitoring, by the shard's clock. */
  readonly lastMonitoringMs: number;
  /** Its peer sends post-policy routes of the same direction: these never answer. */
  readonly shadowed: boolean;
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
  /** Empty = the router's global table. */
  readonly rd: string;
  readonly tableName: string;
  readonly state: PeerState;
  readonly epoch: number;
  readonly epochStartMs: number;
  /** Time of its last Route Monitoring, by the shard's clock; 0 = none yet. */
  readonly lastMonitoringMs: number;
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
  /** Source partition of its last record; empty and -1 before the first. */
  readonly topic: string;
  readonly partition: number;
  readonly peers: readonly PeerStatus[];
}

export interface RouterStatus {
  readonly key: string;
  readonly name: string;
  readonly unordered: boolean;
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
  /** Of the vpn instance. */
  readonly vpn: ReturnType<RouteTable['counts']>;
  /** Route distinguishers that some route has. */
  readonly rds: number;
  readonly attributeSets: number;
  readonly memory: Readonly<Record<string, number>>;
  readonly counters: RibCounters;
  readonly positions: readonly AppliedPosition[];
  readonly routers: readonly RouterStatus[];
}

export function statusOfRouter(router: RouterState): RouterStatus {
  const sessions = [...router.sessions.values()].map((session) => ({
    collector: session.collector,
    bmpAddress: session.bmpAddress,
    up: session.isUp,
    sysName: session.sysName,
    sysDescr: session.sysDescr,
    topic: session.topic,
    partition: session.partition,
    peers: [...session.peers.values()].map((peer) => statusOfPeer(peer)),
  }));
  return { key: router.key, name: router.name, unordered: router.isUnordered, sessions };
}

function statusOfPeer(peer: Peer): PeerStatus {
  return {
    address: peer.text,
    as: peer.as,
    bgpId: peer.bgpId,
    localAs: peer.localAs,
    type: peer.type,
    distinguisher: peer.distinguisher,
    rd: peer.rd,
    tableName: peer.tableName,
    state: peer.state,
    epoch: peer.epoch,
    epochStartMs: peer.epochStartMs,
    lastMonitoringMs: peer.lastMonitoringMs,
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
    routes: rib.routes,
    rds: rib.hasDistinguishers ? rib.sources.size : 0,
    endOfRib: rib.isComplete,
    lastMonitoringMs: rib.lastMonitoringMs,
    shadowed: rib.peer.neighbour.shadows(rib.view),
    stale: rib.isStale || rib.isDoubted,
    suspect: rib.isSuspect,
  };
}
