/** What the tests of the producer share. */

import { createKafka, type KafkaClient } from '../../src/kafka/connection.ts';
import type { KafkaLogger } from '../../src/kafka/logger.ts';
import { type KafkaOptions, kafkaOptions } from '../../src/kafka/options.ts';
import type { RecordSink } from '../../src/kafka/types.ts';

const empty = Buffer.alloc(0);

/** A client, and the warnings it logs. */
export function loggingClient(
  brokers: string[],
  options: Partial<KafkaOptions> = {},
): { client: KafkaClient; warnings: string[] } {
  const warnings: string[] = [];
  const ignore = (): void => undefined;
  const logger: KafkaLogger = { debug: ignore, info: ignore, error: ignore, warn: (_, text) => warnings.push(text) };
  return { client: createKafka(kafkaOptions({ brokers, clientId: 'under-test', ...options }), logger), warnings };
}

export function appendRecord(
  sink: RecordSink,
  topic: string,
  partition: number,
  value: Buffer | string | null,
  key: Buffer | null = null,
  timestampMs = 1_700_000_000_000,
  headers: Buffer = empty,
): void {
  const bytes = value === null ? empty : Buffer.from(value);
  sink.append(
    topic,
    partition,
    timestampMs,
    key ?? empty,
    key === null ? -1 : 0,
    key?.length ?? -1,
    bytes,
    value === null ? -1 : 0,
    bytes.length,
    headers,
    0,
    headers.length,
  );
}
