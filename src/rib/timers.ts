/**
 * What is due by the shard's clock: stale RIBs dropped, RIBs whose End-of-RIB never came taken as complete, peers and sessions
 * forgotten. The clock is that of the log's records, so every copy of a shard does the same at the same record.
 *
 *   RIB incomplete         complete `endOfRibTimeoutMs` after its last Route Monitoring, `longestDump` times that after its first at the
 *                          latest (a busy peer that sends no End-of-RIB would never be); its stale twin is swept then
 *   stale, with a twin     swept with the twin's completion, dropped at `dropAtMs` at the latest
 *   stale, no twin         swept `endOfRibTimeoutMs` after the epoch began or, while other RIBs of the peer are on their way, after
 *                          their last Route Monitoring: the new epoch does not have this view or family
 *   in doubt               dropped at `dropAtMs` unless heard of before
 *   peer provisional       dropped `staleTimeMs` after its last Route Monitoring if it has no routes, or if the session has more than
 *                          `mostProvisional` of them: garbage in headers must not fill the memory. A sender that tells a table without
 *                          Peer Ups (GoBGP 3.10 does for its Loc-RIB) may be silent for as long as nothing changes.
 *   session without peers  forgotten once it is over, else after `staleTimeMs`, one hour at least, without a record; its router with the last
 */

import type { RibCounters } from './counters.ts';
import type { BmpSession, Peer, Rib } from './peers.ts';
import type { Ribs } from './ribs.ts';
import type { Sessions } from './sessions.ts';

/** How many times the timeout a peer that never falls silent may go on telling its table. */
export const longestDump = 12;
/** Provisional peers of a session that may be silent. */
export const mostProvisional = 1024;

/** Does all that is due at `nowMs` and sets when to look again. */
export function runTimers(sessions: Sessions, ribs: Ribs, counters: RibCounters, nowMs: number): void {
  const { endOfRibTimeoutMs, staleTimeMs } = sessions.options;
  let next = Infinity;
  for (const router of sessions.routers.values()) {
    for (const session of router.sessions.values()) {
      const isCrowded = hasManyProvisional(session);
      for (const peer of session.peers.values()) {
        if (peer.dropAtMs > nowMs) {
          next = Math.min(next, runPeer(peer, ribs, counters, endOfRibTimeoutMs, nowMs));
          const dropAtMs = provisionalDeadline(peer, isCrowded, staleTimeMs);
          if (dropAtMs > nowMs) {
            next = Math.min(next, dropAtMs);
            continue;
          }
        }
        sessions.drop(peer);
      }
      next = Math.min(next, sessions.dropEmpty(session, nowMs));
    }
  }
  sessions.nextDeadlineMs = next;
}

function hasManyProvisional(session: BmpSession): boolean {
  if (session.peers.size <= mostProvisional) return false;
  let provisional = 0;
  for (const peer of session.peers.values()) if (peer.state === 'provisional') provisional++;
  return provisional > mostProvisional;
}

function provisionalDeadline(peer: Peer, isCrowded: boolean, staleTimeMs: number): number {
  if (peer.state !== 'provisional' || (peer.hasRoutes && !isCrowded)) return Infinity;
  return peer.lastMonitoringMs + staleTimeMs;
}

/** Returns the peer's next deadline. */
function runPeer(peer: Peer, ribs: Ribs, counters: RibCounters, timeoutMs: number, nowMs: number): number {
  let next = peer.dropAtMs;
  let waitingSinceMs = peer.epochStartMs;
  for (let i = peer.ribs.length - 1; i >= 0; i--) {
    const rib = peer.ribs[i];
    if (rib.dropAtMs <= nowMs) {
      ribs.retire(rib);
      continue;
    }
    next = Math.min(next, rib.dropAtMs);
    if (rib.isComplete) continue;
    const deadline = Math.min(rib.lastMonitoringMs + timeoutMs, rib.startMs + longestDump * timeoutMs);
    if (deadline <= nowMs) {
      counters.endOfRibTimeouts++;
      ribs.complete(rib);
      continue;
    }
    next = Math.min(next, deadline);
    waitingSinceMs = Math.max(waitingSinceMs, rib.lastMonitoringMs);
  }
  for (let i = peer.staleRibs.length - 1; i >= 0; i--) {
    const rib = peer.staleRibs[i];
    const deadline = staleDeadline(peer, rib, waitingSinceMs + timeoutMs);
    if (deadline <= nowMs) ribs.retire(rib);
    else next = Math.min(next, deadline);
  }
  return next;
}

function staleDeadline(peer: Peer, rib: Rib, untoldMs: number): number {
  const isEpochOpen = peer.state === 'up' || peer.state === 'provisional';
  // A twin is still incomplete, else it would have swept this: `untoldMs` is not before its timeout.
  return isEpochOpen ? Math.min(rib.dropAtMs, untoldMs) : rib.dropAtMs;
}
