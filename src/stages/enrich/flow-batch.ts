/**
 * The hot path: one batch of flows, in small groups, synchronously: decode, find the router, then either look up and encode, or hand
 * the flow on unchanged to the member that holds the router's shard. Where a slice ends, who calls decides. A group is decoded
 * before its first flow is looked up, so that the tables can be read ahead (look-ahead.ts).
 *
 * A record of several flows becomes as many records: each part is enriched, handed on or refused by itself, under the record's own
 * position and its number there.
 *
 * Nothing is allocated for a record of the common case: decoder, flow, answers, scratch buffer and headers are made once and refilled.
 */

import { ByteWriter } from '../../base/byte-writer.ts';
import { IpAddress } from '../../base/ip.ts';
import { HeaderSection } from '../../base/record-headers.ts';
import type { FlowDecoder } from '../../decode/flow/types.ts';
import type { FlowEncoder } from '../../encode/types.ts';
import type { RecordBatch, RecordSink } from '../../kafka/types.ts';
import type { Lookup } from '../../lookup/ladder.ts';
import { LookAhead, routerAhead } from '../../lookup/look-ahead.ts';
import { LookupQuestion } from '../../lookup/question.ts';
import type { RouterDirectory } from '../../lookup/router-directory.ts';
import { type EnrichedFlow, RouteAnswer, statusMatched, statusNoRouter, statusNotReady } from '../../model/answer.ts';
import { Flow } from '../../model/flow.ts';
import { headerRoutes, positionHeaders } from '../../model/header-names.ts';
import { globalVrf, type Router, unknownVrf, type VrfChoice } from '../../model/router.ts';
import type { DeadLetters } from '../dead-letters.ts';
import { FlowOrigin } from './flow-origin.ts';
import { createFlowCounters, type FlowCounters } from './flow-counters.ts';
import type { ShardHost } from './shard-host.ts';
import type { HeldShard } from './shard-logs.ts';

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
const groupFlows = 32;

/** A flow between decoding and answer. */
class FlowSlot {
  readonly flow = new Flow();
  /** Of its record in the batch. */
  index = 0;
  /** The flow's bytes in the batch: the record's value, or its part of that. */
  valueStart = 0;
  valueEnd = 0;
  readonly origin = new FlowOrigin();
  encoder: FlowEncoder | null = null;
  /** Null when the flow names no exporter. */
  router: Router | null = null;
  /** The router's shard; null when it is not here, or serves not yet. */
  held: HeldShard | null = null;
  vrf: VrfChoice = globalVrf;
}

const noRouter: Router = { key: '', name: '', shard: 0, vrfs: [], references: [], bgp: [] };

export class FlowBatch {
  private readonly options: FlowBatchOptions;
  private readonly inputByTopic = new Map<string, FlowInput>();
  private counters: FlowCounters = createFlowCounters();
  private lastTopic = '';
  private lastInput: FlowInput | undefined = undefined;
  private readonly slots = Array.from({ length: groupFlows }, () => new FlowSlot());
  /** Slots filled. */
  private taken = 0;
  private readonly origin = new FlowOrigin();
  private readonly ahead = new LookAhead(2 * groupFlows);
  private readonly enriched: EnrichedFlow = { router: '', vrf: '', src: new RouteAnswer(), dst: new RouteAnswer() };
  private readonly question = new LookupQuestion(noRouter, new IpAddress());
  private readonly value = new ByteWriter(16384);
  private readonly section = new HeaderSection();

  constructor(options: FlowBatchOptions) {
    this.options = options;
    for (const input of options.inputs) this.inputByTopic.set(input.topic, input);
  }

  /**
   * Records [from, to) of the batch, counted into `counters`, or fewer: no further record is begun when `mostFlows` flows are done.
   * Returns the record to go on with.
   */
  process(
    batch: RecordBatch,
    from: number,
    to: number,
    sink: RecordSink,
    deadLetters: DeadLetters,
    counters: FlowCounters,
    mostFlows = Infinity,
  ): number {
    this.counters = counters;
    this.taken = 0;
    const readBefore = counters.read;
    let index = from;
    for (; index < to && counters.read - readBefore < mostFlows; index++) this.take(batch, index, sink, deadLetters);
    this.answerGroup(batch, sink);
    return index;
  }

  /** Decodes a record into the group, which is answered whenever it is full. */
  private take(batch: RecordBatch, index: number, sink: RecordSink, deadLetters: DeadLetters): void {
    const { origin } = this;
    origin.read(batch, index, this.options.repartitionTopic);
    const start = batch.valueStarts[index];
    const end = batch.valueEnds[index];
    const input = this.inputOf(origin.topic);
    if (input === undefined) {
      this.count();
      const message = `no input is configured for topic "${origin.topic}"`;
      this.refuse(batch, index, start, end, deadLetters, 'flow-unknown-input', message);
      return;
    }
    if (start < 0) {
      this.count();
      this.refuse(batch, index, start, end, deadLetters, 'flow-no-value', 'the record has no value');
      return;
    }
    const { decoder } = input;
    const parts = decoder.begin(batch.buffer, start, end);
    if (parts <= 0) {
      this.count();
      if (parts === 0) this.counters.markers++;
      else this.refuseUndecoded(batch, index, decoder, deadLetters);
      return;
    }
    for (let part = 0; part < parts; part++) {
      if (this.taken === groupFlows) this.answerGroup(batch, sink);
      if (parts > 1) origin.part = part;
      this.takeFlow(batch, index, part, input, deadLetters);
    }
  }

  private inputOf(topic: string): FlowInput | undefined {
    if (topic !== this.lastTopic) {
      this.lastTopic = topic;
      this.lastInput = this.inputByTopic.get(topic);
    }
    return this.lastInput;
  }

  private count(): void {
    this.counters.read++;
    if (this.origin.forwarded) this.counters.received++;
  }

  /** Decodes a flow into the next slot and finds its router and shard. */
  private takeFlow(batch: RecordBatch, index: number, part: number, input: FlowInput, deadLetters: DeadLetters): void {
    const { directory, host, lookup } = this.options;
    const { decoder } = input;
    const slot = this.slots[this.taken];
    const { flow } = slot;
    this.count();
    if (!decoder.read(part, flow)) {
      if (decoder.error.code === '') this.counters.markers++;
      else this.refuseUndecoded(batch, index, decoder, deadLetters);
      return;
    }
    this.taken++;
    slot.index = index;
    slot.valueStart = decoder.partStart;
    slot.valueEnd = decoder.partEnd;
    slot.origin.copyFrom(this.origin);
    slot.encoder = input.encoder;
    slot.router = flow.exporter.family === 0 ? null : directory.byExporter(flow.exporter);
    slot.held = slot.router === null ? null : host.serving(slot.router.shard);
    slot.vrf = globalVrf;
    if (slot.router === null || slot.held === null) return;
    slot.vrf = lookup.resolveVrf(slot.router, host, flow);
    if (slot.vrf === unknownVrf) return;
    const isInVrf = slot.vrf !== globalVrf;
    const first = routerAhead(slot.router, slot.held.rib);
    const shard = first === slot.router ? slot.held.rib : (host.reference(first.shard) ?? slot.held.rib);
    const state = shard.router(first.key);
    this.ahead.add(shard, flow.srcAddr, isInVrf, state);
    this.ahead.add(shard, flow.dstAddr, isInVrf, state);
  }

  private answerGroup(batch: RecordBatch, sink: RecordSink): void {
    const { slots, taken } = this;
    this.ahead.run();
    for (let n = 0; n < taken; n++) this.answer(batch, slots[n], sink);
    this.taken = 0;
  }

  private answer(batch: RecordBatch, slot: FlowSlot, sink: RecordSink): void {
    const { router, held } = slot;
    if (router === null) {
      this.answerWithout('', statusNoRouter);
    } else if (held !== null) {
      this.lookUp(slot, router);
    } else if (slot.origin.forwarded) {
      // Only when two members disagree about a router's shard (unequal configurations): never forwarded twice.
      this.answerWithout(router.name, statusNotReady);
    } else {
      this.forward(batch, slot, router, sink);
      return;
    }
    this.emit(batch, slot, sink);
  }

  private lookUp(slot: FlowSlot, router: Router): void {
    const { lookup, host } = this.options;
    const { enriched, question } = this;
    const { flow, vrf } = slot;
    enriched.router = router.name;
    enriched.vrf = vrf.name;
    question.router = router;
    question.exporter = flow.exporter;
    question.vrf = vrf;
    question.address = flow.srcAddr;
    question.nextHop = null;
    lookup.lookup(host, question, enriched.src);
    question.address = flow.dstAddr;
    question.nextHop = wantedNextHop(flow);
    lookup.lookup(host, question, enriched.dst);
  }

  private answerWithout(router: string, status: number): void {
    this.enriched.router = router;
    this.enriched.vrf = '';
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
    slot.encoder?.encode(buffer, slot.valueStart, slot.valueEnd, slot.flow, this.enriched, value);
    let headers = buffer;
    let headersStart = batch.headerStarts[index];
    let headersEnd = batch.headerEnds[index];
    if (this.options.positions || (slot.origin.forwarded && headersEnd > headersStart)) {
      headers = this.outputHeaders(batch, slot);
      headersStart = 0;
      headersEnd = headers.length;
    }
    sink.append(
      this.options.outputTopic,
      slot.origin.partition % this.options.outputPartitions,
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
    const { index, held, router } = slot;
    section.reset();
    section.addFrom(batch.buffer, batch.headerStarts[index], batch.headerEnds[index], outputExcept);
    if (this.options.positions) {
      slot.origin.write(section);
      section.addText(headerRoutes, held === null ? '' : this.shardsConsulted(held, router));
    }
    return section.finish();
  }

  /** The router's own and those of its references, which answer where its own does not: an answer is a function of all of them. */
  private shardsConsulted(held: HeldShard, router: Router | null): string {
    let text = `${held.shard}:${held.position}`;
    const told = [held.shard];
    for (const { shard } of router?.references ?? []) {
      const reference = told.includes(shard) ? null : this.options.host.servingReference(shard);
      told.push(shard);
      if (reference !== null) text += `,${shard}:${reference.position}`;
    }
    return text;
  }

  /** Unchanged but for the position, which goes into headers. */
  private forward(batch: RecordBatch, slot: FlowSlot, router: Router, sink: RecordSink): void {
    this.counters.forwarded++;
    const { section } = this;
    const { index } = slot;
    section.reset();
    section.addFrom(batch.buffer, batch.headerStarts[index], batch.headerEnds[index], positionHeaders);
    slot.origin.write(section);
    const headers = section.finish();
    sink.append(
      this.options.repartitionTopic,
      router.shard,
      batch.timestamps[index],
      batch.buffer,
      batch.keyStarts[index],
      batch.keyEnds[index],
      batch.buffer,
      slot.valueStart,
      slot.valueEnd,
      headers,
      0,
      headers.length,
    );
  }

  /** With the reason that the decoder gives, and the bytes that it gives it for. */
  private refuseUndecoded(batch: RecordBatch, index: number, decoder: FlowDecoder, deadLetters: DeadLetters): void {
    const { code, field, offset, message } = decoder.error;
    const text = `in ${decoder.format} ${field} at byte ${offset}: ${message}`;
    this.refuse(batch, index, decoder.partStart, decoder.partEnd, deadLetters, code, text);
  }

  private refuse(
    batch: RecordBatch,
    index: number,
    start: number,
    end: number,
    deadLetters: DeadLetters,
    code: string,
    message: string,
  ): void {
    const { topic, partition, offset, part } = this.origin;
    this.counters.deadLettered++;
    deadLetters.addPart(batch, index, start, end, topic, partition, offset, part, code, message);
  }
}

/** The flow's BGP next hop, else its next hop; null when neither is an address. */
function wantedNextHop(flow: Flow): IpAddress | null {
  if (!flow.bgpNextHop.isUnspecified()) return flow.bgpNextHop;
  return flow.nextHop.isUnspecified() ? null : flow.nextHop;
}
