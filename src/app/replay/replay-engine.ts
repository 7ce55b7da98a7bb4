/**
 * The stages of one member, wired as member.ts wires them, over logs in memory: what it attributes, applies, looks up and encodes is
 * what `flowrib run` does. Who calls decides in which order routes and flows come, and what time it is.
 */

import { HeaderSection, listHeaders } from '../../base/record-headers.ts';
import type { CompiledConfig } from '../../config/types.ts';
import type { RecordBatch } from '../../kafka/types.ts';
import { headerError, headerErrorCode, headerOffset, headerPartition, headerTopic } from '../../model/header-names.ts';
import { type TickPosition, writeTickHeaders, writeTickValue } from '../../model/route-log.ts';
import { RouteLogApplier } from '../../restore/route-log-applier.ts';
import type { RibEvent } from '../../rib/counters.ts';
import { createRibShard, type RibShard } from '../../rib/shard.ts';
import type { ShardStatus } from '../../rib/status.ts';
import { DeadLetters } from '../../stages/dead-letters.ts';
import { FlowBatch } from '../../stages/enrich/flow-batch.ts';
import { createFlowCounters } from '../../stages/enrich/flow-counters.ts';
import { ShardHost } from '../../stages/enrich/shard-host.ts';
import { RouteStage } from '../../stages/route/route-stage.ts';
import { ErrorDigest } from '../../telemetry/error-digest.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { createDirectory, createLookup } from '../engine.ts';
import { ribShardOptions } from '../rib-warnings.ts';
import { decoderByFormat, flowInputs, routeInputs } from '../inputs.ts';
import { type AppendedRecord, MemoryLog, replayAssignment, replayConsumer } from './memory-log.ts';

export interface DeadLetter {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly code: string;
  readonly message: string;
}

export interface ReplayEngineHooks {
  /** An enriched flow: one line of JSON. */
  readonly onFlow: (line: string) => void;
  readonly onDeadLetter: (letter: DeadLetter) => void;
  readonly onEvent: (event: RibEvent) => void;
}

const never = 1 << 30;
/** Held-back messages wait as long as they are told to; nobody tells them to wait longer than this. */
const longestHoldMs = 60_000;
const holdStepMs = 1000;

export class ReplayEngine {
  readonly flowCounters = createFlowCounters();
  readonly routeStage: RouteStage;
  private readonly log: MemoryLog;
  private readonly host: ShardHost;
  private readonly flowBatch: FlowBatch;
  private readonly deadLetters: DeadLetters;
  private readonly shards: number;
  /** Source partitions with what was read of them, for ticks. */
  private readonly positions = new Map<string, TickPosition>();
  private readonly section = new HeaderSection();
  /** What a stage could not go on with. */
  private failure: Error | null = null;

  private constructor(
    config: CompiledConfig,
    inputs: Awaited<ReturnType<typeof flowInputs>>,
    hooks: ReplayEngineHooks,
  ) {
    const { deadLetterTopic, topic: outputTopic } = config.output;
    const { routes: routesTopic, repartition: repartitionTopic } = config.internalTopics;
    const logger = createLogger('silent');
    const digest = new ErrorDigest(logger);
    digest.stop();
    const onFatal = (error: Error): void => {
      this.failure ??= error;
    };
    const onRecord = (record: AppendedRecord): void => {
      if (record.topic === deadLetterTopic) hooks.onDeadLetter(deadLetterOf(record.headers));
      else hooks.onFlow(textOf(record.value));
    };
    this.shards = config.shards;
    this.log = new MemoryLog({ routesTopic, shards: config.shards, onRecord });
    const { admin, producer, reader } = this.log;
    const makeDeadLetters = (stage: string) => (): DeadLetters =>
      new DeadLetters(stage, deadLetterTopic, 1, producer.createSink(), digest);
    this.deadLetters = makeDeadLetters('enrich')();
    const directory = createDirectory(config);
    this.routeStage = new RouteStage({
      consumer: replayConsumer,
      producer,
      makeDeadLetters: makeDeadLetters('route'),
      directory,
      sources: {
        begin: async () => [],
        topicIdFor: async ({ topic }) => topicIdOf(topic),
        advance: () => {},
        stop: async () => {},
      },
      inputs: routeInputs(config),
      routesTopic,
      commitIntervalMs: never,
      logger,
      onFatal,
    });
    this.host = new ShardHost({
      admin,
      reader,
      copyReader: reader,
      applier: new RouteLogApplier({
        directory,
        decoderFor: decoderByFormat(),
        onBadRecord: (_shard, _offset, { message }) =>
          hooks.onEvent({ kind: 'problem', router: '', peer: '', text: message }),
      }),
      routesTopic,
      createShard: (shard) => createRibShard(shard, ribShardOptions(config), hooks.onEvent),
      references: [],
      snapshots: null,
      logger,
      onFatal,
    });
    this.flowBatch = new FlowBatch({
      inputs,
      directory,
      lookup: createLookup(config),
      host: this.host,
      repartitionTopic,
      outputTopic,
      outputPartitions: 1,
      positions: false,
    });
  }

  /** Every shard serves, all tables are empty. */
  static async create(config: CompiledConfig, hooks: ReplayEngineHooks): Promise<ReplayEngine> {
    // No schema is registered for the format json.
    const inputs = await flowInputs({ ...config, output: { ...config.output, format: 'json' } });
    const engine = new ReplayEngine(config, inputs, hooks);
    await engine.host.start();
    await engine.host.hold(Array.from({ length: config.shards }, (_, shard) => shard));
    return engine;
  }

  async stop(): Promise<void> {
    await this.routeStage.commits.flush();
    await this.host.stop();
  }

  /** BMP records of one topic and partition. */
  async route(batch: RecordBatch): Promise<void> {
    await this.routeStage.onBatch(batch, replayAssignment);
    const { nextOffset: offset, partition, topic } = batch;
    this.positions.set(`${topic}/${partition}`, { topicId: topicIdOf(topic), topic, partition, offset });
    this.failIfFailed();
  }

  /** Flow records of one topic and partition. */
  async enrich(batch: RecordBatch): Promise<void> {
    const sink = this.log.producer.createSink();
    this.flowBatch.process(batch, 0, batch.count, sink, this.deadLetters, this.flowCounters);
    await sink.flush();
    this.failIfFailed();
  }

  /** All source partitions are read to their ends, and it is this late. */
  async tick(timestampMs: number): Promise<void> {
    const headers = Buffer.from(writeTickHeaders(this.section));
    const value = writeTickValue([...this.positions.values()]);
    for (let shard = 0; shard < this.shards; shard++)
      this.log.append(shard, { timestampMs, key: null, value, headers });
    await this.log.deliver();
    this.failIfFailed();
  }

  /** Lets time go on until no message is held back to be put in order. */
  async releaseHeld(timestampMs: number): Promise<void> {
    for (let waitMs = 0; waitMs < longestHoldMs; waitMs += holdStepMs) {
      if (!this.tables().some((rib) => rib.heldMessages().length > 0)) return;
      await this.tick(timestampMs + waitMs + holdStepMs);
    }
  }

  status(): ShardStatus[] {
    return this.tables().map((rib) => rib.status());
  }

  private failIfFailed(): void {
    if (this.failure !== null) throw this.failure;
  }

  private tables(): RibShard[] {
    return this.host.all().map(({ rib }) => rib);
  }
}

function topicIdOf(topic: string): string {
  return `replay-${topic}`;
}

function textOf(bytes: Uint8Array | null): string {
  return bytes === null ? '' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

function deadLetterOf(section: Buffer): DeadLetter {
  const headers = new Map(
    listHeaders(section, 0, section.length).map(({ name, value }) => [name, value?.toString('utf8') ?? '']),
  );
  const text = (name: Buffer): string => headers.get(name.toString('utf8')) ?? '';
  return {
    topic: text(headerTopic),
    partition: Number(text(headerPartition)),
    offset: Number(text(headerOffset)),
    code: text(headerErrorCode),
    message: text(headerError),
  };
}
