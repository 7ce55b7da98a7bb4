/**
 * Files of binary records one after another → records: OpenBMP, bare BMP messages, protobuf messages with their lengths. A file that
 * ends within a record is told; bytes that are no record end the replay with an error.
 */

import { RecordError } from '../../base/errors.ts';
import type { FlowInput, RouteInput } from '../../config/types.ts';
import { bmpMessageLength } from '../../wire/bmp/messages.ts';
import { bmpRecord, perPeerTimeMs } from './bmp-wrapping.ts';
import { valueRecord } from './json-lines.ts';
import { fileError, type ReplayFile } from './replay-file.ts';
import { noHeaders, type ReplayRecord } from './replay-record.ts';

/** Told what is missing: where, and a text. */
export type Warn = (file: ReplayFile, place: string, text: string) => void;

const magicObmp = 0x4f424d50;
const textHeaderMaximum = 4096;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Sizes are -1 when the file ends before that is known. */
export function* readOpenbmpRecords(file: ReplayFile, topic: string, warn: Warn): Generator<ReplayRecord> {
  const { bytes } = file;
  for (let at = 0; at < bytes.length;) {
    const isBinary = bytes.length - at >= 4 && bytes.readUInt32BE(at) === magicObmp;
    const size = isBinary ? binarySize(file, at) : textSize(file, at);
    if (size < 0 || at + size > bytes.length) {
      warn(file, `byte ${at}`, `the file ends within a record, ${bytes.length - at} bytes of it are there`);
      return;
    }
    file.position = at + size;
    const value = bytes.subarray(at, at + size);
    const timestampMs = isBinary ? openbmpTimeMs(value) : perPeerTimeMs(messageOf(value));
    yield {
      topic,
      partition: 0,
      offset: -1,
      timestampMs,
      key: null,
      value,
      headers: noHeaders,
      place: `byte ${at}`,
    };
    at += size;
  }
}

function binarySize({ bytes, path }: ReplayFile, at: number): number {
  if (at + 12 > bytes.length) return -1;
  const headerSize = bytes.readUInt16BE(at + 6);
  if (headerSize < 12) throw fileError(path, `byte ${at}`, `an OpenBMP header of ${headerSize} bytes`);
  return headerSize + bytes.readUInt32BE(at + 8);
}

/** Lines up to an empty one; L says how many bytes follow. */
function textSize({ bytes, path }: ReplayFile, at: number): number {
  const limit = Math.min(bytes.length, at + textHeaderMaximum);
  let size: number | null = null;
  for (let line = at; ;) {
    const end = bytes.subarray(0, limit).indexOf(lineFeed, line);
    if (end < 0) {
      if (limit === bytes.length && limit - at < textHeaderMaximum) return -1;
      throw fileError(path, `byte ${at}`, 'neither OBMP nor a text header');
    }
    const text = bytes.toString('latin1', line, end).trim();
    line = end + 1;
    if (text === '') {
      if (size === null) throw fileError(path, `byte ${at}`, 'a text header without L, the length');
      return line - at + size;
    }
    const length = /^L\s*:\s*(\d+)$/i.exec(text);
    if (length !== null) size = Number(length[1]);
    else if (!/^[A-Z_]+\s*:/i.test(text)) throw fileError(path, `byte ${at}`, 'neither OBMP nor a text header');
  }
}

function openbmpTimeMs(value: Buffer): number {
  if (value.length < 22) return -1;
  const seconds = value.readUInt32BE(14);
  return seconds === 0 ? -1 : seconds * 1000 + Math.floor(value.readUInt32BE(18) / 1000);
}

/** The BMP message behind a text header. */
function messageOf(record: Buffer): Buffer {
  for (let at = record.indexOf(lineFeed); at >= 0; at = record.indexOf(lineFeed, at + 1)) {
    const next = record[at + 1] === carriageReturn ? at + 2 : at + 1;
    if (record[next] === lineFeed) return record.subarray(next + 1);
  }
  return record.subarray(record.length);
}

/** Their time is the latest that a per-peer header had up to there. */
export function* readBmpMessages(
  file: ReplayFile,
  input: RouteInput,
  router: string,
  warn: Warn,
): Generator<ReplayRecord> {
  const { bytes, path } = file;
  let latestMs = -1;
  for (let at = 0; at < bytes.length;) {
    let size: number;
    try {
      size = bmpMessageLength(bytes, at, bytes.length);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      if (error.code !== 'bmp-truncated') throw fileError(path, `byte ${at}`, error.message);
      warn(file, `byte ${at}`, `the file ends within a message, ${bytes.length - at} bytes of it are there`);
      return;
    }
    const message = bytes.subarray(at, at + size);
    latestMs = Math.max(latestMs, perPeerTimeMs(message));
    file.position = at + size;
    yield bmpRecord(input, router, message, latestMs, `byte ${at}`);
    at += size;
  }
}

/**
 * Varint length and message, as protobuf's "delimited" files have them; goflow2's file transport puts its line separator behind each
 * message. Which of the two it is shows at the end: only one of them fits the whole file.
 */
export function* readDelimitedMessages(file: ReplayFile, input: FlowInput, warn: Warn): Generator<ReplayRecord> {
  const { bytes, path } = file;
  const bareEnd = walk(bytes, 0);
  const separatedEnd = bareEnd === bytes.length ? 0 : walk(bytes, 1);
  const separator = separatedEnd > bareEnd ? 1 : 0;
  for (let at = 0; at < bytes.length;) {
    const end = messageEnd(bytes, at);
    if (end < 0) throw fileError(path, `byte ${at}`, 'not the length of a protobuf message');
    if (end > bytes.length) {
      warn(file, `byte ${at}`, `the file ends within a message, ${bytes.length - at} bytes of it are there`);
      return;
    }
    if (separator === 1 && end < bytes.length && bytes[end] !== lineFeed) {
      throw fileError(path, `byte ${end}`, 'no line separator behind the message, as behind those before');
    }
    file.position = end;
    // Where the input says that its records have no length before them, the file's is none of theirs.
    const start = input.framing === 'plain' ? lengthEnd(bytes, at) : at;
    yield valueRecord(input.topic, bytes.subarray(start, end), `byte ${at}`);
    at = end + separator;
  }
}

/** How far the file can be walked by its lengths. */
function walk(bytes: Buffer, separator: number): number {
  let at = 0;
  while (at < bytes.length) {
    const end = messageEnd(bytes, at);
    if (end < 0 || end > bytes.length) return at;
    if (separator === 1 && end < bytes.length && bytes[end] !== lineFeed) return at;
    at = end + separator;
  }
  return bytes.length;
}

/** Behind the message that begins at `at`; beyond the file when it is cut off; -1 when there is no length. */
function messageEnd(bytes: Buffer, at: number): number {
  let size = 0;
  for (let i = 0; i < 5; i++) {
    if (at + i >= bytes.length) return bytes.length + 1;
    const byte = bytes[at + i];
    size += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return size === 0 ? -1 : at + i + 1 + size;
  }
  return -1;
}

function lengthEnd(bytes: Buffer, at: number): number {
  let end = at;
  while (bytes[end] >= 0x80) end++;
  return end + 1;
}
