/** What a replay did, as lines for a reader: every record and flow in one of the numbers, and what makes answers doubtful. */

import { flowResults } from '../../stages/enrich/flow-counters.ts';
import type { ReplayResult } from './replay.ts';

export function replaySummary({ flows, routes, shards }: ReplayResult): string[] {
  const counts = {
    routers: 0,
    peers: 0,
    routes: 0,
    suspect: 0,
    stale: 0,
    unordered: 0,
    duplicates: 0,
    bad: 0,
  };
  for (const { counters, routers } of shards) {
    counts.duplicates += counters.ignoredDuplicates;
    counts.bad += counters.recordErrors;
    counts.routers += routers.length;
    for (const { sessions, unordered } of routers) {
      if (unordered) counts.unordered++;
      for (const peer of sessions.flatMap((session) => session.peers)) {
        counts.peers++;
        for (const rib of peer.ribs) {
          counts.routes += rib.routes;
          if (rib.suspect) counts.suspect += rib.routes;
          if (rib.stale) counts.stale += rib.routes;
        }
      }
    }
  }
  const results = flowResults(flows).filter(({ count }) => count > 0);
  const records = routes.appended + routes.collector + routes.deadLettered;
  return [
    `routes: ${records} records, ${routes.appended} applied, ${routes.collector} of collectors, ${routes.deadLettered} dead-lettered` +
      `, ${counts.bad} bad messages, ${counts.duplicates} repeated positions ignored`,
    `tables: ${counts.routers} routers, ${counts.peers} peers, ${counts.routes} routes, ${counts.suspect} suspect, ${counts.stale} stale` +
      (counts.unordered > 0 ? `, ${counts.unordered} routers without an order` : ''),
    `flows: ${flows.read} read${results.map(({ count, result }) => `, ${count} ${result}`).join('')}`,
  ];
}
