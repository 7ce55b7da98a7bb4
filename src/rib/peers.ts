/**
 * The nouns under a shard: router ── BMP session ── peer ── RIB. A RIB here is one view and one family of one peer's epoch, whatever
 * can become complete, stale or swept as one. Its routes have one SourceId, or one for each RD where NLRI carry RDs. State only;
 * sessions.ts says what happens to it.
 *
 *   peer     provisional ──Peer Up──► up ──Peer Down──► down ──staleTime──► (gone)
 *   (none) ──RM──► ▲  ──Peer Up──► ▲   └──session lost──► stale ──staleTime──► (gone)
 *                  └──────RM───────┴──────Peer Up──────────┘ and from down
 *   provisional ──staleTime without a message, when it has no routes or there are too many──► (gone)
 *
 *   RIB      incomplete ──End-of-RIB or its timeout──► complete; either ──new epoch, session lost──► stale ──swept──► (retired)
 */

import { IpAddress } from '../base/ip.ts';
import { viewAdjRibInPost, viewAdjRibInPre, viewAdjRibOutPost, viewAdjRibOutPre } from '../model/answer.ts';
import { afiIpv4, afiIpv6, evpn, safiVpn } from '../wire/bgp/types.ts';
import { peerTypeGlobal, peerTypeLocal, peerTypeLocRib, type PerPeerHeader } from '../wire/bmp/types.ts';
import { NlriForms } from './add-path.ts';
import type { RecentOrders, RecentWithdrawals } from './doubtful-order.ts';
import { HeaderClock } from './header-clock.ts';
import { formatPeerDistinguisher } from './route-distinguishers.ts';
import { SourcePartitions } from './source-partitions.ts';
import type { RibInstance } from './sources.ts';
import { none, type SourceId } from './types.ts';

export type PeerState = 'provisional' | 'up' | 'stale' | 'down';

/** Numbers of views (model/answer.ts). */
export const viewCount = 5;
const noDistinguisher = '0000000000000000';

export const viewNotHeld = 0;
export const viewIncomplete = 1;
export const viewComplete = 2;

/** One BGP neighbour of a router, over all BMP sessions that tell of it. */
export class Neighbour {
  readonly index: number;
  /** Peers of sessions that are this neighbour; forgotten with the last. */
  peers = 0;
  readonly ribs = new Set<Rib>();

  constructor(index: number) {
    this.index = index;
  }

  /** It sends post-policy too: its pre-policy routes of that direction never answer. */
  shadows(view: number): boolean {
    if (view === viewAdjRibInPre) return this.holds(viewAdjRibInPost);
    if (view === viewAdjRibOutPre) return this.holds(viewAdjRibOutPost);
    return false;
  }

  /**
   * Another BMP session has the same RIB live and whole, so what this one had before it fell silent or was lost is out of date: it must not
   * answer, not even with a longer prefix, which the router may have withdrawn since.
   */
  outdates(rib: Rib): boolean {
    if (!rib.isStale && !rib.isDoubted) return false;
    for (const other of this.ribs) {
      if (other.view !== rib.view || other.afiSafi !== rib.afiSafi || other.peer.session === rib.peer.session) continue;
      if (other.isComplete && !other.isStale && !other.isDoubted && !other.peer.isFiltered) return true;
    }
    return false;
  }

  private holds(view: number): boolean {
    for (const rib of this.ribs) if (rib.view === view) return true;
    return false;
  }
}

export class RouterState {
  readonly index: number;
  readonly key: string;
  name: string;
  /** Grows whenever what its views hold, or may answer, changes: what caches of view states go by. */
  version = 0;
  /** Its records come over several partitions of one topic, so their order is not known. */
  isUnordered = false;
  readonly sessions = new Map<string, BmpSession>();
  readonly neighbours = new Map<string, Neighbour>();
  private readonly views4 = new Uint8Array(viewCount);
  private readonly views6 = new Uint8Array(viewCount);
  private isOutdated = true;

  constructor(index: number, key: string, name: string) {
    this.index = index;
    this.key = key;
    this.name = name;
  }

  /** To be called whenever a RIB appears, goes, becomes complete, or may answer from now on or no more. */
  outdate(): void {
    this.version++;
    this.isOutdated = true;
  }

  /**
   * Of the global table, by view: held at all, and complete. A view is complete when, in some session, every RIB of it is: a collector
   * that joins later takes nothing from what another one already has whole.
   */
  viewStates(family: number): Uint8Array {
    if (this.isOutdated) {
      this.views4.fill(viewNotHeld);
      this.views6.fill(viewNotHeld);
      for (const session of this.sessions.values()) session.addViewStates(this.views4, this.views6);
      this.isOutdated = false;
    }
    return family === 4 ? this.views4 : this.views6;
  }
}

export class BmpSession {
  readonly key: string;
  readonly router: RouterState;
  readonly collector: string;
  readonly bmpAddress: string;
  readonly peers = new Map<string, Peer>();
  isUp = true;
  sysName = '';
  sysDescr = '';
  /** Source partition of the last record. */
  topic = '';
  partition = -1;
  readonly partitions = new SourcePartitions();
  /** Its records have no order. */
  isUnordered = false;
  /** The shard's clock at its last record. */
  lastRecordMs = 0;
  /** Nothing came for longer than asked for; whatever comes next takes that back. */
  isSilent = false;
  readonly headerClock = new HeaderClock();
  /** Messages held back (reorder.ts), and for how long the last one was. */
  waiting = 0;
  windowMs = 0;
  private readonly held = new Uint8Array(viewCount * 2);
  private readonly incomplete = new Uint8Array(viewCount * 2);

  constructor(router: RouterState, collector: string, bmpAddress: string) {
    this.key = sessionKey(collector, bmpAddress);
    this.router = router;
    this.collector = collector;
    this.bmpAddress = bmpAddress;
  }

  addViewStates(views4: Uint8Array, views6: Uint8Array): void {
    this.held.fill(0);
    this.incomplete.fill(0);
    for (const peer of this.peers.values()) {
      if (peer.rd !== '') continue;
      for (const rib of peer.ribs) this.note(rib);
      // One with a successor changes nothing: it goes when that is complete.
      for (const rib of peer.staleRibs) this.note(rib);
    }
    for (let view = 0; view < viewCount; view++) {
      for (const [views, at] of [[views4, view] as const, [views6, viewCount + view] as const]) {
        if (this.held[at] === 0) continue;
        views[view] = Math.max(views[view], this.incomplete[at] === 0 ? viewComplete : viewIncomplete);
      }
    }
  }

  private note(rib: Rib): void {
    if (rib.hasDistinguishers || rib.peer.neighbour.shadows(rib.view)) return;
    const at = rib.family === 4 ? rib.view : viewCount + rib.view;
    this.held[at] = 1;
    if (!rib.isComplete || rib.peer.isFiltered) this.incomplete[at] = 1;
  }
}

/** A Peer Up of the present epoch. Only a Loc-RIB has more than one: one a family (RFC 9069 §6.1.1). */
export interface PeerUpPart {
  readonly fingerprint: number;
  readonly families: readonly number[];
}

export class Peer {
  readonly session: BmpSession;
  readonly key: string;
  readonly type: number;
  readonly distinguisher: string;
  /** Of the instance that the peer is in, as model/route-distinguisher.ts has it; '' = the router's global table. */
  readonly rd: string;
  readonly neighbour: Neighbour;
  /** RFC 5952; the BGP ID for a Loc-RIB. */
  readonly text: string;
  readonly address = new IpAddress();
  as: number;
  bgpId: string;
  localAs = 0;
  tableName = '';
  state: PeerState = 'down';
  /** What it was when its session fell silent. */
  silencedFrom: PeerState | null = null;
  epoch = 0;
  epochStartMs = 0;
  /** The shard's clock at its last Route Monitoring. */
  lastMonitoringMs = 0;
  dropAtMs = Infinity;
  isSuspect = false;
  /** Bit by view: path ids or AS widths were found to be other than the OPENs or the A flag say. */
  guessedViews = 0;
  /** Bit by view, by A flag of the header: AS paths were found to be in the other width (RFC 7854 §4.2). */
  readonly otherAsWidth: [number, number] = [0, 0];
  /** F flag of a Loc-RIB: not the whole table. */
  isFiltered = false;
  parts: PeerUpPart[] = [];
  /** Peer Downs of a Loc-RIB that still has other parts. */
  partsDown = 0;
  readonly forms = new NlriForms();
  /** For producers that reorder (doubtful-order.ts). */
  recentOrders: RecentOrders | null = null;
  ribs: Rib[] = [];
  staleRibs: Rib[] = [];

  constructor(session: BmpSession, key: string, neighbour: Neighbour, header: PerPeerHeader) {
    this.session = session;
    this.key = key;
    this.neighbour = neighbour;
    this.type = header.type;
    this.distinguisher = header.distinguisher;
    this.rd = isGlobal(header) ? '' : formatPeerDistinguisher(header.distinguisher, header.type === peerTypeLocal);
    this.as = header.peerAs;
    this.bgpId = header.bgpId;
    this.text = this.isLocRib ? header.bgpId : header.address;
    this.address.parse(header.address);
  }

  get isLocRib(): boolean {
    return this.type === peerTypeLocRib;
  }

  /** Some RIB of it has a route, stale ones included. */
  get hasRoutes(): boolean {
    return this.ribs.some((rib) => rib.routes > 0) || this.staleRibs.some((rib) => rib.routes > 0);
  }

  /** The RIB of the present epoch, or null. */
  current(view: number, afiSafi: number): Rib | null {
    for (const rib of this.ribs) if (rib.view === view && rib.afiSafi === afiSafi) return rib;
    return null;
  }
}

export class Rib {
  readonly peer: Peer;
  /** The table that its routes are in. */
  readonly instance: RibInstance;
  /** Each of its routes says its RD: VPN routes and EVPN prefixes, whichever instance the peer is in. */
  readonly hasDistinguishers: boolean;
  readonly view: number;
  /** afi << 8 | safi. */
  readonly afiSafi: number;
  readonly epoch: number;
  /** As its own epoch's OPENs say; a later epoch of the peer may say otherwise. */
  readonly isEbgp: boolean;
  /** All its sources. */
  readonly sources = new Set<SourceId>();
  /** The only one of a RIB without distinguishers. */
  source: SourceId = none;
  /** Those of one with distinguishers: Ethernet tag (0 but for EVPN, RFC 9136 §3.1) → number of the RD → source. */
  readonly sourcesByTag = new Map<number, Map<number, SourceId>>();
  /** For producers that reorder (doubtful-order.ts). */
  recentWithdrawals: RecentWithdrawals | null = null;
  isComplete = false;
  isStale = false;
  /** Of the present epoch, but it is not known whether the router still has it: answers as stale until heard of. */
  isDoubted = false;
  isSuspect: boolean;
  readonly startMs: number;
  lastMonitoringMs: number;
  /** When stale, or in doubt because of a Peer Down: when it goes at the latest. */
  dropAtMs = Infinity;

  constructor(peer: Peer, view: number, afiSafi: number, instance: RibInstance, nowMs: number) {
    this.peer = peer;
    this.instance = instance;
    this.hasDistinguishers = hasDistinguishers(afiSafi);
    this.view = view;
    this.afiSafi = afiSafi;
    this.epoch = peer.epoch;
    this.isEbgp = peer.localAs !== 0 && peer.as !== peer.localAs;
    this.isSuspect = peer.isSuspect || (peer.guessedViews & (1 << view)) !== 0;
    this.startMs = nowMs;
    this.lastMonitoringMs = nowMs;
  }

  /** How many it has. */
  get routes(): number {
    let routes = 0;
    for (const source of this.sources) routes += this.instance.routes.routesOfSource(source);
    return routes;
  }

  /** 0 = both: EVPN. */
  get family(): 0 | 4 | 6 {
    const afi = this.afiSafi >> 8;
    return afi === afiIpv4 ? 4 : afi === afiIpv6 ? 6 : 0;
  }

  get safi(): number {
    return this.afiSafi & 255;
  }
}

/** Families whose routes each say their RD. */
export function hasDistinguishers(afiSafi: number): boolean {
  return (afiSafi & 255) === safiVpn || afiSafi === evpn;
}

function isGlobal(header: PerPeerHeader): boolean {
  return header.type === peerTypeGlobal || header.distinguisher === noDistinguisher;
}

export function sessionKey(collector: string, bmpAddress: string): string {
  return `${collector} ${bmpAddress}`;
}

/** Identity of a peer within a session: type, distinguisher, address; for a Loc-RIB distinguisher and BGP ID (RFC 9069 §6.1.1). */
export function peerKey(header: PerPeerHeader): string {
  const who = header.type === peerTypeLocRib ? header.bgpId : header.address;
  return `${header.type} ${header.distinguisher} ${who}`;
}
