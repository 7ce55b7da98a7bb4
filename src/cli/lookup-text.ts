/** The answer of a lookup for a terminal: no line is wider than 120 columns, whatever addresses, paths and communities are in it. */

import type { LookupAnswer } from '../http/status.ts';
import { lostByWords } from '../lookup/explain-words.ts';
import type { ExplainedRoute } from '../lookup/explained-route.ts';

const width = 120;
const labelWidth = 13;

export function lookupText(answer: LookupAnswer): string {
  return [
    ...wrapped(headline(answer), '', '  '),
    ...(answer.route.status === 'matched' ? ['', ...routeLines(answer)] : []),
    ...(answer.steps.length === 0 ? [] : ['', 'why']),
    ...answer.steps.flatMap(({ step, text }) => labelled(step, text)),
    ...candidateLines(answer),
    ...memberLines(answer),
  ].join('\n');
}

function headline({ question, status }: LookupAnswer): string {
  const { router, routerKey, shard, address, nextHop, vrf } = question;
  const where = vrf === '' ? '' : vrf === null ? ', VRF unknown' : `, VRF ${vrf}`;
  const key = routerKey === router ? '' : `BMP address ${routerKey}, `;
  const via = nextHop === null ? '' : ` with next hop ${nextHop}`;
  return `${address}${via} on ${router} (${key}shard ${shard}${where}): ${status}`;
}

function routeLines({ route, candidates }: LookupAnswer): string[] {
  if (route.status !== 'matched') return [];
  const chosen = candidates.find(({ lostBy }) => lostBy === null);
  const marks = [
    route.stale ? 'stale' : '',
    route.suspect ? 'suspect' : '',
    route.default_route ? 'default route' : '',
  ].filter((mark) => mark !== '');
  const communities = [...route.communities, ...route.large_communities, ...route.ext_communities];
  const numbers = [
    `local pref ${shown(route.local_pref)}`,
    `MED ${shown(route.med)}`,
    `origin ${shown(route.origin)}`,
    ...(route.path_id === null ? [] : [`path id ${route.path_id}`]),
  ];
  const table = route.tier === 'own' ? `own table of ${route.router}` : `table of reference router ${route.router}`;
  return [
    ...labelled('prefix', route.prefix),
    ...labelled('AS path', pathText(route.as_path_text ?? route.as_path.join(' '))),
    ...labelled('', `origin AS ${shown(route.origin_as)}, neighbour AS ${shown(route.neighbor_as)}`),
    ...labelled('next hop', chosen === undefined ? shown(route.next_hop) : nextHopText(chosen)),
    ...(communities.length === 0 ? [] : labelled('communities', communities.join(' '))),
    ...labelled('attributes', numbers.join(', ')),
    ...labelled('learned', `from ${route.peer}, ${route.view}, ${table}, set ${ageText(route.age_ms)} ago`),
    ...labelled('decided by', route.decided_by),
    ...(marks.length === 0 ? [] : labelled('marks', marks.join(', '))),
  ];
}

function candidateLines({ candidates, candidatesLeftOut }: LookupAnswer): string[] {
  if (candidates.length === 0) return [];
  const rows = candidates.map(columnsOf);
  const widths = header.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at].length)));
  const line = (cells: readonly string[]): string =>
    `    ${cells.map((cell, at) => (at === cells.length - 1 ? cell : cell.padEnd(widths[at]))).join('  ')}`;
  const lines = ['', 'candidates', line(header)];
  let group = '';
  for (const [at, route] of candidates.entries()) {
    const heading = headingOf(route);
    if (heading !== group) lines.push(`  ${heading}`);
    group = heading;
    const row = line(rows[at]);
    lines.push(route.lostBy === null ? `  * ${row.slice(4)}` : row);
    for (const detail of detailsOf(route)) lines.push(...wrapped(detail, '        ', '          '));
  }
  if (candidatesLeftOut > 0) lines.push(`  and ${candidatesLeftOut} more`);
  const rules = new Set(candidates.flatMap(({ lostBy }) => (lostBy === null ? [] : [lostBy])));
  if (rules.size > 0) lines.push('', 'lost by');
  for (const rule of rules) lines.push(...labelled(rule, lostByWords[rule] ?? '', 21));
  return lines;
}

const header = ['PEER', 'VIEW', 'PREF', 'MED', 'AGE', 'LOST BY'] as const;

function columnsOf({ peer, view, localPref, med, ageMs, lostBy }: ExplainedRoute): readonly string[] {
  return [peer.address, view, shown(localPref), shown(med), ageText(ageMs), lostBy ?? 'chosen'];
}

function headingOf({ prefix, tier, router, rd }: ExplainedRoute): string {
  const of = tier === 'own' ? '' : ` on reference router ${router}`;
  return `${prefix}${rd === null ? '' : `, RD ${rd}`}${of}`;
}

function detailsOf(route: ExplainedRoute): string[] {
  const { peer } = route;
  // The next shorter prefix is there to be seen, not to be read.
  if (route.lostBy === 'prefix') return [];
  const since = peer.epochStart === null ? '' : ` since ${peer.epochStart.replace(/\.\d+/, '')}`;
  const marks = [
    route.stale ? `stale (told in epoch ${route.epoch})` : '',
    route.suspect ? 'suspect' : '',
    route.complete ? '' : 'no End-of-RIB',
  ].filter((mark) => mark !== '');
  const kind = route.view === 'loc-rib' ? '' : route.ebgp ? ', eBGP' : ', iBGP';
  const table = peer.tableName === null ? '' : `, table ${peer.tableName}`;
  const communities = [...route.communities, ...route.largeCommunities, ...route.extCommunities];
  const path = [
    `AS path ${pathText(route.asPath)}`,
    `next hop ${nextHopText(route)}`,
    `origin ${shown(route.origin)}`,
    ...(route.pathId === null ? [] : [`path id ${route.pathId}`]),
    ...(route.originatorId === null ? [] : [`originator ${route.originatorId}`]),
    ...(route.clusterListLength === 0 ? [] : [`cluster list of ${route.clusterListLength}`]),
    ...(route.safi === 4 ? ['labeled'] : []),
  ];
  return [
    path.join(', '),
    // Those of the chosen route stand above.
    ...(communities.length === 0 || route.lostBy === null ? [] : [`communities ${communities.join(' ')}`]),
    [
      `AS ${peer.as}${kind}, BGP ID ${peer.bgpId}${table}, ${peer.state}, epoch ${peer.epoch}${since}`,
      `BMP from ${route.bmpAddress}${route.collector === '' ? '' : ` by collector ${route.collector}`}`,
      ...marks,
    ].join(', '),
  ];
}

function memberLines({ answeredBy, forwardedBy }: LookupAnswer): string[] {
  if (answeredBy === null) return [];
  const asked = forwardedBy === undefined || forwardedBy === null ? '' : `, asked by ${forwardedBy}`;
  return ['', `answered by ${answeredBy}${asked}`];
}

function nextHopText({ nextHops }: ExplainedRoute): string {
  if (nextHops.length === 0) return '-';
  return nextHops.length === 1 ? nextHops[0] : `${nextHops[0]} (link-local ${nextHops[1]})`;
}

const pathText = (text: string): string => (text === '' ? '(empty: of the router itself, or its own AS)' : text);
const shown = (value: string | number | null): string => (value === null ? '-' : String(value));

/** "45s", "3m20s", "5h02m", "12d4h": at most six columns for three years. */
export function ageText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${String(seconds % 60).padStart(2, '0')}s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours}h${String(minutes % 60).padStart(2, '0')}m`;
  return `${Math.floor(hours / 24)}d${hours % 24}h`;
}

function labelled(label: string, text: string, size = labelWidth): string[] {
  const indent = '  '.padEnd(size + 2);
  const first = `  ${label}`.padEnd(size + 2);
  return wrapped(text, first, indent);
}

/** Breaks at spaces; a word longer than a line is broken where it must be. */
function wrapped(text: string, first: string, rest: string): string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(' ')) {
    let left = word;
    if (!isEmpty && line.length + 1 + left.length > width) {
      lines.push(line);
      line = rest;
      isEmpty = true;
    }
    if (!isEmpty) line += ' ';
    while (line.length + left.length > width) {
      lines.push(line + left.slice(0, width - line.length));
      left = left.slice(width - line.length);
      line = rest;
    }
    line += left;
    isEmpty = false;
  }
  lines.push(line);
  return lines;
}
