/**
 * A small stand-in for the shard's session layer: which peers negotiated ADD-PATH in which direction (RFC 7911 §4), by Peer Ups alone.
 * For decoder tests; it keeps no routes and forgets nothing.
 *
 *   Adj-RIB-In   path ids iff the received OPEN can send and the sent OPEN can receive
 *   Adj-RIB-Out  path ids iff the sent OPEN can send and the received OPEN can receive (RFC 8671)
 *   Loc-RIB      path ids iff the capability is there, whatever its direction (RFC 9069 §5.2)
 */

import type { BgpOpen, UpdateContext } from '../../src/wire/bgp/types.ts';
import { type PeerUp, type PerPeerHeader, peerTypeLocRib } from '../../src/wire/bmp/types.ts';

const canReceive = 1;
const canSend = 2;

export class BmpSessions {
  private readonly peers = new Map<string, PeerUp>();

  apply(router: string, message: PeerUp): void {
    this.peers.set(keyOf(router, message.peer), message);
  }

  context(router: string, peer: PerPeerHeader): UpdateContext {
    const up = this.peers.get(keyOf(router, peer));
    return {
      twoByteAsPath: peer.isTwoByteAsPath,
      isLocRib: peer.type === peerTypeLocRib,
      isExternal: false,
      isPrePolicy: false,
      hasPathId: (family) => up !== undefined && hasPathId(up, peer, family),
      hasMultipleLabels: (family) =>
        up !== undefined && labelCount(up.sentOpen, family) > 1 && labelCount(up.receivedOpen, family) > 1,
    };
  }
}

function hasPathId(up: PeerUp, peer: PerPeerHeader, family: number): boolean {
  const sent = up.sentOpen.addPath.get(family) ?? 0;
  const received = up.receivedOpen.addPath.get(family) ?? 0;
  if (peer.type === peerTypeLocRib) return sent !== 0;
  return peer.isAdjRibOut
    ? (sent & canSend) !== 0 && (received & canReceive) !== 0
    : (received & canSend) !== 0 && (sent & canReceive) !== 0;
}

function labelCount(open: BgpOpen, family: number): number {
  return open.multipleLabels.get(family) ?? 0;
}

function keyOf(router: string, peer: PerPeerHeader): string {
  const address = peer.type === peerTypeLocRib ? peer.bgpId : peer.address;
  return `${router} ${peer.type} ${peer.distinguisher} ${address}`;
}
