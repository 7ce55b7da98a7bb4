/**
 * Where a flow was first read: its record's own position, or, of one that another member handed on, what that member wrote into its
 * headers. A flow of several in a record also has its number there.
 */

import { findHeader, type HeaderSection } from '../../base/record-headers.ts';
import type { RecordBatch } from '../../kafka/types.ts';
import { headerOffset, headerPart, headerPartition, headerTopic } from '../../model/header-names.ts';
import { decimal } from '../../model/route-log.ts';

export class FlowOrigin {
  topic = '';
  partition = 0;
  offset = 0;
  /** -1 for the only flow of its record. */
  part = -1;
  /** Read from `<app>.repartition`. */
  forwarded = false;

  read(batch: RecordBatch, index: number, repartitionTopic: string): void {
    this.topic = batch.topic;
    this.partition = batch.partition;
    this.offset = batch.offsets[index];
    this.part = -1;
    this.forwarded = batch.topic === repartitionTopic;
    if (this.forwarded) this.readHeaders(batch.buffer, batch.headerStarts[index], batch.headerEnds[index]);
  }

  private readHeaders(buffer: Buffer, start: number, end: number): void {
    const topic = findHeader(buffer, start, end, headerTopic);
    if (topic !== null) this.topic = topic.toString('utf8');
    const partition = numberIn(findHeader(buffer, start, end, headerPartition));
    const offset = numberIn(findHeader(buffer, start, end, headerOffset));
    if (partition < 0 || offset < 0) return;
    this.partition = partition;
    this.offset = offset;
    this.part = numberIn(findHeader(buffer, start, end, headerPart));
  }

  copyFrom(other: FlowOrigin): void {
    this.topic = other.topic;
    this.partition = other.partition;
    this.offset = other.offset;
    this.part = other.part;
    this.forwarded = other.forwarded;
  }

  write(section: HeaderSection): void {
    section.addText(headerTopic, this.topic);
    section.addText(headerPartition, String(this.partition));
    section.addText(headerOffset, String(this.offset));
    if (this.part >= 0) section.addText(headerPart, String(this.part));
  }
}

/** -1 for no number. */
function numberIn(value: Buffer | null): number {
  if (value === null) return -1;
  const number = decimal(value, 0, value.length);
  return Number.isSafeInteger(number) ? number : -1;
}
