/**
 * What a record costs without Kafka around it, in one process: `node bench/hot-path.ts [routes] [flows]` (1,000,000 and 1,000,000 unless
 * told). Records of a routes log go into a shard as a restore brings them, then flows go through FlowBatch into record batches of 500.
 * Same routes and flows as bench/throughput.ts. Prints microseconds of processor time a record, median of the passes.
 */

import { randomUUID } from 'node:crypto';
import { HeaderSection } from '../src/base/record-headers.ts';
import { bmpDecoder } from '../src/decode/bmp/formats.ts';
import { flowDecoder } from '../src/decode/flow/formats.ts';
import { Attribution } from '../src/encode/attribution.ts';
import { flowEncoder } from '../src/encode/formats.ts';
import { RecordBatchWriter } from '../src/kafka/record-batch-writer.ts';
import type { RecordBatch, RecordSink } from '../src/kafka/types.ts';
import { Lookup } from '../src/lookup/ladder.ts';
import { createRouterDirectory } from '../src/lookup/router-directory.ts';
import { writeRouteHeaders } from '../src/model/route-log.ts';
import { RouteLogApplier } from '../src/restore/route-log-applier.ts';
import { createRibShard, type RibShard } from '../src/rib/shard.ts';
import type { DeadLetters } from '../src/stages/dead-letters.ts';
import { FlowBatch } from '../src/stages/enrich/flow-batch.ts';
import { createFlowCounters } from '../src/stages/enrich/flow-counters.ts';
import type { ShardHost } from '../src/stages/enrich/shard-host.ts';
import { benchRouter, feedFlows, feedRoutes } from './feed-routes.ts';
import { generateRoutes } from './route-set.ts';

const routes = Number(process.argv[2] ?? 1_000_000);
const flows = Number(process.argv[3] ?? 1_000_000);
const passes = 5;
const batchRecords = 20_000;
const headerless = Buffer.alloc(0);

/** Keeps what is appended as batches to be read. */
class KeepingSink implements RecordSink {
  readonly batches: RecordBatch[] = [];
  private values: Buffer[] = [];
  private readonly topic: string;
  private readonly headers: (offset: number) => Buffer;
  private offset = 0;

  constructor(topic: string, headers: (offset: number) => Buffer) {
    this.topic = topic;
    this.headers = headers;
  }

  append(
    _topic: string,
    _partition: number,
    _timestampMs: number,
    _key: Uint8Array,
    _keyStart: number,
    _keyEnd: number,
    value: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.values.push(Buffer.from(value.subarray(start, end)));
    if (this.values.length === batchRecords) this.close();
  }

  async flush(): Promise<void> {}

  pendingBytes(): number {
    return 0;
  }

  close(): void {
    const count = this.values.length;
    const headers = this.values.map((_, i) => this.headers(this.offset + i));
    const batch = {
      topic: this.topic,
      partition: 0,
      count,
      nextOffset: this.offset + count,
      highWatermark: this.offset + count,
      buffer: Buffer.concat(this.values.flatMap((value, i) => [headers[i], value])),
      offsets: Float64Array.from(this.values, (_, i) => this.offset + i),
      timestamps: new Float64Array(count).fill(Date.now()),
      keyStarts: new Int32Array(count).fill(-1),
      keyEnds: new Int32Array(count).fill(-1),
      valueStarts: new Int32Array(count),
      valueEnds: new Int32Array(count),
      headerStarts: new Int32Array(count),
      headerEnds: new Int32Array(count),
    };
    let at = 0;
    for (let i = 0; i < count; i++) {
      batch.headerStarts[i] = at;
      at += headers[i].length;
      batch.headerEnds[i] = at;
      batch.valueStarts[i] = at;
      at += this.values[i].length;
      batch.valueEnds[i] = at;
    }
    this.batches.push(batch);
    this.offset += count;
    this.values = [];
  }
}

/** Builds batches as the producer does, and sends them nowhere. */
class BatchingSink implements RecordSink {
  private readonly writer = new RecordBatchWriter(500, 900_000);

  append(
    _topic: string,
    _partition: number,
    timestampMs: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    headers: Uint8Array,
    headersStart: number,
    headersEnd: number,
  ): void {
    const { writer } = this;
    writer.append(timestampMs, key, keyStart, keyEnd, value, valueStart, valueEnd, headers, headersStart, headersEnd);
    if (writer.count < 500) return;
    writer.finish(headerless, 0, null, { producerId: 1n, producerEpoch: 0 }, 0);
    writer.reset();
  }

  async flush(): Promise<void> {}

  pendingBytes(): number {
    return 0;
  }
}

const directory = createRouterDirectory([], 1);
const set = generateRoutes({ count: routes, seed: 1, sets: 150_000 });
const shard = createRibShard(0, { staleTimeMs: 300_000, endOfRibTimeoutMs: 300_000 });
await restore(shard);
await enrich(shard);

async function restore(into: RibShard): Promise<void> {
  const section = new HeaderSection();
  const topicId = randomUUID();
  const log = new KeepingSink('bench.routes', (offset) =>
    Buffer.from(
      writeRouteHeaders(
        section,
        { topicId, topic: 'bench-bmp', partition: 0, offset, part: 0 },
        { format: 'openbmp', router: benchRouter, collector: 'bench' },
        headerless,
        0,
        0,
      ),
    ),
  );
  const records = await feedRoutes(log, 'bench.routes', set);
  log.close();
  const decoder = bmpDecoder('openbmp');
  const applier = new RouteLogApplier({
    directory,
    decoderFor: () => decoder,
    onBadRecord: (_shard, _offset, error) => {
      throw error;
    },
  });
  const ms = spent(() => {
    for (const {
      count,
      buffer,
      headerStarts,
      headerEnds,
      valueStarts,
      valueEnds,
      offsets,
      timestamps,
    } of log.batches) {
      for (let i = 0; i < count; i++) {
        const [from, to] = [valueStarts[i], valueEnds[i]];
        applier.apply(into, buffer, headerStarts[i], headerEnds[i], from, to, offsets[i], timestamps[i]);
      }
    }
  });
  const { routesV4, routesV6 } = into.routes.counts();
  if (routesV4 + routesV6 !== routes) throw new Error(`${routesV4 + routesV6} of ${routes} routes`);
  console.log(
    `restore: ${((ms * 1000) / records).toFixed(2)} us a record, ${((ms * 1000) / routes).toFixed(2)} us a route, ${Math.round(routes / ms)}k routes/s`,
  );
}

async function enrich(rib: RibShard): Promise<void> {
  const input = new KeepingSink('flows', () => headerless);
  await feedFlows(input, 'flows', 1, set, flows, 2);
  input.close();
  const counters = createFlowCounters();
  const held = { shard: 0, rib, position: 0 };
  const decoder = flowDecoder('goflow2-protobuf');
  const attribution = new Attribution({ asn: ['flow', 'routing'], net: ['flow', 'routing'] });
  const flowBatch = new FlowBatch({
    inputs: [{ topic: 'flows', decoder, encoder: flowEncoder({ format: 'native', input: decoder, attribution }) }],
    directory,
    lookup: new Lookup({ views: [0, 1, 2] }),
    host: { serving: () => held, shard: () => rib, reference: () => rib } as unknown as ShardHost,
    repartitionTopic: 'repartition',
    outputTopic: 'out',
    outputPartitions: 1,
    positions: false,
  });
  const sink = new BatchingSink();
  const noDeadLetters = {} as DeadLetters;
  const us = Array.from({ length: passes }, () => {
    const ms = spent(() => {
      for (const batch of input.batches) flowBatch.process(batch, 0, batch.count, sink, noDeadLetters, counters);
    });
    return (ms * 1000) / flows;
  });
  if (counters.enriched !== flows * passes) throw new Error(`${counters.enriched} of ${flows * passes} flows enriched`);
  console.log(`enrich: ${us.map((n) => n.toFixed(2)).join(', ')} us a flow`);
}

function spent(act: () => void): number {
  const start = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
