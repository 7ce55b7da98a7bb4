/**
 * Who gets which partition. Two classes are spread evenly, each on its own: the shards (partitions of the owned topic) and the
 * flow partitions (all other topics together); in each class the members' counts differ by at most one. Within that, a partition
 * stays where it is, and what must move goes, if it can, to the member that holds the shard of the same number: a topic keyed like
 * ours then needs no hand-over. A pure function of members and topics, the same whoever computes it, in whatever order they are
 * listed.
 */

import type { TopicPartition } from './types.ts';

export interface GroupMember {
  readonly memberId: string;
  /** What the member held when it joined. Of two that claim one partition, the later generation is believed. */
  readonly held: readonly TopicPartition[];
  readonly generation: number;
}

export interface GroupTopic {
  readonly topic: string;
  readonly partitions: number;
}

/** Every partition of every topic exactly once, by member id; members without any are present with an empty list. */
export function assignPartitions(
  members: readonly GroupMember[],
  topics: readonly GroupTopic[],
  ownedTopic: string | null,
): Map<string, TopicPartition[]> {
  const assigned = new Map<string, TopicPartition[]>();
  const byId = members.toSorted((a, b) => compareText(a.memberId, b.memberId));
  for (const { memberId } of byId) assigned.set(memberId, []);
  if (byId.length === 0) return assigned;

  const holders = currentHolders(byId);
  const shards: TopicPartition[] = [];
  const flows: TopicPartition[] = [];
  let shardCount = -1;
  for (const { topic, partitions } of topics) {
    if (topic === ownedTopic) shardCount = partitions;
    for (let partition = 0; partition < partitions; partition++) {
      (topic === ownedTopic ? shards : flows).push({ topic, partition });
    }
  }
  const shardOwner = new Map<number, string>();
  const alongside = new Set(topics.filter((t) => t.partitions === shardCount).map((t) => t.topic));

  for (const [memberId, list] of spread(shards, byId, holders, () => undefined)) {
    assigned.get(memberId)?.push(...list);
    for (const { partition } of list) shardOwner.set(partition, memberId);
  }
  const wanted = ({ topic, partition }: TopicPartition): string | undefined =>
    alongside.has(topic) ? shardOwner.get(partition) : undefined;
  for (const [memberId, list] of spread(flows, byId, holders, wanted)) assigned.get(memberId)?.push(...list);
  return assigned;
}

function currentHolders(members: readonly GroupMember[]): Map<string, string> {
  const holders = new Map<string, string>();
  const generations = new Map<string, number>();
  for (const { memberId, held, generation } of members) {
    for (const at of held) {
      const key = keyOf(at);
      if (generation > (generations.get(key) ?? -Infinity)) {
        generations.set(key, generation);
        holders.set(key, memberId);
      }
    }
  }
  return holders;
}

/** One class over the members. `wanted` names the member a partition would best be with. */
function spread(
  partitions: readonly TopicPartition[],
  members: readonly GroupMember[],
  holders: ReadonlyMap<string, string>,
  wanted: (at: TopicPartition) => string | undefined,
): Map<string, TopicPartition[]> {
  const ordered = partitions.toSorted((a, b) => a.partition - b.partition || compareText(a.topic, b.topic));
  const held = new Map<string, TopicPartition[]>(members.map(({ memberId }) => [memberId, []]));
  const loose: TopicPartition[] = [];
  for (const at of ordered) {
    const list = held.get(holders.get(keyOf(at)) ?? '');
    if (list === undefined) loose.push(at);
    else list.push(at);
  }

  // The larger quotas go to those who hold most: then the fewest partitions move.
  const quota = Math.floor(ordered.length / members.length);
  const larger = ordered.length % members.length;
  const byHeld = members.toSorted((a, b) => sizeOf(held, b.memberId) - sizeOf(held, a.memberId));
  const room = new Map<string, number>();
  const kept = new Map<string, TopicPartition[]>();
  byHeld.forEach(({ memberId }, rank) => {
    const limit = rank < larger ? quota + 1 : quota;
    const list = held.get(memberId) ?? [];
    const best = list.toSorted((a, b) => Number(wanted(b) === memberId) - Number(wanted(a) === memberId));
    kept.set(memberId, best.slice(0, limit));
    loose.push(...best.slice(limit));
    room.set(memberId, limit - Math.min(limit, list.length));
  });

  loose.sort((a, b) => a.partition - b.partition || compareText(a.topic, b.topic));
  const give = (memberId: string, at: TopicPartition): void => {
    kept.get(memberId)?.push(at);
    room.set(memberId, (room.get(memberId) ?? 0) - 1);
  };
  const rest = loose.filter((at) => {
    const owner = wanted(at);
    if (owner === undefined || (room.get(owner) ?? 0) <= 0) return true;
    give(owner, at);
    return false;
  });
  for (const at of rest) give(roomiest(room), at);
  return kept;
}

/** The member with most room; the first in the map's order, which is fixed, among equals. */
function roomiest(room: ReadonlyMap<string, number>): string {
  let best = '';
  let most = 0;
  for (const [memberId, free] of room) {
    if (free > most) {
      most = free;
      best = memberId;
    }
  }
  return best;
}

function sizeOf(lists: ReadonlyMap<string, readonly TopicPartition[]>, memberId: string): number {
  return lists.get(memberId)?.length ?? 0;
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${partition} ${topic}`;
}

/** By code unit, so that no locale takes part. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
