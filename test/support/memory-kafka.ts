/** Logs in memory, with headers, commits and what was deleted: what stage-driver.ts lets the stages see as Kafka. */

import { HeaderSection, listHeaders } from '../../src/base/record-headers.ts';
import type { RecordBatch } from '../../src/kafka/types.ts';

export interface DriverRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Buffer;
  readonly timestampMs: number;
}

export interface NewRecord {
  key?: string | Buffer | null;
  value: Buffer | null;
  headers?: Readonly<Record<string, string>>;
  timestampMs?: number;
}

export class MemoryKafka {
  readonly topics = new Map<string, { id: string; partitions: DriverRecord[][] }>();
  readonly commits = new Map<string, number>();
  readonly metadata = new Map<string, string>();
  /** First retained offset, where records were deleted. */
  private readonly starts = new Map<string, number>();
  private made = 0;

  createTopic(topic: string, partitions: number): void {
    this.topics.set(topic, { id: `id-${++this.made}`, partitions: Array.from({ length: partitions }, () => []) });
  }

  log(topic: string, partition: number): DriverRecord[] {
    const log = this.topics.get(topic)?.partitions[partition];
    if (log === undefined) throw new Error(`no ${topic}[${partition}]`);
    return log;
  }

  produce(topic: string, partition: number, record: NewRecord): void {
    const section = new HeaderSection();
    section.reset();
    const headers = Object.entries(record.headers ?? {});
    for (const [name, value] of headers) section.addText(Buffer.from(name), value);
    this.log(topic, partition).push({
      key: record.key === undefined || record.key === null ? null : Buffer.from(record.key),
      value: record.value,
      headers: headers.length === 0 ? Buffer.alloc(0) : Buffer.from(section.finish()),
      timestampMs: record.timestampMs ?? 0,
    });
  }

  /** Records before the offset are gone for readers (DeleteRecords); `log` still has them, so that offsets are indices. */
  deleteBefore(topic: string, partition: number, offset: number): void {
    const key = `${topic}/${partition}`;
    this.starts.set(key, Math.max(this.low(topic, partition), Math.min(offset, this.log(topic, partition).length)));
  }

  low(topic: string, partition: number): number {
    return this.starts.get(`${topic}/${partition}`) ?? 0;
  }

  /** All records of a topic, partition after partition. */
  all(topic: string): (DriverRecord & { partition: number; offset: number })[] {
    return (this.topics.get(topic)?.partitions ?? []).flatMap((log, partition) =>
      log.map((record, offset) => ({ ...record, partition, offset })),
    );
  }

  batch(topic: string, partition: number, from: number, to: number): RecordBatch {
    const records = this.log(topic, partition).slice(from, to);
    const chunks: Buffer[] = [];
    let at = 0;
    const put = (bytes: Buffer | null): [number, number] => {
      if (bytes === null) return [-1, -1];
      chunks.push(bytes);
      at += bytes.length;
      return [at - bytes.length, at];
    };
    const keys = records.map((r) => put(r.key));
    const values = records.map((r) => put(r.value));
    const headers = records.map((r) => put(r.headers));
    const column = (ranges: [number, number][], index: 0 | 1): Int32Array => Int32Array.from(ranges, (r) => r[index]);
    return {
      topic,
      partition,
      count: records.length,
      nextOffset: from + records.length,
      highWatermark: this.log(topic, partition).length,
      buffer: Buffer.concat(chunks),
      offsets: Float64Array.from(records, (_, i) => from + i),
      timestamps: Float64Array.from(records, (r) => r.timestampMs),
      keyStarts: column(keys, 0),
      keyEnds: column(keys, 1),
      valueStarts: column(values, 0),
      valueEnds: column(values, 1),
      headerStarts: column(headers, 0),
      headerEnds: column(headers, 1),
    };
  }
}

export function headersOf(record: { headers: Buffer }): Record<string, string> {
  const list = listHeaders(record.headers, 0, record.headers.length);
  return Object.fromEntries(list.map(({ name, value }) => [name, value?.toString('utf8') ?? '']));
}
