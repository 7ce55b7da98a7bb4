/**
 * Asks for the id of an idempotent producer.
 *
 *   InitProducerId Request (Version: 1)  => transactional_id(nullable string) transaction_timeout_ms(int32)
 *   InitProducerId Response (Version: 1) => throttle_time_ms(int32) error_code(int16) producer_id(int64) producer_epoch(int16)
 */

import { createErrorFromCode, EncoderConstructor, type ProtocolRequest } from './internals.ts';
import type { BatchIdentity } from './record-batch-writer.ts';

const initProducerIdKey = 22;

interface Answer extends BatchIdentity {
  readonly errorCode: number;
}

export function initProducerIdRequest(): ProtocolRequest<Answer, BatchIdentity> {
  return {
    request: {
      apiKey: initProducerIdKey,
      apiVersion: 1,
      apiName: 'InitProducerId',
      encode: async () => new EncoderConstructor().writeString(null).writeInt32(60_000),
    },
    response: {
      decode: async (raw) => ({
        errorCode: raw.readInt16BE(4),
        producerId: raw.readBigInt64BE(6),
        producerEpoch: raw.readInt16BE(14),
      }),
      parse: async (answer) => {
        if (answer.errorCode !== 0) throw createErrorFromCode(answer.errorCode);
        return answer;
      },
    },
  };
}
