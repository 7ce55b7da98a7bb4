/**
 * Which NLRI of a peer start with a path id (RFC 7911), by view and family, and whether labels come as a stack (RFC 8277). Computed
 * from both OPENs of a Peer Up for all views at once: the O flag of each Route Monitoring message selects the direction, that of the
 * Peer Up is to be ignored (RFC 8671 §6.3).
 *
 *   Adj-RIB-In    received OPEN can send     and  sent OPEN can receive
 *   Adj-RIB-Out   sent OPEN can send         and  received OPEN can receive
 *   Loc-RIB       the capability is there, whatever its direction (RFC 9069 §5.2)
 */

import { viewAdjRibOutPost, viewAdjRibOutPre, viewLocRib } from '../model/answer.ts';
import type { BgpOpen } from '../wire/bgp/types.ts';

const canReceive = 1;
const canSend = 2;

export class NlriForms {
  readonly inbound = new Set<number>();
  readonly outbound = new Set<number>();
  readonly present = new Set<number>();
  readonly stacked = new Set<number>();
  /** view << 24 | afi << 8 | safi → what its UPDATEs turned out to have, against the OPENs. */
  readonly learned = new Map<number, boolean>();

  clear(): void {
    this.inbound.clear();
    this.outbound.clear();
    this.present.clear();
    this.stacked.clear();
    this.learned.clear();
  }

  /** Adds what a Peer Up negotiates; the Peer Ups of a Loc-RIB, one a family, add up (RFC 9069 §6.1.1). */
  add(sent: BgpOpen, received: BgpOpen, isLocRib: boolean): void {
    for (const [family, sentModes] of sent.addPath) {
      const receivedModes = received.addPath.get(family) ?? 0;
      if ((receivedModes & canSend) !== 0 && (sentModes & canReceive) !== 0) this.inbound.add(family);
      if ((sentModes & canSend) !== 0 && (receivedModes & canReceive) !== 0) this.outbound.add(family);
      this.present.add(family);
    }
    for (const family of sent.multipleLabels.keys()) {
      if (isLocRib || received.multipleLabels.has(family)) this.stacked.add(family);
    }
  }

  /** `family` is afi << 8 | safi. */
  hasPathId(view: number, family: number): boolean {
    if (this.learned.size > 0) {
      const learned = this.learned.get((view << 24) | family);
      if (learned !== undefined) return learned;
    }
    if (view === viewLocRib) return this.present.has(family);
    if (view === viewAdjRibOutPost || view === viewAdjRibOutPre) return this.outbound.has(family);
    return this.inbound.has(family);
  }

  hasMultipleLabels(family: number): boolean {
    return this.stacked.has(family);
  }

  learn(view: number, family: number, hasPathId: boolean): void {
    this.learned.set((view << 24) | family, hasPathId);
  }
}
