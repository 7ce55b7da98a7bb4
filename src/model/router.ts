/** A router: one BMP speaker, under however many addresses it sends BMP and exports flows, with the VRFs that lookups may be in. */

import type { IpAddress } from '../base/ip.ts';
import { partitionOfKey } from '../base/murmur2.ts';

export interface Router {
  /** What makes it one router: the text of its first configured BMP address, else of the address it speaks from. */
  readonly key: string;
  /** Configured name, else the key. */
  readonly name: string;
  readonly shard: number;
  /** The configured ones; routers tell of others (lookup/vrf-resolver.ts). */
  readonly vrfs: readonly Vrf[];
  /** Routers whose tables serve where its own does not, in order: its own list, else the common one; never itself. */
  readonly references: readonly Router[];
  /** Its BGP addresses and BGP ID, as its route reflectors know it; unmapped. */
  readonly bgp: readonly IpAddress[];
}

/**
 * A VRF of a router: which routes are in its table. Those with one of its RDs, whether told from inside the VRF or as VPN routes, and VPN
 * routes with one of its import targets, whatever their RD (other PEs number theirs on their own).
 */
export interface Vrf {
  /** In enriched flows; empty for the global table. RDs that the router sends under this name (VRF/Table Name TLV) are in it as well. */
  readonly name: string;
  /** `type:administrator:number` in decimal, IPv4 administrators dotted. */
  readonly rds: readonly string[];
  /** Distinguishers of peer type 2 (RFC 7854 §4.2), which are no RDs: `local:NUMBER`, decimal uint64. */
  readonly localDistinguishers: readonly string[];
  /** Extended communities (RFC 4360 §4, RFC 5668), two words each. */
  readonly importTargets: Int32Array;
  /** VRF ids that flows carry. */
  readonly ids: readonly number[];
}

/** Name of the global table where VRFs are named (RFC 9069 §5.3). */
export const globalTableName = 'global';

/** What a flow's VRF is: a configured or learned one, or one of the two below. Compared by identity. */
export type VrfChoice = Vrf;

/** The router's global table. */
export const globalVrf: VrfChoice = specialVrf('');
/** The flow names a VRF that nobody knows: there is no table to look into. */
export const unknownVrf: VrfChoice = specialVrf('');

function specialVrf(name: string): Vrf {
  return { name, rds: [], localDistinguishers: [], importTargets: new Int32Array(0), ids: [] };
}

/** The shard of a router: Java's default partitioner over the key's text, so that a producer which keys by it aligns with us. */
export function shardOfRouter(key: string, shards: number): number {
  return partitionOfKey(Buffer.from(key, 'utf8'), shards);
}

/** Address → router, for whoever needs no more of the directory (lookup/router-directory.ts). */
export interface BmpRouters {
  /** Router that speaks BMP from this address. */
  byBmpAddress(text: string): Router;
}
