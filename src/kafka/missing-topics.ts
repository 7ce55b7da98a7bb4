/**
 * A client of kafkajs that ever targeted a topic since deleted fails every metadata refresh, and with it everything else it does;
 * one partition without a leader is enough too. A cluster treated here takes both as facts: a missing topic is a topic without
 * partitions, a partition without a leader has leader -1, and both are looked at again at the next refresh.
 */

import {
  type Broker,
  type Cluster,
  type ClusterMetadata,
  createErrorFromCode,
  decodeMetadataV6,
  metadataRequestV6,
  sendRequest,
} from './internals.ts';

const unknownTopicOrPartition = 3;
const leaderNotAvailable = 5;

/** Call right after the cluster was made, before it connects. */
export function tolerateMissingTopics(cluster: Cluster): void {
  const pool = cluster.brokerPool;
  const createBroker = pool.createBroker;
  pool.createBroker = (options: unknown): Broker => {
    const broker = createBroker(options);
    broker.metadata = (topics: readonly string[]): Promise<ClusterMetadata> => fetchMetadata(broker, topics);
    return broker;
  };
}

function fetchMetadata(broker: Broker, topics: readonly string[]): Promise<ClusterMetadata> {
  return sendRequest(broker, {
    request: metadataRequestV6({ topics, allowAutoTopicCreation: false }),
    response: { decode: decodeMetadataV6, parse: parseMetadata },
  });
}

async function parseMetadata(metadata: ClusterMetadata): Promise<ClusterMetadata> {
  for (const { topicErrorCode } of metadata.topicMetadata) {
    if (topicErrorCode !== 0 && topicErrorCode !== unknownTopicOrPartition && topicErrorCode !== leaderNotAvailable) {
      throw createErrorFromCode(topicErrorCode);
    }
  }
  return metadata;
}
