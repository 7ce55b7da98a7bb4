/**
 * Route Monitoring (RFC 7854 §4.6) → table: decodes the UPDATE as the peer negotiated it, withdraws, then announces. Attributes are
 * interned once an UPDATE. A prefix that the new epoch tells of, either way, is no longer stale.
 */

import { viewAdjRibInPost, viewAdjRibInPre, viewAdjRibOutPost, viewAdjRibOutPre, viewLocRib } from '../model/answer.ts';
import type { BgpUpdate, NlriList, UpdateContext } from '../wire/bgp/types.ts';
import { afiIpv4, afiIpv6, evpn, safiEvpn } from '../wire/bgp/types.ts';
import { createBgpUpdate, decodeUpdate, isKept } from '../wire/bgp/update.ts';
import { peerTypeLocRib, type PerPeerHeader } from '../wire/bmp/types.ts';
import type { RibCounters } from './counters.ts';
import { type HeldTime, isAnnouncementDoubtful, isWithdrawalDoubtful, noteHeldMessage } from './doubtful-order.ts';
import type { Peer, Rib } from './peers.ts';
import type { Ribs } from './ribs.ts';
import { type AttributeTable, none, type SourceId } from './types.ts';

/** The view that a message's header names. Loc-RIB has no L and O flags. */
export function viewOf(header: PerPeerHeader): number {
  if (header.type === peerTypeLocRib) return viewLocRib;
  if (header.isAdjRibOut) return header.isPostPolicy ? viewAdjRibOutPost : viewAdjRibOutPre;
  return header.isPostPolicy ? viewAdjRibInPost : viewAdjRibInPre;
}

function isAdjRibIn(view: number): boolean {
  return view === viewAdjRibInPost || view === viewAdjRibInPre;
}

class PeerContext implements UpdateContext {
  twoByteAsPath = false;
  isLocRib = false;
  isExternal = false;
  isPrePolicy = false;
  peer: Peer | null = null;
  view = 0;

  hasPathId(family: number): boolean {
    return this.peer !== null && this.peer.forms.hasPathId(this.view, family);
  }

  hasMultipleLabels(family: number): boolean {
    return this.peer !== null && this.peer.forms.hasMultipleLabels(family);
  }
}

export class RouteMonitor {
  private readonly attributes: AttributeTable;
  private readonly ribs: Ribs;
  private readonly counters: RibCounters;
  private readonly update: BgpUpdate = createBgpUpdate();
  private readonly context = new PeerContext();
  private readonly interned: [number, number] = [none, none];
  /** Of the message at hand if it was held back: its order is not sure then. */
  held: HeldTime | null = null;
  /** The last message was an End-of-RIB. */
  hasCompleted = false;
  /** RIB of the last prefix: the prefixes of an UPDATE nearly always share it. */
  private rib: Rib | null = null;

  constructor(attributes: AttributeTable, ribs: Ribs, counters: RibCounters) {
    this.attributes = attributes;
    this.ribs = ribs;
    this.counters = counters;
  }

  /**
   * Applies the PDU in [start, end). Returns what was wrong with it, empty when nothing was. Throws RecordError when the PDU cannot be
   * taken apart at all; the peer is suspect then, since what it said is unknown.
   */
  apply(
    peer: Peer,
    header: PerPeerHeader,
    buffer: Buffer,
    start: number,
    end: number,
    recordStart: number,
    nowMs: number,
    timeMs: number,
  ): string {
    const { context, update, counters } = this;
    const view = viewOf(header);
    context.peer = peer;
    context.view = view;
    const isOtherWidth = (peer.otherAsWidth[header.isTwoByteAsPath ? 1 : 0] & (1 << view)) !== 0;
    context.twoByteAsPath = header.isTwoByteAsPath !== isOtherWidth;
    context.isLocRib = peer.isLocRib;
    context.isPrePolicy = view === viewAdjRibInPre;
    context.isExternal = isAdjRibIn(view) && peer.localAs !== 0 && peer.as !== peer.localAs;
    try {
      decodeUpdate(buffer, start, end, context, update, recordStart);
    } catch (error) {
      this.suspectPeer(peer);
      throw error;
    }
    counters.updates++;
    if (this.held !== null) this.held.update = counters.updates;
    this.note(peer, view, header.isTwoByteAsPath);
    this.rib = null;
    this.withdraw(peer, view, nowMs);
    this.announce(peer, view, nowMs, timeMs);
    if (this.held !== null) noteHeldMessage(peer, this.held);
    this.hasCompleted = update.endOfRib >= 0 && isKept(update.endOfRib);
    if (this.hasCompleted) {
      counters.endOfRibs++;
      const rib = this.ribs.open(peer, view, update.endOfRib, nowMs);
      rib.lastMonitoringMs = nowMs;
      if (rib.isDoubted) this.ribs.confirm(rib);
      this.ribs.complete(rib);
    }
    return update.problem;
  }

  private note(peer: Peer, view: number, isTwoByteAsPath: boolean): void {
    const { update, counters } = this;
    if (update.treatAsWithdraw) counters.treatedAsWithdraw++;
    counters.discardedAttributes += update.discardedAttributes;
    if (update.asWidthGuessed) {
      counters.asWidthGuessed++;
      // Most paths fit one width only; from now on those that fit both are read as this one was.
      peer.otherAsWidth[isTwoByteAsPath ? 1 : 0] ^= 1 << view;
      this.suspectView(peer, view);
    }
    for (const [family, entries] of update.skipped) {
      counters.countSkipped(counters.skippedFamilies, family, entries);
    }
    for (const [type, routes] of update.skippedEvpnTypes) {
      counters.countSkipped(counters.skippedEvpnTypes, type, routes);
    }
    if (update.unparsableNlri) {
      counters.unparsableNlri++;
      this.suspectPeer(peer);
    }
    if (update.addPathGuessed) {
      counters.addPathGuessed++;
      this.learn(peer, view, update.withdrawn);
      this.learn(peer, view, update.announced);
    }
  }

  /** The OPENs promised the other form: what was read with it so far may be wrong. */
  private learn(peer: Peer, view: number, list: NlriList): void {
    for (let i = 0; i < list.count; i++) {
      const family = afiSafiOf(list, i);
      const hasPathId = list.hasPathId[i] === 1;
      if (peer.forms.hasPathId(view, family) === hasPathId) continue;
      peer.forms.learn(view, family, hasPathId);
      this.suspectView(peer, view);
    }
  }

  private suspectView(peer: Peer, view: number): void {
    peer.guessedViews |= 1 << view;
    for (const rib of peer.ribs) if (rib.view === view) this.ribs.suspect(rib);
  }

  private suspectPeer(peer: Peer): void {
    peer.isSuspect = true;
    for (const rib of peer.ribs) this.ribs.suspect(rib);
  }

  private withdraw(peer: Peer, view: number, nowMs: number): void {
    const list = this.update.withdrawn;
    for (let i = 0; i < list.count; i++) {
      const rib = this.ribOf(peer, view, afiSafiOf(list, i), nowMs);
      const pathId = list.hasPathId[i] === 1 ? list.pathId[i] : -1;
      if (this.held !== null) this.noteOrder(rib, list, i, pathId, true, this.held);
      const known = this.withdrawFrom(rib, list, i, pathId);
      const wasStale = peer.staleRibs.length > 0 && this.withdrawStale(rib, list, i, pathId);
      if (known || wasStale) this.counters.withdrawn++;
      else this.counters.withdrawnUnknown++;
    }
  }

  private announce(peer: Peer, view: number, nowMs: number, timeMs: number): void {
    const { update, attributes, interned } = this;
    const list = update.announced;
    if (list.count === 0) return;
    for (let set = 0; set < 2; set++) {
      const length = update.attributeLengths[set];
      interned[set] = length === 0 ? none : attributes.intern(update.attributeWords[set], length);
    }
    for (let i = 0; i < list.count; i++) {
      const rib = this.ribOf(peer, view, afiSafiOf(list, i), nowMs);
      const pathId = list.hasPathId[i] === 1 ? list.pathId[i] : -1;
      if (this.held !== null) this.noteOrder(rib, list, i, pathId, false, this.held);
      rib.instance.routes.announce(
        rib.hasDistinguishers
          ? this.ribs.sourceByRd(rib, list.rdHigh[i], list.rdLow[i], list.ethernetTag[i])
          : this.ribs.source(rib),
        list.family[i],
        list.w0[i],
        list.w1[i],
        list.w2[i],
        list.w3[i],
        list.length[i],
        pathId,
        interned[list.attributeSet[i]],
        timeMs,
      );
      if (peer.staleRibs.length > 0) this.withdrawStale(rib, list, i, pathId);
    }
    this.counters.announced += list.count;
    for (const id of interned) if (id !== none) attributes.release(id);
  }

  private noteOrder(rib: Rib, list: NlriList, i: number, pathId: number, isWithdrawal: boolean, held: HeldTime): void {
    const isDoubtful = isWithdrawal
      ? isWithdrawalDoubtful(rib, this.sourceOf(rib, list, i), list, i, pathId, held)
      : isAnnouncementDoubtful(rib, list, i, pathId, held);
    if (!isDoubtful) return;
    this.counters.doubtfulOrder++;
    this.ribs.suspect(rib);
  }

  private sourceOf(rib: Rib, list: NlriList, i: number): SourceId {
    if (!rib.hasDistinguishers) return rib.source;
    return this.ribs.findSourceByRd(rib, list.rdHigh[i], list.rdLow[i], list.ethernetTag[i]);
  }

  private withdrawStale(rib: Rib, list: NlriList, i: number, pathId: number): boolean {
    let found = false;
    for (const stale of rib.peer.staleRibs) {
      if (stale.view !== rib.view || stale.afiSafi !== rib.afiSafi) continue;
      found = this.withdrawFrom(stale, list, i, pathId) || found;
    }
    return found;
  }

  private withdrawFrom(rib: Rib, list: NlriList, i: number, pathId: number): boolean {
    const { routes } = rib.instance;
    const tag = list.ethernetTag[i];
    const source = this.sourceOf(rib, list, i);
    if (source === none) return false;
    const family = list.family[i];
    const length = list.length[i];
    const found = routes.withdraw(source, family, list.w0[i], list.w1[i], list.w2[i], list.w3[i], length, pathId);
    if (found && rib.hasDistinguishers) this.ribs.routeGone(rib, source, tag);
    return found;
  }

  private ribOf(peer: Peer, view: number, afiSafi: number, nowMs: number): Rib {
    let { rib } = this;
    if (rib === null || rib.afiSafi !== afiSafi) {
      rib = this.ribs.open(peer, view, afiSafi, nowMs);
      rib.lastMonitoringMs = nowMs;
      if (rib.isDoubted) this.ribs.confirm(rib);
      this.rib = rib;
    }
    return rib;
  }
}

function afiSafiOf(list: NlriList, i: number): number {
  if (list.safi[i] === safiEvpn) return evpn;
  return ((list.family[i] === 4 ? afiIpv4 : afiIpv6) << 8) | list.safi[i];
}
