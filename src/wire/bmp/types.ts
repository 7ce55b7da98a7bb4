/**
 * BMP messages as the decoder gives them (RFC 7854, 8671, 9069). Cold path: one small object a message, none a prefix; a BGP PDU
 * inside stays in place and is named by its range of the buffer.
 */

import type { BgpOpen } from '../bgp/types.ts';

export const peerTypeGlobal = 0;
export const peerTypeRd = 1;
export const peerTypeLocal = 2;
export const peerTypeLocRib = 3;

/** RFC 7854 §4.2. For peer type 3 (RFC 9069 §4.2) V, L, A and O do not exist and 0x80 is F. */
export interface PerPeerHeader {
  readonly type: number;
  readonly flags: number;
  /** V: the address is IPv6. False for Loc-RIB. */
  readonly isIpv6: boolean;
  /** L: post-policy. False for Loc-RIB. */
  readonly isPostPolicy: boolean;
  /** A: AS_PATH in 2-byte form. False for Loc-RIB (always 4-byte). */
  readonly isTwoByteAsPath: boolean;
  /** O: Adj-RIB-Out (RFC 8671). To be ignored in Peer Up and Peer Down. False for Loc-RIB. */
  readonly isAdjRibOut: boolean;
  /** F: the Loc-RIB is filtered. False for other types. */
  readonly isFiltered: boolean;
  /** 8 bytes as 16 hex digits. */
  readonly distinguisher: string;
  /** RFC 5952 / dotted quad text; "0.0.0.0" for Loc-RIB. */
  readonly address: string;
  readonly peerAs: number;
  /** Dotted quad. */
  readonly bgpId: string;
  /** Milliseconds since the epoch, fractions kept; 0 = unavailable. */
  readonly timestampMs: number;
}

/** Information TLV (RFC 7854 §4.4): of Initiation, Peer Up, and Peer Down reason 6. */
export interface BmpTlv {
  readonly type: number;
  readonly value: Buffer;
}

export interface RouteMonitoring {
  readonly kind: 'route-monitoring';
  readonly peer: PerPeerHeader;
  /** Range of the BGP UPDATE PDU, its 19-byte header included. */
  readonly pduStart: number;
  readonly pduEnd: number;
}

export interface BmpStatistic {
  readonly type: number;
  /** Counters and gauges as decimals, "afi/safi gauge" for those of a family; empty for an unknown type or size. */
  readonly value: string;
}

export interface StatisticsReport {
  readonly kind: 'statistics-report';
  readonly peer: PerPeerHeader;
  readonly statistics: readonly BmpStatistic[];
}

export interface PeerDown {
  readonly kind: 'peer-down';
  readonly peer: PerPeerHeader;
  /** RFC 7854 §4.9: 1-5; 6 = Loc-RIB (RFC 9069). Others are kept as they are. */
  readonly reason: number;
  /** Error code and subcode of the NOTIFICATION of reasons 1 and 3, "6/4"; empty when absent. */
  readonly notification: string;
  /** FSM event (RFC 4271 §8.1) of reason 2, 0 = not known to the router; -1 when absent. */
  readonly fsmEvent: number;
  /** VRF/Table Name TLV of reason 6; empty when absent. */
  readonly tableName: string;
}

export interface PeerUp {
  readonly kind: 'peer-up';
  readonly peer: PerPeerHeader;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remotePort: number;
  readonly sentOpen: BgpOpen;
  readonly receivedOpen: BgpOpen;
  readonly information: readonly BmpTlv[];
  /** VRF/Table Name TLV (RFC 9069 §4.3, type 3); empty when absent. */
  readonly tableName: string;
  /** Admin Label TLVs (RFC 8671 §6.3.1, type 4). */
  readonly adminLabels: readonly string[];
  /** Murmur2 over both OPENs and the ports: equal fingerprints, equal epoch (design: life of a peer). */
  readonly fingerprint: number;
}

export interface Initiation {
  readonly kind: 'initiation';
  readonly information: readonly BmpTlv[];
  readonly sysName: string;
  readonly sysDescr: string;
}

export interface Termination {
  readonly kind: 'termination';
  readonly reason: number;
}

export interface RouteMirroring {
  readonly kind: 'route-mirroring';
  readonly peer: PerPeerHeader;
}

export type BmpMessage =
  | RouteMonitoring
  | StatisticsReport
  | PeerDown
  | PeerUp
  | Initiation
  | Termination
  | RouteMirroring;
