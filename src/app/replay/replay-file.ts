/**
 * A file of recorded routes or flows, read whole, and what it holds, told from its first bytes; never from its name. Files that
 * gzip made are unpacked.
 *
 *   capture     pcap or pcapng: BMP over TCP
 *   obmp        OpenBMP records one after another, binary or with text headers
 *   bmp         BMP messages one after another
 *   records     JSON lines, each a Kafka record: topic, partition, offset, timestamp_ms, key_hex, value_hex
 *   values      JSON lines, each the value of a record
 *   delimited   protobuf messages, each with its length before it, as goflow2 writes them to files
 */

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { errorText } from '../../base/errors.ts';
import { isCapture } from '../../wire/pcap/capture.ts';

export type FileKind = 'capture' | 'obmp' | 'bmp' | 'records' | 'values' | 'delimited' | 'empty';

export interface ReplayFile {
  readonly path: string;
  readonly bytes: Buffer;
  readonly kind: FileKind;
  /** Bytes read so far: for progress. */
  position: number;
}

const magicObmp = 0x4f424d50;
const magicGzip = 0x1f8b;
const bmpVersion = 3;

/** Throws an error that names the file. */
export function openReplayFile(path: string, holds: 'routes' | 'flows'): ReplayFile {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
    if (bytes.length >= 2 && bytes.readUInt16BE(0) === magicGzip) bytes = gunzipSync(bytes);
  } catch (error) {
    throw new Error(`${path}: cannot be read: ${errorText(error)}`, { cause: error });
  }
  const kind = kindOf(path, bytes, holds);
  if (kind === 'capture' && holds === 'flows') throw fileError(path, 'byte 0', 'a capture is no file of flow records');
  return { path, bytes, kind, position: 0 };
}

export function fileError(path: string, place: string, message: string): Error {
  return new Error(`${path}: ${place}: ${message}`);
}

function kindOf(path: string, bytes: Buffer, holds: 'routes' | 'flows'): FileKind {
  if (bytes.length === 0) return 'empty';
  if (isCapture(bytes)) return 'capture';
  const first = bytes.findIndex((byte) => byte > 0x20);
  if (bytes[first] === 0x7b) return kindOfLines(path, bytes, first);
  if (holds === 'flows') return 'delimited';
  if (bytes.length >= 4 && bytes.readUInt32BE(0) === magicObmp) return 'obmp';
  if (bytes[0] === bmpVersion) return 'bmp';
  const letter = bytes[0] | 0x20;
  if (letter >= 0x61 && letter <= 0x7a && bytes.includes(0x3a)) return 'obmp';
  throw fileError(path, 'byte 0', 'neither a capture, OpenBMP, BMP, nor JSON lines');
}

function kindOfLines(path: string, bytes: Buffer, first: number): FileKind {
  const lineEnd = bytes.indexOf(0x0a, first);
  try {
    const line: unknown = JSON.parse(bytes.toString('utf8', first, lineEnd < 0 ? bytes.length : lineEnd));
    return typeof line === 'object' && line !== null && 'value_hex' in line ? 'records' : 'values';
  } catch (error) {
    throw fileError(path, `byte ${first}`, `not a line of JSON: ${errorText(error)}`);
  }
}
