/**
 * Options in, a client out: the one place where kafkajs is configured. The client hands out consumers, readers and administration;
 * producers are made from it by createProducer. Every cluster it makes keeps its own connections, so that what one of them waits
 * for holds up none of the others.
 */

import './patches.ts';
import type { Kafka, KafkaConfig, SASLOptions } from 'kafkajs';
import { KafkaAdmin } from './admin.ts';
import { type GroupConsumerOptions, KafkaGroupConsumer } from './group-consumer.ts';
import { type Cluster, type ClusterOptions, clusterFactoryOf, kafkajsModule, loggerOf } from './internals.ts';
import { bridgeLogger, type KafkaLogger, silentLogger } from './logger.ts';
import { tolerateMissingTopics } from './missing-topics.ts';
import type { KafkaOptions } from './options.ts';
import { KafkaPartitionReader, type PartitionReaderOptions } from './partition-reader.ts';
import type { Admin, GroupConsumer, PartitionReader } from './types.ts';

export interface KafkaClient {
  readonly kafka: Kafka;
  readonly options: KafkaOptions;
  readonly logger: KafkaLogger;
  /**
   * A cluster of its own, not connected yet. Its metadata tells a missing topic as one without partitions, not as an error; topics
   * are never created by asking for them.
   */
  createCluster(options?: ClusterOptions): Cluster;
  groupConsumer(options: GroupConsumerOptions): GroupConsumer;
  partitionReader(options?: PartitionReaderOptions): PartitionReader;
  admin(): Admin;
}

export function createKafka(options: KafkaOptions, logger: KafkaLogger = silentLogger): KafkaClient {
  const kafka = new kafkajsModule.Kafka(kafkajsConfig(options, logger));
  const createBare = clusterFactoryOf(kafka);
  const createCluster = (clusterOptions: ClusterOptions = {}): Cluster => {
    const cluster = createBare({
      metadataMaxAge: options.metadataMaxAgeMs,
      allowAutoTopicCreation: false,
      ...clusterOptions,
    });
    tolerateMissingTopics(cluster);
    return cluster;
  };
  return {
    kafka,
    options,
    logger,
    createCluster,
    groupConsumer: (groupOptions) => new KafkaGroupConsumer(kafka, options, logger, groupOptions),
    partitionReader: (readerOptions = {}) => new KafkaPartitionReader(createCluster(), options, logger, readerOptions),
    admin: () => new KafkaAdmin(createCluster(), loggerOf(kafka)),
  };
}

function kafkajsConfig(options: KafkaOptions, logger: KafkaLogger): KafkaConfig {
  const config: KafkaConfig = {
    brokers: [...options.brokers],
    clientId: options.clientId,
    connectionTimeout: options.connectTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 10 },
    logLevel: kafkajsModule.logLevel.INFO,
    logCreator: bridgeLogger(logger),
  };
  if (options.sasl !== undefined) config.sasl = { ...options.sasl } as SASLOptions;
  if (options.ssl !== undefined && options.ssl !== false) {
    const ssl = options.ssl;
    config.ssl =
      ssl === true
        ? true
        : ({
            ...ssl,
            ...(ssl.ca === undefined ? {} : { ca: typeof ssl.ca === 'string' ? ssl.ca : [...ssl.ca] }),
          } as Exclude<KafkaConfig['ssl'], undefined>);
  }
  return config;
}
