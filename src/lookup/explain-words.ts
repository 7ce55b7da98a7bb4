/** What a lookup did, in the words of those who run routers. Texts only; explain.ts says which of them apply. */

import { viewAdjRibInPre, viewAdjRibOutPre, viewNames } from '../model/answer.ts';
import { globalVrf, type VrfChoice } from '../model/router.ts';
import { viewComplete, viewNotHeld } from '../rib/peers.ts';
import { inVrfBits } from './authority.ts';
import type { TableScope } from './table-scope.ts';

/** What a rule of the decision (decidedByNames) looks at, for "decided by …". */
export const ruleWords: Readonly<Record<string, string>> = {
  only: 'it is the only route there',
  'next-hop': "it alone has the flow's next hop",
  stale: 'it is live, the others are of epochs that are over',
  'local-pref': 'it has the highest LOCAL_PREF (none counts 100)',
  'path-length': 'it has the shortest AS path (an AS_SET counts 1, confederation segments 0)',
  origin: 'it has the lowest ORIGIN (igp, egp, incomplete)',
  med: 'it has the lowest MED of its neighbour AS (none counts 0)',
  ebgp: 'it was learned over eBGP, the others over iBGP',
  'router-id': 'it has the lowest ORIGINATOR_ID or router id',
  'cluster-list': 'it has the shortest CLUSTER_LIST',
  peer: 'it has the lowest peer address',
  'path-id': 'it has the lowest path id',
  source: 'it comes first by BMP session, view, SAFI and peer: all else is equal',
};

/** Why a candidate lost, for people. */
export const lostByWords: Readonly<Record<string, string>> = {
  'next-hop': "not the flow's next hop",
  stale: 'of an epoch that is over',
  'local-pref': 'lower LOCAL_PREF',
  'path-length': 'longer AS path',
  origin: 'higher ORIGIN',
  med: 'higher MED in the same neighbour AS',
  ebgp: 'iBGP after eBGP',
  'router-id': 'higher router id',
  'cluster-list': 'longer CLUSTER_LIST',
  peer: 'higher peer address',
  'path-id': 'higher path id',
  source: 'later by session, view, SAFI or peer',
  copy: 'what another BMP session tells of this peer and view goes before it',
  authority: 'its view does not answer here',
  prefix: 'a longer prefix answers',
  tier: 'another table answers',
  exporter: 'not from the exporter itself, as another route of this reference router is',
  'pre-policy': 'its peer sends post-policy too: policy may have rejected it',
  'view-not-configured': 'its view is not in lookup.views',
};

const familyName = (family: number): string => (family === 4 ? 'IPv4' : 'IPv6');

function list(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('');
  return `${parts.slice(0, -1).join(', ')} and ${parts[parts.length - 1]}`;
}

function stateWords(view: number, states: Uint8Array): string {
  if (states[view] === viewNotHeld) {
    const isPre = view === viewAdjRibInPre || view === viewAdjRibOutPre;
    return `${viewNames[view]} is not held${isPre ? ' by any peer without its post-policy' : ''}`;
  }
  if (states[view] === viewComplete) return `${viewNames[view]} is complete`;
  return `${viewNames[view]} is not complete`;
}

/** Which view answers, and why those before it do not. `states` by view (RouterState.viewStates). */
export function authorityWords(family: number, views: readonly number[], states: Uint8Array): string {
  const answering = views.findIndex((view) => states[view] === viewComplete);
  if (answering < 0) {
    const held = views.filter((view) => states[view] !== viewNotHeld);
    if (held.length === 0) return `no configured view is held for ${familyName(family)}`;
    const all = list(views.map((view) => stateWords(view, states)));
    const what = `no view is complete for ${familyName(family)} (End-of-RIB or its timeout, at every peer)`;
    return `${what}, so all configured ones answer together: ${all}`;
  }
  const before = views.slice(0, answering);
  const head = `${viewNames[views[answering]]} answers for ${familyName(family)}: it is complete`;
  if (before.length === 0) return `${head} and the first of lookup.views`;
  return `${head}; before it, ${list(before.map((view) => stateWords(view, states)))}`;
}

/** `where` is what was searched: a view of a router, or all of its views. */
export function prefixWords(
  address: string,
  prefix: string | null,
  where: string,
  longer: readonly { readonly prefix: string; readonly why: string }[],
): string {
  const passed = longer.map(({ prefix: other, why }) => `${other} is longer, but ${why}`);
  const found =
    prefix === null
      ? `no prefix in ${where} covers ${address}`
      : `${prefix} is the longest prefix in ${where} that covers ${address}`;
  return [found, ...passed].join('; ');
}

export function whereWords(views: readonly number[], states: Uint8Array, router: string): string {
  const answering = views.find((view) => states[view] === viewComplete);
  return answering === undefined ? `the configured views of ${router}` : `${viewNames[answering]} of ${router}`;
}

export function passedOverWords(lostBy: ReadonlySet<string>, views: ReadonlySet<string>): string {
  const held = list([...views].toSorted());
  if (lostBy.has('pre-policy')) return `only ${held} has it, which may hold what import policy rejected`;
  if (lostBy.has('authority')) return `only ${held} has it, which does not answer here`;
  return `only ${held} has it, which is not in lookup.views`;
}

export function nextHopWords(nextHop: string | null, matched: boolean, view: string): string {
  if (nextHop === null) return 'no next hop was given: the best route is chosen';
  if (matched) return `the next hop ${nextHop} is that of the route chosen, in ${view}`;
  return `no route of this prefix has the next hop ${nextHop}: the best route is chosen`;
}

export function retiredWords(routes: number): string {
  const what =
    routes === 1
      ? 'one route of a peer or epoch that is gone is'
      : `${routes} routes of peers or epochs that are gone are`;
  return `${what} still being freed; none of them answers`;
}

export const exporterWords =
  'routes from the peer that is the exporter, or with it as ORIGINATOR_ID, come first on a reference router';

export function unorderedWords(who: string): string {
  return `suspect: the BMP records of ${who} come over several partitions of one topic, so their order is not known`;
}

/** Which views of a VRF answer. */
export function vrfAuthorityWords({ authority, allViews, isComplete }: TableScope, views: readonly number[]): string {
  if (!isComplete || authority === allViews)
    return 'no view of the VRF is complete, so all configured ones answer together';
  if (authority === 1 << inVrfBits) return "the router's own loc-rib of the VRF answers: it is complete";
  const view = views.find((one) => ((authority >> one) & 1) !== 0) ?? 0;
  return `${viewNames[view]} answers: it is complete; routes from inside the VRF and VPN routes together`;
}

/** `vrf` null = nobody knows it. */
export function vrfWords(asked: string, vrf: VrfChoice | null): string {
  if (vrf === null) return `${asked} is no VRF that is configured for the router or that it told of: there is no table`;
  if (vrf === globalVrf) return `${asked} stands for the global table, or is unknown and lookup.unknownVrf is global`;
  const rds = vrf.rds.length === 0 ? '' : `, RDs ${list(vrf.rds)}`;
  const imports = vrf.importTargets.length === 0 ? '' : `, import targets: ${vrf.importTargets.length / 2}`;
  return `${asked} is VRF ${vrf.name}${rds}${imports}`;
}

/** Of a table that could not be searched. */
export function tableStatusWords(status: string, who: string, key: string, address: string): string {
  switch (status) {
    case 'no-router':
      return `no BMP session told of ${who} (BMP address ${key})`;
    case 'no-table':
      return `${who} told of no such VRF`;
    case 'not-ready':
      return `the table of ${who} is not here, or is being restored`;
    default:
      return `${address} is no address of anybody`;
  }
}

/** Whether references are asked, and why. */
export function referenceWords(why: 'nothing' | 'default' | 'enough' | 'incomplete', names: readonly string[]): string {
  const asked = `${list(names)} ${names.length === 1 ? 'is' : 'are'}`;
  switch (why) {
    case 'enough':
      return `the own table answers: it is complete and this is no default route, so ${asked} not asked`;
    case 'default':
      return `the own table has a default route only, so ${asked} asked for a longer prefix`;
    case 'incomplete':
      return `the own table is not complete, so ${asked} asked for a longer prefix`;
    default:
      return `the own table has no route, so ${asked} asked`;
  }
}
