/** Records that were not read from Kafka, in the form in which the stages get them: one buffer, and columns of positions in it. */

import { ByteWriter } from '../../base/byte-writer.ts';
import type { RecordBatch } from '../../kafka/types.ts';

export class BatchBuilder {
  readonly topic: string;
  readonly partition: number;
  private readonly bytes = new ByteWriter();
  private readonly offsets: number[] = [];
  private readonly timestamps: number[] = [];
  /** Start and end of key, value and headers of each record. */
  private readonly ranges: number[] = [];

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  get count(): number {
    return this.offsets.length;
  }

  add(
    offset: number,
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: Uint8Array,
  ): void {
    this.offsets.push(offset);
    this.timestamps.push(timestampMs);
    this.put(key);
    this.put(value);
    this.put(headers);
  }

  private put(part: Uint8Array | null): void {
    if (part === null) {
      this.ranges.push(-1, -1);
      return;
    }
    const start = this.bytes.length;
    this.bytes.writeBytes(part);
    this.ranges.push(start, this.bytes.length);
  }

  /** What was added; the builder is not used any more. */
  finish(): RecordBatch {
    const { count, offsets, partition, ranges, timestamps, topic } = this;
    const column = (at: number): Int32Array => Int32Array.from({ length: count }, (_, i) => ranges[i * 6 + at]);
    const nextOffset = count === 0 ? 0 : offsets[count - 1] + 1;
    return {
      topic,
      partition,
      count,
      nextOffset,
      highWatermark: nextOffset,
      buffer: this.bytes.view(),
      offsets: Float64Array.from(offsets),
      timestamps: Float64Array.from(timestamps),
      keyStarts: column(0),
      keyEnds: column(1),
      valueStarts: column(2),
      valueEnds: column(3),
      headerStarts: column(4),
      headerEnds: column(5),
    };
  }
}
