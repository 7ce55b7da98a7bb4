/**
 * Where flow and repartition partitions start. Without a commit a flow partition starts by `startAt`, resolved once to an offset and
 * committed before the first fetch: otherwise what is produced between two runs before the first commit would never be read.
 * `<app>.repartition` always starts at the earliest record.
 */

import type { Admin, Assignment, CommitPosition, GroupConsumer, TopicPartitionOffset } from '../../kafka/types.ts';

export interface FlowPositionsOptions {
  readonly admin: Admin;
  readonly consumer: GroupConsumer;
  readonly group: string;
  readonly repartitionTopic: string;
  readonly startAt: 'earliest' | 'latest';
  readonly onLostOffsets: (at: TopicPartitionOffset, logStart: number) => void;
}

const commitRetryMs = 200;

export interface FlowPositions {
  readonly positions: readonly TopicPartitionOffset[];
  /** For the metadata of commits: one made under another id counts for nothing (a topic that was created anew). */
  readonly topicIds: ReadonlyMap<string, string>;
}

/** Positions of all partitions of the assignment; commits those that were resolved here. */
export async function flowPositions(assignment: Assignment, options: FlowPositionsOptions): Promise<FlowPositions> {
  const topics = [...new Set(assignment.partitions.map((p) => p.topic))];
  const topicIds = await options.admin.topicIds(topics);
  const positions: TopicPartitionOffset[] = [];
  const resolved: CommitPosition[] = [];
  for (const topic of topics) {
    const metadata = topicIds.get(topic) ?? '';
    const bounds = new Map((await options.admin.offsets(topic)).map((o) => [o.partition, o]));
    const committed = await options.admin.committed(options.group, topic, metadata);
    for (const { partition } of assignment.partitions.filter((p) => p.topic === topic)) {
      const low = bounds.get(partition)?.low ?? 0;
      const high = bounds.get(partition)?.high ?? low;
      const commit = committed.get(partition);
      if (commit !== undefined) {
        if (commit < low) options.onLostOffsets({ topic, partition, offset: commit }, low);
        // A commit beyond the end belongs to a topic that was deleted and created again.
        positions.push({ topic, partition, offset: commit < low || commit > high ? low : commit });
        continue;
      }
      // Partitions that a topic gained while others have commits are read whole: nothing in them was ever skipped on purpose.
      const earliest = topic === options.repartitionTopic || options.startAt === 'earliest' || committed.size > 0;
      const position = { topic, partition, offset: earliest ? low : high };
      positions.push(position);
      resolved.push({ ...position, metadata });
    }
  }
  if (resolved.length > 0) await commitResolved(assignment, resolved, options.consumer);
  return { positions, topicIds };
}

async function commitResolved(
  assignment: Assignment,
  positions: readonly CommitPosition[],
  consumer: GroupConsumer,
): Promise<void> {
  while (assignment.isCurrent()) {
    if (await consumer.commit(assignment, positions)) return;
    await new Promise((resolve) => setTimeout(resolve, commitRetryMs));
  }
}
