/**
 * An enriched flow as the outputs `json` and `avro` have it: in, the flow and its answers; out, one plain object whose keys, in their
 * order, are the contract of docs/formats.md. What the input lacks is null, as is an AS or next hop that means none.
 */

import { type IpAddress, formatIp } from '../base/ip.ts';
import {
  decidedByNames,
  statusMatched,
  statusNames,
  tierNames,
  viewNames,
  type EnrichedFlow,
  type RouteAnswer,
} from '../model/answer.ts';
import { originAbsent } from '../model/attribute-words.ts';
import { absent, type Flow } from '../model/flow.ts';
import {
  asPathNumbers,
  asPathText,
  communityTexts,
  extCommunityTexts,
  largeCommunityTexts,
  nextHopText,
} from './attribute-text.ts';
import type { Attribution } from './attribution.ts';

export interface MatchedRoute {
  status: 'matched';
  prefix: string;
  origin_as: number | null;
  neighbor_as: number | null;
  as_path: number[];
  as_path_text: string | null;
  communities: string[];
  large_communities: string[];
  ext_communities: string[];
  next_hop: string | null;
  local_pref: number | null;
  med: number | null;
  origin: string | null;
  router: string;
  tier: string;
  view: string;
  peer: string;
  path_id: number | null;
  next_hop_match: boolean;
  default_route: boolean;
  decided_by: string;
  stale: boolean;
  suspect: boolean;
  age_ms: number;
}

export interface UnmatchedRoute {
  status: Exclude<(typeof statusNames)[number], 'matched'>;
}

export interface EnrichedFlowRecord {
  exporter: string | null;
  router: string | null;
  src_addr: string | null;
  dst_addr: string | null;
  src_port: number | null;
  dst_port: number | null;
  proto: number | null;
  bytes: number | null;
  packets: number | null;
  sampling_rate: number | null;
  in_if: number | null;
  out_if: number | null;
  next_hop: string | null;
  bgp_next_hop: string | null;
  rd: string | null;
  vrf: string | null;
  time_received_ms: number | null;
  time_start_ms: number | null;
  time_end_ms: number | null;
  src_as: number | null;
  dst_as: number | null;
  src_net_len: number | null;
  dst_net_len: number | null;
  src: MatchedRoute | UnmatchedRoute;
  dst: MatchedRoute | UnmatchedRoute;
}

const maxNumber = Number.MAX_SAFE_INTEGER - 1;
const originNames = ['igp', 'egp', 'incomplete'] as const;

export function enrichedFlowRecord(flow: Flow, enriched: EnrichedFlow, attribution: Attribution): EnrichedFlowRecord {
  attribution.apply(flow, enriched);
  return {
    exporter: addressOrNull(flow.exporter),
    router: enriched.router === '' ? null : enriched.router,
    src_addr: addressOrNull(flow.srcAddr),
    dst_addr: addressOrNull(flow.dstAddr),
    src_port: numberOrNull(flow.srcPort),
    dst_port: numberOrNull(flow.dstPort),
    proto: numberOrNull(flow.proto),
    bytes: numberOrNull(flow.bytes),
    packets: numberOrNull(flow.packets),
    sampling_rate: numberOrNull(flow.samplingRate),
    in_if: numberOrNull(flow.inIf),
    out_if: numberOrNull(flow.outIf),
    next_hop: flow.nextHop.isUnspecified() ? null : flow.nextHop.toString(),
    bgp_next_hop: flow.bgpNextHop.isUnspecified() ? null : flow.bgpNextHop.toString(),
    rd: flow.rd === '' ? null : flow.rd,
    vrf: flow.vrf || enriched.vrf || null,
    time_received_ms: numberOrNull(flow.timeReceivedMs),
    time_start_ms: numberOrNull(flow.timeStartMs),
    time_end_ms: numberOrNull(flow.timeEndMs),
    src_as: chosenOrNull(attribution.srcAs, flow.srcAs),
    dst_as: chosenOrNull(attribution.dstAs, flow.dstAs),
    src_net_len: chosenOrNull(attribution.srcNetLen, flow.srcNetLen),
    dst_net_len: chosenOrNull(attribution.dstNetLen, flow.dstNetLen),
    src: routeRecord(enriched.src),
    dst: routeRecord(enriched.dst),
  };
}

export function routeRecord(answer: RouteAnswer): MatchedRoute | UnmatchedRoute {
  const status = statusNames[answer.status];
  if (answer.status !== statusMatched || status !== 'matched') {
    return { status: status as UnmatchedRoute['status'] };
  }
  const { attributes } = answer;
  const family = answer.family === 4 ? 4 : 6;
  const nextHop = nextHopText(attributes);
  return {
    status,
    prefix: `${formatIp(family, answer.p0, answer.p1, answer.p2, answer.p3)}/${answer.prefixLength}`,
    origin_as: numberOrNull(answer.originAs),
    neighbor_as: numberOrNull(answer.neighborAs),
    as_path: asPathNumbers(attributes),
    as_path_text: attributes.hasOtherThanSequences ? asPathText(attributes) : null,
    communities: communityTexts(attributes),
    large_communities: largeCommunityTexts(attributes),
    ext_communities: extCommunityTexts(attributes),
    next_hop: nextHop === '' ? null : nextHop,
    local_pref: attributes.hasLocalPref ? attributes.localPref : null,
    med: attributes.hasMed ? attributes.med : null,
    origin: attributes.origin === originAbsent ? null : originNames[attributes.origin],
    router: answer.router,
    tier: tierNames[answer.tier],
    view: viewNames[answer.view],
    peer: answer.peer,
    path_id: numberOrNull(answer.pathId),
    next_hop_match: answer.nextHopMatch,
    default_route: answer.defaultRoute,
    decided_by: decidedByNames[answer.decidedBy],
    stale: answer.stale,
    suspect: answer.suspect,
    age_ms: Math.trunc(answer.ageMs),
  };
}

function addressOrNull(address: IpAddress): string | null {
  return address.family === 0 ? null : address.toString();
}

/** Whole numbers only, and none that Avro's writer takes for one that lost digits. */
function numberOrNull(value: number): number | null {
  return value >= 0 ? Math.min(Math.trunc(value), maxNumber) : null;
}

/** Nothing chosen and nothing in the flow is unknown; nothing chosen where the flow has a value is 0. */
function chosenOrNull(chosen: number, ofFlow: number): number | null {
  return chosen === 0 && ofFlow === absent ? null : chosen;
}
