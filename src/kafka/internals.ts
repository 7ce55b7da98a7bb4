/**
 * The parts of kafkajs 2.2.4 that this folder uses and that its public types do not show. kafkajs has been frozen since 2023 and is
 * pinned to the patch, so its inside is as stable as its outside; every file that reaches in goes through here, and nothing outside
 * src/kafka does.
 */

import { createRequire } from 'node:module';
import type * as kafkajs from 'kafkajs';

const require = createRequire(import.meta.url);

export interface PartitionMetadata {
  readonly partitionId: number;
  readonly partitionErrorCode: number;
  /** Node id; -1 while there is none. */
  readonly leader: number;
}

export interface TopicMetadata {
  readonly topic: string;
  readonly topicErrorCode: number;
  readonly partitionMetadata: readonly PartitionMetadata[];
}

export interface ClusterMetadata {
  readonly brokers: readonly { nodeId: number; host: string; port: number; rack: string | null }[];
  readonly controllerId: number;
  readonly topicMetadata: readonly TopicMetadata[];
}

/** A `protocol/encoder` Encoder; built through the constructor below. */
export interface Encoder {
  readonly buffer: Buffer;
  writeInt8(value: number): Encoder;
  writeInt16(value: number): Encoder;
  writeInt32(value: number): Encoder;
  writeInt64(value: number | string): Encoder;
  writeString(value: string | null): Encoder;
  writeBuffer(value: Buffer): Encoder;
}

export interface KafkaRequest {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly apiName: string;
  encode(): Promise<Encoder>;
}

export interface KafkaResponse<Decoded, Parsed> {
  decode(raw: Buffer): Promise<Decoded>;
  parse(decoded: Decoded): Promise<Parsed>;
}

export interface ProtocolRequest<Decoded, Parsed> {
  readonly request: KafkaRequest;
  readonly response: KafkaResponse<Decoded, Parsed>;
  readonly requestTimeout?: number;
  readonly logResponseError?: boolean;
}

export interface TopicOffsets {
  readonly topic: string;
  readonly partitions: readonly { partition: number; offset: string; metadata?: string | null }[];
}

export interface Broker {
  readonly nodeId: number | string | null;
  readonly allowAutoTopicCreation: boolean;
  readonly connectionPool: {
    readonly host: string;
    readonly port: number;
    send<Decoded, Parsed>(request: ProtocolRequest<Decoded, Parsed>): Promise<Parsed>;
  };
  isConnected(): boolean;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  metadata(topics: readonly string[]): Promise<ClusterMetadata>;
  offsetCommit(request: {
    groupId: string;
    memberId: string;
    groupGenerationId: number;
    topics: readonly TopicOffsets[];
  }): Promise<unknown>;
  offsetFetch(request: {
    groupId: string;
    topics: readonly { topic: string; partitions: readonly { partition: number }[] }[];
  }): Promise<{ responses: readonly TopicOffsets[] }>;
  listOffsets(request: {
    isolationLevel?: number;
    topics: readonly { topic: string; partitions: readonly { partition: number; timestamp: number }[] }[];
  }): Promise<{ responses: readonly TopicOffsets[] }>;
}

export interface BrokerPool {
  /** Replaced, not changed, at every refresh. */
  readonly metadata: ClusterMetadata | null;
  createBroker: (options: unknown) => Broker;
  findConnectedBroker(): Promise<Broker>;
}

export interface Cluster {
  readonly brokerPool: BrokerPool;
  readonly targetTopics: Set<string>;
  isConnected(): boolean;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  getNodeIds(): string[];
  findBroker(at: { nodeId: number | string | null }): Promise<Broker>;
  findTopicPartitionMetadata(topic: string): readonly PartitionMetadata[];
  findGroupCoordinator(of: { groupId: string; coordinatorType?: number }): Promise<Broker>;
}

/** `consumer/consumerGroup`: one life of a member, from join to crash or stop. */
export interface ConsumerGroup {
  readonly cluster: Cluster;
  readonly groupId: string;
  coordinator: Broker | null;
  readonly generationId: number | null;
  readonly memberId: string | null;
  assigned(): { topic: string; partitions: number[] }[];
  checkForStaleAssignment(): void;
  joinAndSync: (this: ConsumerGroup) => Promise<void>;
  leave: (this: ConsumerGroup) => Promise<void>;
  fetch: (this: ConsumerGroup, nodeId: string) => Promise<unknown[]>;
  heartbeat: (this: ConsumerGroup, options: { interval: number }) => Promise<void>;
}

/** Anything kafkajs throws. `type` and `code` are there when a broker answered with an error code. */
export interface KafkaError extends Error {
  readonly type?: string;
  readonly code?: number | string;
  readonly retriable?: boolean;
}

export interface RequestQueue {
  pending: unknown[];
  scheduleCheckPendingRequests: (this: RequestQueue) => void;
}

export interface GroupMemberMetadata {
  version: number;
  topics: string[];
  userData: Buffer | null;
}

export interface GroupMemberAssignment {
  version: number;
  assignment: Record<string, number[]>;
  userData: Buffer | null;
}

export interface InternalLogger {
  namespace(name: string): InternalLogger;
}

export const kafkajsModule = require('kafkajs') as typeof kafkajs;

/** The loggers and cluster factory of a client hide behind symbols that are not exported; they are found by description. */
function privateOf(client: kafkajs.Kafka, description: string): unknown {
  const symbol = Object.getOwnPropertySymbols(client).find((s) => s.description === description);
  if (symbol === undefined) throw new TypeError(`kafkajs has no ${description}: version 2.2.4 is required`);
  return (client as unknown as Record<symbol, unknown>)[symbol];
}

export interface ClusterOptions {
  metadataMaxAge?: number;
  allowAutoTopicCreation?: boolean;
  maxInFlightRequests?: number | null;
  /** 0 read_uncommitted, 1 read_committed. */
  isolationLevel?: number;
  instrumentationEmitter?: unknown;
}

export function clusterFactoryOf(client: kafkajs.Kafka): (options: ClusterOptions) => Cluster {
  return privateOf(client, 'private:Kafka:createCluster') as (options: ClusterOptions) => Cluster;
}

export function loggerOf(client: kafkajs.Kafka): InternalLogger {
  return privateOf(client, 'private:Kafka:logger') as InternalLogger;
}

export const EncoderConstructor = require('kafkajs/src/protocol/encoder') as new () => Encoder;

export const consumerGroupPrototype = (require('kafkajs/src/consumer/consumerGroup') as { prototype: ConsumerGroup })
  .prototype;

export const requestQueuePrototype = (require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue })
  .prototype;

export const createErrorFromCode = (
  require('kafkajs/src/protocol/error') as { createErrorFromCode: (code: number) => KafkaError }
).createErrorFromCode;

export const metadataRequestV6 = require('kafkajs/src/protocol/requests/metadata/v6/request') as (options: {
  topics: readonly string[];
  allowAutoTopicCreation: boolean;
}) => KafkaRequest;

export const decodeMetadataV6 = (
  require('kafkajs/src/protocol/requests/metadata/v6/response') as {
    decode: (raw: Buffer) => Promise<ClusterMetadata>;
  }
).decode;

export const assignerProtocol = require('kafkajs/src/consumer/assignerProtocol') as {
  MemberMetadata: {
    encode(metadata: { version: number; topics: readonly string[]; userData: Buffer }): Buffer;
    decode(bytes: Buffer): GroupMemberMetadata;
  };
  MemberAssignment: {
    encode(assignment: { version: number; assignment: Record<string, number[]>; userData: Buffer }): Buffer;
    decode(bytes: Buffer): GroupMemberAssignment | null;
  };
};

export const createInternalAdmin = require('kafkajs/src/admin') as (options: {
  retry: kafkajs.RetryOptions;
  logger: InternalLogger;
  instrumentationEmitter: unknown;
  cluster: Cluster;
}) => kafkajs.Admin;

export const InstrumentationEventEmitter = require('kafkajs/src/instrumentation/emitter') as new () => object;

/** Sends a request of our own over a broker's connection, so that authentication, time-outs and correlation stay kafkajs's. */
export async function sendRequest<Decoded, Parsed>(
  broker: Broker,
  request: ProtocolRequest<Decoded, Parsed>,
): Promise<Parsed> {
  try {
    return await broker.connectionPool.send(request);
  } catch (error) {
    if ((error as KafkaError).name === 'KafkaJSConnectionClosedError') await broker.disconnect();
    throw error;
  }
}

export function errorType(error: unknown): string | undefined {
  return (error as KafkaError | null)?.type;
}

const transientErrors = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
  'KafkaJSLockTimeout',
  'KafkaJSNumberOfRetriesExceeded',
]);

/** True for what passes by itself: a connection, a leader, a coordinator that is not there at the moment. */
export function isTransient(error: unknown): boolean {
  const { name, retriable } = error as KafkaError;
  return transientErrors.has(name) || retriable === true;
}
