/**
 * The hot path: one batch of flows, in small groups, synchronously: decode, find the router, then either look up and encode, or hand
 * the record on unchanged to the member that holds the router's shard. Where a slice ends, who calls decides. A group is decoded
 * before its first flow is looked up, so that the tables can be read ahead (look-ahead.ts).
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
import { LookAhead } from '../../lookup/look-ahead.ts';
import type { RouterDirectory } from '../../lookup/router-directory.ts';
import { type EnrichedFlow, RouteAnswer, statusMatched, statusNoRouter, statusNotReady } from '../../model/answer.ts';
import { Flow } from '../../model/flow.ts';
import { headerOffset, headerPartition, headerRoutes, headerTopic, positionHeaders } from '../../model/header-names.ts';
import { decimal } from '../../model/route-log.ts';
import type { Router } from '../../model/router.ts';
import type { DeadLetters } from '../dead-letters.ts';
import { createFlowCounters, type FlowCounters } from './flow-counters.ts';
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
  readonly repartitionTopic: string;
  readonly outputTopic: string;
  readonly outputPartitions: number;
  /** Adds the original position and the routes offsets to the output's headers. */
  readonly positions: boolean;
}

const outputExcept = [...positionHeaders, headerRoutes];

/** Flows decoded before the first of them is looked up. */
const groupRecords = 32;

/** A record between decoding and answer. */
class FlowSlot {
  readonly flow = new Flow();
  index = 0;
  /** Where it was first read: its own position, or what its headers say if it was forwarded. */
  topic = '';
  partition = 0;
  offset = 0;
  forwarded = false;
  encoder: FlowEncoder | null = null;
  /** Null when the flow names no exporter. */
  router: Router | null = null;
  /** The router's shard; null when it is not here, or serves not yet. */
  held: HeldShard | null = null;
}

export class FlowBatch {
  private readonly options: FlowBatchOptions;
  private readonly inputByTopic = new Map<string, FlowInput>();
  private counters: FlowCounters = createFlowCounters();
  private lastTopic = '';
  private lastInput: FlowInput | undefined = undefined;
  private readonly slots = Array.from({ length: groupRecords }, () => new FlowSlot());
  private readonly ahead = new LookAhead(2 * groupRecords);
  private readonly enriched: EnrichedFlow = { router: '', vrf: '', src: new RouteAnswer(), dst: new RouteAnswer() };
  private readonly value = new ByteWriter(16384);
  private readonly section = new HeaderSection();

  constructor(options: FlowBatchOptions) {
    this.options = options;
    for (const input of options.inputs) this.inputByTopic.set(input.topic, input);
  }

  /** Records [from, to) of the batch, counted into `counters`. */
  process(
    batch: RecordBatch,
    from: number,
    to: number,
    sink: RecordSink,
    deadLetters: DeadLetters,
    counters: FlowCounters,
  ): void {
    const { slots, ahead } = this;
    this.counters = counters;
    for (let first = from; first < to; first += groupRecords) {
      const end = Math.min(to, first + groupRecords);
      let taken = 0;
      for (let i = first; i < end; i++) if (this.take(batch, i, slots[taken], deadLetters)) taken++;
      ahead.run();
      for (let n = 0; n < taken; n++) this.answer(batch, slots[n], sink);
    }
  }

  /** Decodes a record and finds its router and shard; false when that was all there is to do about it. */
  private take(batch: RecordBatch, index: number, slot: FlowSlot, deadLetters: DeadLetters): boolean {
    const { directory, host, repartitionTopic } = this.options;
    const { counters } = this;
    counters.read++;
    slot.index = index;
    slot.topic = batch.topic;
    slot.partition = batch.partition;
    slot.offset = batch.offsets[index];
    slot.forwarded = batch.topic === repartitionTopic;
    if (slot.forwarded) {
      counters.received++;
      readOrigin(batch, slot);
    }
    if (slot.topic !== this.lastTopic) {
      this.lastTopic = slot.topic;
      this.lastInput = this.inputByTopic.get(slot.topic);
    }
    const input = this.lastInput;
    if (input === undefined) {
      this.refuse(batch, slot, deadLetters, 'flow-unknown-input', `no input is configured for topic "${slot.topic}"`);
      return false;
    }
    slot.encoder = input.encoder;
    if (!this.decode(batch, slot, input.decoder, deadLetters)) return false;
    const { flow } = slot;
    slot.router = flow.exporter.family === 0 ? null : directory.byExporter(flow.exporter);
    slot.held = slot.router === null ? null : host.serving(slot.router.shard);
    if (slot.held !== null) {
      this.ahead.add(slot.held.rib, flow.srcAddr);
      this.ahead.add(slot.held.rib, flow.dstAddr);
    }
    return true;
  }

  private decode(batch: RecordBatch, slot: FlowSlot, decoder: FlowDecoder, deadLetters: DeadLetters): boolean {
    const start = batch.valueStarts[slot.index];
    if (start < 0) {
      this.refuse(batch, slot, deadLetters, 'flow-no-value', 'the record has no value');
      return false;
    }
    const flows = decoder.begin(batch.buffer, start, batch.valueEnds[slot.index]);
    if (flows === 0) {
      this.counters.markers++;
      return false;
    }
    if (flows < 0 || !decoder.read(0, slot.flow)) {
      const { code, field, offset, message } = decoder.error;
      this.refuse(batch, slot, deadLetters, code, `in ${decoder.format} ${field} at byte ${offset}: ${message}`);
      return false;
    }
    return true;
  }

  private answer(batch: RecordBatch, slot: FlowSlot, sink: RecordSink): void {
    const { enriched } = this;
    const { flow, router, held } = slot;
    if (router === null) {
      this.answerWithout('', statusNoRouter);
    } else if (held !== null) {
      const { lookup } = this.options;
      enriched.router = router.name;
      lookup.lookup(held.rib, router.key, flow.srcAddr, null, enriched.src);
      lookup.lookup(held.rib, router.key, flow.dstAddr, wantedNextHop(flow), enriched.dst);
    } else if (slot.forwarded) {
      // Only when two members disagree about a router's shard (unequal configurations): never forwarded twice.
      this.answerWithout(router.name, statusNotReady);
    } else {
      this.forward(batch, slot, router, sink);
      return;
    }
    this.emit(batch, slot, sink);
  }

  private answerWithout(router: string, status: number): void {
    this.enriched.router = router;
    this.enriched.src.status = status;
    this.enriched.dst.status = status;
  }

  private emit(batch: RecordBatch, slot: FlowSlot, sink: RecordSink): void {
    const { counters } = this;
    const { index } = slot;
    const { src, dst } = this.enriched;
    if (dst.status === statusMatched || src.status === statusMatched) counters.enriched++;
    else counters.unmatched[dst.status]++;
    const { value } = this;
    value.reset();
    const { buffer } = batch;
    slot.encoder?.encode(buffer, batch.valueStarts[index], batch.valueEnds[index], slot.flow, this.enriched, value);
    let headers = buffer;
    let headersStart = batch.headerStarts[index];
    let headersEnd = batch.headerEnds[index];
    if (this.options.positions || (slot.forwarded && headersEnd > headersStart)) {
      headers = this.outputHeaders(batch, slot);
      headersStart = 0;
      headersEnd = headers.length;
    }
    sink.append(
      this.options.outputTopic,
      slot.partition % this.options.outputPartitions,
      batch.timestamps[index],
      buffer,
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

  private outputHeaders(batch: RecordBatch, slot: FlowSlot): Buffer {
    const { section } = this;
    const { index, held } = slot;
    section.reset();
    section.addFrom(batch.buffer, batch.headerStarts[index], batch.headerEnds[index], outputExcept);
    if (this.options.positions) {
      addPosition(section, slot);
      section.addText(headerRoutes, held === null ? '' : `${held.shard}:${held.position}`);
    }
    return section.finish();
  }

  /** Unchanged but for the position, which goes into headers. */
  private forward(batch: RecordBatch, slot: FlowSlot, router: Router, sink: RecordSink): void {
    this.counters.forwarded++;
    const { section } = this;
    const { index } = slot;
    section.reset();
    section.addFrom(batch.buffer, batch.headerStarts[index], batch.headerEnds[index], positionHeaders);
    addPosition(section, slot);
    const headers = section.finish();
    sink.append(
      this.options.repartitionTopic,
      router.shard,
      batch.timestamps[index],
      batch.buffer,
      batch.keyStarts[index],
      batch.keyEnds[index],
      batch.buffer,
      batch.valueStarts[index],
      batch.valueEnds[index],
      headers,
      0,
      headers.length,
    );
  }

  private refuse(batch: RecordBatch, slot: FlowSlot, deadLetters: DeadLetters, code: string, message: string): void {
    this.counters.deadLettered++;
    deadLetters.add(batch, slot.index, slot.topic, slot.partition, slot.offset, code, message);
  }
}

function readOrigin(batch: RecordBatch, slot: FlowSlot): void {
  const start = batch.headerStarts[slot.index];
  const end = batch.headerEnds[slot.index];
  const topic = findHeader(batch.buffer, start, end, headerTopic);
  const partition = findHeader(batch.buffer, start, end, headerPartition);
  const offset = findHeader(batch.buffer, start, end, headerOffset);
  if (topic !== null) slot.topic = topic.toString('utf8');
  const partitionRead = partition === null ? slot.partition : decimal(partition, 0, partition.length);
  const offsetRead = offset === null ? slot.offset : decimal(offset, 0, offset.length);
  if (!Number.isSafeInteger(partitionRead) || !Number.isSafeInteger(offsetRead)) return;
  slot.partition = partitionRead;
  slot.offset = offsetRead;
}

function addPosition(section: HeaderSection, slot: FlowSlot): void {
  section.addText(headerTopic, slot.topic);
  section.addText(headerPartition, String(slot.partition));
  section.addText(headerOffset, String(slot.offset));
}

/** The flow's BGP next hop, else its next hop; null when neither is an address. */
function wantedNextHop(flow: Flow): IpAddress | null {
  if (!flow.bgpNextHop.isUnspecified()) return flow.bgpNextHop;
  return flow.nextHop.isUnspecified() ? null : flow.nextHop;
}
