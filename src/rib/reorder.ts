/**
 * Messages held back for a while so that they can be applied in the order in which the router sent them (reorder-queue.ts says which), for
 * inputs whose producer reorders and for routers whose records come over several partitions. Released by the shard's clock alone, so what
 * is held is a function of the log, too. Bounded: beyond `heldBytesMaximum` the oldest go early, and are counted.
 */

import type { BmpMessage } from '../wire/bmp/types.ts';
import type { RibCounters } from './counters.ts';
import type { BmpSession } from './peers.ts';
import { type HeldMessage, type QueueTarget, ReorderQueue } from './reorder-queue.ts';

export const heldBytesMaximum = 64 * 1024 * 1024;
/** What a held message costs beside its bytes. */
const overheadBytes = 512;

interface RecordPosition {
  readonly topicId: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly part: number;
  readonly timestampMs: number;
}

export class Reorder {
  /** When the next one is due; Infinity while nothing is held. */
  nextDueMs = Infinity;
  count = 0;
  bytes = 0;
  readonly queues = new Map<BmpSession, ReorderQueue>();
  private readonly target: QueueTarget;
  private readonly counters: RibCounters;
  private readonly maximumBytes: number;
  sequence = 0;

  constructor(target: QueueTarget, counters: RibCounters, maximumBytes = heldBytesMaximum) {
    this.target = target;
    this.counters = counters;
    this.maximumBytes = maximumBytes;
  }

  /** Releases all of a session that is to wait no longer. */
  flush(session: BmpSession): void {
    const queue = this.queues.get(session);
    if (queue === undefined) return;
    while (queue.first() !== null) queue.releaseFirst();
    this.settle();
  }

  hold(
    session: BmpSession,
    message: BmpMessage,
    bytes: Buffer,
    recordOffset: number,
    position: RecordPosition,
    nowMs: number,
    windowMs: number,
  ): void {
    let queue = this.queues.get(session);
    if (queue === undefined) {
      queue = new ReorderQueue(session, this);
      this.queues.set(session, queue);
    }
    const orderMs = message.kind === 'route-monitoring' ? session.headerClock.orderMs(message.peer.timestampMs) : 0;
    const { topicId, topic, partition, offset, part, timestampMs } = position;
    const dueMs = nowMs + windowMs;
    const sequence = this.sequence++;
    const at = { topicId, topic, partition, offset, part, timestampMs, arrivalMs: nowMs, dueMs, sequence };
    // Headers may tell whole seconds only.
    const slackMs = Math.ceil(windowMs / 1000) * 1000 + 1000;
    queue.add({ session, message, bytes, recordOffset, orderMs, ...at }, slackMs);
    this.count++;
    this.bytes += bytes.length;
    session.waiting++;
    this.counters.held++;
    const first = queue.first();
    if (first !== null && first.dueMs < this.nextDueMs) this.nextDueMs = first.dueMs;
    while (this.heldBytes() > this.maximumBytes) {
      this.counters.releasedEarly++;
      this.releaseNext();
    }
  }

  /** Releases the message that is due first, with what must go before it. */
  releaseNext(): void {
    let next: ReorderQueue | null = null;
    let first: HeldMessage | null = null;
    for (const queue of this.queues.values()) {
      const item = queue.first();
      if (item === null) continue;
      const isSooner = first === null || item.dueMs < first.dueMs;
      if (!isSooner && (item.dueMs !== first?.dueMs || item.sequence > first.sequence)) continue;
      next = queue;
      first = item;
    }
    next?.releaseFirst();
    this.settle();
  }

  applyHeld(item: HeldMessage): void {
    this.count--;
    this.bytes -= item.bytes.length;
    item.session.waiting--;
    this.target.applyHeld(item);
  }

  /** Everything held, for a snapshot: with it, and their sessions' state, a copy goes on as this one does. */
  list(): HeldMessage[] {
    return [...this.queues.values()].flatMap((queue) => queue.list());
  }

  heldBytes(): number {
    return this.bytes + this.count * overheadBytes;
  }

  private settle(): void {
    this.nextDueMs = Infinity;
    for (const [session, queue] of this.queues) {
      const first = queue.first();
      if (first === null) this.queues.delete(session);
      else this.nextDueMs = Math.min(this.nextDueMs, first.dueMs);
    }
  }
}
