/**
 * Question → answer: router, address and perhaps a next hop come in; the route of the router's global table goes out, with the rule
 * that decided (docs: lookup). Steps: authority (authority.ts), longest prefix within it, next hop if known, else the decision process.
 * Hot path: one object serves all lookups, nothing is allocated once its columns have grown.
 */

import { IpAddress } from '../base/ip.ts';
import {
  decidedByNextHop,
  decidedByOnly,
  type RouteAnswer,
  statusBadAddress,
  statusMatched,
  statusNoRoute,
  statusNoRouter,
  tierOwn,
} from '../model/answer.ts';
import type { Router } from '../model/router.ts';
import type { RouterState } from '../rib/peers.ts';
import type { RibShard } from '../rib/shard.ts';
import { sourceStale, sourceSuspect } from '../rib/sources.ts';
import { authorityOf, maskOfViews } from './authority.ts';
import { Candidates, hasNextHop } from './candidates.ts';
import { DecisionProcess } from './decision-process.ts';

export interface LookupOptions {
  /** Numbers of views (model/answer.ts), the first the most trusted. */
  readonly views: readonly number[];
}

export class Lookup {
  /** Of the last lookup: what explain.ts tells. */
  readonly candidates = new Candidates();
  private readonly views: readonly number[];
  private readonly allViews: number;
  private readonly decision: DecisionProcess;
  private readonly address = new IpAddress();
  private readonly nextHop = new IpAddress();

  constructor(options: LookupOptions) {
    this.views = options.views;
    this.allViews = maskOfViews(options.views);
    const rank: number[] = [];
    for (const [index, view] of options.views.entries()) rank[view] = index;
    this.decision = new DecisionProcess(rank);
  }

  /** `wantedNextHop` is the flow's (BGP) next hop; null or unspecified = not known. */
  lookup(
    shard: RibShard,
    router: string | Router,
    address: IpAddress,
    wantedNextHop: IpAddress | null,
    answer: RouteAnswer,
  ): void {
    const wanted = this.address;
    wanted.copyFrom(address);
    wanted.unmap();
    this.candidates.total = 0;
    if (wanted.isUnspecified()) {
      answer.status = statusBadAddress;
      return;
    }
    const state = shard.router(typeof router === 'string' ? router : router.key);
    if (state === undefined) {
      answer.status = statusNoRouter;
      return;
    }
    this.find(shard, state, wanted, this.nextHopOf(wantedNextHop), answer);
  }

  private nextHopOf(wanted: IpAddress | null): IpAddress | null {
    if (wanted === null) return null;
    const { nextHop } = this;
    nextHop.copyFrom(wanted);
    nextHop.unmap();
    return nextHop.isUnspecified() ? null : nextHop;
  }

  private find(
    shard: RibShard,
    router: RouterState,
    address: IpAddress,
    nextHop: IpAddress | null,
    answer: RouteAnswer,
  ): void {
    const { candidates, allViews } = this;
    const { routes } = shard;
    const { family } = address;
    const authority = authorityOf(router, family, this.views, allViews);
    let prefix = routes.longestMatch(family, address.w0, address.w1, address.w2, address.w3);
    while (prefix >= 0 && !candidates.collect(shard, router.index, prefix, authority)) prefix = routes.shorter(prefix);
    if (prefix < 0) {
      answer.status = statusNoRoute;
      return;
    }
    let decidedBy = decidedByOnly;
    let chosen = 0;
    if (nextHop !== null) {
      if (authority !== allViews) candidates.collect(shard, router.index, prefix, allViews);
      if (candidates.total > 1) {
        this.prepare(shard, router, prefix);
        decidedBy = this.chooseByNextHop(shard, authority, nextHop);
        chosen = candidates.alive[0];
      }
    } else if (candidates.total > 1) {
      this.prepare(shard, router, prefix);
      decidedBy = candidates.count === 1 ? decidedByOnly : this.decision.decide(shard, candidates);
      chosen = candidates.alive[0];
    }
    this.fill(shard, router, prefix, chosen, decidedBy, nextHop, answer);
  }

  private prepare(shard: RibShard, router: RouterState, prefix: number): void {
    this.candidates.prepare(shard, prefix);
    if (router.sessions.size > 1) this.candidates.dropCopies(shard);
  }

  /** A route with the next hop, in any configured view in order; else the authority's best. */
  private chooseByNextHop(shard: RibShard, authority: number, nextHop: IpAddress): number {
    const { candidates, decision } = this;
    if (candidates.count === 1) return decidedByOnly;
    for (let i = 0; i < this.views.length; i++) {
      if (!candidates.keepNextHop(this.views[i], nextHop, decidedByNextHop)) continue;
      return candidates.count === 1 ? decidedByNextHop : decision.decide(shard, candidates);
    }
    candidates.restrict(authority);
    return candidates.count === 1 ? decidedByOnly : decision.decide(shard, candidates);
  }

  private fill(
    shard: RibShard,
    router: RouterState,
    prefix: number,
    chosen: number,
    decidedBy: number,
    nextHop: IpAddress | null,
    answer: RouteAnswer,
  ): void {
    const { routes: table, attributes, sources } = shard;
    const route = this.candidates.routes[chosen];
    const source = this.candidates.sources[chosen];
    const flags = sources.flags[source];
    answer.status = statusMatched;
    answer.family = table.prefixFamily(prefix);
    answer.prefixLength = table.prefixLength(prefix);
    answer.p0 = table.prefixWord(prefix, 0);
    answer.p1 = table.prefixWord(prefix, 1);
    answer.p2 = table.prefixWord(prefix, 2);
    answer.p3 = table.prefixWord(prefix, 3);
    const reader = answer.attributes;
    const id = table.routeAttributes(route);
    reader.read(attributes.words(id), attributes.start(id));
    const origin = reader.originAs();
    // An empty path starts here: the origin is the router's own AS, as its OPEN says.
    answer.originAs = origin === -2 ? (sources.localAs[source] === 0 ? -1 : sources.localAs[source]) : origin;
    answer.neighborAs = reader.neighborAs();
    answer.router = router.name;
    answer.peer = sources.ribs[source]?.peer.text ?? '';
    answer.view = this.candidates.views[chosen];
    answer.tier = tierOwn;
    answer.pathId = table.routePathId(prefix, route);
    answer.nextHopMatch = nextHop !== null && hasNextHop(reader, nextHop);
    answer.defaultRoute = answer.prefixLength === 0;
    answer.decidedBy = decidedBy;
    answer.stale = (flags & sourceStale) !== 0;
    answer.suspect = (flags & sourceSuspect) !== 0;
    answer.ageMs = Math.max(0, shard.clockMs - table.routeTimeMs(route));
  }
}
