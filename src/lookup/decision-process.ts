/**
 * BGP's decision process (RFC 4271 §9.1.2.2, RFC 4456 §9) made a total order: each rule narrows the candidates, the one that leaves a
 * single route decides. Rules look at the set, never at its order, so the result does not depend on how routes arrived; MED, which
 * compares within a neighbour AS only, is no order between pairs and is applied to the set as well.
 *
 * Loc-RIB routes are the router's own choice, not a neighbour's: at the neighbour's steps (eBGP, router id, peer address) they are equal
 * to each other and before all others. Weight and IGP metric are unknown to BMP.
 */

import {
  decidedByClusterList,
  decidedByEbgp,
  decidedByLocalPref,
  decidedByMed,
  decidedByOrigin,
  decidedByPathId,
  decidedByPathLength,
  decidedByPeer,
  decidedByRouterId,
  decidedBySource,
  decidedByStale,
} from '../model/answer.ts';
import type { Rib } from '../rib/peers.ts';
import { type SourceColumns, sourceEbgp, sourceLocRib, sourceStale } from '../rib/sources.ts';
import type { SourceId } from '../rib/types.ts';
import type { Candidates } from './candidates.ts';
import type { TableScope } from './table-scope.ts';

const defaultLocalPref = 100;

/** The rules that are "the lowest key stays". Peer addresses take five: family and words. */
const keyStale = 0;
const keyLocalPref = 1;
const keyPathLength = 2;
const keyOrigin = 3;
const keyEbgp = 4;
const keyRouterId = 5;
const keyClusterList = 6;
const keyPeerFamily = 7;
const keyPeer0 = 8;
const keyPeer3 = 11;
const keyPathId = 12;

const ruleOfKey = [
  decidedByStale,
  decidedByLocalPref,
  decidedByPathLength,
  decidedByOrigin,
  decidedByEbgp,
  decidedByRouterId,
  decidedByClusterList,
  decidedByPeer,
  decidedByPeer,
  decidedByPeer,
  decidedByPeer,
  decidedByPeer,
  decidedByPathId,
];

export class DecisionProcess {
  /** Views in configured order, for the last rule. */
  private readonly viewRank: readonly number[];
  private readonly keys: number[] = [];
  private readonly neighbours: number[] = [];

  constructor(viewRank: readonly number[]) {
    this.viewRank = viewRank;
  }

  /** Narrows two or more to one; returns the rule that did. */
  decide(scope: TableScope, candidates: Candidates): number {
    const { sources } = scope;
    for (let key = keyStale; key <= keyOrigin; key++) {
      if (this.keepLowest(sources, candidates, key)) return ruleOfKey[key];
    }
    if (this.keepLowestMeds(candidates)) return decidedByMed;
    for (let key = keyEbgp; key <= keyPathId; key++) {
      if (this.keepLowest(sources, candidates, key)) return ruleOfKey[key];
    }
    this.keepLowestSource(scope, candidates);
    return decidedBySource;
  }

  private keepLowest(sources: SourceColumns, candidates: Candidates, key: number): boolean {
    const { keys } = this;
    const { alive, count } = candidates;
    let lowest = Infinity;
    let highest = -Infinity;
    for (let i = 0; i < count; i++) {
      const value = keyOf(sources, candidates, alive[i], key);
      keys[i] = value;
      if (value < lowest) lowest = value;
      if (value > highest) highest = value;
    }
    if (lowest === highest) return count === 1;
    let n = 0;
    for (let i = 0; i < count; i++) {
      if (keys[i] === lowest) alive[n++] = alive[i];
      else candidates.lostBy[alive[i]] = ruleOfKey[key];
    }
    candidates.count = n;
    return n === 1;
  }

  /** Of each neighbour AS, the routes with its lowest MED. */
  private keepLowestMeds(candidates: Candidates): boolean {
    const { keys, neighbours } = this;
    const { alive, count, readers, lostBy } = candidates;
    for (let i = 0; i < count; i++) {
      const reader = readers[alive[i]];
      neighbours[i] = reader.neighborAs();
      keys[i] = reader.med;
    }
    let n = 0;
    for (let i = 0; i < count; i++) {
      const [neighbour, med] = [neighbours[i], keys[i]];
      let isLowest = true;
      for (let j = 0; j < count && isLowest; j++) isLowest = neighbours[j] !== neighbour || keys[j] >= med;
      if (isLowest) alive[n++] = alive[i];
      else lostBy[alive[i]] = decidedByMed;
    }
    candidates.count = n;
    return n === 1;
  }

  private keepLowestSource(scope: TableScope, candidates: Candidates): void {
    const { alive, count, lostBy } = candidates;
    let best = alive[0];
    for (let i = 1; i < count; i++) {
      const at = alive[i];
      const loser = this.compareSources(scope, candidates, at, best) < 0 ? best : at;
      if (loser === best) best = at;
      lostBy[loser] = decidedBySource;
    }
    alive[0] = best;
    candidates.count = 1;
  }

  /** Session, configured order of views, SAFI, identity of the peer, RD, Ethernet tag: no two routes of a prefix and path id are equal in all. */
  private compareSources({ shard, sources }: TableScope, candidates: Candidates, a: number, b: number): number {
    const { ribs, safi, rd } = sources;
    const first = candidates.sources[a];
    const second = candidates.sources[b];
    const firstRib = ribs[first] ?? null;
    const secondRib = ribs[second] ?? null;
    if (firstRib === null || secondRib === null) return 0;
    const session = compareText(firstRib.peer.session.key, secondRib.peer.session.key);
    if (session !== 0) return session;
    const view = this.viewRank[candidates.views[a]] - this.viewRank[candidates.views[b]];
    if (view !== 0) return view;
    if (safi[first] !== safi[second]) return safi[first] - safi[second];
    const peer = compareText(firstRib.peer.key, secondRib.peer.key);
    if (peer !== 0) return peer;
    if (firstRib.epoch !== secondRib.epoch) return secondRib.epoch - firstRib.epoch;
    // Numbers of RDs come from the order of arrival, their texts do not.
    const distinguisher = compareText(shard.rds.text(rd[first]), shard.rds.text(rd[second]));
    return distinguisher !== 0 ? distinguisher : tagOf(firstRib, first) - tagOf(secondRib, second);
  }
}

/** Ethernet tag of an EVPN source, else 0. */
function tagOf(rib: Rib, source: SourceId): number {
  for (const [tag, sources] of rib.sourcesByTag) {
    for (const one of sources.values()) if (one === source) return tag;
  }
  return 0;
}

function keyOf(sources: SourceColumns, candidates: Candidates, at: number, key: number): number {
  const source = candidates.sources[at];
  const flags = sources.flags[source];
  const reader = candidates.readers[at];
  switch (key) {
    case keyStale:
      return flags & sourceStale;
    case keyLocalPref:
      return -(reader.hasLocalPref ? reader.localPref : defaultLocalPref);
    case keyPathLength:
      return reader.pathLength();
    case keyOrigin:
      return reader.origin;
    case keyClusterList:
      return reader.clusterList;
    case keyPathId:
      return candidates.pathIds[at];
    default:
      return (flags & sourceLocRib) === 0 ? neighbourKey(sources, candidates, at, key) : -1;
  }
}

function neighbourKey(sources: SourceColumns, candidates: Candidates, at: number, key: number): number {
  const source = candidates.sources[at];
  const reader = candidates.readers[at];
  switch (key) {
    case keyEbgp:
      return (sources.flags[source] & sourceEbgp) === 0 || reader.startsInConfederation() ? 1 : 0;
    case keyRouterId:
      return reader.hasOriginatorId ? reader.originatorId : sources.bgpId[source];
    case keyPeerFamily:
      return sources.peerFamily[source];
    case keyPeer0:
      return sources.peer0[source] >>> 0;
    case keyPeer0 + 1:
      return sources.peer1[source] >>> 0;
    case keyPeer0 + 2:
      return sources.peer2[source] >>> 0;
    case keyPeer3:
      return sources.peer3[source] >>> 0;
    default:
      return 0;
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
