/**
 * What a member tells the others when it joins: the partitions it holds, for the assigner, and bytes of the application's own (the
 * address under which it answers, say), for anybody who describes the group. It must stay small: the coordinator keeps it for every
 * member, and two members with 900 KB each broke a group. Ten topics of a thousand partitions make less than 2 KB here.
 *
 *   member data => version(uint8 = 1) generation(int32) [topics] application bytes
 *     topics => count(uint16) then each: name size(uint16) name(utf-8) bitmap size(uint16) bitmap
 *
 * Bit p of a bitmap, lowest first, is partition p.
 */

import { ByteWriter } from '../base/byte-writer.ts';
import { assignPartitions, type GroupMember } from './assigner.ts';
import { assignerProtocol, type Cluster } from './internals.ts';
import type { TopicPartition } from './types.ts';

export interface MemberData {
  readonly generation: number;
  readonly held: readonly TopicPartition[];
  readonly application: Buffer;
}

const version = 1;
const none: MemberData = { generation: -1, held: [], application: Buffer.alloc(0) };

export function encodeMemberData(data: MemberData): Buffer {
  const byTopic = new Map<string, number[]>();
  for (const { topic, partition } of data.held) {
    const list = byTopic.get(topic);
    if (list === undefined) byTopic.set(topic, [partition]);
    else list.push(partition);
  }
  const writer = new ByteWriter(256);
  writer.writeByte(version);
  writeUint(writer, data.generation, 4);
  writeUint(writer, byTopic.size, 2);
  for (const [topic, partitions] of byTopic) {
    const name = Buffer.from(topic, 'utf8');
    const bitmap = Buffer.alloc((Math.max(...partitions) >>> 3) + 1);
    for (const partition of partitions) bitmap[partition >>> 3] |= 1 << (partition & 7);
    writeUint(writer, name.length, 2);
    writer.writeBytes(name);
    writeUint(writer, bitmap.length, 2);
    writer.writeBytes(bitmap);
  }
  writer.writeBytes(data.application);
  return Buffer.from(writer.view());
}

/** Data of another version or cut short counts as none: the member then holds nothing as far as the others know. */
export function decodeMemberData(bytes: Buffer | null): MemberData {
  if (bytes === null || bytes.length < 7 || bytes[0] !== version) return none;
  try {
    const held: TopicPartition[] = [];
    let at = 7;
    for (let left = bytes.readUInt16BE(5); left > 0; left--) {
      const nameEnd = at + 2 + bytes.readUInt16BE(at);
      const topic = bytes.toString('utf8', at + 2, nameEnd);
      const bitmapEnd = nameEnd + 2 + bytes.readUInt16BE(nameEnd);
      if (bitmapEnd > bytes.length) return none;
      for (let byte = nameEnd + 2; byte < bitmapEnd; byte++) {
        for (let bit = 0; bit < 8; bit++) {
          if ((bytes[byte] & (1 << bit)) !== 0) held.push({ topic, partition: (byte - nameEnd - 2) * 8 + bit });
        }
      }
      at = bitmapEnd;
    }
    return { generation: bytes.readInt32BE(1), held, application: bytes.subarray(at) };
  } catch (error) {
    if (error instanceof RangeError) return none;
    throw error;
  }
}

function writeUint(writer: ByteWriter, value: number, size: 2 | 4): void {
  for (let shift = (size - 1) * 8; shift >= 0; shift -= 8) writer.writeByte((value >>> shift) & 0xff);
}

/** What kafkajs calls a partition assigner: it speaks the group protocol and leaves the decision to assignPartitions. */
export interface PartitionAssigner {
  name: string;
  version: number;
  protocol(subscription: { topics: string[] }): { name: string; metadata: Buffer };
  assign(group: {
    members: { memberId: string; memberMetadata: Buffer }[];
    topics: string[];
  }): Promise<{ memberId: string; memberAssignment: Buffer }[]>;
}

export function createAssigner(
  cluster: Cluster,
  ownedTopic: string | null,
  announce: () => MemberData,
): PartitionAssigner {
  const { MemberMetadata, MemberAssignment } = assignerProtocol;
  const name = 'flowrib-sticky';
  return {
    name,
    version,
    protocol: ({ topics }) => ({
      name,
      metadata: MemberMetadata.encode({ version, topics, userData: encodeMemberData(announce()) }),
    }),
    assign: async ({ members, topics }) => {
      const known = members.map(({ memberId, memberMetadata }): GroupMember => {
        const { generation, held } = decodeMemberData(MemberMetadata.decode(memberMetadata).userData);
        return { memberId, generation, held };
      });
      const counted = topics.map((topic) => ({ topic, partitions: cluster.findTopicPartitionMetadata(topic).length }));
      const assigned = assignPartitions(known, counted, ownedTopic);
      return [...assigned].map(([memberId, partitions]) => ({
        memberId,
        memberAssignment: MemberAssignment.encode({
          version,
          assignment: partitionsByTopic(partitions),
          userData: Buffer.alloc(0),
        }),
      }));
    },
  };
}

function partitionsByTopic(partitions: readonly TopicPartition[]): Record<string, number[]> {
  const lists: Record<string, number[]> = {};
  for (const { topic, partition } of partitions) (lists[topic] ??= []).push(partition);
  return lists;
}
