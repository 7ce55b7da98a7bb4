/**
 * Why a route was chosen: a lookup done as for a flow, then told as one plain document: the question, the answer in the shape that
 * enriched flows have, the steps in words, and the candidates with the rule at which each lost. For HTTP and the command line;
 * allocates as it likes.
 *
 * The lookup itself answers; then each table that it asked is looked into once more on its own (explained-table.ts).
 */

import { type MatchedRoute, routeRecord, type UnmatchedRoute } from '../encode/enriched-flow.ts';
import { decidedByNames, RouteAnswer, statusMatched, statusNames } from '../model/answer.ts';
import { unknownVrf } from '../model/router.ts';
import type { ExplainedRoute, LostBy } from './explained-route.ts';
import { ExplainedTable } from './explained-table.ts';
import { referenceWords, ruleWords, tableStatusWords, vrfWords } from './explain-words.ts';
import type { Lookup } from './ladder.ts';
import type { LookupQuestion, LookupTables } from './question.ts';

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
  readonly step: 'router' | 'vrf' | 'view' | 'prefix' | 'exporter' | 'next-hop' | 'decision' | 'tier' | 'mark';
  readonly text: string;
}

export interface Explanation {
  readonly question: ExplainedQuestion;
  readonly status: (typeof statusNames)[number];
  /** As `dst` of an enriched flow. */
  readonly route: MatchedRoute | UnmatchedRoute;
  readonly steps: readonly ExplainedStep[];
  /** By table and prefix, that of the chosen one first; in each, the chosen one first, then by how far they came. */
  readonly candidates: readonly ExplainedRoute[];
  /** Candidates beyond the first maxCandidates. */
  readonly candidatesLeftOut: number;
  /** The shard's clock, ISO 8601: ages are counted to it. Null when the shard has had no record. */
  readonly clock: string | null;
}

const maxCandidates = 500;

export interface ExplainOptions {
  readonly lookup: Lookup;
  /** lookup.views, by number. */
  readonly views: readonly number[];
}

/** `rd` is the text by which the VRF was asked for. */
export function explainLookup(
  { lookup, views }: ExplainOptions,
  tables: LookupTables,
  question: LookupQuestion,
  rd: string | null,
): Explanation {
  const { router, address, nextHop, vrf } = question;
  const answer = new RouteAnswer();
  const story = new Story(lookup, views, tables, question);
  lookup.lookup(tables, question, answer);
  if (rd !== null) story.steps.push({ step: 'vrf', text: vrfWords(rd, vrf === unknownVrf ? null : vrf) });
  story.tell(answer);
  const { candidates, steps } = story;
  const clockMs = tables.shard(router.shard)?.clockMs ?? 0;
  return {
    question: {
      router: router.name,
      routerKey: router.key,
      shard: router.shard,
      address: address.toString(),
      nextHop: nextHop === null || nextHop.isUnspecified() ? null : nextHop.toString(),
      rd,
      vrf: vrf === unknownVrf ? null : vrf.name,
    },
    status: statusNames[answer.status],
    route: routeRecord(answer),
    steps,
    candidates: ordered(candidates).slice(0, maxCandidates),
    candidatesLeftOut: Math.max(0, candidates.length - maxCandidates),
    clock: clockMs === 0 ? null : new Date(clockMs).toISOString(),
  };
}

/** Nearest to being chosen first: those that a later rule put out, then those that no rule saw. */
const beforeRules: readonly LostBy[] = [
  'exporter',
  'tier',
  'copy',
  'authority',
  'pre-policy',
  'view-not-configured',
  'prefix',
];

function ordered(candidates: readonly ExplainedRoute[]): ExplainedRoute[] {
  const groups = new Map<string, ExplainedRoute[]>();
  const groupOf = ({ tier, router, prefix }: ExplainedRoute): string => `${tier} ${router} ${prefix}`;
  const chosen = candidates.find(({ lostBy }) => lostBy === null);
  if (chosen !== undefined) groups.set(groupOf(chosen), []);
  for (const route of candidates) {
    const group = groups.get(groupOf(route));
    if (group === undefined) groups.set(groupOf(route), [route]);
    else group.push(route);
  }
  return [...groups.values()].flatMap((group) => group.toSorted((a, b) => rankOf(a) - rankOf(b)));
}

function rankOf({ lostBy }: ExplainedRoute): number {
  if (lostBy === null) return -1;
  const rule = (decidedByNames as readonly LostBy[]).indexOf(lostBy);
  return rule >= 0 ? decidedByNames.length - rule : decidedByNames.length + 1 + beforeRules.indexOf(lostBy);
}

/** The tables of one lookup, in the order in which the ladder asks them. */
class Story {
  readonly steps: ExplainedStep[] = [];
  readonly candidates: ExplainedRoute[] = [];
  private readonly lookup: Lookup;
  private readonly views: readonly number[];
  private readonly tables: LookupTables;
  private readonly question: LookupQuestion;
  /** Of the last table looked into. */
  private found = new RouteAnswer();

  constructor(lookup: Lookup, views: readonly number[], tables: LookupTables, question: LookupQuestion) {
    this.lookup = lookup;
    this.views = views;
    this.tables = tables;
    this.question = question;
  }

  tell(answer: RouteAnswer): void {
    const { references } = this.question.router;
    const ownComplete = this.look(null, answer);
    if (references.length === 0 || this.question.address.isUnspecified()) return;
    let length = this.found.status === statusMatched ? this.found.prefixLength : -1;
    const why = length < 0 ? 'nothing' : length === 0 ? 'default' : ownComplete ? 'enough' : 'incomplete';
    const names = references.map(({ name }) => name);
    this.steps.push({ step: 'tier', text: referenceWords(why, names) });
    if (why === 'enough') return;
    for (const [i, { name }] of references.entries()) {
      const isComplete = this.look(i, answer);
      if (this.found.status !== statusMatched) continue;
      const { prefixLength } = this.found;
      if (prefixLength <= length) {
        const text = `${name} has no longer prefix than what was found before: /${prefixLength} after /${length}`;
        this.steps.push({ step: 'tier', text });
        continue;
      }
      length = prefixLength;
      if (length > 0 && isComplete) return;
    }
  }

  /** One table; true when its authority is complete. `found` is what it would answer. */
  private look(reference: number | null, answer: RouteAnswer): boolean {
    const { lookup, question, tables, views } = this;
    const router = reference === null ? question.router : question.router.references[reference];
    this.found = new RouteAnswer();
    lookup.lookInto(tables, question, reference, this.found);
    const { scope, candidates } = lookup;
    const status = statusNames[this.found.status];
    const who = reference === null ? router.name : `reference router ${router.name}`;
    if (scope === null || scope.router === null || !/^(matched|no-route)$/.test(status)) {
      this.steps.push({ step: 'router', text: tableStatusWords(status, who, router.key, question.address.toString()) });
      return false;
    }
    const answers =
      answer.status === statusMatched &&
      answer.tier === scope.tier &&
      (reference === null || answer.router === scope.router.name) &&
      answer.prefixLength === this.found.prefixLength;
    const table = new ExplainedTable(scope, views, question, who);
    table.gather(candidates, answers);
    this.candidates.push(...table.candidates);
    this.steps.push(...table.steps(this.found));
    if (this.found.status !== statusMatched) return scope.isComplete;
    const decidedBy = decidedByNames[this.found.decidedBy];
    const rule =
      table.hasExporterRule && decidedBy === 'peer' ? 'it alone is from the exporter itself' : ruleWords[decidedBy];
    this.steps.push({ step: 'decision', text: `${decidedBy}: ${rule}` });
    return scope.isComplete;
  }
}
