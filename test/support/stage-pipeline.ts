/** Both stages over memory logs (stage-driver.ts), wired as src/app wires them, for tests of one member without Kafka. */

import { pino } from 'pino';
import { bmpDecoder } from '../../src/decode/bmp/formats.ts';
import { flowDecoder } from '../../src/decode/flow/formats.ts';
import { Attribution } from '../../src/encode/attribution.ts';
import { flowEncoder } from '../../src/encode/formats.ts';
import { Lookup } from '../../src/lookup/ladder.ts';
import { type ConfiguredRouter, createRouterDirectory } from '../../src/lookup/router-directory.ts';
import { RouteLogApplier } from '../../src/restore/route-log-applier.ts';
import { createRibShard } from '../../src/rib/shard.ts';
import { DeadLetters } from '../../src/stages/dead-letters.ts';
import { EnrichStage } from '../../src/stages/enrich/enrich-stage.ts';
import { FlowBatch } from '../../src/stages/enrich/flow-batch.ts';
import { createFlowCounters } from '../../src/stages/enrich/flow-counters.ts';
import { ShardHost } from '../../src/stages/enrich/shard-host.ts';
import type { ShardSnapshotsOptions } from '../../src/stages/enrich/snapshots/shard-snapshots.ts';
import { RouteStage, type RouterFrom } from '../../src/stages/route/route-stage.ts';
import { SourceTopics } from '../../src/stages/route/source-topics.ts';
import { ErrorDigest } from '../../src/telemetry/error-digest.ts';
import { MemoryKafka } from './memory-kafka.ts';
import { DriverConsumer, driverAdmin, DriverProducer, DriverReader } from './stage-driver.ts';

export interface PipelineOptions {
  shards?: number;
  flowPartitions?: number;
  outputPartitions?: number;
  routeFormat?: string;
  routerFrom?: RouterFrom;
  flowFormat?: string;
  outputFormat?: string;
  positions?: boolean;
  startAt?: 'earliest' | 'latest';
  routers?: readonly ConfiguredRouter[];
  references?: readonly string[];
  idCheckMs?: number;
  /** None unless given. */
  snapshots?: (kafka: MemoryKafka) => ShardSnapshotsOptions;
}

const never = 1 << 30;

export class Pipeline {
  readonly kafka = new MemoryKafka();
  readonly shards: number;
  readonly routeConsumer: DriverConsumer;
  readonly flowConsumer: DriverConsumer;
  readonly reader: DriverReader;
  readonly copyReader: DriverReader;
  readonly counters = createFlowCounters();
  readonly routeStage: RouteStage;
  readonly enrichStage: EnrichStage;
  readonly host: ShardHost;
  readonly sources: SourceTopics;
  readonly failures: Error[] = [];
  readonly badRouteRecords: string[] = [];

  constructor(options: PipelineOptions = {}) {
    const { kafka } = this;
    this.shards = options.shards ?? 2;
    kafka.createTopic('bmp', 1);
    kafka.createTopic('flows', options.flowPartitions ?? 2);
    kafka.createTopic('app.routes', this.shards);
    kafka.createTopic('app.repartition', this.shards);
    kafka.createTopic('app.snapshots', this.shards);
    kafka.createTopic('out', options.outputPartitions ?? 2);
    kafka.createTopic('dead', 1);
    const logger = pino({ level: 'silent' });
    const digest = new ErrorDigest(logger);
    digest.stop();
    const producer = new DriverProducer(kafka);
    const admin = driverAdmin(kafka);
    const directory = createRouterDirectory(options.routers ?? [], this.shards, options.references);
    const onFatal = (error: Error): void => void this.failures.push(error);
    const makeDeadLetters = (stage: string) => () => new DeadLetters(stage, 'dead', 1, producer.createSink(), digest);
    this.routeConsumer = new DriverConsumer(kafka, 'app-routes');
    this.flowConsumer = new DriverConsumer(kafka, 'app');
    this.reader = new DriverReader(kafka);
    this.copyReader = new DriverReader(kafka);
    this.sources = new SourceTopics({
      admin,
      consumer: this.routeConsumer,
      producer,
      group: 'app-routes',
      topics: ['bmp'],
      routesTopic: 'app.routes',
      shards: this.shards,
      tickIntervalMs: never,
      idCheckMs: options.idCheckMs ?? never,
      growthPollMs: 5,
      logger,
    });
    const format = options.routeFormat ?? 'openbmp';
    this.routeStage = new RouteStage({
      consumer: this.routeConsumer,
      producer,
      makeDeadLetters: makeDeadLetters('route'),
      directory,
      sources: this.sources,
      inputs: [{ topic: 'bmp', format, decoder: bmpDecoder(format), router: options.routerFrom ?? { from: 'record' } }],
      routesTopic: 'app.routes',
      commitIntervalMs: never,
      logger,
      onFatal,
    });
    this.host = new ShardHost({
      admin,
      reader: this.reader,
      copyReader: this.copyReader,
      applier: new RouteLogApplier({
        directory,
        decoderFor: bmpDecoder,
        onBadRecord: (shard, offset, error) => void this.badRouteRecords.push(`${shard}@${offset}: ${error.message}`),
      }),
      routesTopic: 'app.routes',
      createShard: (shard) => createRibShard(shard, { staleTimeMs: 300_000, endOfRibTimeoutMs: 300_000 }),
      references: directory.references,
      snapshots: options.snapshots?.(kafka) ?? null,
      logger,
      onFatal,
    });
    const decoder = flowDecoder(options.flowFormat ?? 'goflow2-protobuf');
    const attribution = new Attribution({ asn: ['flow', 'routing'], net: ['flow', 'routing'] });
    const encoder = flowEncoder({ format: options.outputFormat ?? 'json', input: decoder, attribution, schemaId: 1 });
    this.enrichStage = new EnrichStage({
      consumer: this.flowConsumer,
      producer,
      makeDeadLetters: makeDeadLetters('enrich'),
      admin,
      host: this.host,
      flowBatch: new FlowBatch({
        inputs: [{ topic: 'flows', decoder, encoder }],
        directory,
        lookup: new Lookup({ views: [0, 1, 2] }),
        host: this.host,
        repartitionTopic: 'app.repartition',
        outputTopic: 'out',
        outputPartitions: options.outputPartitions ?? 2,
        positions: options.positions ?? false,
      }),
      counters: this.counters,
      group: 'app',
      repartitionTopic: 'app.repartition',
      routesTopic: 'app.routes',
      startAt: options.startAt ?? 'earliest',
      commitIntervalMs: never,
      purgeIntervalMs: never,
      lagIntervalMs: never,
      logger,
      onFatal,
    });
  }

  async start(): Promise<void> {
    await this.routeStage.start();
    await this.enrichStage.start();
  }

  async stop(): Promise<void> {
    await this.routeStage.stop();
    await this.enrichStage.stop();
  }

  /** Everything that is in the BMP topic goes to the log. */
  async route(): Promise<void> {
    if (this.routeConsumer.assignment === null) await this.routeConsumer.assign([{ topic: 'bmp', partition: 0 }]);
    await this.routeConsumer.poll();
  }

  /** Flow partitions and shards of this member. */
  async own(shards: readonly number[], flowPartitions: readonly number[]): Promise<void> {
    await this.flowConsumer.assign([
      ...flowPartitions.map((partition) => ({ topic: 'flows', partition })),
      ...shards.map((partition) => ({ topic: 'app.repartition', partition })),
    ]);
    await this.reader.poll();
    await this.copyReader.poll();
  }
}
