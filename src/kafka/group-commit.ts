/**
 * Commits of a group member: one OffsetCommit with the member id and generation of the assignment under which the records were
 * read, one attempt. The coordinator refuses it once that generation is over; kafkajs's own commit would repeat it under the next
 * one and be believed (hazard D6).
 */

import { type Cluster, type ConsumerGroup, errorType, isTransient, type TopicOffsets } from './internals.ts';
import type { Assignment, CommitPosition } from './types.ts';

/** What the coordinator says to a member whose assignment is over. */
export const fencingErrors: ReadonlySet<string> = new Set([
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'FENCED_INSTANCE_ID',
]);

const coordinatorErrors = new Set([
  'NOT_COORDINATOR_FOR_GROUP',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS',
]);

/** True when the group may well be as it was, only its coordinator cannot be reached where it used to be. */
export function lostCoordinator(error: unknown): boolean {
  const type = errorType(error);
  return type === undefined ? isTransient(error) : coordinatorErrors.has(type);
}

/** False when the assignment ended meanwhile; throws when the coordinator refused or could not be reached. */
export async function commitOffsets(
  cluster: Cluster,
  group: ConsumerGroup,
  assignment: Assignment,
  positions: readonly CommitPosition[],
): Promise<boolean> {
  const { coordinator } = group;
  if (coordinator === null) return false;
  const broker = coordinator.isConnected() ? coordinator : await cluster.findBroker({ nodeId: coordinator.nodeId });
  if (!assignment.isCurrent()) return false;
  await broker.offsetCommit({
    groupId: group.groupId,
    memberId: assignment.memberId,
    groupGenerationId: assignment.generationId,
    topics: byTopic(positions),
  });
  return true;
}

function byTopic(positions: readonly CommitPosition[]): TopicOffsets[] {
  const lists = new Map<string, { partition: number; offset: string; metadata?: string }[]>();
  for (const { topic, partition, offset, metadata } of positions) {
    const list = lists.get(topic);
    const entry = { partition, offset: String(offset), ...(metadata === undefined ? {} : { metadata }) };
    if (list === undefined) lists.set(topic, [entry]);
    else list.push(entry);
  }
  return [...lists].map(([topic, partitions]) => ({ topic, partitions }));
}
