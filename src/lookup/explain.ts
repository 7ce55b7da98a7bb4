/**
 * Why a route was chosen: the candidates of the last lookup as plain objects, each with the rule at which it lost. For HTTP and the
 * command line; allocates as it likes.
 */

import { formatIp, type IpAddress, type IpFamily } from '../base/ip.ts';
import { decidedByNames, type RouteAnswer, statusMatched, viewNames } from '../model/answer.ts';
import type { AttributeReader } from '../model/attribute-words.ts';
import type { RibShard } from '../rib/shard.ts';
import { sourceComplete, sourceStale, sourceSuspect } from '../rib/sources.ts';
import { lostAsCopy, lostToAuthority, stillIn } from './candidates.ts';
import type { Lookup } from './ladder.ts';

export interface ExplainedRoute {
  readonly view: (typeof viewNames)[number];
  readonly peer: string;
  readonly collector: string;
  readonly bmpAddress: string;
  readonly safi: number;
  readonly pathId: number | null;
  /** Global next hop, and the link-local one if there are two. */
  readonly nextHop: readonly string[];
  readonly localPref: number | null;
  readonly med: number | null;
  readonly pathLength: number;
  readonly stale: boolean;
  readonly complete: boolean;
  readonly suspect: boolean;
  /** null for the chosen route; else a name of decidedByNames, "copy" (another session's was taken) or "authority" (its view is not). */
  readonly lostBy: string | null;
}

/** Looks up into `answer` and tells of all routes of the chosen prefix that were considered, the chosen one first. */
export function explainLookup(
  lookup: Lookup,
  shard: RibShard,
  router: string,
  address: IpAddress,
  wantedNextHop: IpAddress | null,
  answer: RouteAnswer,
): ExplainedRoute[] {
  lookup.lookup(shard, router, address, wantedNextHop, answer);
  if (answer.status !== statusMatched) return [];
  const { candidates } = lookup;
  const { family, p0, p1, p2, p3, prefixLength } = answer;
  candidates.prepare(shard, shard.routes.exactMatch(family, p0, p1, p2, p3, prefixLength));
  const routes: ExplainedRoute[] = [];
  for (let i = 0; i < candidates.total; i++) {
    const source = candidates.sources[i];
    const reader = candidates.readers[i];
    const flags = shard.sources.flags[source];
    const peer = shard.sources.ribs[source]?.peer;
    routes.push({
      view: viewNames[candidates.views[i]],
      peer: peer?.text ?? '',
      collector: peer?.session.collector ?? '',
      bmpAddress: peer?.session.bmpAddress ?? '',
      safi: shard.sources.safi[source],
      pathId: candidates.pathIds[i] < 0 ? null : candidates.pathIds[i],
      nextHop: nextHopsOf(reader),
      localPref: reader.hasLocalPref ? reader.localPref : null,
      med: reader.hasMed ? reader.med : null,
      pathLength: reader.pathLength(),
      stale: (flags & sourceStale) !== 0,
      complete: (flags & sourceComplete) !== 0,
      suspect: (flags & sourceSuspect) !== 0,
      lostBy: lostByText(candidates.lostBy[i]),
    });
  }
  return routes.sort((a, b) => Number(a.lostBy !== null) - Number(b.lostBy !== null));
}

function lostByText(lostBy: number): string | null {
  if (lostBy === stillIn) return null;
  if (lostBy === lostAsCopy) return 'copy';
  return lostBy === lostToAuthority ? 'authority' : decidedByNames[lostBy];
}

function nextHopsOf({ nextHopKind: kind, words, nextHopAt: at }: AttributeReader): string[] {
  const text = (family: IpFamily, from: number): string =>
    family === 4
      ? formatIp(4, words[from], 0, 0, 0)
      : formatIp(6, words[from], words[from + 1], words[from + 2], words[from + 3]);
  if (kind === 0) return [];
  if (kind === 1) return [text(4, at)];
  return kind === 2 ? [text(6, at)] : [text(6, at), text(6, at + 4)];
}
