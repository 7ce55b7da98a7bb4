/** What the HTTP server shows of a member: plain, JSON-able snapshots, taken at the request. app/ implements it. */

import type { Explanation } from '../lookup/explain.ts';
import type { SessionStatus } from '../rib/status.ts';

export interface ShardStatus {
  readonly shard: number;
  /** "serving" when lookups are answered; otherwise what it waits for, e.g. "restoring". */
  readonly state: string;
  /** Only its reference routers, which every member keeps; another member holds the shard. */
  readonly copy: boolean;
  readonly [field: string]: string | number | boolean | null;
}

/** Routes of a router in one family of its global table or of one VRF, over all its peers and views. */
export interface FamilyStatus {
  /** "ipv4", "ipv6", "vpnv4" … */
  readonly family: string;
  /** Of the VRF whose peers told them; null for the global table, and for VPN families, whose routes each have an RD. */
  readonly rd: string | null;
  readonly routes: number;
  /** Views held, the first configured one first; of VPN families all that hold routes. */
  readonly views: readonly { readonly view: string; readonly complete: boolean; readonly routes: number }[];
  /**
   * The view that answers lookups in the global table; null when none is complete: then all that are configured answer together. Of VRFs
   * null: which of their views answers depends on RDs and import targets, a lookup tells it.
   */
  readonly authority: string | null;
}

export interface LastEvent {
  readonly kind: string;
  /** Empty when it is about the router. */
  readonly peer: string;
  readonly text: string;
  /** Time of the shard's clock, ISO 8601. */
  readonly at: string;
}

export interface RouterStatus {
  readonly name: string;
  /** Text of the address that decides its shard. */
  readonly key: string;
  readonly shard: number;
  readonly sessionCount: number;
  readonly sessionsUp: number;
  readonly peerCount: number;
  readonly peersUp: number;
  readonly routeCount: number;
  readonly stale: boolean;
  readonly suspect: boolean;
  /** Its records come over several partitions of one topic: their order is not known. */
  readonly unordered: boolean;
  readonly families: readonly FamilyStatus[];
  readonly lastEvent: LastEvent | null;
  readonly sessions: readonly SessionStatus[];
}

/** A lookup as it was asked, its texts checked (lookup-query.ts). */
export interface LookupQuery {
  /** Configured name, BMP address or exporter address. */
  readonly router: string;
  readonly address: string;
  readonly nextHop: string | null;
  readonly rd: string | null;
}

/** An answer, whatever its status; the members are URLs, where they are known. */
export interface LookupAnswer extends Explanation {
  readonly answeredBy: string | null;
  /** Who was asked, when that is another member. */
  readonly forwardedBy?: string | null;
}

export interface Refusal {
  readonly error: string;
  readonly [detail: string]: unknown;
}

export interface LookupReply {
  readonly code: number;
  readonly body: LookupAnswer | Refusal;
}

/** Answers of all members, one after another; those that did not answer say why. */
export interface GroupStatus {
  readonly shards: readonly unknown[];
  readonly routers: readonly unknown[];
  readonly members: readonly { readonly url: string | null; readonly error: string | null }[];
}

export interface AppStatus {
  /** True when every shard of this member serves. A member without shards is ready: it has nothing to wait for. */
  isReady(): boolean;
  /** Shards of this member, and its copies of reference routers' tables, by number. */
  shards(): readonly ShardStatus[];
  /** Routers in the shards that this member holds, not those of copies. */
  routers(): readonly RouterStatus[];
  /** Shards or routers of all members of the group. */
  ofGroup(what: 'shards' | 'routers'): Promise<GroupStatus>;
  /** `isForwarded`: by a member that took this one for the owner; it is not handed on again. */
  lookup(query: LookupQuery, isForwarded: boolean): Promise<LookupReply>;
}
