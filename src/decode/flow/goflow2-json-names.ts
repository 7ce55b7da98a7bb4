/**
 * The member names of goflow2's JSON that a flow is made of. v2's names come first, then v1's (Go's spelling of v1.3, and of v1.0
 * where it differed).
 */

import type { JsonMemberScanner } from './json-members.ts';
import { MemberNames } from './member-names.ts';

/** Up to `asPath`: plain and replaceable fields; from `timeReceivedNs`: times. */
export const member = {
  unknown: 0,
  exporter: 1,
  srcAddr: 2,
  dstAddr: 3,
  nextHop: 4,
  bytes: 5,
  packets: 6,
  samplingRate: 7,
  proto: 8,
  srcPort: 9,
  dstPort: 10,
  inIf: 11,
  outIf: 12,
  ingressVrfId: 13,
  egressVrfId: 14,
  srcAs: 20,
  dstAs: 21,
  nextHopAs: 22,
  srcNet: 23,
  dstNet: 24,
  bgpNextHop: 25,
  bgpCommunities: 26,
  asPath: 27,
  timeReceivedNs: 30,
  timeStartNs: 31,
  timeEndNs: 32,
  timeReceived: 33,
  timeStart: 34,
  timeEnd: 35,
  timeStartMs: 36,
  timeEndMs: 37,
} as const;

export type Member = (typeof member)[keyof typeof member];

const spellings: [Member, string][] = [
  [member.exporter, 'sampler_address SamplerAddress'],
  [member.srcAddr, 'src_addr SrcAddr'],
  [member.dstAddr, 'dst_addr DstAddr'],
  [member.nextHop, 'next_hop NextHop'],
  [member.bytes, 'bytes Bytes'],
  [member.packets, 'packets Packets'],
  [member.samplingRate, 'sampling_rate SamplingRate'],
  [member.proto, 'proto Proto'],
  [member.srcPort, 'src_port SrcPort'],
  [member.dstPort, 'dst_port DstPort'],
  [member.inIf, 'in_if InIf'],
  [member.outIf, 'out_if OutIf'],
  [member.ingressVrfId, 'ingress_vrf_id IngressVrfId IngressVrfID'],
  [member.egressVrfId, 'egress_vrf_id EgressVrfId EgressVrfID'],
  [member.srcAs, 'src_as SrcAs SrcAS'],
  [member.dstAs, 'dst_as DstAs DstAS'],
  [member.nextHopAs, 'next_hop_as NextHopAs NextHopAS'],
  [member.srcNet, 'src_net SrcNet'],
  [member.dstNet, 'dst_net DstNet'],
  [member.bgpNextHop, 'bgp_next_hop BgpNextHop'],
  [member.bgpCommunities, 'bgp_communities BgpCommunities'],
  [member.asPath, 'as_path AsPath ASPath'],
  [member.timeReceivedNs, 'time_received_ns TimeReceivedNs'],
  [member.timeStartNs, 'time_flow_start_ns TimeFlowStartNs'],
  [member.timeEndNs, 'time_flow_end_ns TimeFlowEndNs'],
  [member.timeReceived, 'time_received TimeReceived'],
  [member.timeStart, 'time_flow_start TimeFlowStart'],
  [member.timeEnd, 'time_flow_end TimeFlowEnd'],
  [member.timeStartMs, 'time_flow_start_ms TimeFlowStartMs'],
  [member.timeEndMs, 'time_flow_end_ms TimeFlowEndMs'],
];

const names = new MemberNames(spellings);

/** Which member the scanner stands on. */
export function findMember(scanner: JsonMemberScanner): Member {
  return names.find(scanner) as Member;
}

/** Names that begin with a capital are v1's. */
export function isPascalName(scanner: JsonMemberScanner): boolean {
  return scanner.bytes[scanner.nameStart] < 97;
}
