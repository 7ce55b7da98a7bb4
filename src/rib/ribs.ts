/**
 * Life of the RIBs: made with the first message of their view and family, filled and emptied route by route, made stale, retired whole.
 * Keeps three things in step: the table's sources, their columns, and which views a router has. Called by sessions.ts,
 * route-monitoring.ts and timers.ts.
 */

import { IpAddress, ipAddressOf } from '../base/ip.ts';
import type { Peer } from './peers.ts';
import { Rib } from './peers.ts';
import {
  headViewBits,
  type SourceColumns,
  sourceComplete,
  sourceEbgp,
  sourceLocRib,
  sourceStale,
  sourceSuspect,
} from './sources.ts';
import { none, type RouteTable } from './types.ts';

const noAddress = new IpAddress();

export class Ribs {
  private readonly routes: RouteTable;
  private readonly sources: SourceColumns;

  constructor(routes: RouteTable, sources: SourceColumns) {
    this.routes = routes;
    this.sources = sources;
  }

  /** The peer's RIB of this view and family in its present epoch. */
  open(peer: Peer, view: number, afiSafi: number, nowMs: number): Rib {
    const known = peer.current(view, afiSafi);
    if (known !== null) return known;
    const rib = new Rib(peer, view, afiSafi, nowMs);
    peer.ribs.push(rib);
    const { neighbour } = peer;
    neighbour.ribs.add(rib);
    this.refreshNeighbour(peer);
    return rib;
  }

  /** Gives the RIB a source when its first route comes. */
  source(rib: Rib): number {
    if (rib.source !== none) return rib.source;
    const { peer } = rib;
    const source = this.routes.createSource();
    rib.source = source;
    const bgpId = ipAddressOf(peer.bgpId)?.w0 ?? 0;
    const address = peer.isLocRib ? noAddress : peer.address;
    this.sources.set(source, rib, peer.neighbour.index, address, bgpId, peer.localAs);
    this.refresh(rib);
    return source;
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
    if (rib.source !== none) {
      this.sources.clear(rib.source);
      this.routes.retire(rib.source);
      rib.source = none;
    }
    this.refreshNeighbour(peer);
  }

  retireAll(peer: Peer): void {
    while (peer.ribs.length > 0) this.retire(peer.ribs[peer.ribs.length - 1]);
    while (peer.staleRibs.length > 0) this.retire(peer.staleRibs[peer.staleRibs.length - 1]);
  }

  /** Whether pre-policy routes of this neighbour may answer depends on all its RIBs. */
  refreshNeighbour(peer: Peer): void {
    for (const rib of peer.neighbour.ribs) this.refresh(rib);
    peer.session.router.outdate();
  }

  refresh(rib: Rib): void {
    const { peer, source } = rib;
    const { router } = peer.session;
    router.outdate();
    if (source === none) return;
    const usable = !peer.neighbour.shadows(rib.view);
    this.sources.head[source] = usable ? (router.index << headViewBits) | rib.view : -1;
    this.sources.flags[source] =
      (rib.isStale ? sourceStale : 0) |
      (rib.isSuspect ? sourceSuspect : 0) |
      (rib.isComplete && !peer.isFiltered ? sourceComplete : 0) |
      (rib.isEbgp ? sourceEbgp : 0) |
      (peer.isLocRib ? sourceLocRib : 0);
  }
}
