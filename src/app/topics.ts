/**
 * The topics that a configuration needs: what they are for, how they must look, what is missing or wrong in the cluster at hand, and
 * the command that mends it. Serves `run` (creates what is missing if it may), `check` and `topics`.
 */

import { FatalError } from '../base/errors.ts';
import type { CompiledConfig } from '../config/types.ts';
import type { Admin, TopicSpec } from '../kafka/types.ts';
import { rawChunkBytes } from '../restore/snapshot-format.ts';

export interface NeededTopic {
  readonly topic: string;
  readonly purpose: string;
  /** Input topics belong to others: never created here. */
  readonly isInput: boolean;
  /** Exact number of partitions where it matters, else null. */
  readonly partitions: number | null;
  readonly config: Readonly<Record<string, string>>;
  /** Size of the largest record that is written to it; null = of the largest that an input may have. */
  readonly largestRecord?: number | null;
}

export interface TopicState extends NeededTopic {
  /** 0 = does not exist. */
  readonly actual: number;
  /** Number of partitions with which it would be created. */
  readonly planned: number;
  /** Empty when nothing is wrong. */
  readonly problem: string;
  /** A shell command that mends it, or empty. */
  readonly remedy: string;
  /** What will go wrong one day, with the command that prevents it; empty = nothing. */
  readonly warning: string;
}

const keepForEver = { 'retention.ms': '-1', 'retention.bytes': '-1', 'cleanup.policy': 'delete' };
/** Largest future timestamp that a broker accepts: records keep the time of their source, whatever its clock says. */
const anyTimestamp = { 'message.timestamp.after.max.ms': '9223372036854775807' };
/**
 * What an input holds must fit, with headers, wherever it goes: with Kafka's default of 1 MiB a single record of nearly that size
 * would stop its partition for good. Below what a broker takes as one request (100 MiB).
 */
const anySize = { 'max.message.bytes': '67108864' };
/** A chunk of a snapshot that hardly compresses, with its batch. */
const chunkRecordBytes = rawChunkBytes + 16_384;
const anyRecord = { ...anyTimestamp, ...anySize };

export function neededTopics(config: CompiledConfig): NeededTopic[] {
  const { routes, repartition, snapshots } = config.internalTopics;
  const input = (topic: string, purpose: string): NeededTopic => ({
    topic,
    purpose,
    isInput: true,
    partitions: null,
    config: {},
  });
  return [
    ...config.routes.map((r) => input(r.topic, `BMP input (${r.format})`)),
    ...config.flows.map((f) => input(f.topic, `flow input (${f.format})`)),
    {
      topic: routes,
      purpose: 'log of route events, one partition a shard',
      isInput: false,
      partitions: config.shards,
      config: { ...keepForEver, ...anyRecord },
    },
    {
      topic: repartition,
      purpose: 'flows on their way to the member that holds their shard',
      isInput: false,
      partitions: config.shards,
      config: { ...keepForEver, ...anyRecord },
    },
    {
      topic: snapshots,
      purpose: 'snapshots of shards, from which members start',
      isInput: false,
      partitions: config.shards,
      config: { ...keepForEver, ...anyTimestamp, 'max.message.bytes': '1048588' },
      largestRecord: chunkRecordBytes,
    },
    { topic: config.output.topic, purpose: 'enriched flows', isInput: false, partitions: null, config: anyRecord },
    {
      topic: config.output.deadLetterTopic,
      purpose: 'records that could not be decoded',
      isInput: false,
      partitions: null,
      config: anyRecord,
    },
  ];
}

/** Compares what is needed with what is there. Creates nothing. */
export async function inspectTopics(config: CompiledConfig, admin: Admin): Promise<TopicState[]> {
  const needed = neededTopics(config);
  const counts = await admin.partitionCounts(needed.map((n) => n.topic));
  const flowPartitions = Math.max(1, ...config.flows.map((f) => counts.get(f.topic) ?? 0));
  const settings = new Map<string, ReadonlyMap<string, string>>();
  for (const topic of counts.keys()) settings.set(topic, await admin.topicConfig(topic, settingsLookedAt));
  const sizeOf = (topic: string): number => Number(settings.get(topic)?.get('max.message.bytes') ?? 0);
  const largest = Math.max(0, ...needed.filter((n) => n.isInput).map((n) => sizeOf(n.topic)));
  return needed.map((need) => {
    const actual = counts.get(need.topic) ?? 0;
    const planned = need.partitions ?? (need.topic === config.output.topic ? flowPartitions : 1);
    const warning = warningOf(need, settings.get(need.topic), largest, config);
    return { ...need, actual, planned, ...verdict(need, actual, planned, config), warning };
  });
}

const settingsLookedAt = ['max.message.bytes', 'retention.ms', 'cleanup.policy'];

function warningOf(
  need: NeededTopic,
  settings: ReadonlyMap<string, string> | undefined,
  largestInput: number,
  config: CompiledConfig,
): string {
  if (need.isInput || settings === undefined) return '';
  const wrong: string[] = [];
  const wanted: string[] = [];
  const { largestRecord = null } = need;
  if (Number(settings.get('max.message.bytes')) < (largestRecord ?? largestInput)) {
    wrong.push(
      largestRecord === null
        ? 'a record as large as an input allows does not fit and would stop its partition'
        : `a record of ${largestRecord} bytes does not fit: no snapshot can be written`,
    );
    wanted.push(`max.message.bytes=${need.config['max.message.bytes']}`);
  }
  for (const [name, value] of Object.entries(need.config)) {
    if (!(name in keepForEver) || !settings.has(name) || settings.get(name) === value) continue;
    wrong.push(`${name} is ${settings.get(name)}: what a restore needs may be deleted`);
    wanted.push(`${name}=${value}`);
  }
  if (wrong.length === 0) return '';
  return (
    `${wrong.join('; ')}\n    kafka-configs.sh --bootstrap-server ${config.kafka.brokers[0]} --alter --topic ${need.topic}` +
    ` --add-config ${wanted.join(',')}`
  );
}

function verdict(
  need: NeededTopic,
  actual: number,
  planned: number,
  config: CompiledConfig,
): { problem: string; remedy: string } {
  const create =
    `kafka-topics.sh --bootstrap-server ${config.kafka.brokers[0]} --create --topic ${need.topic} --partitions ${planned}` +
    ` --replication-factor ${config.topics.replicationFactor}` +
    Object.entries(need.config)
      .map(([key, value]) => ` --config ${key}=${value}`)
      .join('');
  if (actual === 0) {
    if (need.isInput) return { problem: 'does not exist: its producer has to create it', remedy: '' };
    return { problem: 'does not exist', remedy: create };
  }
  if (need.partitions !== null && actual !== need.partitions) {
    return {
      problem: `has ${actual} partitions, shards: ${need.partitions} needs ${need.partitions}`,
      remedy: `set "shards: ${actual}", or choose another "application" name`,
    };
  }
  return { problem: '', remedy: '' };
}

export interface World {
  /** Partitions by topic, of all topics needed. */
  readonly partitions: ReadonlyMap<string, number>;
  readonly created: readonly string[];
  readonly warnings: readonly { readonly topic: string; readonly warning: string }[];
}

/** Creates what is missing if `topics.create` allows it. Throws FatalError with all that is wrong and how to mend it. */
export async function prepareTopics(config: CompiledConfig, admin: Admin): Promise<World> {
  const states = await inspectTopics(config, admin);
  const missing = states.filter((s) => s.actual === 0 && !s.isInput);
  const wrong = states.filter((s) => s.problem !== '' && !(config.topics.create && missing.includes(s)));
  if (wrong.length > 0)
    throw new FatalError(`topics are not as they must be:\n${wrong.map(describeProblem).join('\n')}`);
  const made = await admin.createTopics(missing.map((s) => specOf(s, config)));
  const partitions = new Map(states.map((s) => [s.topic, s.actual === 0 ? s.planned : s.actual]));
  const created = [...made].filter(([, isNew]) => isNew).map(([topic]) => topic);
  return { partitions, created, warnings: states.filter((s) => s.warning !== '') };
}

export function specOf(state: TopicState, config: CompiledConfig): TopicSpec {
  return {
    topic: state.topic,
    partitions: state.planned,
    replicationFactor: config.topics.replicationFactor,
    config: state.config,
  };
}

export function describeProblem(state: TopicState): string {
  return `  ${state.topic} (${state.purpose}): ${state.problem}${state.remedy === '' ? '' : `\n    ${state.remedy}`}`;
}
