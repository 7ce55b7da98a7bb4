/** BGP OPEN and UPDATE as the decoders give them (RFC 4271 and the extensions named at each field). */

export const afiIpv4 = 1;
export const afiIpv6 = 2;
export const safiUnicast = 1;
export const safiLabeledUnicast = 4;
/** RFC 4364, RFC 4659. */
export const safiVpn = 128;
export const safiEvpn = 70;
/** L2VPN's SAFI 70 (RFC 7432 §7), as `afi << 8 | safi`. */
export const evpn = (25 << 8) | safiEvpn;

/** ADD-PATH capability (RFC 7911 §4): bit 0 = can receive, bit 1 = can send. Key: `afi << 8 | safi`. */
export interface BgpOpen {
  readonly version: number;
  /** Four-octet AS capability (RFC 6793) if present, else My Autonomous System. */
  readonly as: number;
  readonly holdTimeS: number;
  /** Dotted quad. */
  readonly bgpId: string;
  readonly hasFourOctetAs: boolean;
  readonly addPath: ReadonlyMap<number, number>;
  /** Families of the Multiprotocol capability, `afi << 8 | safi`. */
  readonly families: readonly number[];
  /** Families for which Multiple Labels (RFC 8277 §2.1) was advertised, with the count. */
  readonly multipleLabels: ReadonlyMap<number, number>;
  /** Codes of all capabilities seen, known or not. */
  readonly capabilities: readonly number[];
}

/** How a PDU is to be read: what was negotiated and what the per-peer header says. */
export interface UpdateContext {
  /** AS numbers in AS_PATH are 2 bytes wide (per-peer header A flag). */
  readonly twoByteAsPath: boolean;
  /** The PDU is from a Loc-RIB (peer type 3): routes that the router itself originated may lack AS_PATH (GoBGP 3.10). */
  readonly isLocRib: boolean;
  /** The PDU is from the Adj-RIB-In of a peer in another AS: its AS_PATH cannot be empty. */
  readonly isExternal: boolean;
  /** It is as received, before policy. */
  readonly isPrePolicy: boolean;
  /** NLRI of `afi << 8 | safi` start with a 4-byte path id. */
  hasPathId(family: number): boolean;
  /** Labels are a stack (Multiple Labels negotiated), not one 3-octet label. */
  hasMultipleLabels(family: number): boolean;
}

/**
 * A list of prefixes in columns; refilled, grows, never shrinks. Host bits are masked. Unicast, labeled unicast and VPN prefixes of IPv4
 * and IPv6 come here, and IP prefixes of EVPN; other families are counted in `BgpUpdate.skipped`.
 */
export interface NlriList {
  count: number;
  /** 4 or 6. */
  family: Uint8Array;
  /** 1, 4, 128, or 70: EVPN. */
  safi: Uint8Array;
  length: Uint8Array;
  w0: Int32Array;
  w1: Int32Array;
  w2: Int32Array;
  w3: Int32Array;
  /** uint32; meaningful where `hasPathId` is 1. Path id 0 is valid. */
  pathId: Uint32Array;
  hasPathId: Uint8Array;
  /** 0: attributes with the next hop of attribute 3; 1: with that of MP_REACH_NLRI. Announcements only. */
  attributeSet: Uint8Array;
  /** The RD's 8 bytes as two words; 0 but for VPN and EVPN rows. */
  rdHigh: Int32Array;
  rdLow: Int32Array;
  /** 0 but for EVPN. */
  ethernetTag: Uint32Array;
}

/** One UPDATE, decoded; refilled by the decoder for each PDU. */
export interface BgpUpdate {
  /** To be removed first: RFC 4271 withdrawn routes, MP_UNREACH_NLRI, and everything under treat-as-withdraw (RFC 7606). */
  readonly withdrawn: NlriList;
  readonly announced: NlriList;
  /**
   * Attribute sets in the form of model/attribute-words.ts; [0] with the next hop of attribute 3, [1] with that of MP_REACH_NLRI;
   * `attributeLengths[i]` words are valid, 0 = the UPDATE announces nothing that uses this set.
   */
  readonly attributeWords: [Int32Array, Int32Array];
  readonly attributeLengths: [number, number];
  /** `afi << 8 | safi` of an End-of-RIB marker (RFC 4724 §2), or -1. */
  endOfRib: number;
  /** Prefixes or route entries of families that are not kept, counted by `afi << 8 | safi` (entries -1 where they cannot be counted: 1 a PDU). */
  readonly skipped: Map<number, number>;
  /** EVPN routes other than IP prefixes, by route type. */
  readonly skippedEvpnTypes: Map<number, number>;
  /** RFC 7606: what was wrong and how it was treated; empty when nothing was. The last one wins. */
  treatAsWithdraw: boolean;
  discardedAttributes: number;
  /** Text with attribute and byte offset for logs; empty when nothing was wrong. */
  problem: string;
  /** NLRI did not fit the negotiated ADD-PATH form and was read the other way (formats of FRR 8.4, GoBGP 3.10). */
  addPathGuessed: boolean;
  /** AS_PATH did not fit the width that the A flag says and was read the other way. */
  asWidthGuessed: boolean;
  /** Some NLRI could not be read at all: what it withdrew or announced is unknown, the peer's table is suspect. */
  unparsableNlri: boolean;
}
