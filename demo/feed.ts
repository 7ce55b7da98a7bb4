/** Puts records into topics and reads topics back, through the same seam that flowrib itself uses. */

import { readFileSync } from 'node:fs';
import type { KafkaClient } from '../src/kafka/connection.ts';
import { createProducer } from '../src/kafka/producer.ts';
import type { RecordBatch } from '../src/kafka/types.ts';

export interface FeedRecord {
  readonly partition: number;
  readonly timestampMs: number;
  readonly value: Buffer;
}

const nothing = Buffer.alloc(0);

/** One Kafka record a line, as demo/recordings/README.md says. */
export function readRecording(name: string): FeedRecord[] {
  return readFileSync(new URL(`recordings/${name}`, import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const record = JSON.parse(line) as { partition: number; timestamp_ms: number; value_hex: string };
      return {
        partition: record.partition,
        timestampMs: record.timestamp_ms,
        value: Buffer.from(record.value_hex, 'hex'),
      };
    });
}

export async function feed(client: KafkaClient, topic: string, records: readonly FeedRecord[]): Promise<void> {
  const producer = createProducer(client);
  await producer.connect();
  const sink = producer.createSink();
  for (const { partition, timestampMs, value } of records) {
    sink.append(topic, partition, timestampMs, nothing, -1, -1, value, 0, value.length, nothing, 0, 0);
  }
  await sink.flush();
  await producer.disconnect();
}

/** Reads the topic's values as they come, from its start, until `stop` is called. */
export async function follow(
  client: KafkaClient,
  topic: string,
  partitions: number,
  onValue: (value: Buffer) => void,
): Promise<{ stop(): Promise<void> }> {
  const reader = client.partitionReader();
  await reader.run({
    onBatch: (batch: RecordBatch) => {
      for (let i = 0; i < batch.count; i++) {
        onValue(Buffer.from(batch.buffer.subarray(batch.valueStarts[i], batch.valueEnds[i])));
      }
    },
    onOffsetOutOfRange: (at) => console.error(`output ${at.topic}[${at.partition}] lost offset ${at.offset}`),
    onCrash: (error) => console.error(`reading ${topic} failed: ${error.message}`),
  });
  for (let partition = 0; partition < partitions; partition++) reader.assign(topic, partition, 0);
  return { stop: () => reader.stop() };
}
