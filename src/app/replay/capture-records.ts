/**
 * A capture → the BMP messages in it, in the order in which they were complete on the wire. Which TCP directions speak BMP shows in
 * their first bytes, whatever the port; the router is their sender.
 */

import { RecordError } from '../../base/errors.ts';
import type { RouteInput } from '../../config/types.ts';
import { bmpMessageLength } from '../../wire/bmp/messages.ts';
import { readTcpStreams, type TcpDirection, type TcpGap } from '../../wire/pcap/tcp-streams.ts';
import { bmpRecord } from './bmp-wrapping.ts';
import type { Warn } from './framed-records.ts';
import { fileError, type ReplayFile } from './replay-file.ts';
import type { ReplayRecord } from './replay-record.ts';

const headerSize = 6;
const perPeerHeaderSize = 42;
const bmpVersion = 3;
const initiation = 4;
const termination = 5;
const lastType = 6;
const lastPeerType = 3;
/** More than any BGP message needs: what claims to be longer is something else. */
const maxMessageSize = 1 << 20;
/** Bytes without a message in a direction whose beginning was not captured, before it counts as something else. */
const maxSkipped = 4 << 20;

interface Direction {
  state: 'undecided' | 'bmp' | 'other';
  /** Bytes that are no whole message yet. */
  rest: Buffer;
  /** Whole ones found. */
  messages: number;
  /** The capture has all bytes since the connection began. */
  isWhole: boolean;
  /** Before the first message that is whole, where the capture lacks something. */
  skipped: number;
  gaps: number;
  /** Bytes that the capture lacks. */
  missing: number;
}

export function* readCaptureRecords(file: ReplayFile, input: RouteInput, warn: Warn): Generator<ReplayRecord> {
  const directions = new Map<TcpDirection, Direction>();
  const gaps: TcpGap[] = [];
  let messages = 0;
  let others = 0;
  const streams = readTcpStreams(
    file.bytes,
    (gap) => gaps.push(gap),
    (offset, text) => warn(file, `byte ${offset}`, text),
  );
  try {
    for (const { bytes, direction, missing, timestampMs } of streams) {
      if (bytes.length > 0) file.position = Math.max(file.position, bytes.byteOffset - file.bytes.byteOffset);
      let of = directions.get(direction);
      if (of === undefined) directions.set(direction, (of = newDirection(direction)));
      if (of.state === 'other') continue;
      if (missing > 0) noteGap(of, missing);
      of.rest = of.rest.length === 0 ? bytes : Buffer.concat([of.rest, bytes]);
      if (of.state === 'undecided') decide(of);
      if (of.state !== 'bmp') continue;
      for (let size = nextSize(of, file, direction, warn); size > 0; size = nextSize(of, file, direction, warn)) {
        const message = of.rest.subarray(0, size);
        of.rest = of.rest.subarray(size);
        of.messages++;
        yield bmpRecord(input, direction.source, message, Math.floor(timestampMs), `message ${++messages}`);
      }
    }
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    throw fileError(file.path, `byte ${error.detail.offset}`, error.message);
  }
  for (const [direction, of] of directions) {
    const { rest, skipped } = of;
    if (of.messages === 0) {
      others++;
      continue;
    }
    const name = nameOf(direction);
    const leftOut = skipped === 0 ? '' : `, ${skipped} bytes that are no whole message are left out`;
    if (!direction.isFromStart) warn(file, name, `the beginning was not captured${leftOut}`);
    if (of.gaps > 0) warn(file, name, `${of.missing} bytes in ${of.gaps} places were not captured${leftOut}`);
    const gap = gaps.find((one) => one.direction === direction);
    if (gap !== undefined) {
      const cut = gap.cutPackets === 0 ? '' : ` (${gap.cutPackets} packets were cut off when captured)`;
      const where = `bytes are missing behind the first ${gap.given}${cut}`;
      warn(file, name, `${where}; ${gap.notGiven} captured bytes after the gap are left out`);
    } else if (rest.length > 0) {
      warn(file, name, `ends within a message, ${rest.length} bytes of it are there`);
    }
  }
  if (messages === 0) warn(file, 'whole file', `no BMP message in it; ${others} TCP directions speak something else`);
}

const noBytes = Buffer.alloc(0);

function nameOf({ destination, destinationPort, source, sourcePort }: TcpDirection): string {
  return `${source} port ${sourcePort} to ${destination} port ${destinationPort}`;
}

function newDirection({ isFromStart: isWhole }: TcpDirection): Direction {
  return { state: 'undecided', rest: noBytes, messages: 0, isWhole, skipped: 0, gaps: 0, missing: 0 };
}

/** The next whole message must be found again. */
function noteGap(of: Direction, missing: number): void {
  of.state = 'undecided';
  of.isWhole = false;
  of.gaps++;
  of.missing += missing;
  of.skipped += of.rest.length;
  of.rest = noBytes;
}

/** Whether these are BMP messages. Where something was not captured, one may begin anywhere: another must follow it. */
function decide(of: Direction): void {
  const { rest } = of;
  if (of.isWhole) {
    if (rest.length < headerSize && rest[0] === bmpVersion) return;
    of.state = beginsMessage(rest, 0) ? 'bmp' : 'other';
    if (of.state === 'other') of.rest = noBytes;
    return;
  }
  let keepFrom = rest.length;
  for (let at = rest.indexOf(bmpVersion); at >= 0; at = rest.indexOf(bmpVersion, at + 1)) {
    const isCut = at + headerSize > rest.length;
    if (!isCut && !beginsMessage(rest, at)) continue;
    const next = isCut ? Infinity : at + rest.readUInt32BE(at + 1);
    const isFollowed = next === rest.length || (next + headerSize <= rest.length && beginsMessage(rest, next));
    if (isFollowed) {
      of.state = 'bmp';
      keepFrom = at;
      break;
    }
    if (next + headerSize > rest.length) keepFrom = Math.min(keepFrom, at);
  }
  of.skipped += keepFrom;
  of.rest = rest.subarray(keepFrom);
  if (of.state === 'undecided' && of.skipped > maxSkipped) {
    of.state = 'other';
    of.rest = noBytes;
  }
}

function beginsMessage(bytes: Buffer, at: number): boolean {
  if (bytes.length < at + headerSize || bytes[at] !== bmpVersion) return false;
  const type = bytes[at + 5];
  const size = bytes.readUInt32BE(at + 1);
  if (type > lastType || size > maxMessageSize) return false;
  if (type === initiation || type === termination) return size >= headerSize;
  if (size < headerSize + perPeerHeaderSize) return false;
  return bytes.length <= at + headerSize || bytes[at + headerSize] <= lastPeerType;
}

/** Size of the whole message that `rest` begins with; 0 when there is none. */
function nextSize(of: Direction, file: ReplayFile, direction: TcpDirection, warn: Warn): number {
  const { rest } = of;
  if (rest.length < headerSize) return 0;
  try {
    if (rest.readUInt32BE(1) <= maxMessageSize) return bmpMessageLength(rest, 0, rest.length);
    warn(file, nameOf(direction), `a message of ${rest.readUInt32BE(1)} bytes is none; the rest is left out`);
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    if (error.code === 'bmp-truncated') return 0;
    warn(file, nameOf(direction), `${error.message}; the rest is left out`);
  }
  of.state = 'other';
  of.rest = noBytes;
  return 0;
}
