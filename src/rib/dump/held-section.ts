/**
 * Messages held back to be put in order (reorder-queue.ts), session by session: those that begin a phase, then lane by lane as they will
 * be applied. They came in the order of their sequence numbers.
 *
 *   queue   integer session | integer phase | integer applied phase | flag terminated
 *   lane    text key of the peer | integer 1 + place of the last Peer Up or Down among its messages, 0 = none of them
 *   held    bytes of the message | integer offset in its record | word topic id | word topic | number partition | number offset
 *           | number part | number time | number arrival | number due | integer sequence | number order | integer phase | flag late
 */

import { decodeBmpMessage } from '../../wire/bmp/messages.ts';
import type { BmpSession } from '../peers.ts';
import { Fifo, type HeldMessage, ReorderQueue } from '../reorder-queue.ts';
import type { RibShard } from '../shard.ts';
import { itemHeld, itemLane, itemQueue } from './format.ts';
import type { ItemReader } from './item-reader.ts';
import type { ItemWriter } from './item-writer.ts';

export function* writeHeld(
  shard: RibShard,
  sessions: ReadonlyMap<BmpSession, number>,
  out: ItemWriter,
): Generator<void> {
  for (const [session, queue] of shard.reorder.queues) {
    const number = sessions.get(session);
    if (number === undefined) continue;
    out.begin(itemQueue);
    out.integer(number);
    out.integer(queue.phase);
    out.integer(queue.appliedPhase);
    out.flag(queue.isTerminated);
    out.end();
    yield;
    const { arrivals } = queue;
    for (let at = arrivals.head; at < arrivals.items.length; at++) {
      const item = arrivals.items[at];
      if (item.isReleased || 'peer' in item.message) continue;
      writeMessage(item, out);
      yield;
    }
    for (const [key, lane] of queue.lanes) {
      out.begin(itemLane);
      out.text(key);
      out.integer(
        lane.lastChange === null ? 0 : Math.max(0, lane.items.indexOf(lane.lastChange, lane.head) - lane.head + 1),
      );
      out.end();
      yield;
      for (let at = lane.head; at < lane.items.length; at++) {
        writeMessage(lane.items[at], out);
        yield;
      }
    }
  }
}

function writeMessage(item: HeldMessage, out: ItemWriter): void {
  out.begin(itemHeld);
  out.bytes(item.bytes);
  out.integer(item.recordOffset);
  out.word(item.topicId);
  out.word(item.topic);
  out.number(item.partition);
  out.number(item.offset);
  out.number(item.part);
  out.number(item.timestampMs);
  out.number(item.arrivalMs);
  out.number(item.dueMs);
  out.integer(item.sequence);
  out.number(item.orderMs);
  out.integer(item.phase);
  out.flag(item.isLate);
  out.end();
}

export class HeldReader {
  private readonly shard: RibShard;
  private session: BmpSession | null = null;
  private queue: ReorderQueue | null = null;
  private lane: Fifo | null = null;
  /** Place of the lane's last change, from 1. */
  private changeAt = 0;

  constructor(shard: RibShard) {
    this.shard = shard;
  }

  readQueue(sessions: readonly BmpSession[], reader: ItemReader): void {
    this.finish();
    const { reorder } = this.shard;
    const session = sessions[reader.below(sessions.length, 'session')];
    if (reorder.queues.has(session)) throw reader.error(`the queue of session ${session.key} was there before`);
    const queue = new ReorderQueue(session, reorder);
    queue.phase = reader.integer();
    queue.appliedPhase = reader.integer();
    queue.isTerminated = reader.flag();
    reorder.queues.set(session, queue);
    this.session = session;
    this.queue = queue;
    this.lane = null;
  }

  readLane(reader: ItemReader): void {
    const { queue } = this;
    const key = reader.text();
    if (queue === null || queue.lanes.has(key)) throw reader.error(`lane ${key} is out of place`);
    this.lane = new Fifo();
    this.changeAt = reader.integer();
    queue.lanes.set(key, this.lane);
  }

  readMessage(reader: ItemReader): void {
    const { lane, queue, session } = this;
    const { reorder } = this.shard;
    if (queue === null || session === null) throw reader.error('it has no queue');
    const bytes = Buffer.from(reader.bytes());
    const recordOffset = reader.integer();
    const item: HeldMessage = {
      session,
      message: decodeBmpMessage(bytes, 0, bytes.length, -recordOffset),
      bytes,
      recordOffset,
      topicId: reader.word(),
      topic: reader.word(),
      partition: reader.number(),
      offset: reader.number(),
      part: reader.number(),
      timestampMs: reader.number(),
      arrivalMs: reader.number(),
      dueMs: reader.number(),
      sequence: reader.integer(),
      orderMs: reader.number(),
      phase: reader.integer(),
      isLate: reader.flag(),
      isReleased: false,
    };
    if ('peer' in item.message !== (lane !== null)) throw reader.error(`a ${item.message.kind} is in the wrong place`);
    queue.arrivals.items.push(item);
    if (lane !== null) {
      lane.items.push(item);
      if (lane.items.length === this.changeAt) lane.lastChange = item;
    }
    reorder.count++;
    reorder.bytes += bytes.length;
    session.waiting++;
  }

  /** No more messages of the queue at hand come. */
  finish(): void {
    const { queue } = this;
    if (queue === null) return;
    queue.arrivals.items.sort((a, b) => a.sequence - b.sequence);
    const first = queue.first();
    const { reorder } = this.shard;
    if (first !== null && first.dueMs < reorder.nextDueMs) reorder.nextDueMs = first.dueMs;
    this.queue = null;
  }
}
