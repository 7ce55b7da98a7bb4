/**
 * `flowrib replay`: recorded routes and flows through the engine (replay-engine.ts), enriched flows out. Deterministic: what time it is,
 * the records say. All routes come first, then the flows; or both by their times, with ticks between as a running route stage sends
 * them, so that staleness and changes show.
 */

import type { CompiledConfig } from '../../config/types.ts';
import type { RouteCounters } from '../../stages/route/route-stage.ts';
import type { FlowCounters } from '../../stages/enrich/flow-counters.ts';
import type { RibEvent } from '../../rib/counters.ts';
import type { ShardStatus } from '../../rib/status.ts';
import { BatchBuilder } from './record-batches.ts';
import { type DeadLetter, ReplayEngine } from './replay-engine.ts';
import { byTime, inFileOrder, type OrderedRecord } from './replay-order.ts';
import type { ReplaySource } from './replay-sources.ts';

export interface ReplayRequest {
  readonly config: CompiledConfig;
  readonly sources: readonly ReplaySource[];
  readonly byTime: boolean;
  readonly onFlow: (line: string) => void;
  /** `where` is the record's file and place. */
  readonly onDeadLetter: (letter: DeadLetter, where: string) => void;
  readonly onEvent: (event: RibEvent) => void;
  /** Called now and then, with the source being read. */
  readonly onProgress: (source: ReplaySource, records: number) => void;
}

export interface ReplayResult {
  readonly routes: RouteCounters;
  readonly flows: FlowCounters;
  readonly shards: readonly ShardStatus[];
}

const batchRecords = 500;
const batchBytes = 4 << 20;
const tickIntervalMs = 5000;

export async function replay(request: ReplayRequest): Promise<ReplayResult> {
  const run = new Replay(request);
  return run.run();
}

class Replay {
  private readonly request: ReplayRequest;
  /** Next offset by topic and partition. */
  private readonly nextOffsets = new Map<string, number>();
  /** Where the records of the batch stand, by offset. */
  private readonly places = new Map<number, string>();
  private batch: BatchBuilder | null = null;
  private batchOf: ReplaySource | null = null;
  private batchSize = 0;
  private latestMs = 0;
  private tickedMs = 0;
  private records = 0;

  constructor(request: ReplayRequest) {
    this.request = request;
  }

  async run(): Promise<ReplayResult> {
    const { config, onEvent, onFlow, sources } = this.request;
    const engine = await ReplayEngine.create(config, {
      onFlow,
      onEvent,
      onDeadLetter: (letter) => this.request.onDeadLetter(letter, this.places.get(letter.offset) ?? ''),
    });
    try {
      if (this.request.byTime) {
        await this.takeAll(engine, byTime(sources, config.flows), true);
      } else {
        await this.takeAll(engine, inFileOrder(sources.filter(({ holds }) => holds === 'routes')), false);
        await engine.tick(this.latestMs);
        await engine.releaseHeld(this.latestMs);
        await this.takeAll(engine, inFileOrder(sources.filter(({ holds }) => holds === 'flows')), false);
      }
      return { routes: engine.routeStage.counters, flows: engine.flowCounters, shards: engine.status() };
    } finally {
      await engine.stop();
    }
  }

  private async takeAll(engine: ReplayEngine, items: Iterable<OrderedRecord>, hasTicks: boolean): Promise<void> {
    for (const item of items) await this.take(engine, item, hasTicks);
    await this.flush(engine);
  }

  private async take(engine: ReplayEngine, item: OrderedRecord, hasTicks: boolean): Promise<void> {
    const { record, source, timestampMs } = item;
    const isDue = hasTicks && timestampMs >= this.tickedMs + tickIntervalMs;
    const { batch } = this;
    const isSame = batch?.topic === record.topic && batch.partition === record.partition && this.batchOf === source;
    const isFull = this.batchSize >= batchBytes || (batch?.count ?? 0) >= batchRecords;
    if (isDue || !isSame || isFull) await this.flush(engine);
    if (isDue) {
      await engine.tick(timestampMs);
      this.tickedMs = timestampMs;
    }
    const key = `${record.topic}/${record.partition}`;
    const next = this.nextOffsets.get(key) ?? 0;
    const offset = record.offset < 0 ? next : record.offset;
    this.nextOffsets.set(key, Math.max(next, offset + 1));
    this.batch ??= new BatchBuilder(record.topic, record.partition);
    this.batchOf = source;
    this.batch.add(offset, timestampMs, record.key, record.value, record.headers);
    this.batchSize += record.value?.length ?? 0;
    this.places.set(offset, `${source.file.path}: ${record.place}`);
    this.records++;
    if (source.holds === 'routes') this.latestMs = Math.max(this.latestMs, timestampMs);
  }

  private async flush(engine: ReplayEngine): Promise<void> {
    const { batch, batchOf } = this;
    if (batch === null || batchOf === null) return;
    this.batch = null;
    this.batchSize = 0;
    if (batchOf.holds === 'routes') await engine.route(batch.finish());
    else await engine.enrich(batch.finish());
    this.places.clear();
    this.request.onProgress(batchOf, this.records);
  }
}
