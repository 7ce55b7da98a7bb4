/**
 * What lookup must know of a route's source, in columns by SourceId: the table gives a route's source, these give the rest without
 * touching an object. Written by ribs.ts only.
 *
 *   head    router index << 8 | view, or -1: retired, or not to answer (pre-policy beside post-policy, stale beside another session's live)
 *   flags   bit 0 stale | bit 1 suspect | bit 2 complete | bit 3 eBGP | bit 4 Loc-RIB | bit 5 in the VRF
 *   rd      number of the route distinguisher (route-distinguishers.ts), -1 in the global instance
 *
 * Invariant: `head` of a source is -1 exactly when its routes must not answer, so a lookup needs no other test. Cost: 43 bytes a source,
 * and what MEMORY.md says of the objects beside it.
 */

import type { IpAddress } from '../base/ip.ts';
import type { Rib } from './peers.ts';
import type { RouteTable, SourceId } from './types.ts';

export const sourceStale = 1;
export const sourceSuspect = 2;
export const sourceComplete = 4;
export const sourceEbgp = 8;
export const sourceLocRib = 16;
/** Of a peer that is in the VRF itself (RFC 7854 §4.2 type 1 or 2, or a Loc-RIB with a distinguisher), not a VPN route. */
export const sourceInVrf = 32;

export const headViewBits = 8;

/** A table with the columns of its sources: the global one, or that of everything with a route distinguisher. */
export interface RibInstance {
  readonly routes: RouteTable;
  readonly sources: SourceColumns;
}

export class SourceColumns {
  head = new Int32Array(64).fill(-1);
  flags = new Uint8Array(64);
  safi = new Uint8Array(64);
  rd = new Int32Array(64).fill(-1);
  /** Number of the BGP neighbour within the shard: the same for all sessions and views that tell of it. */
  neighbour = new Int32Array(64);
  peerFamily = new Uint8Array(64);
  peer0 = new Int32Array(64);
  peer1 = new Int32Array(64);
  peer2 = new Int32Array(64);
  peer3 = new Int32Array(64);
  /** Router id of the neighbour. */
  bgpId = new Uint32Array(64);
  /** The router's own AS as its OPEN says; 0 = unknown (no Peer Up). */
  localAs = new Uint32Array(64);
  readonly ribs: (Rib | null)[] = [];

  set(source: SourceId, rib: Rib, rd: number, address: IpAddress, bgpId: number): void {
    if (source >= this.head.length) this.grow(source + 1);
    const { neighbour, localAs } = rib.peer;
    this.safi[source] = rib.safi;
    this.rd[source] = rd;
    this.neighbour[source] = neighbour.index;
    this.peerFamily[source] = address.family;
    this.peer0[source] = address.w0;
    this.peer1[source] = address.w1;
    this.peer2[source] = address.w2;
    this.peer3[source] = address.w3;
    this.bgpId[source] = bgpId;
    this.localAs[source] = localAs;
    this.ribs[source] = rib;
  }

  clear(source: SourceId): void {
    this.head[source] = -1;
    this.flags[source] = 0;
    this.ribs[source] = null;
  }

  private grow(size: number): void {
    const capacity = Math.max(size, this.head.length * 2);
    const head = new Int32Array(capacity).fill(-1);
    head.set(this.head);
    this.head = head;
    this.flags = widened(this.flags, new Uint8Array(capacity));
    this.safi = widened(this.safi, new Uint8Array(capacity));
    this.rd = widened(this.rd, new Int32Array(capacity));
    this.neighbour = widened(this.neighbour, new Int32Array(capacity));
    this.peerFamily = widened(this.peerFamily, new Uint8Array(capacity));
    this.peer0 = widened(this.peer0, new Int32Array(capacity));
    this.peer1 = widened(this.peer1, new Int32Array(capacity));
    this.peer2 = widened(this.peer2, new Int32Array(capacity));
    this.peer3 = widened(this.peer3, new Int32Array(capacity));
    this.bgpId = widened(this.bgpId, new Uint32Array(capacity));
    this.localAs = widened(this.localAs, new Uint32Array(capacity));
  }
}

function widened<T extends Uint8Array | Int32Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
