/**
 * The route stage (group `<app>-routes`): BMP records in any format come in, and leave unchanged for `<app>.routes`, partition
 * `shard(router)`, with their position in headers (model/route-log.ts). It keeps nothing but the batch at hand, so it can be killed
 * anywhere: what it repeats, the shard ignores. Design: docs/architecture.md, stages.
 *
 * Invariant: within one source partition, records reach a shard's log in source order. The producer keeps the order of appends to
 * one (topic, partition) and never gives up on one, so nothing later overtakes a failed append.
 */

import { ipAddressOf } from '../../base/ip.ts';
import { errorText, RecordError } from '../../base/errors.ts';
import { findHeader, HeaderSection } from '../../base/record-headers.ts';
import type { BmpDecoder, BmpPart } from '../../decode/bmp/types.ts';
import type { Assignment, GroupConsumer, GroupHandlers, Producer, RecordBatch, RecordSink } from '../../kafka/types.ts';
import type { RouterDirectory } from '../../lookup/router-directory.ts';
import { writeRouteHeaders } from '../../model/route-log.ts';
import type { Logger } from 'pino';
import { Commits } from '../commits.ts';
import type { DeadLetters } from '../dead-letters.ts';
import type { SourceTopics } from './source-topics.ts';

/** Where the router of a bare BMP record is named. */
export type RouterFrom =
  | { readonly from: 'record' }
  | { readonly from: 'key' }
  | { readonly from: 'header'; readonly name: Buffer }
  | { readonly from: 'address'; readonly address: string };

export interface RouteInput {
  readonly topic: string;
  readonly format: string;
  readonly decoder: BmpDecoder;
  readonly router: RouterFrom;
}

export interface RouteStageDependencies {
  readonly consumer: GroupConsumer;
  readonly producer: Producer;
  readonly makeDeadLetters: () => DeadLetters;
  readonly directory: RouterDirectory;
  readonly sources: Pick<SourceTopics, 'begin' | 'topicIdFor' | 'advance' | 'stop'>;
  readonly inputs: readonly RouteInput[];
  readonly routesTopic: string;
  readonly commitIntervalMs: number;
  readonly logger: Logger;
  readonly onFatal: (error: Error) => void;
}

/**
 * Every BMP record read is counted once, when what became of it is acknowledged: appended, collector or dead-lettered (a record that
 * is split counts once).
 */
export interface RouteCounters {
  appended: number;
  collector: number;
  deadLettered: number;
  lostOffsets: number;
}

/** Records handled between two turns of the event loop. */
const sliceRecords = 1024;

export class RouteStage implements GroupHandlers {
  readonly counters: RouteCounters = { appended: 0, collector: 0, deadLettered: 0, lostOffsets: 0 };
  readonly commits: Commits;
  private readonly deps: RouteStageDependencies;
  private readonly inputByTopic = new Map<string, RouteInput>();
  private readonly section = new HeaderSection();

  constructor(deps: RouteStageDependencies) {
    this.deps = deps;
    for (const input of deps.inputs) this.inputByTopic.set(input.topic, input);
    this.commits = new Commits(deps.consumer, deps.commitIntervalMs, (error) =>
      deps.logger.warn({ reason: errorText(error) }, 'commit of route offsets failed'),
    );
  }

  async start(): Promise<void> {
    await this.deps.consumer.run(this);
  }

  async stop(): Promise<void> {
    await this.deps.sources.stop();
    await this.deps.consumer.stop();
  }

  onAssigned(assignment: Assignment): void {
    void this.begin(assignment);
  }

  private async begin(assignment: Assignment): Promise<void> {
    try {
      const positions = await this.deps.sources.begin(assignment);
      this.deps.consumer.start(assignment, positions);
    } catch (error) {
      if (assignment.isCurrent()) this.onCrash(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async onRevoking(_assignment: Assignment): Promise<void> {
    await this.commits.flush();
  }

  onLostOffsets(at: { topic: string; partition: number }, position: number, logStart: number): void {
    this.counters.lostOffsets += Math.max(0, logStart - position);
    this.deps.logger.error(
      { topic: at.topic, partition: at.partition, position, logStart },
      'BMP records were deleted before they were read: routes may be missing until the routers send them again',
    );
  }

  onCrash(error: Error): void {
    this.deps.onFatal(error);
  }

  async onBatch(batch: RecordBatch, assignment: Assignment): Promise<void> {
    const input = this.inputByTopic.get(batch.topic);
    if (input === undefined) return;
    const topicId = await this.deps.sources.topicIdFor(batch, assignment);
    if (topicId === null) return;
    const sink = this.deps.producer.createSink();
    const deadLetters = this.deps.makeDeadLetters();
    const counts = { appended: 0, collector: 0, deadLettered: 0 };
    for (let from = 0; from < batch.count; from += sliceRecords) {
      if (!assignment.isCurrent()) return;
      const to = Math.min(batch.count, from + sliceRecords);
      for (let i = from; i < to; i++) this.route(batch, i, input, topicId, sink, deadLetters, counts);
      if (to < batch.count) await new Promise(setImmediate);
    }
    await sink.flush();
    await deadLetters.flush();
    this.counters.appended += counts.appended;
    this.counters.collector += counts.collector;
    this.counters.deadLettered += counts.deadLettered;
    if (!assignment.isCurrent()) return;
    this.deps.sources.advance(batch, topicId);
    this.commits.done(assignment, batch.topic, batch.partition, batch.nextOffset, topicId);
  }

  private route(
    batch: RecordBatch,
    index: number,
    input: RouteInput,
    topicId: string,
    sink: RecordSink,
    deadLetters: DeadLetters,
    counts: { appended: number; collector: number; deadLettered: number },
  ): void {
    const start = batch.valueStarts[index];
    try {
      if (start < 0) {
        throw new RecordError('bmp-no-value', 'the record has no value', {
          format: input.format,
          offset: 0,
          field: 'value',
        });
      }
      const parts = input.decoder.split(batch.buffer, start, batch.valueEnds[index]);
      // All parts are attributed before the first is appended: a record is routed whole or dead-lettered whole.
      const routers = parts.map((part) => (part.kind === 'collector' ? '' : routerOf(batch, index, input, part)));
      let appended = false;
      parts.forEach((part, partIndex) => {
        if (part.kind === 'collector') return;
        this.append(batch, index, input, topicId, part, partIndex, routers[partIndex], sink);
        appended = true;
      });
      if (appended) counts.appended++;
      else counts.collector++;
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      counts.deadLettered++;
      deadLetters.add(batch, index, batch.topic, batch.partition, batch.offsets[index], error.code, error.message);
    }
  }

  private append(
    batch: RecordBatch,
    index: number,
    input: RouteInput,
    topicId: string,
    part: BmpPart,
    partIndex: number,
    address: string,
    sink: RecordSink,
  ): void {
    const router = this.deps.directory.byBmpAddress(address);
    const headers = writeRouteHeaders(
      this.section,
      { topicId, topic: batch.topic, partition: batch.partition, offset: batch.offsets[index], part: partIndex },
      { format: input.format, router: address, collector: part.collector === '' ? input.topic : part.collector },
      batch.buffer,
      batch.headerStarts[index],
      batch.headerEnds[index],
    );
    sink.append(
      this.deps.routesTopic,
      router.shard,
      // The shard's clock is the largest timestamp of its log, which is kept: one date in the future would stop its timers for good.
      Math.min(batch.timestamps[index], Date.now()),
      batch.buffer,
      batch.keyStarts[index],
      batch.keyEnds[index],
      batch.buffer,
      part.start,
      part.end,
      headers,
      0,
      headers.length,
    );
  }
}

/** Normalised address text of the part's router, from the record or from where the input says. */
function routerOf(batch: RecordBatch, index: number, input: RouteInput, part: BmpPart): string {
  const text = part.router === '' ? routerText(batch, index, input.router) : part.router;
  const address = ipAddressOf(text);
  if (address === null || address.isUnspecified()) {
    throw new RecordError('bmp-no-router', `"${text}" is not the address of a router`, {
      format: input.format,
      offset: 0,
      field: `router from ${input.router.from}`,
    });
  }
  address.unmap();
  return address.toString();
}

function routerText(batch: RecordBatch, index: number, source: RouterFrom): string {
  switch (source.from) {
    case 'address':
      return source.address;
    case 'key':
      return batch.keyStarts[index] < 0
        ? ''
        : batch.buffer.toString('utf8', batch.keyStarts[index], batch.keyEnds[index]).trim();
    case 'header':
      return (
        findHeader(batch.buffer, batch.headerStarts[index], batch.headerEnds[index], source.name)?.toString('utf8') ??
        ''
      ).trim();
    default:
      return '';
  }
}
