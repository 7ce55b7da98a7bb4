/**
 * The messages of one BMP session that are held back, in two orders: as they came (which is when they are due), and by peer as they will
 * be applied. Producers that put each message through a thread of its own displace messages by less than the window.
 *
 *   arrivals   Initiation  UpA  RmA1  RmB1  DownB  RmA2 …          released from the front, each with all that its lane has before it
 *   lane A     UpA │ RmA1 RmA2 …                                   Route Monitoring sorted between the Ups and Downs, which keep their place
 *   lane B     RmB1 │ DownB │
 *   phase      0 … Initiation or Termination: 1 … the next: 2      what belongs to a later phase waits for the message that begins it
 *
 * What came too early is put where it belongs when the message that it overtook arrives: Route Monitoring of a peer that was not up goes
 * behind its Peer Up, a peer that came up goes behind the Initiation. What came too late (Route Monitoring behind a Peer Down or a
 * Termination) is marked, and is a straggler if the peer is not up again by then.
 */

import type { BmpMessage } from '../wire/bmp/types.ts';
import { type BmpSession, peerKey } from './peers.ts';

export interface HeldMessage {
  readonly session: BmpSession;
  readonly message: BmpMessage;
  /** The message's own bytes: input buffers are used again. */
  readonly bytes: Buffer;
  /** Where it began in its record. */
  readonly recordOffset: number;
  readonly topicId: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly part: number;
  readonly timestampMs: number;
  /** The shard's clock then. */
  readonly arrivalMs: number;
  readonly dueMs: number;
  /** Place in the log among the held. */
  readonly sequence: number;
  /** Time by which it is ordered: of its header, or that of the message before it when the header has none that can be right. */
  orderMs: number;
  /** Number of Initiations and Terminations before it, or its own. */
  phase: number;
  /** It came behind a Peer Down of its peer, or a Termination. */
  readonly isLate: boolean;
  isReleased: boolean;
}

/** Removes from the front without moving the rest each time. */
export class Fifo {
  items: HeldMessage[] = [];
  head = 0;
  /** Of a lane: the last Peer Up or Peer Down that came. */
  lastChange: HeldMessage | null = null;

  takeFirst(): void {
    this.head++;
    if (this.head < 256 || this.head * 2 < this.items.length) return;
    this.items = this.items.slice(this.head);
    this.head = 0;
  }
}

export interface QueueTarget {
  applyHeld(item: HeldMessage): void;
}

export class ReorderQueue {
  private readonly session: BmpSession;
  private readonly target: QueueTarget;
  readonly arrivals = new Fifo();
  readonly lanes = new Map<string, Fifo>();
  /** Of the last Initiation or Termination that came, and of the last one applied. */
  phase = 0;
  appliedPhase = 0;
  isTerminated = false;

  constructor(session: BmpSession, target: QueueTarget) {
    this.session = session;
    this.target = target;
  }

  /** The oldest held, or null. */
  first(): HeldMessage | null {
    const { arrivals } = this;
    while (arrivals.head < arrivals.items.length && arrivals.items[arrivals.head].isReleased) arrivals.takeFirst();
    return arrivals.items[arrivals.head] ?? null;
  }

  /** `slackMs`: how far behind others a header's time can be because of the producer. */
  add(item: Omit<HeldMessage, 'isLate' | 'phase' | 'isReleased'>, slackMs: number): void {
    const { message } = item;
    if (message.kind === 'initiation' || message.kind === 'termination') {
      const boundary = this.held(item, this.phase + 1, false);
      this.phase++;
      this.arrivals.items.push(boundary);
      this.isTerminated = message.kind === 'termination';
      if (!this.isTerminated) for (const [key, lane] of this.lanes) this.moveBehindInitiation(key, lane);
      return;
    }
    const key = peerKey(message.peer);
    let lane = this.lanes.get(key);
    if (lane === undefined) {
      lane = new Fifo();
      this.lanes.set(key, lane);
    }
    const isLate = (this.isTerminated && this.appliedPhase < this.phase) || this.isBehindDown(lane.lastChange);
    const held = this.held(item, this.phase, isLate);
    if (isChange(held)) lane.lastChange = held;
    this.arrivals.items.push(held);
    lane.items.splice(this.placeOf(held, key, lane, slackMs), 0, held);
  }

  /** Releases the oldest and what must go before it. */
  releaseFirst(): void {
    const item = this.first();
    if (item === null) return;
    this.enterPhase(item.phase);
    if (!item.isReleased) this.releaseLane(item);
  }

  /** As they will be applied, lane by lane; what begins a phase first. */
  list(): HeldMessage[] {
    const { arrivals, lanes } = this;
    const boundaries = arrivals.items
      .slice(arrivals.head)
      .filter((item) => !item.isReleased && !('peer' in item.message));
    return [...boundaries, ...[...lanes.values()].flatMap((lane) => lane.items.slice(lane.head))];
  }

  private held(
    item: Omit<HeldMessage, 'isLate' | 'phase' | 'isReleased'>,
    phase: number,
    isLate: boolean,
  ): HeldMessage {
    return Object.assign(item, { phase, isLate, isReleased: false });
  }

  /** Index in the lane. */
  private placeOf(item: HeldMessage, key: string, lane: Fifo, slackMs: number): number {
    const { items, head } = lane;
    let at = items.length;
    const { kind } = item.message;
    if (kind === 'peer-down') return at;
    if (kind === 'peer-up') return this.placeOfPeerUp(item, key, lane);
    const last = at > head ? items[at - 1] : null;
    const lastMs = last !== null && !isChange(last) && last.phase === item.phase ? last.orderMs : 0;
    // No producer displaces that far: this header's time is not when the message was sent (FRR and GoBGP repeat when the route was learned).
    if (kind !== 'route-monitoring' || item.orderMs === 0 || item.orderMs < lastMs - slackMs) item.orderMs = lastMs;
    while (at > head) {
      const before = items[at - 1];
      if (isChange(before) || before.phase !== item.phase || before.orderMs <= item.orderMs) break;
      at--;
    }
    return at;
  }

  /** In front of the Route Monitoring that overtook it: what came while the peer was not up. */
  private placeOfPeerUp(item: HeldMessage, key: string, lane: Fifo): number {
    const { items, head } = lane;
    let at = items.length;
    while (at > head && !isChange(items[at - 1]) && items[at - 1].phase === item.phase) at--;
    if (at > head) {
      const before = items[at - 1];
      return before.phase === item.phase && before.message.kind === 'peer-up' ? items.length : at;
    }
    const isUp = item.phase === this.appliedPhase && this.session.peers.get(key)?.state === 'up';
    return isUp ? items.length : at;
  }

  /** From its Peer Up on, or all of a peer that no session told of, the lane belongs to the new BMP session. */
  private moveBehindInitiation(key: string, lane: Fifo): void {
    const { items, head } = lane;
    const former = this.phase - 1;
    let from = items.length;
    let firstUp = -1;
    let hasChange = false;
    while (from > head && items[from - 1].phase === former) {
      from--;
      hasChange ||= isChange(items[from]);
      if (items[from].message.kind === 'peer-up') firstUp = from;
    }
    if (firstUp < 0) {
      const state = this.session.peers.get(key)?.state;
      if (hasChange || state === 'up' || state === 'provisional' || state === 'down') return;
      firstUp = from;
    }
    for (let i = firstUp; i < items.length; i++) items[i].phase = this.phase;
  }

  private isBehindDown(change: HeldMessage | null): boolean {
    if (change === null || change.isReleased || change.phase !== this.phase) return false;
    return change.message.kind === 'peer-down';
  }

  /** All of former phases, and what begins this one. */
  private enterPhase(phase: number): void {
    while (this.appliedPhase < phase) {
      const { items, head } = this.arrivals;
      let at = head;
      for (; ; at++) {
        const item = items[at];
        if (item.isReleased) continue;
        if (item.phase > this.appliedPhase && !('peer' in item.message)) break;
        if (item.phase <= this.appliedPhase) this.releaseLane(item);
      }
      this.appliedPhase++;
      this.release(items[at]);
    }
  }

  private releaseLane(item: HeldMessage): void {
    if (!('peer' in item.message)) return;
    const key = peerKey(item.message.peer);
    const lane = this.lanes.get(key);
    if (lane === undefined) return;
    while (!item.isReleased && lane.head < lane.items.length) {
      const next = lane.items[lane.head];
      lane.takeFirst();
      this.release(next);
    }
    if (lane.head === lane.items.length) this.lanes.delete(key);
  }

  private release(item: HeldMessage): void {
    item.isReleased = true;
    this.target.applyHeld(item);
  }
}

function isChange(item: HeldMessage): boolean {
  return item.message.kind === 'peer-up' || item.message.kind === 'peer-down';
}
