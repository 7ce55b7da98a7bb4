/**
 * Why a route was chosen: a lookup done as for a flow, then told as one plain document: the question, the answer in the shape that
 * enriched flows have, the steps in words, and the candidates with the rule at which each lost. For HTTP and the command line;
 * allocates as it likes.
 */

import { type MatchedRoute, routeRecord, type UnmatchedRoute } from '../encode/enriched-flow.ts';
import { decidedByNames, type RouteAnswer, statusMatched, statusNames, viewNames } from '../model/answer.ts';
import type { RouterState } from '../rib/peers.ts';
import type { RibShard } from '../rib/shard.ts';
import { type Candidates, lostAsCopy, lostToAuthority, stillIn } from './candidates.ts';
import { explainRoute, type ExplainedRoute, type LostBy, prefixText, type RoutePlace } from './explained-route.ts';
import {
  authorityWords,
  nextHopWords,
  passedOverWords,
  prefixWords,
  retiredWords,
  ruleWords,
  whereWords,
} from './explain-words.ts';
import type { Lookup } from './ladder.ts';
import type { LookupQuestion } from './question.ts';
import type { TableScope } from './table-scope.ts';
import { authorityOf, maskOfViews } from './authority.ts';

export interface ExplainedQuestion {
  /** Name; the key where there is none. */
  readonly router: string;
  readonly routerKey: string;
  readonly shard: number;
  readonly address: string;
  readonly nextHop: string | null;
  readonly rd: string | null;
  /** Name of the VRF; empty = the global table, null = unknown. */
  readonly vrf: string | null;
}

export interface ExplainedStep {
  readonly step: 'router' | 'vrf' | 'view' | 'prefix' | 'next-hop' | 'decision' | 'tier' | 'mark';
  readonly text: string;
}

export interface Explanation {
  readonly question: ExplainedQuestion;
  readonly status: (typeof statusNames)[number];
  /** As `dst` of an enriched flow. */
  readonly route: MatchedRoute | UnmatchedRoute;
  readonly steps: readonly ExplainedStep[];
  /** The chosen one first, then by how far they came. */
  readonly candidates: readonly ExplainedRoute[];
  /** Candidates beyond the first maxCandidates. */
  readonly candidatesLeftOut: number;
  /** The shard's clock, ISO 8601: ages are counted to it. Null when the shard has had no record. */
  readonly clock: string | null;
}

const maxCandidates = 500;
/** Shorter prefixes that are told, of those that could have answered. */
const shorterTold = 1;

export interface ExplainOptions {
  readonly lookup: Lookup;
  /** lookup.views, by number. */
  readonly views: readonly number[];
}

/** Looks up into `answer` and tells how. */
export function explainLookup(
  { lookup, views }: ExplainOptions,
  shard: RibShard,
  question: LookupQuestion,
  rd: string | null,
  answer: RouteAnswer,
): Explanation {
  const { router, address, nextHop } = question;
  lookup.lookup(shard, router.key, address, nextHop, answer);
  const state = shard.router(router.key);
  const steps: ExplainedStep[] = [];
  const candidates: ExplainedRoute[] = [];
  if (state === undefined) {
    steps.push({ step: 'router', text: `no BMP session told of ${router.name} (BMP address ${router.key})` });
  } else {
    const table = new ExplainedTable(shard, state, views, question);
    table.gather(lookup.candidates, lookup.scope, answer);
    candidates.push(...table.candidates);
    steps.push(...table.steps(answer));
  }
  return {
    question: {
      router: router.name,
      routerKey: router.key,
      shard: router.shard,
      address: address.toString(),
      nextHop: nextHop === null || nextHop.isUnspecified() ? null : nextHop.toString(),
      rd,
      vrf: question.vrf.name,
    },
    status: statusNames[answer.status],
    route: routeRecord(answer),
    steps,
    candidates: candidates.toSorted((a, b) => rankOf(a) - rankOf(b)).slice(0, maxCandidates),
    candidatesLeftOut: Math.max(0, candidates.length - maxCandidates),
    clock: shard.clockMs === 0 ? null : new Date(shard.clockMs).toISOString(),
  };
}

/** The later a rule, the nearer a route came to being chosen. */
const early: readonly LostBy[] = ['copy', 'authority', 'tier', 'pre-policy', 'view-not-configured', 'prefix'];

function rankOf({ lostBy }: ExplainedRoute): number {
  if (lostBy === null) return -1;
  const rule = (decidedByNames as readonly LostBy[]).indexOf(lostBy);
  return rule >= 0 ? decidedByNames.length - rule : decidedByNames.length + 1 + early.indexOf(lostBy);
}

/** One router's table in one lookup. */
class ExplainedTable {
  readonly candidates: ExplainedRoute[] = [];
  /** Routes whose peer or epoch is gone and that are not freed yet. */
  private retired = 0;
  private readonly shard: RibShard;
  private readonly router: RouterState;
  private readonly views: readonly number[];
  private readonly question: LookupQuestion;
  private readonly place: RoutePlace;
  private readonly longer = new Map<string, { lostBy: Set<string>; views: Set<string> }>();

  constructor(shard: RibShard, router: RouterState, views: readonly number[], question: LookupQuestion) {
    this.shard = shard;
    this.router = router;
    this.views = views;
    this.question = question;
    this.place = { tier: 'own', router: router.name, shard, routes: shard.routes };
  }

  /** All routes of the router at the prefixes over the address: the chosen prefix, longer ones, and what would be next. */
  gather(found: Candidates, scope: TableScope | null, answer: RouteAnswer): void {
    const { routes } = this.shard;
    const { family, w0, w1, w2, w3 } = this.question.address;
    const chosen = this.chosenPrefix(answer);
    if (chosen >= 0 && scope !== null) found.prepare(scope, chosen);
    let shorter = 0;
    let prefix = family === 0 ? -1 : routes.longestMatch(family, w0, w1, w2, w3);
    for (; prefix >= 0 && shorter < shorterTold; prefix = routes.shorter(prefix)) {
      const isShorter = chosen >= 0 && routes.prefixLength(prefix) < answer.prefixLength;
      if (this.gatherPrefix(prefix, prefix === chosen ? found : null, isShorter) && isShorter) shorter++;
    }
  }

  private chosenPrefix(answer: RouteAnswer): number {
    if (answer.status !== statusMatched) return -1;
    const { family, p0, p1, p2, p3, prefixLength } = answer;
    return this.shard.routes.exactMatch(family, p0, p1, p2, p3, prefixLength);
  }

  /** True when the prefix has a route that may answer. */
  private gatherPrefix(prefix: number, found: Candidates | null, isShorter: boolean): boolean {
    const { routes, sources } = this.shard;
    const family = routes.prefixFamily(prefix);
    const allViews = maskOfViews(this.views);
    const authority = authorityOf(this.router, family, this.views, allViews);
    const first = routes.firstRoute(prefix);
    const stride = routes.routeStride(prefix);
    let mayAnswer = false;
    for (let i = 0; i < routes.routeCount(prefix); i++) {
      const route = first + i * stride;
      const source = routes.routeSource(route);
      const rib = sources.ribs[source] ?? null;
      if (rib === null) {
        if (this.isNeighbour(sources.neighbour[source])) this.retired++;
        continue;
      }
      if (rib.peer.session.router !== this.router) continue;
      const isConfigured = ((allViews >> rib.view) & 1) !== 0;
      const answers = sources.head[source] >= 0 && ((authority >> rib.view) & 1) !== 0;
      if (answers) mayAnswer = true;
      const at = found === null ? -1 : found.routes.indexOf(route);
      let lostBy: LostBy | null;
      if (found !== null && at >= 0 && at < found.total) lostBy = lostByName(found.lostBy[at]);
      else if (sources.head[source] < 0) lostBy = 'pre-policy';
      else if (!isConfigured) lostBy = 'view-not-configured';
      else if (!answers) lostBy = 'authority';
      else lostBy = isShorter ? 'prefix' : 'authority';
      this.candidates.push(explainRoute(this.place, rib, '', prefix, route, lostBy));
      if (found === null && !isShorter) this.notePassed(prefix, lostBy ?? '', viewNames[rib.view]);
    }
    return mayAnswer;
  }

  private isNeighbour(index: number): boolean {
    for (const neighbour of this.router.neighbours.values()) if (neighbour.index === index) return true;
    return false;
  }

  private notePassed(prefix: number, lostBy: string, view: string): void {
    const text = prefixText(this.shard.routes, prefix);
    const known = this.longer.get(text) ?? { lostBy: new Set<string>(), views: new Set<string>() };
    known.lostBy.add(lostBy);
    known.views.add(view);
    this.longer.set(text, known);
  }

  steps(answer: RouteAnswer): ExplainedStep[] {
    const { address, nextHop } = this.question;
    const { family } = address;
    if (address.isUnspecified()) return [{ step: 'prefix', text: `${address.toString()} is no address of anybody` }];
    const states = this.router.viewStates(family);
    const where = whereWords(this.views, states, this.router.name);
    const isMatched = answer.status === statusMatched;
    const chosen = this.candidates.find(({ lostBy }) => lostBy === null);
    const longer = [...this.longer].map(([prefix, { lostBy, views }]) => ({
      prefix,
      why: passedOverWords(lostBy, views),
    }));
    const prefix = isMatched && chosen !== undefined ? chosen.prefix : null;
    const steps: ExplainedStep[] = [
      { step: 'view', text: authorityWords(family, this.views, states) },
      { step: 'prefix', text: prefixWords(address.toString(), prefix, where, longer) },
    ];
    if (this.retired > 0) steps.push({ step: 'mark', text: retiredWords(this.retired) });
    if (!isMatched) return steps;
    const wanted = nextHop === null || nextHop.isUnspecified() ? null : nextHop.toString();
    const decidedBy = decidedByNames[answer.decidedBy];
    steps.push({ step: 'next-hop', text: nextHopWords(wanted, answer.nextHopMatch, viewNames[answer.view]) });
    steps.push({ step: 'decision', text: `${decidedBy}: ${ruleWords[decidedBy]}` });
    return steps;
  }
}

function lostByName(lostBy: number): LostBy | null {
  if (lostBy === stillIn) return null;
  if (lostBy === lostAsCopy) return 'copy';
  return lostBy === lostToAuthority ? 'authority' : decidedByNames[lostBy];
}
