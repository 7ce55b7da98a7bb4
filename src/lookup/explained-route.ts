/** One route of the table as a plain object, for people: whose it is, what it says, and why it was not chosen. */

import { formatIp, type IpFamily } from '../base/ip.ts';
import { asPathText, communityTexts, extCommunityTexts, largeCommunityTexts } from '../encode/attribute-text.ts';
import { decidedByNames, type tierNames, viewNames } from '../model/answer.ts';
import { AttributeReader, originAbsent } from '../model/attribute-words.ts';
import type { Rib } from '../rib/peers.ts';
import type { RouteTable } from '../rib/types.ts';
import type { RibShard } from '../rib/shard.ts';

/**
 * Why a route lost: a rule of the decision (decidedByNames), or before any rule
 *
 *   copy                 another BMP session tells of this peer, view and family: its route was taken, or it has withdrawn it
 *   authority            its view does not answer for this family, another one does
 *   prefix               a longer prefix answers
 *   tier                 another table answers: the router's own, or that of another reference router
 *   exporter             on a reference router: another route is from the exporter itself
 *   pre-policy           its peer sends post-policy too: import policy may have rejected it
 *   view-not-configured  its view is not in lookup.views
 */
export type LostBy =
  | (typeof decidedByNames)[number]
  | 'copy'
  | 'authority'
  | 'prefix'
  | 'tier'
  | 'exporter'
  | 'pre-policy'
  | 'view-not-configured';

export interface ExplainedPeer {
  /** RFC 5952; the BGP ID for a Loc-RIB. */
  readonly address: string;
  readonly as: number;
  readonly bgpId: string;
  readonly state: string;
  /** Of the peer now; the route's own is ExplainedRoute.epoch. */
  readonly epoch: number;
  /** ISO 8601, by the shard's clock. */
  readonly epochStart: string | null;
  readonly tableName: string | null;
}

export interface ExplainedRoute {
  readonly tier: (typeof tierNames)[number];
  readonly router: string;
  readonly prefix: string;
  readonly view: (typeof viewNames)[number];
  readonly peer: ExplainedPeer;
  readonly collector: string;
  readonly bmpAddress: string;
  readonly rd: string | null;
  readonly safi: number;
  /** Of the peer in which this route was told: lower than peer.epoch when it is stale. */
  readonly epoch: number;
  readonly pathId: number | null;
  /** Global next hop, and the link-local one if there are two. */
  readonly nextHops: readonly string[];
  readonly asPath: string;
  readonly pathLength: number;
  readonly communities: readonly string[];
  readonly largeCommunities: readonly string[];
  readonly extCommunities: readonly string[];
  readonly localPref: number | null;
  readonly med: number | null;
  readonly origin: 'igp' | 'egp' | 'incomplete' | null;
  readonly originatorId: string | null;
  readonly clusterListLength: number;
  readonly ebgp: boolean;
  /** By the shard's clock, since the record that last set it. */
  readonly ageMs: number;
  /** Of an epoch that is over: answers until it is swept. */
  readonly stale: boolean;
  readonly suspect: boolean;
  /** Its RIB has had End-of-RIB or its timeout. */
  readonly complete: boolean;
  /** null for the chosen route. */
  readonly lostBy: LostBy | null;
}

/** What a route is in, beside itself. */
export interface RoutePlace {
  readonly tier: (typeof tierNames)[number];
  readonly router: string;
  readonly shard: Pick<RibShard, 'attributes' | 'clockMs'>;
  readonly routes: RouteTable;
}

/** A rule by its number. */
export function lostByRule(rule: number): LostBy {
  return decidedByNames[rule];
}

const originNames = ['igp', 'egp', 'incomplete'] as const;

export function explainRoute(
  { tier, router, shard, routes }: RoutePlace,
  rib: Rib,
  rd: string,
  prefix: number,
  route: number,
  lostBy: LostBy | null,
): ExplainedRoute {
  const { attributes, clockMs } = shard;
  const { peer } = rib;
  const reader = new AttributeReader();
  const set = routes.routeAttributes(route);
  reader.read(attributes.words(set), attributes.start(set));
  const pathId = routes.routePathId(prefix, route);
  return {
    tier,
    router,
    prefix: prefixText(routes, prefix),
    view: viewNames[rib.view],
    peer: {
      address: peer.text,
      as: peer.as,
      bgpId: peer.bgpId,
      state: peer.state,
      epoch: peer.epoch,
      epochStart: peer.epochStartMs === 0 ? null : new Date(peer.epochStartMs).toISOString(),
      tableName: peer.tableName === '' ? null : peer.tableName,
    },
    collector: peer.session.collector,
    bmpAddress: peer.session.bmpAddress,
    rd: rd === '' ? null : rd,
    safi: rib.safi,
    epoch: rib.epoch,
    pathId: pathId < 0 ? null : pathId,
    nextHops: nextHopsOf(reader),
    asPath: asPathText(reader),
    pathLength: reader.pathLength(),
    communities: communityTexts(reader),
    largeCommunities: largeCommunityTexts(reader),
    extCommunities: extCommunityTexts(reader),
    localPref: reader.hasLocalPref ? reader.localPref : null,
    med: reader.hasMed ? reader.med : null,
    origin: reader.origin === originAbsent ? null : originNames[reader.origin],
    originatorId: reader.hasOriginatorId ? formatIp(4, reader.originatorId | 0, 0, 0, 0) : null,
    clusterListLength: reader.clusterList,
    ebgp: rib.isEbgp,
    ageMs: Math.max(0, clockMs - routes.routeTimeMs(route)),
    stale: rib.isStale,
    suspect: rib.isSuspect || peer.session.router.isUnordered,
    complete: rib.isComplete && !peer.isFiltered,
    lostBy,
  };
}

export function prefixText(routes: RouteTable, prefix: number): string {
  const family = routes.prefixFamily(prefix) === 4 ? 4 : 6;
  const word = (index: number): number => routes.prefixWord(prefix, index);
  return `${formatIp(family, word(0), word(1), word(2), word(3))}/${routes.prefixLength(prefix)}`;
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
