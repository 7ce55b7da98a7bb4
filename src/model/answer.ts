/**
 * What a lookup found, in one reused object: plain fields that encoders read. Strings in it are interned (one for each router, peer),
 * never built for each flow.
 */

import { AttributeReader } from './attribute-words.ts';

export const statusMatched = 0;
export const statusNoRoute = 1;
export const statusNoRouter = 2;
export const statusNoTable = 3;
export const statusNotReady = 4;
export const statusBadAddress = 5;
export const statusNames = ['matched', 'no-route', 'no-router', 'no-table', 'not-ready', 'bad-address'] as const;

/** Views in the order of their numbers. */
export const viewLocRib = 0;
export const viewAdjRibInPost = 1;
export const viewAdjRibInPre = 2;
export const viewAdjRibOutPost = 3;
export const viewAdjRibOutPre = 4;
export const viewNames = [
  'loc-rib',
  'adj-rib-in-post',
  'adj-rib-in-pre',
  'adj-rib-out-post',
  'adj-rib-out-pre',
] as const;

/** The rule that left one route, in the order in which rules apply. */
export const decidedByNames = [
  'only',
  'next-hop',
  'stale',
  'local-pref',
  'path-length',
  'origin',
  'med',
  'ebgp',
  'router-id',
  'cluster-list',
  'peer',
  'path-id',
  'source',
] as const;
export const decidedByOnly = 0;
export const decidedByNextHop = 1;
export const decidedByStale = 2;
export const decidedByLocalPref = 3;
export const decidedByPathLength = 4;
export const decidedByOrigin = 5;
export const decidedByMed = 6;
export const decidedByEbgp = 7;
export const decidedByRouterId = 8;
export const decidedByClusterList = 9;
export const decidedByPeer = 10;
export const decidedByPathId = 11;
export const decidedBySource = 12;

export const tierOwn = 0;
export const tierReference = 1;
export const tierNames = ['own', 'reference'] as const;

export class RouteAnswer {
  status = statusNoRoute;
  /** The rest is meaningful only when `status` is matched. */
  family = 0;
  prefixLength = 0;
  p0 = 0;
  p1 = 0;
  p2 = 0;
  p3 = 0;
  /** Positioned in the attribute table's words: good until the table changes. */
  readonly attributes = new AttributeReader();
  /** -1 = null (path ends in an AS_SET; nothing known). An empty path gives the router's own AS. */
  originAs = -1;
  /** -1 = null. */
  neighborAs = -1;
  router = '';
  /** Peer address text; the BGP ID for Loc-RIB. */
  peer = '';
  view = viewLocRib;
  tier = tierOwn;
  /** -1 = null. */
  pathId = -1;
  nextHopMatch = false;
  defaultRoute = false;
  decidedBy = decidedByOnly;
  stale = false;
  suspect = false;
  ageMs = 0;
}

/** One flow with its answers, as encoders get it. */
export interface EnrichedFlow {
  /** Name of the flow's router; empty = none known. */
  router: string;
  /** Name of the VRF that was looked up in; empty = the global table, or none that is known. */
  vrf: string;
  readonly src: RouteAnswer;
  readonly dst: RouteAnswer;
}
