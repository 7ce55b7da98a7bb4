/**
 * Questions and orders to the cluster outside any reading or writing: topics, offsets, commits, groups. Through kafkajs's admin
 * where that is sound, by a request of its own where it is not: committed() never turns "no commit" into an offset, and a topic that
 * does not exist is an answer, not an error, where the seam says so.
 */

import type { Admin as KafkajsAdmin } from 'kafkajs';
import { FatalError } from '../base/errors.ts';
import {
  assignerProtocol,
  type Cluster,
  createInternalAdmin,
  InstrumentationEventEmitter,
  type InternalLogger,
  isTransient,
  kafkajsModule,
  type TopicMetadata,
} from './internals.ts';
import { decodeMemberData } from './member-data.ts';
import { fetchTopicIds } from './topic-ids.ts';
import type { Admin, PartitionOffsets, TopicPartition, TopicPartitionOffset, TopicSpec } from './types.ts';

const attempts = 8;

export class KafkaAdmin implements Admin {
  private readonly cluster: Cluster;
  private readonly admin: KafkajsAdmin;

  constructor(cluster: Cluster, logger: InternalLogger) {
    this.cluster = cluster;
    this.admin = createInternalAdmin({
      retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 8 },
      logger,
      instrumentationEmitter: new InstrumentationEventEmitter(),
      cluster,
    });
  }

  async connect(): Promise<void> {
    await this.admin.connect();
  }

  async disconnect(): Promise<void> {
    await this.admin.disconnect();
  }

  async partitionCounts(topics: readonly string[]): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const { topic, partitionMetadata } of await this.describe(topics)) counts.set(topic, partitionMetadata.length);
    return counts;
  }

  topicIds(topics: readonly string[]): Promise<Map<string, string>> {
    return persist(() => fetchTopicIds(this.cluster, topics));
  }

  async offsets(topic: string): Promise<PartitionOffsets[]> {
    await this.mustExist(topic);
    const offsets = await this.admin.fetchTopicOffsets(topic);
    return offsets
      .map(({ partition, low, high }) => ({ partition, low: Number(low), high: Number(high) }))
      .sort((a, b) => a.partition - b.partition);
  }

  async offsetsAtTime(topic: string, timestampMs: number): Promise<TopicPartitionOffset[]> {
    await this.mustExist(topic);
    const offsets = await this.admin.fetchTopicOffsetsByTimestamp(topic, timestampMs);
    return offsets
      .map(({ partition, offset }) => ({ topic, partition, offset: Number(offset) }))
      .sort((a, b) => a.partition - b.partition);
  }

  async committed(group: string, topic: string, wanted?: string): Promise<Map<number, number>> {
    const committed = new Map<number, number>();
    const [description] = await this.describe([topic]);
    if (description === undefined) return committed;
    const partitions = description.partitionMetadata.map(({ partitionId }) => ({ partition: partitionId }));
    const { responses } = await persist(async () => {
      const coordinator = await this.cluster.findGroupCoordinator({ groupId: group });
      return coordinator.offsetFetch({ groupId: group, topics: [{ topic, partitions }] });
    });
    for (const { partition, offset, metadata } of responses.flatMap((response) => response.partitions)) {
      if (wanted !== undefined && metadata && metadata !== wanted) continue;
      if (Number(offset) >= 0) committed.set(partition, Number(offset));
    }
    return committed;
  }

  async createTopics(topics: readonly TopicSpec[]): Promise<Map<string, boolean>> {
    const created = new Map<string, boolean>();
    for (const { topic, partitions, replicationFactor, config } of topics) {
      const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
      const spec = { topic, numPartitions: partitions, replicationFactor, configEntries };
      created.set(topic, await this.admin.createTopics({ topics: [spec], waitForLeaders: true }));
    }
    return created;
  }

  async topicConfig(topic: string, names: readonly string[]): Promise<Map<string, string>> {
    await this.mustExist(topic);
    const { resources } = await this.admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: kafkajsModule.ConfigResourceTypes.TOPIC, name: topic, configNames: [...names] }],
    });
    return new Map(resources[0].configEntries.map(({ configName, configValue }) => [configName, configValue]));
  }

  async deleteRecordsBefore(topic: string, offsets: readonly TopicPartitionOffset[]): Promise<void> {
    if (offsets.length === 0) return;
    // kafkajs's admin looks for the leaders before it asks for any metadata.
    await this.admin.fetchTopicOffsets(topic);
    const partitions = offsets.map(({ partition, offset }) => ({ partition, offset: String(offset) }));
    await this.admin.deleteTopicRecords({ topic, partitions });
  }

  async groupMembers(
    group: string,
  ): Promise<{ memberId: string; clientId: string; host: string; partitions: TopicPartition[]; userData: Buffer }[]> {
    const { groups } = await persist(() => this.admin.describeGroups([group]));
    return groups.flatMap(({ members }) =>
      members.map(({ memberId, clientId, clientHost, memberMetadata, memberAssignment }) => ({
        memberId,
        clientId,
        host: clientHost.replace(/^\//, ''),
        partitions: decodeAssignment(memberAssignment),
        userData: decodeUserData(memberMetadata),
      })),
    );
  }

  /** The topics that exist, as they are now. */
  private async describe(topics: readonly string[]): Promise<TopicMetadata[]> {
    if (topics.length === 0) return [];
    const metadata = await persist(async () => {
      const broker = await this.cluster.brokerPool.findConnectedBroker();
      return broker.metadata(topics);
    });
    return metadata.topicMetadata.filter(({ topicErrorCode }) => topicErrorCode === 0);
  }

  private async mustExist(topic: string): Promise<void> {
    const found = await this.describe([topic]);
    if (found.length === 0) throw new FatalError(`topic ${topic} does not exist`);
  }
}

/** Members of a group that is being rebalanced have neither metadata nor an assignment yet. */
function decodeAssignment(bytes: Buffer): TopicPartition[] {
  if (bytes.length === 0) return [];
  const assignment = assignerProtocol.MemberAssignment.decode(bytes)?.assignment ?? {};
  return Object.entries(assignment).flatMap(([topic, partitions]) =>
    partitions.toSorted((a, b) => a - b).map((partition) => ({ topic, partition })),
  );
}

function decodeUserData(bytes: Buffer): Buffer {
  if (bytes.length === 0) return Buffer.alloc(0);
  return decodeMemberData(assignerProtocol.MemberMetadata.decode(bytes).userData).application;
}

/** Tries again what passes by itself: a coordinator that loads, a connection that was lost. */
async function persist<T>(attempt: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      if (failures + 1 >= attempts || !isTransient(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.min(2_000, 100 * 2 ** failures)));
    }
  }
}
