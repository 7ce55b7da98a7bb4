/**
 * Reads ranges of partitions, as a question with an end, over a reader that knows only partitions without one. Ranges of one partition
 * wait for each other; those of different partitions run side by side.
 */

import { errorText } from '../../../base/errors.ts';
import type {
  PartitionReader,
  PartitionReaderHandlers,
  RecordBatch,
  TopicPartitionOffset,
} from '../../../kafka/types.ts';

/** The log does not have the range, or not any more. */
export class RangeVanished extends Error {
  override readonly name = 'RangeVanished';
}

/** Told of records in order, those before or behind the range left out. `false` = enough. The batch's views die when it settles. */
export type RangeHandler = (batch: RecordBatch, index: number) => Promise<boolean> | boolean;

interface OpenRange {
  position: number;
  readonly to: number;
  readonly handler: RangeHandler;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  /** Settles with the range, never rejects. */
  readonly over: Promise<void>;
}

export class RangeReader implements PartitionReaderHandlers {
  private readonly reader: PartitionReader;
  private readonly onFatal: (error: Error) => void;
  private readonly open = new Map<string, OpenRange>();
  private isStopped = false;

  constructor(reader: PartitionReader, onFatal: (error: Error) => void) {
    this.reader = reader;
    this.onFatal = onFatal;
  }

  async start(): Promise<void> {
    await this.reader.run(this);
  }

  /** Ranges that are still being read end with RangeVanished. */
  async stop(): Promise<void> {
    this.isStopped = true;
    for (const range of this.open.values()) range.reject(new RangeVanished('the reader is stopped'));
    this.open.clear();
    await this.reader.stop();
  }

  /** Resolves when all of [from, to) was told, or the handler had enough. Throws RangeVanished, or what the handler throws. */
  async read(topic: string, partition: number, from: number, to: number, handler: RangeHandler): Promise<void> {
    if (from >= to) return;
    const key = keyOf(topic, partition);
    for (let other = this.open.get(key); other !== undefined; other = this.open.get(key)) await other.over;
    if (this.isStopped) throw new RangeVanished('the reader is stopped');
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const over = promise.catch(() => undefined);
    this.open.set(key, { position: from, to, handler, resolve, reject, over });
    this.reader.assign(topic, partition, from);
    await promise;
  }

  async onBatch(batch: RecordBatch): Promise<void> {
    const key = keyOf(batch.topic, batch.partition);
    const range = this.open.get(key);
    if (range === undefined) return;
    let isEnough = false;
    try {
      for (let i = 0; i < batch.count && !isEnough; i++) {
        if (batch.offsets[i] < range.position || batch.offsets[i] >= range.to) continue;
        const goesOn = range.handler(batch, i);
        isEnough = !(typeof goesOn === 'boolean' ? goesOn : await goesOn);
      }
    } catch (error) {
      this.close(batch, range);
      range.reject(error instanceof Error ? error : new Error(errorText(error)));
      return;
    }
    if (this.open.get(key) !== range) return;
    range.position = Math.max(range.position, batch.nextOffset);
    if (isEnough || range.position >= range.to) {
      this.close(batch, range);
      range.resolve();
    } else if (batch.count === 0 && batch.highWatermark < range.to) {
      this.close(batch, range);
      range.reject(new RangeVanished(`${key} ends at ${batch.highWatermark}, before ${range.to}`));
    }
  }

  onOffsetOutOfRange({ topic, partition, offset }: TopicPartitionOffset, logStart: number, logEnd: number): void {
    const key = keyOf(topic, partition);
    const range = this.open.get(key);
    if (range === undefined) return;
    this.open.delete(key);
    range.reject(new RangeVanished(`${key} has ${logStart} to ${logEnd}, not ${offset}`));
  }

  onCrash(error: Error): void {
    this.isStopped = true;
    for (const range of this.open.values()) range.reject(error);
    this.open.clear();
    this.onFatal(error);
  }

  private close({ topic, partition }: RecordBatch, range: OpenRange): void {
    const key = keyOf(topic, partition);
    if (this.open.get(key) !== range) return;
    this.open.delete(key);
    this.reader.unassign(topic, partition);
  }
}

function keyOf(topic: string, partition: number): string {
  return `${topic}[${partition}]`;
}
