/**
 * One Fetch (v11) over a connection of kafkajs, decoded by ourselves: what comes out is, by partition, the record batches as ranges
 * of one buffer. No object is made for a record; record-batch-view.ts turns a partition's batches into positions, and only when
 * somebody is going to read them. Doing so also ends three hazards of kafkajs's decoder:
 *
 * Hazard D1: an empty or fully compacted batch still says where it ends, so a reader never asks for the same offset for ever.
 * Hazard D3: d03-aborted-filter.ts.
 * Hazard D14: records are counted, not pushed as arguments, so a batch may hold any number of them.
 *
 * Wire layouts: KIP-98 for record batches, Kafka's FetchRequest.json and FetchResponse.json for the rest.
 */

import { FatalError } from '../base/errors.ts';
import type { AbortedTransaction } from './d03-aborted-filter.ts';
import { type Compression, compressionIds, decompressRecords } from './codecs.ts';
import { type Broker, EncoderConstructor, type KafkaRequest, sendRequest } from './internals.ts';

export interface FetchTarget {
  readonly topic: string;
  readonly partition: number;
  readonly position: number;
}

export interface FetchRequest {
  readonly waitMs: number;
  readonly maxBytes: number;
  readonly maxBytesPerPartition: number;
  readonly readCommitted: boolean;
  /** In the order in which the broker shall fill them. */
  readonly targets: readonly FetchTarget[];
}

/** One record batch: where its records stand in the partition's buffer. */
export interface BatchRange {
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** Number of records that are left in it; compaction may have taken some, or all. */
  readonly count: number;
  readonly baseTimestamp: number;
  /** The append time where the topic keeps that (every record has it), else NaN. */
  readonly appendTimestamp: number;
  readonly producerId: number;
  readonly transactional: boolean;
  readonly control: boolean;
  readonly abortMarker: boolean;
  start: number;
  end: number;
}

export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly aborted: readonly AbortedTransaction[];
  readonly batches: readonly BatchRange[];
  /** What the ranges refer to: the whole response, or a buffer of our own when batches were compressed. */
  readonly buffer: Buffer;
}

export function fetchPartitions(broker: Broker, request: FetchRequest): Promise<FetchedPartition[]> {
  return sendRequest(broker, {
    request: encodeRequest(request),
    response: { decode: decodeResponse, parse: passOn },
  });
}

async function passOn(response: FetchResponse): Promise<FetchedPartition[]> {
  return response.partitions;
}

interface FetchResponse {
  /** Kafka answers first and throttles afterwards (KIP-219): kafkajs keeps to this field's name. */
  readonly clientSideThrottleTime: number;
  readonly partitions: FetchedPartition[];
}

const fetchKey = 1;
const fetchVersion = 11;

/**
 * FetchRequest v11 => replica_id max_wait_ms min_bytes max_bytes isolation_level(int8) session_id session_epoch [topics]
 *                     [forgotten_topics] rack_id
 *   topics => topic [partitions]
 *     partitions => partition current_leader_epoch fetch_offset(int64) log_start_offset(int64) partition_max_bytes
 */
function encodeRequest(request: FetchRequest): KafkaRequest {
  const encode = async () => {
    const encoder = new EncoderConstructor()
      .writeInt32(-1)
      .writeInt32(request.waitMs)
      .writeInt32(1)
      .writeInt32(request.maxBytes)
      .writeInt8(request.readCommitted ? 1 : 0)
      .writeInt32(0)
      .writeInt32(-1);
    const runs = sameTopicRuns(request.targets);
    encoder.writeInt32(runs.length);
    for (const run of runs) {
      encoder.writeString(run[0].topic).writeInt32(run.length);
      for (const { partition, position } of run) {
        encoder
          .writeInt32(partition)
          .writeInt32(-1)
          .writeInt64(position)
          .writeInt64(-1)
          .writeInt32(request.maxBytesPerPartition);
      }
    }
    return encoder.writeInt32(0).writeString('');
  };
  return { apiKey: fetchKey, apiVersion: fetchVersion, apiName: 'Fetch', encode };
}

/** Neighbours of one topic share an entry; the order of the partitions stays as asked. */
function sameTopicRuns(targets: readonly FetchTarget[]): FetchTarget[][] {
  const runs: FetchTarget[][] = [];
  let last = '';
  for (const target of targets) {
    if (runs.length > 0 && target.topic === last) runs[runs.length - 1].push(target);
    else runs.push([target]);
    last = target.topic;
  }
  return runs;
}

/**
 * FetchResponse v11 => throttle_time_ms error_code(int16) session_id [responses]
 *   responses => topic [partitions]
 *     partitions => partition error_code(int16) high_watermark(int64) last_stable_offset(int64) log_start_offset(int64)
 *                   [aborted_transactions] preferred_read_replica records(bytes)
 *       aborted_transactions => producer_id(int64) first_offset(int64)
 */
async function decodeResponse(raw: Buffer): Promise<FetchResponse> {
  const partitions: FetchedPartition[] = [];
  const throttleMs = raw.readInt32BE(0);
  const topics = raw.readInt32BE(10);
  let at = 14;
  for (let t = 0; t < topics; t++) {
    const nameSize = raw.readInt16BE(at);
    const topic = raw.toString('utf8', at + 2, at + 2 + nameSize);
    at += 2 + nameSize;
    const count = raw.readInt32BE(at);
    at += 4;
    for (let p = 0; p < count; p++) {
      const partition = raw.readInt32BE(at);
      const errorCode = raw.readInt16BE(at + 4);
      const highWatermark = readInt64(raw, at + 6);
      const lastStableOffset = readInt64(raw, at + 14);
      const abortedCount = raw.readInt32BE(at + 30);
      at += 34;
      const aborted: AbortedTransaction[] = [];
      for (let i = 0; i < abortedCount; i++) {
        aborted.push({ producerId: readInt64(raw, at), firstOffset: readInt64(raw, at + 8) });
        at += 16;
      }
      const size = Math.max(0, raw.readInt32BE(at + 4));
      at += 8;
      const fetched = { topic, partition, errorCode, highWatermark, lastStableOffset, aborted };
      partitions.push({ ...fetched, ...(await decodeBatches(raw, at, at + size)) });
      at += size;
    }
  }
  return { clientSideThrottleTime: throttleMs, partitions };
}

/** Bytes from a batch's base offset to its first record. */
const batchHeaderSize = 61;
const compressions = new Map(Object.entries(compressionIds).map(([name, id]) => [id, name as Compression]));
const codecMask = 0x07;
const appendTimeFlag = 0x08;
const transactionalFlag = 0x10;
const controlFlag = 0x20;

/**
 * RecordBatch => base_offset(int64) length leader_epoch magic(int8) crc attributes(int16) last_offset_delta
 *                base_timestamp(int64) max_timestamp(int64) producer_id(int64) producer_epoch(int16) base_sequence count records
 *
 * The last batch may be cut off by the response's size limit; it is left for the next fetch.
 */
export async function decodeBatches(
  raw: Buffer,
  from: number,
  to: number,
): Promise<{ batches: BatchRange[]; buffer: Buffer }> {
  const batches: BatchRange[] = [];
  const inflated: (Buffer | null)[] = [];
  let anyInflated = false;
  let at = from;
  while (at + batchHeaderSize <= to) {
    const end = at + 12 + raw.readInt32BE(at + 8);
    if (end > to) break;
    const magic = raw[at + 16];
    if (magic !== 2)
      throw new FatalError(`record batch of message format ${magic}: only format 2 (Kafka 0.11) is read`);
    const attributes = raw.readInt16BE(at + 21);
    const records = await recordsOf(raw, at + batchHeaderSize, end, attributes);
    const baseOffset = readInt64(raw, at);
    const control = (attributes & controlFlag) !== 0;
    if (records !== null) anyInflated = true;
    inflated.push(records);
    batches.push({
      baseOffset,
      lastOffset: baseOffset + raw.readInt32BE(at + 23),
      count: raw.readInt32BE(at + 57),
      baseTimestamp: readInt64(raw, at + 27),
      appendTimestamp: (attributes & appendTimeFlag) === 0 ? NaN : readInt64(raw, at + 35),
      producerId: readInt64(raw, at + 43),
      transactional: (attributes & transactionalFlag) !== 0,
      control,
      abortMarker: control && isAbortMarker(raw, at + batchHeaderSize, end),
      start: at + batchHeaderSize,
      end,
    });
    at = end;
  }
  return { batches, buffer: anyInflated ? gather(raw, batches, inflated) : raw };
}

async function recordsOf(raw: Buffer, start: number, end: number, attributes: number): Promise<Buffer | null> {
  if ((attributes & codecMask) === 0 || start === end) return null;
  const compression = compressions.get(attributes & codecMask);
  if (compression === undefined || compression === 'none') {
    throw new FatalError(`record batch with unknown compression ${attributes & codecMask}`);
  }
  return decompressRecords(compression, raw.subarray(start, end));
}

/** Puts the batches of a partition into one buffer, where compression left them in several, and moves their ranges. */
function gather(raw: Buffer, batches: readonly BatchRange[], inflated: readonly (Buffer | null)[]): Buffer {
  if (batches.length === 1 && inflated[0] !== null) {
    batches[0].start = 0;
    batches[0].end = inflated[0].length;
    return inflated[0];
  }
  let size = 0;
  for (let i = 0; i < batches.length; i++) size += inflated[i]?.length ?? batches[i].end - batches[i].start;
  const buffer = Buffer.allocUnsafeSlow(size);
  let at = 0;
  for (let i = 0; i < batches.length; i++) {
    const batch = batches[i];
    const records = inflated[i];
    if (records === null) raw.copy(buffer, at, batch.start, batch.end);
    else records.copy(buffer, at);
    const length = records?.length ?? batch.end - batch.start;
    batch.start = at;
    at += length;
    batch.end = at;
  }
  return buffer;
}

/**
 * Control record => length(varint) attributes(int8) timestamp_delta(varint) offset_delta(varint) key_length(varint) key ...
 *   key => version(int16) type(int16): 0 abort, 1 commit
 */
function isAbortMarker(raw: Buffer, start: number, end: number): boolean {
  let at = skipVarint(raw, start) + 1;
  at = skipVarint(raw, at);
  at = skipVarint(raw, at);
  at = skipVarint(raw, at);
  return at + 4 <= end && raw[at + 2] === 0 && raw[at + 3] === 0;
}

function skipVarint(raw: Buffer, at: number): number {
  let next = at;
  while (raw[next] >= 0x80) next++;
  return next + 1;
}

function readInt64(raw: Buffer, at: number): number {
  return raw.readInt32BE(at) * 4_294_967_296 + raw.readUInt32BE(at + 4);
}
