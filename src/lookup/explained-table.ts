/**
 * One table that a lookup looked into, told: all routes of the router at the prefixes over the address, those that could not answer
 * included, and the steps in words. Made right after the table was looked into, while its scope and candidates are those.
 */

import { type RouteAnswer, statusMatched, tierNames, viewNames } from '../model/answer.ts';
import { AttributeReader } from '../model/attribute-words.ts';
import { sourceInVrf } from '../rib/sources.ts';
import { inVrfBits } from './authority.ts';
import { type Candidates, lostAsCopy, lostToAuthority, lostToExporter, stillIn } from './candidates.ts';
import type { ExplainedStep } from './explain.ts';
import { explainRoute, type ExplainedRoute, lostByRule, type LostBy, prefixText } from './explained-route.ts';
import {
  authorityWords,
  exporterWords,
  nextHopWords,
  passedOverWords,
  prefixWords,
  retiredWords,
  unorderedWords,
  vrfAuthorityWords,
  whereWords,
} from './explain-words.ts';
import type { LookupQuestion } from './question.ts';
import type { TableScope } from './table-scope.ts';

/** Shorter prefixes that are told, of those that could have answered. */
const shorterTold = 1;

export class ExplainedTable {
  readonly candidates: ExplainedRoute[] = [];
  /** Routes lost for not being from the exporter. */
  hasExporterRule = false;
  /** Routes whose peer or epoch is gone and that are not freed yet. */
  private retired = 0;
  private readonly scope: TableScope;
  private readonly views: readonly number[];
  private readonly question: LookupQuestion;
  private readonly who: string;
  private readonly reader = new AttributeReader();
  /** Prefixes longer than the one found, and why they are not. */
  private readonly longer = new Map<string, { lostBy: Set<string>; views: Set<string> }>();

  constructor(scope: TableScope, views: readonly number[], question: LookupQuestion, who: string) {
    this.scope = scope;
    this.views = views;
    this.question = question;
    this.who = who;
  }

  /** `answers`: this table's route is the answer; else another tier's is. */
  gather(found: Candidates, answers: boolean): void {
    const { scope } = this;
    const { routes, prefix: chosen } = scope;
    const { family, w0, w1, w2, w3 } = this.question.address;
    if (chosen >= 0) found.prepare(scope, chosen);
    let shorter = 0;
    let prefix = routes.longestMatch(family, w0, w1, w2, w3);
    for (; prefix >= 0 && shorter < shorterTold; prefix = routes.shorter(prefix)) {
      const isShorter = chosen >= 0 && routes.prefixLength(prefix) < routes.prefixLength(chosen);
      const mayAnswer = this.gatherPrefix(prefix, prefix === chosen ? found : null, isShorter, answers);
      if (isShorter && mayAnswer) shorter++;
    }
  }

  /** True when the prefix has a route that may answer. */
  private gatherPrefix(prefix: number, found: Candidates | null, isShorter: boolean, answers: boolean): boolean {
    const { routes, sources, router } = this.scope;
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
      if (rib.peer.session.router !== router || !this.isInTable(route, source)) continue;
      const at = found === null ? -1 : found.routes.indexOf(route);
      const isFound = found !== null && at >= 0 && at < found.total;
      // Of the next shorter prefix only what would answer if the longer one were not there.
      if (isShorter && this.neverAnswers(source) !== null) continue;
      let lostBy = isFound ? lostByName(found.lostBy[at]) : this.neverAnswers(source);
      if (lostBy === null && !isFound) {
        mayAnswer = true;
        lostBy = 'prefix';
      }
      if (lostBy === null && !answers) lostBy = 'tier';
      if (lostBy === 'exporter') this.hasExporterRule = true;
      this.candidates.push(explainRoute(this.place, rib, this.rdOf(source), prefix, route, lostBy));
      if (found === null && !isShorter) this.notePassed(prefix, lostBy ?? '', viewNames[rib.view]);
    }
    return mayAnswer;
  }

  private get place(): Parameters<typeof explainRoute>[0] {
    const { tier, router, shard, routes } = this.scope;
    return { tier: tierNames[tier], router: router?.name ?? '', shard, routes };
  }

  /** Why the routes of a source cannot answer here, whatever their prefix; null when they can. */
  private neverAnswers(source: number): LostBy | null {
    const { sources, authority, allViews } = this.scope;
    const rib = sources.ribs[source] ?? null;
    if (rib === null || sources.head[source] < 0) {
      return rib !== null && rib.peer.neighbour.outdates(rib) ? 'copy' : 'pre-policy';
    }
    const kind = (sources.flags[source] & sourceInVrf) === 0 ? rib.view : rib.view + inVrfBits;
    if (((allViews >> kind) & 1) === 0) return 'view-not-configured';
    return ((authority >> kind) & 1) === 0 ? 'authority' : null;
  }

  /** One tree has the routes of all VRFs. */
  private isInTable(route: number, source: number): boolean {
    const { vrf, sources, routes, attributes } = this.scope;
    if (vrf === null || vrf.hasRd(sources.rd[source])) return true;
    if ((sources.flags[source] & sourceInVrf) !== 0) return false;
    const { reader } = this;
    const set = routes.routeAttributes(route);
    reader.read(attributes.words(set), attributes.start(set));
    const { words, extCommunitiesAt: from, extCommunities } = reader;
    return vrf.importsAny(words, from, from + 2 * extCommunities);
  }

  private rdOf(source: number): string {
    const { vrf, shard, sources } = this.scope;
    return vrf === null ? '' : shard.rds.text(sources.rd[source]);
  }

  private isNeighbour(index: number): boolean {
    const neighbours = this.scope.router?.neighbours.values() ?? [];
    for (const neighbour of neighbours) if (neighbour.index === index) return true;
    return false;
  }

  private notePassed(prefix: number, lostBy: string, view: string): void {
    const text = prefixText(this.scope.routes, prefix);
    const known = this.longer.get(text) ?? { lostBy: new Set<string>(), views: new Set<string>() };
    known.lostBy.add(lostBy);
    known.views.add(view);
    this.longer.set(text, known);
  }

  /** All but the decision. `found` is what this table would answer. */
  steps(found: RouteAnswer): ExplainedStep[] {
    const { address, nextHop, vrf } = this.question;
    const { scope, views, who } = this;
    const { family } = address;
    const states = scope.router?.viewStates(family) ?? new Uint8Array(views.length);
    const of = scope.vrf === null ? who : `VRF ${vrf.name} of ${who}`;
    const isGlobal = scope.vrf === null;
    const longer = [...this.longer].map(([prefix, { lostBy, views: held }]) => ({
      prefix,
      why: passedOverWords(lostBy, held),
    }));
    const prefix = scope.prefix < 0 ? null : prefixText(scope.routes, scope.prefix);
    const where = isGlobal ? whereWords(views, states, of) : of;
    const steps: ExplainedStep[] = [
      {
        step: 'view',
        text: isGlobal ? authorityWords(family, views, states) : vrfAuthorityWords(scope, views),
      },
      { step: 'prefix', text: prefixWords(address.toString(), prefix, where, longer) },
    ];
    if (this.retired > 0) steps.push({ step: 'mark', text: retiredWords(this.retired) });
    if (scope.router?.isUnordered === true) steps.push({ step: 'mark', text: unorderedWords(who) });
    if (found.status !== statusMatched) return steps;
    if (this.hasExporterRule) steps.push({ step: 'exporter', text: exporterWords });
    const wanted = nextHop === null || nextHop.isUnspecified() ? null : nextHop.toString();
    steps.push({ step: 'next-hop', text: nextHopWords(wanted, found.nextHopMatch, viewNames[found.view]) });
    return steps;
  }
}

function lostByName(lostBy: number): LostBy | null {
  if (lostBy === stillIn) return null;
  if (lostBy === lostAsCopy) return 'copy';
  if (lostBy === lostToExporter) return 'exporter';
  return lostBy === lostToAuthority ? 'authority' : lostByRule(lostBy);
}
