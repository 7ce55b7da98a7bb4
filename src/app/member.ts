/** One member of both groups: its connections, its stages, and what they count. */

import { hostname } from 'node:os';
import { errorText } from '../base/errors.ts';
import type { CompiledConfig } from '../config/types.ts';
import { createKafka, type KafkaClient } from '../kafka/connection.ts';
import { kafkaOptions } from '../kafka/options.ts';
import { createProducer } from '../kafka/producer.ts';
import type { Admin, Producer } from '../kafka/types.ts';
import type { RouterDirectory } from '../lookup/router-directory.ts';
import { RouteLogApplier } from '../restore/route-log-applier.ts';
import { DeadLetters } from '../stages/dead-letters.ts';
import { EnrichStage } from '../stages/enrich/enrich-stage.ts';
import { FlowBatch } from '../stages/enrich/flow-batch.ts';
import { createFlowCounters, type FlowCounters } from '../stages/enrich/flow-counters.ts';
import { ShardHost } from '../stages/enrich/shard-host.ts';
import { RouteStage } from '../stages/route/route-stage.ts';
import { SourceTopics } from '../stages/route/source-topics.ts';
import { ErrorDigest } from '../telemetry/error-digest.ts';
import { scheduleDefaults } from '../stages/enrich/snapshots/snapshot-schedule.ts';
import type { ShardSnapshotsOptions } from '../stages/enrich/snapshots/shard-snapshots.ts';
import type { Logger } from 'pino';
import { createDirectory, createLookup, type ShardDumps, shardDumps } from './engine.ts';
import { GroupMembers } from './group-members.ts';
import { decoderByFormat, flowInputs, routeInputs } from './inputs.ts';
import { LookupService } from './lookup-service.ts';
import { RibWarnings, ribShardOptions } from './rib-warnings.ts';
import { RouterEvents } from './router-events.ts';
import { prepareTopics, type World } from './topics.ts';

const commitIntervalMs = 500;
const tickIntervalMs = 5000;
const idCheckMs = 1000;
const growthPollMs = 500;
const purgeIntervalMs = 30_000;
const lagIntervalMs = 5000;

export interface Member {
  readonly config: CompiledConfig;
  readonly routeStage: RouteStage;
  readonly sources: SourceTopics;
  readonly enrichStage: EnrichStage;
  readonly host: ShardHost;
  readonly flowCounters: FlowCounters;
  /** Records of the routes log that could not be applied. */
  readonly badRouteRecords: { count: number };
  /** Lookups by hand; flows have a Lookup of their own. */
  readonly lookupService: LookupService;
  readonly groupMembers: GroupMembers;
  readonly events: RouterEvents;
  readonly startedAtMs: number;
  /** Joins the groups. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

interface Connections {
  readonly client: KafkaClient;
  readonly admin: Admin;
  /** What the stages put out; dead letters have a producer of their own: a topic that is gone must not hold up the other. */
  readonly output: Producer;
  readonly deadLetters: Producer;
  /** Chunks are compressed already, and must not hold up what the stages put out. */
  readonly snapshots: Producer;
}

/** Connects and wires; nothing is read before start(). */
export async function createMember(
  config: CompiledConfig,
  logger: Logger,
  onFatal: (error: Error) => void,
  dumps: ShardDumps = shardDumps,
): Promise<Member> {
  const client = createKafka(kafkaOptions(config.kafka), logger);
  const admin = client.admin();
  await admin.connect();
  let world: World;
  try {
    world = await prepareTopics(config, admin);
  } catch (error) {
    await admin.disconnect();
    throw error;
  }
  for (const topic of world.created) logger.info({ topic, partitions: world.partitions.get(topic) }, 'topic created');
  for (const { topic, warning } of world.warnings) logger.warn({ topic }, warning);
  const producerOptions = { compression: config.output.compression };
  const output = createProducer(client, producerOptions);
  const deadLetters = createProducer(client, producerOptions);
  const snapshots = createProducer(client, { compression: 'none' });
  await Promise.all([output.connect(), deadLetters.connect(), snapshots.connect()]);
  const connections = { client, admin, output, deadLetters, snapshots };
  return wire(config, connections, world, dumps, logger, onFatal);
}

async function wire(
  config: CompiledConfig,
  connections: Connections,
  world: World,
  dumps: ShardDumps,
  logger: Logger,
  onFatal: (error: Error) => void,
): Promise<Member> {
  const digest = new ErrorDigest(logger);
  const directory = createDirectory(config);
  const badRouteRecords = { count: 0 };
  const makeDeadLetters = (stage: string) => (): DeadLetters =>
    new DeadLetters(
      stage,
      config.output.deadLetterTopic,
      world.partitions.get(config.output.deadLetterTopic) ?? 1,
      connections.deadLetters.createSink(),
      digest,
    );
  const { routeStage, sources } = wireRoutes(config, connections, directory, makeDeadLetters('route'), logger, onFatal);
  const flowCounters = createFlowCounters();
  const events = new RouterEvents();
  const groupMembers = new GroupMembers({
    admin: connections.admin,
    group: config.groups.enrich,
    shardTopic: config.internalTopics.repartition,
    advertise: config.http.advertise,
  });
  const { host, enrichStage } = await wireFlows({
    config,
    connections,
    world,
    directory,
    digest,
    flowCounters,
    badRouteRecords,
    events,
    snapshots: snapshotOptions(config, connections, dumps),
    memberData: () => groupMembers.memberData(),
    makeDeadLetters: makeDeadLetters('enrich'),
    logger,
    onFatal,
  });
  const { views } = config.lookup;
  const explain = { lookup: createLookup(config), views };
  const lookupService = new LookupService({ explain, directory, host, members: groupMembers });
  return {
    config,
    routeStage,
    sources,
    enrichStage,
    host,
    flowCounters,
    badRouteRecords,
    lookupService,
    groupMembers,
    events,
    startedAtMs: Date.now(),
    start: async () => {
      await routeStage.start();
      await enrichStage.start();
    },
    stop: async () => {
      await stopStages([routeStage, enrichStage], logger);
      await disconnect(connections);
      digest.stop();
    },
  };
}

async function stopStages(stages: readonly { stop(): Promise<void> }[], logger: Logger): Promise<void> {
  for (const result of await Promise.allSettled(stages.map((stage) => stage.stop()))) {
    if (result.status === 'fulfilled') continue;
    logger.error({ reason: errorText(result.reason) }, 'a stage did not stop cleanly');
  }
}

async function disconnect({ output, deadLetters, snapshots, admin }: Connections): Promise<void> {
  await Promise.allSettled([output, deadLetters, snapshots, admin].map((connection) => connection.disconnect()));
}

function snapshotOptions(
  { internalTopics, snapshots }: CompiledConfig,
  connections: Connections,
  dumps: ShardDumps,
): ShardSnapshotsOptions {
  return {
    ...dumps,
    ...scheduleDefaults,
    reader: connections.client.partitionReader(),
    producer: connections.snapshots,
    snapshotsTopic: internalTopics.snapshots,
    intervalMs: snapshots.intervalMs,
    takenBy: `${hostname()}/${process.pid}`,
  };
}

interface FlowWiring {
  readonly config: CompiledConfig;
  readonly connections: Connections;
  readonly world: World;
  readonly directory: RouterDirectory;
  readonly digest: ErrorDigest;
  readonly flowCounters: FlowCounters;
  readonly badRouteRecords: { count: number };
  readonly events: RouterEvents;
  readonly snapshots: ShardSnapshotsOptions;
  readonly memberData: () => Buffer;
  readonly makeDeadLetters: () => DeadLetters;
  readonly logger: Logger;
  readonly onFatal: (error: Error) => void;
}

async function wireFlows(wiring: FlowWiring): Promise<{ host: ShardHost; enrichStage: EnrichStage }> {
  const { config, connections, world, directory, digest, flowCounters, badRouteRecords, makeDeadLetters } = wiring;
  const { events, memberData, snapshots, logger, onFatal } = wiring;
  const ribOptions = ribShardOptions(config);
  const warnings = new RibWarnings(logger);
  const host = new ShardHost({
    admin: connections.admin,
    reader: connections.client.partitionReader(),
    copyReader: connections.client.partitionReader(),
    applier: new RouteLogApplier({
      directory,
      decoderFor: decoderByFormat(),
      onBadRecord: (shard, logOffset, error) => {
        badRouteRecords.count++;
        digest.record(error.code, `${config.internalTopics.routes}[${shard}]@${logOffset}: ${error.message}`);
      },
    }),
    routesTopic: config.internalTopics.routes,
    createShard: (shard) => events.createShard(shard, ribOptions, (event) => warnings.note(event)),
    references: directory.references,
    snapshots,
    logger,
    onFatal,
  });
  const { repartition } = config.internalTopics;
  const enrichStage = new EnrichStage({
    consumer: connections.client.groupConsumer({
      groupId: config.groups.enrich,
      topics: [...config.flows.map((f) => f.topic), repartition],
      ownedTopic: repartition,
      memberData,
    }),
    producer: connections.output,
    makeDeadLetters,
    admin: connections.admin,
    host,
    flowBatch: new FlowBatch({
      inputs: await flowInputs(config),
      directory,
      lookup: createLookup(config),
      host,
      repartitionTopic: repartition,
      outputTopic: config.output.topic,
      outputPartitions: world.partitions.get(config.output.topic) ?? 1,
      positions: config.output.positions,
    }),
    counters: flowCounters,
    group: config.groups.enrich,
    repartitionTopic: repartition,
    routesTopic: config.internalTopics.routes,
    startAt: config.startAt,
    commitIntervalMs,
    purgeIntervalMs,
    lagIntervalMs,
    logger: logger.child({ stage: 'enrich' }),
    onFatal,
  });
  return { host, enrichStage };
}

function wireRoutes(
  config: CompiledConfig,
  connections: Connections,
  directory: RouterDirectory,
  makeDeadLetters: () => DeadLetters,
  logger: Logger,
  onFatal: (error: Error) => void,
): { routeStage: RouteStage; sources: SourceTopics } {
  const topics = config.routes.map((r) => r.topic);
  const consumer = connections.client.groupConsumer({ groupId: config.groups.routes, topics });
  const stageLogger = logger.child({ stage: 'route' });
  const sources = new SourceTopics({
    admin: connections.admin,
    consumer,
    producer: connections.output,
    group: config.groups.routes,
    topics,
    routesTopic: config.internalTopics.routes,
    shards: config.shards,
    tickIntervalMs,
    idCheckMs,
    growthPollMs,
    logger: stageLogger,
  });
  const routeStage = new RouteStage({
    consumer,
    producer: connections.output,
    makeDeadLetters,
    directory,
    sources,
    inputs: routeInputs(config),
    routesTopic: config.internalTopics.routes,
    commitIntervalMs,
    logger: stageLogger,
    onFatal,
  });
  return { routeStage, sources };
}
