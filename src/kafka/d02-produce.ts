/**
 * Hazard D2: a send of kafkajs to several partitions resolves although a partition whose leader moved was left out. So a Produce
 * request of ours carries one topic with one partition, and its answer counts only when it names exactly that one.
 * Test: test/kafka/d02-leader-moves.test.ts.
 *
 *   Produce Request (Version: 7)  => transactional_id(nullable string) acks(int16) timeout_ms(int32) [topic [partition record_set]]
 *   Produce Response (Version: 7) => [topic [partition(int32) error_code(int16) base_offset(int64) log_append_time_ms(int64)
 *                                    log_start_offset(int64)]] throttle_time_ms(int32)
 *
 * Version 7 is the first with zstd; no later one brings anything that is needed here, and Kafka 4 still serves it.
 */

import { type Encoder, EncoderConstructor, type ProtocolRequest } from './internals.ts';

const produceKey = 0;
const produceVersion = 7;
const acksAll = -1;

export interface ProduceAnswer {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly baseOffset: bigint;
}

/** What stands in a Produce request before the size of the record set; the same for every batch of that partition. */
export function produceFront(topic: string, partition: number, timeoutMs: number, transactionalId?: string): Buffer {
  const encoder = new EncoderConstructor()
    .writeString(transactionalId ?? null)
    .writeInt16(acksAll)
    .writeInt32(timeoutMs)
    .writeInt32(1)
    .writeString(topic)
    .writeInt32(1)
    .writeInt32(partition);
  return Buffer.from(encoder.buffer);
}

/** `body` as RecordBatchWriter.finish gives it; it is copied when the request is written to the socket. */
export function produceRequest(
  body: Buffer,
  topic: string,
  partition: number,
): ProtocolRequest<readonly ProduceAnswer[], ProduceAnswer> {
  return {
    request: {
      apiKey: produceKey,
      apiVersion: produceVersion,
      apiName: 'Produce',
      encode: async () => encoderOver(body),
    },
    response: {
      decode: async (raw) => decodeProduceAnswers(raw),
      parse: async (answers) => onlyAnswer(answers, topic, partition),
    },
  };
}

export function decodeProduceAnswers(raw: Buffer): ProduceAnswer[] {
  const answers: ProduceAnswer[] = [];
  let at = 4;
  for (let topics = raw.readInt32BE(0); topics > 0; topics--) {
    const nameSize = raw.readInt16BE(at);
    const topic = raw.toString('utf8', at + 2, at + 2 + nameSize);
    at += 2 + nameSize;
    const partitions = raw.readInt32BE(at);
    at += 4;
    for (let i = 0; i < partitions; i++, at += 30) {
      answers.push({
        topic,
        partition: raw.readInt32BE(at),
        errorCode: raw.readInt16BE(at + 4),
        baseOffset: raw.readBigInt64BE(at + 6),
      });
    }
  }
  return answers;
}

/** The answer about that partition; anything else in its place is an unknown outcome, and the batch is sent again. */
export function onlyAnswer(answers: readonly ProduceAnswer[], topic: string, partition: number): ProduceAnswer {
  const answer = answers[0];
  if (answers.length !== 1 || answer.topic !== topic || answer.partition !== partition) {
    const named = answers.map((one) => `${one.topic}[${one.partition}]`).join(', ');
    throw new Error(`Produce to ${topic}[${partition}] was answered for ${named || 'nothing'}`);
  }
  return answer;
}

/** An Encoder of kafkajs whose content is `body`, without copying it. */
function encoderOver(body: Buffer): Encoder {
  return Object.assign(new EncoderConstructor(), { buf: body, offset: body.length });
}
