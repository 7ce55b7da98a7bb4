/**
 * Question → answer: router, address and perhaps a next hop and a VRF come in; a route goes out, with the rule that decided (docs/routing.md).
 * Tier by tier, the exporter's own router before its references; in each: authority (authority.ts), longest prefix within it, on a
 * reference the exporter's own routes, next hop if known, else the decision process.
 *
 *   own matched ──── complete, and not the default route ──────────────────────────────► answers
 *          └─ else, and when it did not match: references in order, while what is found is a default route or of a table that is not
 *             complete; each takes over with a longer prefix only ────────────────────────► the last one that took over answers
 *
 * Hot path: one object serves all lookups, nothing is allocated once its columns have grown.
 */

import { IpAddress } from '../base/ip.ts';
import {
  decidedByNextHop,
  decidedByOnly,
  decidedByPeer,
  type RouteAnswer,
  statusBadAddress,
  statusMatched,
  statusNoRoute,
  statusNoRouter,
  statusNotReady,
  statusNoTable,
  tierOwn,
  tierReference,
} from '../model/answer.ts';
import { globalVrf, type Router, unknownVrf, type VrfChoice } from '../model/router.ts';
import type { RouterState } from '../rib/peers.ts';
import type { RibShard } from '../rib/shard.ts';
import { sourceStale, sourceSuspect } from '../rib/sources.ts';
import { authorityOf, completeViewOf, inVrfBits, maskOfViews, vrfMask } from './authority.ts';
import { Candidates, hasNextHop } from './candidates.ts';
import { DecisionProcess } from './decision-process.ts';
import type { LookupQuestion, LookupTables } from './question.ts';
import { TableScope } from './table-scope.ts';
import { type FlowVrf, type UnknownVrf, VrfResolver } from './vrf-resolver.ts';
import { VrfTables } from './vrf-tables.ts';

export interface LookupOptions {
  /** Numbers of views (model/answer.ts), the first the most trusted. */
  readonly views: readonly number[];
  /** Where flows of unknown VRFs are looked up; no-table unless told. */
  readonly unknownVrf?: UnknownVrf;
}

/** What is said of a lookup that found nothing: the first of these that some tier has. */
const furthestFirst = [statusNotReady, statusNoRoute, statusNoTable, statusNoRouter];

export class Lookup {
  /** Of the last table looked into: what explain.ts tells. */
  readonly candidates = new Candidates();
  scope: TableScope | null = null;
  private readonly views: readonly number[];
  private readonly allViews: number;
  /** Masks in which a next hop is searched, in order: of the global table, of a VRF. */
  private readonly globalMasks: readonly number[];
  private readonly vrfMasks: readonly number[];
  private readonly decision: DecisionProcess;
  private readonly vrfTables: VrfTables;
  private readonly resolver: VrfResolver;
  private readonly address = new IpAddress();
  private readonly nextHopAddress = new IpAddress();
  /** Null when the flow has none. */
  private nextHop: IpAddress | null = null;
  /** Of the exporter, as reference routers may know it. */
  private readonly exporters: IpAddress[] = [];
  private readonly exporterAddress = new IpAddress();

  constructor({ views, unknownVrf: whenUnknown = 'no-table' }: LookupOptions) {
    this.views = views;
    this.allViews = maskOfViews(views);
    this.globalMasks = views.map((view) => 1 << view);
    const ownLocRib = this.allViews & 1 ? [1 << inVrfBits] : [];
    this.vrfMasks = [...ownLocRib, ...views.map((view) => vrfMask(1 << view))];
    const rank: number[] = [];
    for (const [index, view] of views.entries()) rank[view] = index;
    this.decision = new DecisionProcess(rank);
    this.vrfTables = new VrfTables(views);
    this.resolver = new VrfResolver(this.vrfTables, whenUnknown);
  }

  /** The VRF in which both addresses of the flow are looked up. */
  resolveVrf(router: Router, tables: LookupTables, flow: FlowVrf): VrfChoice {
    return this.resolver.resolve(router, tables, flow);
  }

  lookup(tables: LookupTables, question: LookupQuestion, answer: RouteAnswer): void {
    if (!this.begin(question, answer)) return;
    const { router } = question;
    const shard = tables.shard(router.shard);
    if (shard === null) {
      answer.status = statusNotReady;
      return;
    }
    const own = this.locate(shard, router, question, tierOwn);
    const scope = this.scopeOf(shard);
    answer.status = own;
    if (own === statusMatched) {
      this.choose(scope, answer);
      if (router.references.length === 0 || (answer.prefixLength > 0 && this.isComplete(scope))) return;
    }
    if (router.references.length > 0) this.askReferences(tables, question, answer);
  }

  /**
   * Looks into one table only: the router's own, or that of its reference of this index. For explain.ts: `candidates` and `scope` are those of
   * this table afterwards, and `answer` has the status of this tier.
   */
  lookInto(tables: LookupTables, question: LookupQuestion, reference: number | null, answer: RouteAnswer): void {
    if (!this.begin(question, answer)) return;
    this.nameExporter(question);
    const router = reference === null ? question.router : question.router.references[reference];
    const shard = reference === null ? tables.shard(router.shard) : tables.reference(router.shard);
    answer.status = statusNotReady;
    if (shard === null) return;
    answer.status = this.locate(shard, router, question, reference === null ? tierOwn : tierReference);
    const scope = this.scopeOf(shard);
    if (scope.router !== null) scope.isComplete = this.isComplete(scope);
    if (answer.status === statusMatched) this.choose(scope, answer);
  }

  /** Normalises what is asked; false for an address that nobody has. */
  private begin({ address, nextHop }: LookupQuestion, answer: RouteAnswer): boolean {
    this.candidates.total = 0;
    this.address.copyFrom(address);
    this.address.unmap();
    this.nextHop = null;
    if (nextHop !== null) {
      this.nextHopAddress.copyFrom(nextHop);
      this.nextHopAddress.unmap();
      if (!this.nextHopAddress.isUnspecified()) this.nextHop = this.nextHopAddress;
    }
    if (!this.address.isUnspecified()) return true;
    answer.status = statusBadAddress;
    return false;
  }

  private scopeOf(shard: RibShard): TableScope {
    if (this.scope === null) this.scope = new TableScope(shard);
    return this.scope;
  }

  /** Points the scope at the router's table of the question's VRF and finds the longest prefix within its authority; a status. */
  private locate(shard: RibShard, router: Router, { vrf }: LookupQuestion, tier: number): number {
    const scope = this.scopeOf(shard);
    const { candidates, address } = this;
    const { family, w0, w1, w2, w3 } = address;
    const state = shard.router(router.key);
    scope.tier = tier;
    scope.router = null;
    scope.prefix = -1;
    candidates.total = 0;
    if (state === undefined) return statusNoRouter;
    if (vrf === globalVrf) {
      scope.setGlobal(shard, state);
      scope.allViews = this.allViews;
      scope.authority = authorityOf(state, family, this.views, this.allViews);
    } else if (vrf === unknownVrf || !this.enterVrf(scope, shard, state, router, vrf, tier)) {
      return statusNoTable;
    }
    const { routes, authority } = scope;
    let prefix = routes.longestMatch(family, w0, w1, w2, w3);
    while (prefix >= 0 && !candidates.collect(scope, prefix, authority)) prefix = routes.shorter(prefix);
    scope.prefix = prefix;
    return prefix < 0 ? statusNoRoute : statusMatched;
  }

  private enterVrf(
    scope: TableScope,
    shard: RibShard,
    state: RouterState,
    router: Router,
    vrf: VrfChoice,
    tier: number,
  ): boolean {
    const table = this.vrfTables.of(shard, state, router, vrf, tier === tierOwn);
    if (!table.isHeld) return false;
    scope.setVrf(shard, state, table);
    scope.allViews = vrfMask(this.allViews);
    scope.authority = this.address.family === 4 ? table.authority4 : table.authority6;
    return true;
  }

  /** Of the scope's table and the address's family. */
  private isComplete({ vrf, router }: TableScope): boolean {
    const { family } = this.address;
    if (vrf !== null) return family === 4 ? vrf.isComplete4 : vrf.isComplete6;
    return router !== null && completeViewOf(router, family, this.views) !== 0;
  }

  private askReferences(tables: LookupTables, question: LookupQuestion, answer: RouteAnswer): void {
    const { references } = question.router;
    let length = answer.status === statusMatched ? answer.prefixLength : -1;
    let status = answer.status;
    this.nameExporter(question);
    for (let i = 0; i < references.length; i++) {
      const router = references[i];
      const shard = tables.reference(router.shard);
      const found = shard === null ? statusNotReady : this.locate(shard, router, question, tierReference);
      if (shard === null || found !== statusMatched) {
        if (length < 0) status = furthest(status, found);
        continue;
      }
      const scope = this.scopeOf(shard);
      if (scope.routes.prefixLength(scope.prefix) <= length) continue;
      this.choose(scope, answer);
      length = answer.prefixLength;
      if (length > 0 && this.isComplete(scope)) return;
    }
    answer.status = length < 0 ? status : statusMatched;
  }

  private nameExporter({ router, exporter }: LookupQuestion): void {
    const { exporters } = this;
    exporters.length = 0;
    for (let i = 0; i < router.bgp.length; i++) exporters.push(router.bgp[i]);
    if (exporter === null) return;
    this.exporterAddress.copyFrom(exporter);
    this.exporterAddress.unmap();
    if (!this.exporterAddress.isUnspecified()) exporters.push(this.exporterAddress);
  }

  /** One of the routes at the scope's prefix, into the answer. */
  private choose(scope: TableScope, answer: RouteAnswer): void {
    const { candidates, nextHop } = this;
    const isReference = scope.tier === tierReference;
    const isWide = nextHop !== null || isReference;
    if (isWide && scope.authority !== scope.allViews) candidates.collect(scope, scope.prefix, scope.allViews);
    let decidedBy = decidedByOnly;
    let chosen = 0;
    if (candidates.total > 1) {
      candidates.prepare(scope, scope.prefix);
      if (scope.router !== null && scope.router.sessions.size > 1) candidates.dropCopies(scope);
      decidedBy = this.narrow(scope, isReference, isWide);
      chosen = candidates.alive[0];
    }
    this.fill(scope, chosen, decidedBy, answer);
  }

  /** From several to one; the rule that did. */
  private narrow(scope: TableScope, isReference: boolean, isWide: boolean): number {
    const { candidates, nextHop, decision } = this;
    if (candidates.count === 1) return decidedByOnly;
    const isExporters = isReference && candidates.keepExporter(scope, this.exporters);
    if (candidates.count === 1) return decidedByPeer;
    if (nextHop !== null) {
      const masks = scope.vrf === null ? this.globalMasks : this.vrfMasks;
      for (let i = 0; i < masks.length; i++) {
        if (!candidates.keepNextHop(masks[i], nextHop, decidedByNextHop)) continue;
        return candidates.count === 1 ? decidedByNextHop : decision.decide(scope, candidates);
      }
    }
    if (isWide && !isExporters) candidates.restrict(scope.authority);
    return candidates.count === 1 ? decidedByOnly : decision.decide(scope, candidates);
  }

  private fill(scope: TableScope, chosen: number, decidedBy: number, answer: RouteAnswer): void {
    const { shard, routes: table, attributes, sources, router, prefix } = scope;
    const { nextHop } = this;
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
    answer.router = router === null ? '' : router.name;
    answer.peer = sources.ribs[source]?.peer.text ?? '';
    answer.view = this.candidates.views[chosen];
    answer.tier = scope.tier;
    answer.pathId = table.routePathId(prefix, route);
    answer.nextHopMatch = nextHop !== null && hasNextHop(reader, nextHop);
    answer.defaultRoute = answer.prefixLength === 0;
    answer.decidedBy = decidedBy;
    answer.stale = (flags & sourceStale) !== 0;
    answer.suspect = (flags & sourceSuspect) !== 0 || (router !== null && router.isUnordered);
    answer.ageMs = Math.max(0, shard.clockMs - table.routeTimeMs(route));
  }
}

function furthest(a: number, b: number): number {
  for (const status of furthestFirst) if (status === a || status === b) return status;
  return a;
}
