/** Enriched flows as the demo reads them back, and the rows it shows of them. */

export interface RouteSide {
  readonly status: string;
  readonly prefix?: string;
  readonly as_path?: readonly number[];
  readonly as_path_text?: string | null;
  readonly communities?: readonly string[];
  readonly large_communities?: readonly string[];
  readonly next_hop?: string | null;
  readonly next_hop_match?: boolean;
  readonly view?: string;
  readonly router?: string;
  readonly decided_by?: string;
}

export interface EnrichedFlow {
  readonly exporter: string;
  readonly router: string | null;
  readonly src_addr: string;
  readonly dst_addr: string;
  readonly next_hop: string | null;
  readonly bgp_next_hop: string | null;
  readonly src: RouteSide;
  readonly dst: RouteSide;
}

export function pathOf(side: RouteSide): string {
  if (side.status !== 'matched') return `(${side.status})`;
  const path = side.as_path_text ?? (side.as_path ?? []).join(' ');
  return path === '' ? '(local)' : path;
}

export function communitiesOf(side: RouteSide): string {
  return [...(side.communities ?? []), ...(side.large_communities ?? [])].join(' ') || '-';
}

export function wantedNextHop(flow: EnrichedFlow): string {
  return flow.bgp_next_hop ?? flow.next_hop ?? '-';
}

/** Rows of distinct answers with the number of flows that got each, most frequent first. */
export function distinctRows(flows: readonly EnrichedFlow[], row: (flow: EnrichedFlow) => string[]): string[][] {
  const counts = new Map<string, { cells: string[]; count: number }>();
  for (const flow of flows) {
    const cells = row(flow);
    const key = cells.join('\u0000');
    const seen = counts.get(key);
    if (seen === undefined) counts.set(key, { cells, count: 1 });
    else seen.count++;
  }
  return [...counts.values()].sort((a, b) => b.count - a.count).map(({ cells, count }) => [String(count), ...cells]);
}
