/**
 * In which order the records of several files are replayed: as they stand, one file after another, or by their times, as far as the
 * order within a partition allows.
 */

import type { FlowInput } from '../../config/types.ts';
import type { FlowDecoder } from '../../decode/flow/types.ts';
import { Flow } from '../../model/flow.ts';
import { flowDecoderOf } from '../inputs.ts';
import type { ReplayRecord } from './replay-record.ts';
import type { ReplaySource } from './replay-sources.ts';

/** A record, and the time at which it is replayed: its own, or where it has none, that of the record before it. */
export interface OrderedRecord {
  readonly source: ReplaySource;
  readonly record: ReplayRecord;
  readonly timestampMs: number;
}

export function* inFileOrder(sources: readonly ReplaySource[]): Generator<OrderedRecord> {
  for (const source of sources) {
    let timestampMs = 0;
    for (const record of source.records()) {
      if (record.timestampMs >= 0) timestampMs = record.timestampMs;
      yield { source, record, timestampMs };
    }
  }
}

/** Merges the partitions of all files; of records of one time, those of routes come first. Keeps every record in memory. */
export function* byTime(sources: readonly ReplaySource[], flows: readonly FlowInput[]): Generator<OrderedRecord> {
  const times = new FlowTimes(flows);
  const queues = [...sources]
    .sort((a, b) => Number(a.holds === 'flows') - Number(b.holds === 'flows'))
    .flatMap((source) => partitionsOf(source, times));
  for (;;) {
    let next: Queue | null = null;
    for (const queue of queues) {
      if (queue.at === queue.records.length) continue;
      if (next === null || queue.records[queue.at].timestampMs < next.records[next.at].timestampMs) next = queue;
    }
    if (next === null) return;
    yield next.records[next.at++];
  }
}

interface Queue {
  readonly records: OrderedRecord[];
  at: number;
}

function partitionsOf(source: ReplaySource, times: FlowTimes): Queue[] {
  const queues = new Map<string, Queue>();
  for (const item of inFileOrder([source])) {
    const { record } = item;
    const key = `${record.topic}/${record.partition}`;
    let queue = queues.get(key);
    if (queue === undefined) queues.set(key, (queue = { records: [], at: 0 }));
    let { timestampMs } = item;
    if (record.timestampMs < 0 && source.holds === 'flows') {
      const own = times.of(record);
      timestampMs = own >= 0 ? own : (queue.records.at(-1)?.timestampMs ?? timestampMs);
    }
    queue.records.push({ source, record, timestampMs });
  }
  return [...queues.values()];
}

/** When a flow that has no record around it was received, or else ended, by what stands in it. */
class FlowTimes {
  private readonly decoders = new Map<string, FlowDecoder>();
  private readonly flow = new Flow();

  constructor(inputs: readonly FlowInput[]) {
    for (const input of inputs) this.decoders.set(input.topic, flowDecoderOf(input));
  }

  /** -1 = it does not say. */
  of({ topic, value }: ReplayRecord): number {
    const decoder = this.decoders.get(topic);
    if (decoder === undefined || value === null) return -1;
    if (decoder.begin(value, 0, value.length) <= 0 || !decoder.read(0, this.flow)) return -1;
    const { timeEndMs, timeReceivedMs } = this.flow;
    return Math.floor(timeReceivedMs > 0 ? timeReceivedMs : timeEndMs > 0 ? timeEndMs : -1);
  }
}
