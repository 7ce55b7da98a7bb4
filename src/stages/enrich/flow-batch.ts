/**
 * The hot path: one batch of flows, record by record, synchronously: decode, find the router, then either look up and encode, or hand
 * the record on unchanged to the member that holds the router's shard. Where a slice ends, who calls decides.
 *
 * Nothing is allocated for a record of the common case: decoder, flow, answers, scratch buffer and headers are made once and refilled.
 */

import { ByteWriter } from '../../base/byte-writer.ts';
import type { IpAddress } from '../../base/ip.ts';
import { findHeader, HeaderSection } from '../../base/record-headers.ts';
import type { FlowDecoder } from '../../decode/flow/types.ts';
import type { FlowEncoder } from '../../encode/types.ts';
import type { RecordBatch, RecordSink } from '../../kafka/types.ts';
import type { Lookup } from '../../lookup/ladder.ts';
import type { RouterDirectory } from '../../lookup/router-directory.ts';
import { type EnrichedFlow, RouteAnswer, statusMatched, statusNoRouter, statusNotReady } from '../../model/answer.ts';
import { Flow } from '../../model/flow.ts';
import { headerOffset, headerPartition, headerRoutes, headerTopic, positionHeaders } from '../../model/header-names.ts';
import { decimal } from '../../model/route-log.ts';
import type { Router } from '../../model/router.ts';
import type { DeadLetters } from '../dead-letters.ts';
import type { FlowCounters } from './flow-counters.ts';
import type { HeldShard, ShardHost } from './shard-host.ts';

export interface FlowInput {
  readonly topic: string;
  readonly decoder: FlowDecoder;
  readonly encoder: FlowEncoder;
}

export interface FlowBatchOptions {
  readonly inputs: readonly FlowInput[];
  readonly directory: RouterDirectory;
  readonly lookup: Lookup;
  readonly host: ShardHost;
  readonly counters: FlowCounters;
  readonly repartitionTopic: string;
  readonly outputTopic: string;
  readonly outputPartitions: number;
  /** Adds the original position and the routes offsets to the output's headers. */
  readonly positions: boolean;
}

const outputExcept = [...positionHeaders, headerRoutes];

export class FlowBatch {
  private readonly options: FlowBatchOptions;
  private readonly inputByTopic = new Map<string, FlowInput>();
  private readonly flow = new Flow();
  private readonly enriched: EnrichedFlow = { router: '', src: new RouteAnswer(), dst: new RouteAnswer() };
  private readonly value = new ByteWriter(16384);
  private readonly section = new HeaderSection();
  /** Where the record at hand was first read: its own position, or what its headers say if it was forwarded. */
  private topic = '';
  private partition = 0;
  private offset = 0;

  constructor(options: FlowBatchOptions) {
    this.options = options;
    for (const input of options.inputs) this.inputByTopic.set(input.topic, input);
  }

  /** Records [from, to) of the batch. */
  process(batch: RecordBatch, from: number, to: number, sink: RecordSink, deadLetters: DeadLetters): void {
    const forwarded = batch.topic === this.options.repartitionTopic;
    let input = this.inputByTopic.get(batch.topic);
    this.topic = batch.topic;
    this.partition = batch.partition;
    for (let i = from; i < to; i++) {
      this.options.counters.read++;
      this.offset = batch.offsets[i];
      if (forwarded) {
        this.options.counters.received++;
        input = this.readOrigin(batch, i);
      }
      if (input === undefined) {
        this.refuse(batch, i, deadLetters, 'flow-unknown-input', `no input is configured for topic "${this.topic}"`);
        continue;
      }
      this.record(batch, i, input, forwarded, sink, deadLetters);
    }
  }

  private record(
    batch: RecordBatch,
    index: number,
    input: FlowInput,
    forwarded: boolean,
    sink: RecordSink,
    deadLetters: DeadLetters,
  ): void {
    const { decoder } = input;
    const start = batch.valueStarts[index];
    if (start < 0) {
      this.refuse(batch, index, deadLetters, 'flow-no-value', 'the record has no value');
      return;
    }
    const end = batch.valueEnds[index];
    const flows = decoder.begin(batch.buffer, start, end);
    if (flows === 0) {
      this.options.counters.markers++;
      return;
    }
    if (flows < 0 || !decoder.read(0, this.flow)) {
      const { code, field, offset, message } = decoder.error;
      this.refuse(batch, index, deadLetters, code, `in ${decoder.format} ${field} at byte ${offset}: ${message}`);
      return;
    }
    const { flow, enriched } = this;
    if (flow.exporter.family === 0) {
      this.answerWithout('', statusNoRouter);
      this.emit(batch, index, start, end, input, null, sink);
      return;
    }
    const router = this.options.directory.byExporter(flow.exporter);
    const held = this.options.host.serving(router.shard);
    if (held === null) {
      if (!forwarded) {
        this.forward(batch, index, start, end, router, sink);
        return;
      }
      // Only when two members disagree about a router's shard (unequal configurations): never forwarded twice.
      this.answerWithout(router.name, statusNotReady);
      this.emit(batch, index, start, end, input, null, sink);
      return;
    }
    enriched.router = router.name;
    const { lookup } = this.options;
    lookup.lookup(held.rib, router.key, flow.srcAddr, null, enriched.src);
    lookup.lookup(held.rib, router.key, flow.dstAddr, wantedNextHop(flow), enriched.dst);
    this.emit(batch, index, start, end, input, held, sink);
  }

  private answerWithout(router: string, status: number): void {
    this.enriched.router = router;
    this.enriched.src.status = status;
    this.enriched.dst.status = status;
  }

  private emit(
    batch: RecordBatch,
    index: number,
    start: number,
    end: number,
    input: FlowInput,
    held: HeldShard | null,
    sink: RecordSink,
  ): void {
    const { counters } = this.options;
    const { src, dst } = this.enriched;
    if (dst.status === statusMatched || src.status === statusMatched) counters.enriched++;
    else counters.unmatched[dst.status]++;
    const { value } = this;
    value.reset();
    input.encoder.encode(batch.buffer, start, end, this.flow, this.enriched, value);
    let headers = batch.buffer;
    let headersStart = batch.headerStarts[index];
    let headersEnd = batch.headerEnds[index];
    if (this.options.positions || (headersEnd > headersStart && batch.topic === this.options.repartitionTopic)) {
      headers = this.outputHeaders(batch, index, held);
      headersStart = 0;
      headersEnd = headers.length;
    }
    sink.append(
      this.options.outputTopic,
      this.partition % this.options.outputPartitions,
      batch.timestamps[index],
      batch.buffer,
      batch.keyStarts[index],
      batch.keyEnds[index],
      value.bytes,
      0,
      value.length,
      headers,
      headersStart,
      headersEnd,
    );
  }

  private outputHeaders(batch: RecordBatch, index: number, held: HeldShard | null): Buffer {
    const { section } = this;
    section.reset();
    section.addFrom(batch.buffer, batch.headerStarts[index], batch.headerEnds[index], outputExcept);
    if (this.options.positions) {
      this.addPosition(section);
      section.addText(headerRoutes, held === null ? '' : `${held.shard}:${held.position}`);
    }
    return section.finish();
  }

  private addPosition(section: HeaderSection): void {
    section.addText(headerTopic, this.topic);
    section.addText(headerPartition, String(this.partition));
    section.addText(headerOffset, String(this.offset));
  }

  /** Unchanged but for the position, which goes into headers. */
  private forward(
    batch: RecordBatch,
    index: number,
    start: number,
    end: number,
    router: Router,
    sink: RecordSink,
  ): void {
    this.options.counters.forwarded++;
    const { section } = this;
    section.reset();
    section.addFrom(batch.buffer, batch.headerStarts[index], batch.headerEnds[index], positionHeaders);
    this.addPosition(section);
    const headers = section.finish();
    sink.append(
      this.options.repartitionTopic,
      router.shard,
      batch.timestamps[index],
      batch.buffer,
      batch.keyStarts[index],
      batch.keyEnds[index],
      batch.buffer,
      start,
      end,
      headers,
      0,
      headers.length,
    );
  }

  private readOrigin(batch: RecordBatch, index: number): FlowInput | undefined {
    const start = batch.headerStarts[index];
    const end = batch.headerEnds[index];
    const topic = findHeader(batch.buffer, start, end, headerTopic);
    const partition = findHeader(batch.buffer, start, end, headerPartition);
    const offset = findHeader(batch.buffer, start, end, headerOffset);
    this.topic = topic === null ? batch.topic : topic.toString('utf8');
    this.partition = partition === null ? batch.partition : decimal(partition, 0, partition.length);
    this.offset = offset === null ? batch.offsets[index] : decimal(offset, 0, offset.length);
    if (!Number.isSafeInteger(this.partition) || !Number.isSafeInteger(this.offset)) {
      this.partition = batch.partition;
      this.offset = batch.offsets[index];
    }
    return this.inputByTopic.get(this.topic);
  }

  private refuse(batch: RecordBatch, index: number, deadLetters: DeadLetters, code: string, message: string): void {
    this.options.counters.deadLettered++;
    deadLetters.add(batch, index, this.topic, this.partition, this.offset, code, message);
  }
}

/** The flow's BGP next hop, else its next hop; null when neither is an address. */
function wantedNextHop(flow: Flow): IpAddress | null {
  if (!flow.bgpNextHop.isUnspecified()) return flow.bgpNextHop;
  return flow.nextHop.isUnspecified() ? null : flow.nextHop;
}
