/**
 * The BMP session state machine (RFC 7854, 8671, 9069): what Initiation, Termination, Peer Up and Peer Down do to the RIBs of a shard.
 *
 *   Initiation again, Termination   the former session is lost: its RIBs are stale, dropped after `staleTimeMs`
 *   Peer Up, the same again         goes on: senders repeat it for each view
 *   Peer Up, anything else          a new epoch: the former RIBs are stale until swept (End-of-RIB, its timeout)
 *   Peer Down                       the end of all views at once, whatever its L and O flags say; one of several Loc-RIB peers that
 *                                   cannot be told apart: all in doubt until heard of again, dropped after `staleTimeMs` if not
 *   silence, when asked for         as a lost session, taken back when it speaks again before it is dropped
 *   Route Monitoring without one    a provisional peer: no path ids, suspect
 *
 * Reads no clock: `nowMs` is the shard's.
 */

import { peerDownText } from '../wire/bmp/peer-down.ts';
import { statisticName } from '../wire/bmp/statistics.ts';
import type { BmpMessage, Initiation, PeerDown, PeerUp, PerPeerHeader } from '../wire/bmp/types.ts';
import type { RibCounters, RibEvent } from './counters.ts';
import { BmpSession, Neighbour, Peer, peerKey, RouterState, sessionKey } from './peers.ts';
import type { Ribs } from './ribs.ts';

export interface SessionOptions {
  readonly staleTimeMs: number;
  readonly endOfRibTimeoutMs: number;
}

/** How long a session without peers may say nothing, or `staleTimeMs` if that is longer: made-up routers must not fill the memory. */
export const mostIdleMs = 3_600_000;
/** Such deadlines are multiples of it, so that many sessions share one look at all. */
const idleGrainMs = 60_000;

export class Sessions {
  readonly routers = new Map<string, RouterState>();
  /** No timer is due before; a bound, not exact. */
  nextDeadlineMs = Infinity;
  readonly options: SessionOptions;
  private readonly ribs: Ribs;
  private readonly counters: RibCounters;
  private readonly onEvent: (event: RibEvent) => void;
  nextRouter = 0;
  nextNeighbour = 0;
  /** Records come in runs of one session, messages in runs of one peer: what the last one led to. Null once a session is gone. */
  private lastSession: BmpSession | null = null;
  private lastPeer: Peer | null = null;

  constructor(options: SessionOptions, ribs: Ribs, counters: RibCounters, onEvent: (event: RibEvent) => void) {
    this.options = options;
    this.ribs = ribs;
    this.counters = counters;
    this.onEvent = onEvent;
  }

  /** The session that a record belongs to, known or new. */
  open(routerKey: string, routerName: string, collector: string, bmpAddress: string): BmpSession {
    const last = this.lastSession;
    if (last?.router.key === routerKey && last.collector === collector && last.bmpAddress === bmpAddress) {
      last.router.name = routerName;
      return last;
    }
    let router = this.routers.get(routerKey);
    if (router === undefined) {
      router = new RouterState(this.nextRouter++, routerKey, routerName);
      this.routers.set(routerKey, router);
    }
    router.name = routerName;
    const key = sessionKey(collector, bmpAddress);
    let session = router.sessions.get(key);
    if (session === undefined) {
      session = new BmpSession(router, collector, bmpAddress);
      router.sessions.set(key, session);
    }
    this.lastSession = session;
    return session;
  }

  /** All messages but Route Monitoring. */
  apply(session: BmpSession, message: BmpMessage, nowMs: number): void {
    switch (message.kind) {
      case 'initiation':
        this.applyInitiation(session, message, nowMs);
        break;
      case 'termination':
        this.lose(session, nowMs, `termination, reason ${message.reason}`);
        session.isUp = false;
        this.due(nowMs + this.options.staleTimeMs);
        break;
      case 'peer-up':
        session.isUp = true;
        this.applyPeerUp(session, message, nowMs);
        break;
      case 'peer-down':
        this.applyPeerDown(session, message, nowMs);
        break;
      case 'statistics-report':
        session.isUp = true;
        for (const { type } of message.statistics) this.counters.count(this.counters.statistics, statisticName(type));
        break;
      default:
        session.isUp = true;
    }
  }

  /** The peer of a Route Monitoring message: known and up, or a provisional one. */
  monitored(session: BmpSession, header: PerPeerHeader, nowMs: number): Peer {
    session.isUp = true;
    const last = this.lastPeer;
    const key = last !== null && isOf(last, session, header) ? last.key : peerKey(header);
    const known = session.peers.get(key);
    if (known !== undefined) {
      this.lastPeer = known;
      known.lastMonitoringMs = nowMs;
      if (known.state === 'provisional') this.due(nowMs + this.options.staleTimeMs);
    }
    if (known !== undefined && (known.state === 'up' || known.state === 'provisional')) {
      if (known.isLocRib && known.isFiltered !== header.isFiltered) this.setFiltered(known, header.isFiltered);
      return known;
    }
    const peer = known ?? this.addPeer(session, key, header);
    this.startEpoch(peer, header, nowMs);
    peer.state = 'provisional';
    peer.lastMonitoringMs = nowMs;
    peer.isSuspect = true;
    this.event('peer-provisional', peer, 'route monitoring without a peer up: read without path ids, suspect');
    return peer;
  }

  /** Removes the peer from the session; its RIBs go at once. */
  drop(peer: Peer): void {
    const { session, neighbour } = peer;
    this.ribs.retireAll(peer);
    session.peers.delete(peer.key);
    if (--neighbour.peers === 0) session.router.neighbours.delete(peer.key);
    if (this.lastPeer === peer) this.lastPeer = null;
    if (peer.state !== 'down') {
      this.counters.peersDropped++;
      this.event('peer-dropped', peer, 'not heard of again in time');
    }
  }

  /** A record of the session came. */
  noteRecord(session: BmpSession, nowMs: number): void {
    session.lastRecordMs = nowMs;
    if (session.peers.size === 0) this.due(this.idleDeadline(session));
  }

  /** Forgets a session without peers that is over or said nothing for long, and a router without one. Returns when to look again. */
  dropEmpty(session: BmpSession, nowMs: number): number {
    if (session.peers.size > 0) return Infinity;
    if (session.waiting > 0) return nowMs + idleGrainMs;
    const deadlineMs = session.isUp ? this.idleDeadline(session) : nowMs;
    if (deadlineMs > nowMs) return deadlineMs;
    this.forget(session);
    return Infinity;
  }

  private idleDeadline({ lastRecordMs }: BmpSession): number {
    const idleMs = Math.max(this.options.staleTimeMs, mostIdleMs);
    return Math.ceil((lastRecordMs + idleMs) / idleGrainMs) * idleGrainMs;
  }

  private forget(session: BmpSession): void {
    this.lastSession = null;
    this.lastPeer = null;
    const { router } = session;
    router.sessions.delete(session.key);
    router.isUnordered = false;
    for (const other of router.sessions.values()) router.isUnordered ||= other.isUnordered;
    router.outdate();
    if (router.sessions.size === 0) this.routers.delete(router.key);
  }

  /** Drops all sessions of the router, their routes with them. */
  dropRouter(router: RouterState): void {
    for (const session of router.sessions.values()) {
      for (const peer of session.peers.values()) this.drop(peer);
      this.forget(session);
    }
  }

  due(deadlineMs: number): void {
    if (deadlineMs < this.nextDeadlineMs) this.nextDeadlineMs = deadlineMs;
  }

  private applyInitiation(session: BmpSession, message: Initiation, nowMs: number): void {
    this.lose(session, nowMs, 'initiation again');
    session.isUp = true;
    session.sysName = message.sysName;
    session.sysDescr = message.sysDescr;
  }

  private lose(session: BmpSession, nowMs: number, why: string): void {
    let lost = 0;
    const dropAtMs = nowMs + this.options.staleTimeMs;
    for (const peer of session.peers.values()) {
      if (peer.state !== 'up' && peer.state !== 'provisional') continue;
      lost++;
      for (const rib of peer.staleRibs) this.ribs.makeStale(rib, dropAtMs);
      while (peer.ribs.length > 0) this.ribs.makeStale(peer.ribs[0], dropAtMs);
      peer.state = 'stale';
      peer.dropAtMs = dropAtMs;
    }
    if (lost === 0) return;
    this.due(dropAtMs);
    this.counters.sessionsLost++;
    this.onEvent({ kind: 'session-lost', router: session.router.name, peer: '', text: `${why}: ${lost} peers stale` });
  }

  /**
   * A source partition was read to its end: of its sessions, those that said nothing for `silenceMs` count as lost. The clock alone does
   * not tell: it may go by other partitions while this one is stuck.
   */
  loseSilent(topic: string, partition: number, nowMs: number, silenceMs: number): void {
    for (const router of this.routers.values()) {
      for (const session of router.sessions.values()) {
        if (session.topic !== topic || session.partition !== partition) continue;
        if (session.isSilent || !session.isUp || nowMs - session.lastRecordMs < silenceMs) continue;
        this.silence(session, nowMs);
      }
    }
  }

  private silence(session: BmpSession, nowMs: number): void {
    session.isSilent = true;
    session.isUp = false;
    const dropAtMs = nowMs + this.options.staleTimeMs;
    this.due(dropAtMs);
    for (const peer of session.peers.values()) {
      if (peer.state !== 'up' && peer.state !== 'provisional') continue;
      for (const rib of peer.ribs) this.ribs.doubt(rib);
      peer.silencedFrom = peer.state;
      peer.state = 'stale';
      peer.dropAtMs = dropAtMs;
    }
    this.counters.sessionsSilent++;
    this.onEvent({ kind: 'session-lost', router: session.router.name, peer: '', text: 'silent' });
  }

  /** It was only quiet: all that is left of it goes on as it was. */
  endSilence(session: BmpSession): void {
    session.isSilent = false;
    session.isUp = true;
    for (const peer of session.peers.values()) {
      if (peer.silencedFrom === null) continue;
      peer.state = peer.silencedFrom;
      peer.silencedFrom = null;
      peer.dropAtMs = Infinity;
      // Those that a Peer Down put in doubt, before the silence, stay so.
      for (const rib of peer.ribs.filter(({ dropAtMs }) => dropAtMs === Infinity)) this.ribs.confirm(rib);
    }
  }

  private applyPeerUp(session: BmpSession, message: PeerUp, nowMs: number): void {
    const header = message.peer;
    const key = peerKey(header);
    const peer = session.peers.get(key) ?? this.addPeer(session, key, header);
    if (peer.state === 'up') {
      const part = peer.parts.findIndex((known) => known.fingerprint === message.fingerprint);
      if (part >= 0 && peer.partsDown === 0) return;
      if (peer.isLocRib && this.applyLocRibPart(peer, message, nowMs)) return;
    }
    this.startEpoch(peer, header, nowMs);
    peer.state = 'up';
    this.addPart(peer, message);
    this.event('peer-up', peer, `epoch ${peer.epoch}`);
  }

  /** A further Peer Up of a Loc-RIB, for other families than the ones before (RFC 9069 §6.1.1). False when it starts an epoch. */
  private applyLocRibPart(peer: Peer, message: PeerUp, nowMs: number): boolean {
    const { families } = message.sentOpen;
    const isRestart = peer.parts.length > 1 || peer.partsDown > 0;
    const overlaps = peer.parts.some((part) => part.families.some((family) => families.includes(family)));
    if (families.length === 0 || (overlaps && !isRestart)) return false;
    if (overlaps) {
      // One of several comes up anew: only its families start over.
      peer.parts = peer.parts.filter((part) => !part.families.some((family) => families.includes(family)));
      peer.partsDown = Math.max(0, peer.partsDown - 1);
      const again = peer.ribs.filter((rib) => families.includes(rib.afiSafi));
      for (const rib of again) this.ribs.makeStale(rib, Infinity);
      if (peer.partsDown === 0) for (const rib of peer.ribs) this.ribs.confirm(rib);
      peer.epoch++;
      peer.epochStartMs = nowMs;
      this.due(nowMs + this.options.endOfRibTimeoutMs);
    }
    this.addPart(peer, message);
    return true;
  }

  private addPart(peer: Peer, message: PeerUp): void {
    peer.parts.push({ fingerprint: message.fingerprint, families: message.sentOpen.families });
    peer.localAs = message.sentOpen.as;
    if (message.tableName !== '') peer.tableName = message.tableName;
    peer.forms.add(message.sentOpen, message.receivedOpen, peer.isLocRib);
  }

  private startEpoch(peer: Peer, header: PerPeerHeader, nowMs: number): void {
    while (peer.ribs.length > 0) this.ribs.makeStale(peer.ribs[0], Infinity);
    peer.epoch++;
    peer.epochStartMs = nowMs;
    peer.dropAtMs = Infinity;
    peer.as = header.peerAs;
    peer.bgpId = header.bgpId;
    // The header of a Loc-RIB names the router's own AS (RFC 9069 §4.1); a provisional peer has nothing else.
    peer.localAs = peer.isLocRib ? header.peerAs : 0;
    peer.isSuspect = false;
    peer.guessedViews = 0;
    peer.otherAsWidth.fill(0);
    peer.isFiltered = header.isFiltered;
    peer.parts = [];
    peer.partsDown = 0;
    peer.forms.clear();
    this.counters.epochs++;
    this.due(nowMs + this.options.endOfRibTimeoutMs);
  }

  private applyPeerDown(session: BmpSession, message: PeerDown, nowMs: number): void {
    session.isUp = true;
    const peer = session.peers.get(peerKey(message.peer));
    if (peer === undefined || peer.state === 'down') return;
    if (peer.state === 'up' && peer.partsDown + 1 < peer.parts.length) {
      // Which of the Loc-RIB's parts went, the message does not say: none of the others' routes may go, none is sure any more.
      peer.partsDown++;
      const dropAtMs = nowMs + this.options.staleTimeMs;
      for (const rib of peer.ribs) this.ribs.doubt(rib, dropAtMs);
      this.due(dropAtMs);
      this.event('peer-down', peer, `${peerDownText(message)}; one of ${peer.parts.length} parts`);
      return;
    }
    this.ribs.retireAll(peer);
    this.ribs.retireLost(peer);
    peer.state = 'down';
    peer.dropAtMs = nowMs + this.options.staleTimeMs;
    this.due(peer.dropAtMs);
    this.event('peer-down', peer, peerDownText(message));
  }

  private setFiltered(peer: Peer, isFiltered: boolean): void {
    peer.isFiltered = isFiltered;
    this.ribs.refreshNeighbour(peer);
  }

  private addPeer(session: BmpSession, key: string, header: PerPeerHeader): Peer {
    const { neighbours } = session.router;
    let neighbour = neighbours.get(key);
    if (neighbour === undefined) {
      neighbour = new Neighbour(this.nextNeighbour++);
      neighbours.set(key, neighbour);
    }
    neighbour.peers++;
    const peer = new Peer(session, key, neighbour, header);
    session.peers.set(key, peer);
    return peer;
  }

  private event(kind: RibEvent['kind'], peer: Peer, text: string): void {
    this.onEvent({ kind, router: peer.session.router.name, peer: peer.text, text });
  }
}

/** True when the header's key is the peer's: the same texts but for what the key leaves out. */
function isOf(peer: Peer, session: BmpSession, header: PerPeerHeader): boolean {
  return (
    peer.session === session &&
    peer.type === header.type &&
    peer.distinguisher === header.distinguisher &&
    peer.text === (peer.isLocRib ? header.bgpId : header.address)
  );
}
