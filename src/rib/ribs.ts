/**
 * Life of the RIBs: made with the first message of their view and family, filled and emptied route by route, made stale, retired whole.
 * Keeps three things in step: the table's sources, their columns, and which views a router has. Called by sessions.ts,
 * route-monitoring.ts and timers.ts.
 */

import { IpAddress, ipAddressOf } from '../base/ip.ts';
import type { Peer } from './peers.ts';
import { hasDistinguishers, Rib } from './peers.ts';
import type { RouteDistinguishers } from './route-distinguishers.ts';
import {
  headViewBits,
  type RibInstance,
  sourceComplete,
  sourceEbgp,
  sourceInVrf,
  sourceLocRib,
  sourceStale,
  sourceSuspect,
} from './sources.ts';
import { none, type SourceId } from './types.ts';

const noAddress = new IpAddress();

export class Ribs {
  private readonly global: RibInstance;
  private readonly vpn: RibInstance;
  private readonly rds: RouteDistinguishers;

  constructor(global: RibInstance, vpn: RibInstance, rds: RouteDistinguishers) {
    this.global = global;
    this.vpn = vpn;
    this.rds = rds;
  }

  /** The peer's RIB of this view and family in its present epoch. */
  open(peer: Peer, view: number, afiSafi: number, nowMs: number): Rib {
    const known = peer.current(view, afiSafi);
    if (known !== null) return known;
    const instance = peer.rd !== '' || hasDistinguishers(afiSafi) ? this.vpn : this.global;
    const rib = new Rib(peer, view, afiSafi, instance, nowMs);
    peer.ribs.push(rib);
    const { neighbour } = peer;
    neighbour.ribs.add(rib);
    this.refreshNeighbour(peer);
    return rib;
  }

  /** The source of a RIB without distinguishers; made when its first route comes. */
  source(rib: Rib): SourceId {
    if (rib.source === none) rib.source = this.addSource(rib, rib.peer.rd === '' ? none : this.rds.add(rib.peer.rd));
    return rib.source;
  }

  /** The source of an RD, two words, and an Ethernet tag in a RIB with distinguishers; made when its first route comes. */
  sourceByRd(rib: Rib, high: number, low: number, tag: number): SourceId {
    let sources = rib.sourcesByTag.get(tag);
    if (sources === undefined) {
      sources = new Map();
      rib.sourcesByTag.set(tag, sources);
    }
    const rd = this.rds.addWords(high, low);
    let source = sources.get(rd);
    if (source === undefined) {
      source = this.addSource(rib, rd);
      sources.set(rd, source);
    }
    return source;
  }

  /** As `sourceByRd`, -1 when it has no routes. */
  findSourceByRd(rib: Rib, high: number, low: number, tag: number): SourceId {
    return rib.sourcesByTag.get(tag)?.get(this.rds.findWords(high, low)) ?? none;
  }

  /** A route of such a source is gone. The source goes with its last, so that RDs that come and go leave nothing behind. */
  routeGone(rib: Rib, source: SourceId, tag: number): void {
    const { routes, sources } = rib.instance;
    if (routes.routesOfSource(source) > 0) return;
    const byRd = rib.sourcesByTag.get(tag);
    byRd?.delete(sources.rd[source]);
    if (byRd?.size === 0) rib.sourcesByTag.delete(tag);
    rib.sources.delete(source);
    this.dropSource(rib, source);
    rib.peer.session.router.outdate();
  }

  complete(rib: Rib): void {
    this.sweep(rib);
    if (rib.isComplete) return;
    rib.isComplete = true;
    this.refresh(rib);
  }

  suspect(rib: Rib): void {
    if (rib.isSuspect) return;
    rib.isSuspect = true;
    this.refresh(rib);
  }

  /** Ends the RIB's epoch: its routes still answer, marked, until swept or dropped. */
  makeStale(rib: Rib, dropAtMs: number): void {
    rib.dropAtMs = Math.min(rib.dropAtMs, dropAtMs);
    if (rib.isStale) return;
    const { peer } = rib;
    rib.isStale = true;
    peer.ribs.splice(peer.ribs.indexOf(rib), 1);
    peer.staleRibs.push(rib);
    this.refresh(rib);
  }

  /** It answers as stale until it is heard of, or dropped. */
  doubt(rib: Rib, dropAtMs = Infinity): void {
    rib.dropAtMs = Math.min(rib.dropAtMs, dropAtMs);
    if (rib.isDoubted) return;
    rib.isDoubted = true;
    this.refresh(rib);
  }

  /**
   * The router has told of it: in doubt no longer. Of a Loc-RIB with several Peer Ups (RFC 9069 §6.1.1), of which some went down and none
   * said which, those left are known once as many have spoken as are up.
   */
  confirm(rib: Rib): void {
    if (!rib.isDoubted) return;
    rib.isDoubted = false;
    rib.dropAtMs = Infinity;
    this.refresh(rib);
    const { peer } = rib;
    if (peer.partsDown === 0) return;
    const alive = peer.parts.filter((part) =>
      peer.ribs.some((other) => !other.isDoubted && part.families.includes(other.afiSafi)),
    );
    if (alive.length < peer.parts.length - peer.partsDown) return;
    peer.parts = alive;
    peer.partsDown = 0;
    for (const other of peer.ribs.filter(({ isDoubted }) => isDoubted)) this.retire(other);
  }

  /** Mark and sweep: what the new epoch has not told again is gone. */
  sweep(rib: Rib): void {
    const { peer } = rib;
    for (let i = peer.staleRibs.length - 1; i >= 0; i--) {
      const stale = peer.staleRibs[i];
      if (stale.view === rib.view && stale.afiSafi === rib.afiSafi) this.retire(stale);
    }
  }

  retire(rib: Rib): void {
    const { peer } = rib;
    const list = rib.isStale ? peer.staleRibs : peer.ribs;
    list.splice(list.indexOf(rib), 1);
    peer.neighbour.ribs.delete(rib);
    for (const source of rib.sources) this.dropSource(rib, source);
    rib.sources.clear();
    rib.sourcesByTag.clear();
    rib.source = none;
    this.refreshNeighbour(peer);
  }

  retireAll(peer: Peer): void {
    while (peer.ribs.length > 0) this.retire(peer.ribs[peer.ribs.length - 1]);
    while (peer.staleRibs.length > 0) this.retire(peer.staleRibs[peer.staleRibs.length - 1]);
  }

  /** The router said that the peer is down: what lost sessions told of it before is gone as well. */
  retireLost({ neighbour }: Peer): void {
    for (const rib of neighbour.ribs) if (rib.isStale && rib.peer.state === 'stale') this.retire(rib);
  }

  /** Whether pre-policy routes of this neighbour may answer depends on all its RIBs. */
  refreshNeighbour(peer: Peer): void {
    for (const rib of peer.neighbour.ribs) this.refresh(rib);
    peer.session.router.outdate();
  }

  refresh(rib: Rib): void {
    rib.peer.session.router.outdate();
    for (const source of rib.sources) this.refreshSource(rib, source);
    const { neighbour } = rib.peer;
    if (neighbour.peers === 1) return;
    // The same RIB as other sessions tell of it may answer, or no more.
    for (const other of neighbour.ribs) {
      if (other === rib || other.view !== rib.view || other.afiSafi !== rib.afiSafi) continue;
      for (const source of other.sources) this.refreshSource(other, source);
    }
  }

  private addSource(rib: Rib, rd: number): SourceId {
    const { peer, instance } = rib;
    const source = instance.routes.createSource();
    const bgpId = ipAddressOf(peer.bgpId)?.w0 ?? 0;
    instance.sources.set(source, rib, rd, peer.isLocRib ? noAddress : peer.address, bgpId);
    if (rd >= 0) this.rds.retain(rd);
    rib.sources.add(source);
    this.refreshSource(rib, source);
    peer.session.router.outdate();
    return source;
  }

  private dropSource(rib: Rib, source: SourceId): void {
    const { routes, sources } = rib.instance;
    const rd = sources.rd[source];
    if (rd >= 0) this.rds.release(rd);
    sources.clear(source);
    routes.retire(source);
  }

  private refreshSource(rib: Rib, source: SourceId): void {
    const { peer } = rib;
    const { sources } = rib.instance;
    const usable = !peer.neighbour.shadows(rib.view) && !peer.neighbour.outdates(rib);
    sources.head[source] = usable ? (peer.session.router.index << headViewBits) | rib.view : -1;
    sources.flags[source] =
      (rib.isStale || rib.isDoubted ? sourceStale : 0) |
      (rib.isSuspect ? sourceSuspect : 0) |
      (rib.isComplete && !peer.isFiltered ? sourceComplete : 0) |
      (rib.isEbgp ? sourceEbgp : 0) |
      (peer.isLocRib ? sourceLocRib : 0) |
      (peer.rd !== '' && !rib.hasDistinguishers ? sourceInVrf : 0);
  }
}
