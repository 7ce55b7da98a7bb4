/**
 * Topic names in, topic ids out (KIP-516): a topic that was deleted and created again has the same name and another id, which no
 * offset shows. kafkajs speaks Metadata up to version 6; ids came with 10, so the request is ours. It is a flexible version: compact
 * strings and arrays (length + 1 as unsigned varint, 0 = null) and a tag buffer after every structure and both headers.
 *
 *   Metadata Request (Version: 10)  => [topics] allow_auto_topic_creation include_cluster_authorized_operations
 *                                      include_topic_authorized_operations TAG_BUFFER
 *     topics     => topic_id(uuid) name(compact nullable string) TAG_BUFFER
 *   Metadata Response (Version: 10) => throttle_time_ms(int32) [brokers] cluster_id(compact nullable string) controller_id(int32)
 *                                      [topics] cluster_authorized_operations(int32) TAG_BUFFER
 *     brokers    => node_id(int32) host(compact string) port(int32) rack(compact nullable string) TAG_BUFFER
 *     topics     => error_code(int16) name(compact string) topic_id(uuid) is_internal(boolean) [partitions]
 *                   topic_authorized_operations(int32) TAG_BUFFER
 *     partitions => error_code(int16) partition_index(int32) leader_id(int32) leader_epoch(int32) [replica_nodes(int32)]
 *                   [isr_nodes(int32)] [offline_replicas(int32)] TAG_BUFFER
 */

import { ByteWriter } from '../base/byte-writer.ts';
import {
  type Cluster,
  createErrorFromCode,
  EncoderConstructor,
  type ProtocolRequest,
  sendRequest,
} from './internals.ts';

const metadataKey = 3;
const metadataVersion = 10;
const unknownTopicOrPartition = 3;
const leaderNotAvailable = 5;
const noTopicId = '00000000-0000-0000-0000-000000000000';

interface TopicEntry {
  readonly errorCode: number;
  readonly name: string;
  readonly topicId: string;
}

/** Topic id (UUID text) by topic; topics that do not exist are absent. The cluster must be connected. */
export async function fetchTopicIds(cluster: Cluster, topics: readonly string[]): Promise<Map<string, string>> {
  if (topics.length === 0) return new Map();
  const broker = await cluster.brokerPool.findConnectedBroker();
  const ids = new Map<string, string>();
  for (const { errorCode, name, topicId } of await sendRequest(broker, metadataRequest(topics))) {
    if (errorCode === unknownTopicOrPartition || topicId === noTopicId) continue;
    if (errorCode !== 0 && errorCode !== leaderNotAvailable) throw createErrorFromCode(errorCode);
    ids.set(name, topicId);
  }
  return ids;
}

function metadataRequest(topics: readonly string[]): ProtocolRequest<readonly TopicEntry[], readonly TopicEntry[]> {
  return {
    request: {
      apiKey: metadataKey,
      apiVersion: metadataVersion,
      apiName: 'Metadata',
      // kafkajs writes a request header of version 1; version 2 is the same and a tag buffer, so the body begins with that.
      encode: async () => new EncoderConstructor().writeBuffer(encodeMetadataBody(topics)),
    },
    response: {
      decode: async (raw) => decodeMetadataTopics(raw),
      parse: async (entries) => entries,
    },
  };
}

function encodeMetadataBody(topics: readonly string[]): Buffer {
  const writer = new ByteWriter(1024);
  writer.writeByte(0);
  writer.writeVarint32(topics.length + 1);
  for (const topic of topics) {
    const name = Buffer.from(topic, 'utf8');
    writer.writeBytes(Buffer.alloc(16));
    writer.writeVarint32(name.length + 1);
    writer.writeBytes(name);
    writer.writeByte(0);
  }
  for (let flag = 0; flag < 3; flag++) writer.writeByte(0);
  writer.writeByte(0);
  return Buffer.from(writer.view());
}

/** `raw` begins after the correlation id, with the tag buffer of the response header of version 1. */
export function decodeMetadataTopics(raw: Buffer): TopicEntry[] {
  const reader = new FlexibleReader(raw);
  reader.skipTags();
  reader.skip(4);
  reader.array(() => {
    reader.skip(4);
    reader.compactString();
    reader.skip(4);
    reader.compactString();
    reader.skipTags();
  });
  reader.compactString();
  reader.skip(4);
  return reader.array(() => {
    const errorCode = reader.int16();
    const name = reader.compactString() ?? '';
    const topicId = reader.uuid();
    reader.skip(1);
    reader.array(() => {
      reader.skip(14);
      for (let list = 0; list < 3; list++) reader.array(() => reader.skip(4));
      reader.skipTags();
    });
    reader.skip(4);
    reader.skipTags();
    return { errorCode, name, topicId };
  });
}

/** Fields of a flexible version, in order. */
class FlexibleReader {
  private readonly bytes: Buffer;
  private at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  skip(size: number): void {
    this.at += size;
    if (this.at > this.bytes.length) throw new RangeError('Metadata response is cut short');
  }

  int16(): number {
    this.skip(2);
    return this.bytes.readInt16BE(this.at - 2);
  }

  uuid(): string {
    this.skip(16);
    const hex = this.bytes.toString('hex', this.at - 16, this.at);
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }

  compactString(): string | null {
    const size = this.unsignedVarint() - 1;
    if (size < 0) return null;
    this.skip(size);
    return this.bytes.toString('utf8', this.at - size, this.at);
  }

  array<T>(readOne: () => T): T[] {
    const count = this.unsignedVarint() - 1;
    const list: T[] = [];
    for (let i = 0; i < count; i++) list.push(readOne());
    return list;
  }

  /** tags => count(unsigned varint) [tag(unsigned varint) size(unsigned varint) bytes] */
  skipTags(): void {
    for (let count = this.unsignedVarint(); count > 0; count--) {
      this.unsignedVarint();
      this.skip(this.unsignedVarint());
    }
  }

  private unsignedVarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      this.skip(1);
      const byte = this.bytes[this.at - 1];
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return value >>> 0;
  }
}
