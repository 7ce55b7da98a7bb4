/**
 * A fetched partition in, the RecordBatch of the seam out: the hot path of reading. It walks the varints of each record once and
 * notes where key, value and headers stand; nothing is copied and nothing is allocated but the position arrays, which are reused.
 * The headers section of a record on the wire is the one base/record-headers.ts reads.
 *
 * Hazard D10: all positions refer to the whole fetch response. Whoever keeps bytes beyond the handler must copy them.
 */

import { FatalError } from '../base/errors.ts';
import { AbortedFilter } from './d03-aborted-filter.ts';
import type { BatchRange, FetchedPartition } from './fetch.ts';
import type { RecordBatch } from './types.ts';

const nothing = Buffer.alloc(0);

/** Where the last slow varint ended. */
let varintEnd = 0;

/** A zigzag varint of more than one byte, as a number that may need 64 bits (timestamp deltas do). */
function readLongVarint(buffer: Buffer, from: number): number {
  let low = 0;
  let high = 0;
  let at = from;
  let shift = 0;
  for (;;) {
    const byte = buffer[at++];
    if (shift < 28) low |= (byte & 0x7f) << shift;
    else high += (byte & 0x7f) * 2 ** (shift - 28);
    if (byte < 0x80 || byte === undefined) break;
    shift += 7;
  }
  varintEnd = at;
  if (high === 0) return (low >>> 1) ^ -(low & 1);
  const magnitude = (high * 268_435_456 + low - (low & 1)) / 2;
  return (low & 1) === 0 ? magnitude : -magnitude - 1;
}

export class RecordBatchView implements RecordBatch {
  topic = '';
  partition = 0;
  count = 0;
  nextOffset = 0;
  highWatermark = 0;
  buffer: Buffer = nothing;
  offsets = new Float64Array(0);
  timestamps = new Float64Array(0);
  keyStarts = new Int32Array(0);
  keyEnds = new Int32Array(0);
  valueStarts = new Int32Array(0);
  valueEnds = new Int32Array(0);
  headerStarts = new Int32Array(0);
  headerEnds = new Int32Array(0);

  /** Takes the records at or beyond `position`; aborted ones are left out when `readCommitted`. */
  show(fetched: FetchedPartition, position: number, readCommitted: boolean): void {
    this.topic = fetched.topic;
    this.partition = fetched.partition;
    this.highWatermark = fetched.highWatermark;
    this.buffer = fetched.buffer;
    this.count = 0;
    this.nextOffset = position;
    const filter = readCommitted && fetched.aborted.length > 0 ? new AbortedFilter(fetched.aborted) : null;
    this.reserve(fetched.batches);
    for (const batch of fetched.batches) {
      if (batch.lastOffset >= this.nextOffset) this.nextOffset = batch.lastOffset + 1;
      if (filter?.skips(batch.producerId, batch.lastOffset, batch.transactional, batch.abortMarker) === true) continue;
      if (!batch.control && batch.lastOffset >= position) this.addBatch(batch, position);
    }
  }

  /** Forgets the response, so that it can be collected while the view waits for its next use. */
  clear(): void {
    this.buffer = nothing;
    this.count = 0;
  }

  private reserve(batches: readonly BatchRange[]): void {
    let records = 0;
    for (const batch of batches) records += batch.count;
    if (records <= this.offsets.length) return;
    const capacity = Math.ceil(records * 1.25);
    this.offsets = new Float64Array(capacity);
    this.timestamps = new Float64Array(capacity);
    this.keyStarts = new Int32Array(capacity);
    this.keyEnds = new Int32Array(capacity);
    this.valueStarts = new Int32Array(capacity);
    this.valueEnds = new Int32Array(capacity);
    this.headerStarts = new Int32Array(capacity);
    this.headerEnds = new Int32Array(capacity);
  }

  /**
   * Record => length(varint) attributes(int8) timestamp_delta(varlong) offset_delta(varint)
   *           key_length(varint, -1 null) key value_length(varint, -1 null) value headers_count(varint) headers
   */
  private addBatch(batch: BatchRange, position: number): void {
    const buffer = this.buffer;
    const appendTime = batch.appendTimestamp;
    const hasAppendTime = !Number.isNaN(appendTime);
    let slot = this.count;
    let at = batch.start;
    let byte = 0;
    for (let i = 0; i < batch.count; i++) {
      let size = (byte = buffer[at]) < 0x80 ? (byte >>> 1) ^ -(byte & 1) : readLongVarint(buffer, at);
      at = byte < 0x80 ? at + 1 : varintEnd;
      const end = at + size;
      if (!(size > 0 && end <= batch.end)) this.throwMalformed(batch);
      at++;
      const timestampDelta = (byte = buffer[at]) < 0x80 ? (byte >>> 1) ^ -(byte & 1) : readLongVarint(buffer, at);
      at = byte < 0x80 ? at + 1 : varintEnd;
      const offsetDelta = (byte = buffer[at]) < 0x80 ? (byte >>> 1) ^ -(byte & 1) : readLongVarint(buffer, at);
      at = byte < 0x80 ? at + 1 : varintEnd;
      const offset = batch.baseOffset + offsetDelta;
      if (offset < position) {
        at = end;
        continue;
      }
      this.offsets[slot] = offset;
      this.timestamps[slot] = hasAppendTime ? appendTime : batch.baseTimestamp + timestampDelta;

      size = (byte = buffer[at]) < 0x80 ? (byte >>> 1) ^ -(byte & 1) : readLongVarint(buffer, at);
      at = byte < 0x80 ? at + 1 : varintEnd;
      this.keyStarts[slot] = size < 0 ? -1 : at;
      if (size > 0) at += size;
      this.keyEnds[slot] = size < 0 ? -1 : at;

      size = (byte = buffer[at]) < 0x80 ? (byte >>> 1) ^ -(byte & 1) : readLongVarint(buffer, at);
      at = byte < 0x80 ? at + 1 : varintEnd;
      this.valueStarts[slot] = size < 0 ? -1 : at;
      if (size > 0) at += size;
      this.valueEnds[slot] = size < 0 ? -1 : at;

      if (at >= end) this.throwMalformed(batch);
      this.headerStarts[slot] = at;
      this.headerEnds[slot] = buffer[at] === 0 ? at : end;
      slot++;
      at = end;
    }
    this.count = slot;
  }

  private throwMalformed(batch: BatchRange): never {
    throw new FatalError(
      `malformed record in the batch at offset ${batch.baseOffset} of ${this.topic}[${this.partition}]`,
    );
  }
}

/** Views at rest. As many exist as handlers ran at once; each keeps the size of the largest batch it held. */
export class RecordBatchPool {
  private readonly free: RecordBatchView[] = [];

  take(): RecordBatchView {
    return this.free.pop() ?? new RecordBatchView();
  }

  release(view: RecordBatchView): void {
    view.clear();
    this.free.push(view);
  }
}
