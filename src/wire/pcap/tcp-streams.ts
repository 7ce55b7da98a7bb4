/**
 * A capture → the bytes of every TCP direction, in their order, as early as the capture allows: segments that came early wait for the
 * ones before them, what was sent twice is given once (RFC 9293 §3.10). A direction of which the beginning was not captured starts with
 * the first segment seen. Bytes that the receiver acknowledged and that were not captured are passed over; bytes after a gap of which
 * neither is seen are not given, and the gap is told at the end.
 */

import { readCapture } from './capture.ts';
import type { CapturedPacket, OnCaptureProblem } from './captured-packet.ts';
import { readTcpSegment, type TcpSegment } from './tcp-segment.ts';

/** One direction of one connection; a new SYN with the same addresses and ports is a new one. */
export interface TcpDirection {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  /** The capture has its SYN: the first byte given is the first that was sent. */
  readonly isFromStart: boolean;
}

/** Bytes that were sent and are not in the capture: what came after them is not given. */
export interface TcpGap {
  readonly direction: TcpDirection;
  /** Bytes given before it. */
  readonly given: number;
  /** Captured bytes behind it. */
  readonly notGiven: number;
  /** Packets of the direction that the capture cut off (snap length). */
  readonly cutPackets: number;
}

export interface TcpData {
  /** The same object for all data of the direction. */
  readonly direction: TcpDirection;
  /** Of the packet that made these bytes available. */
  readonly timestampMs: number;
  /** Bytes before these that the receiver got and the capture has not. */
  readonly missing: number;
  /** Empty when the sender closed or reset the connection: no more will follow. */
  readonly bytes: Buffer;
}

interface DirectionState {
  readonly direction: TcpDirection;
  readonly firstSequence: number;
  nextSequence: number;
  given: number;
  cutPackets: number;
  /** Early segments by sequence number. */
  readonly waiting: Map<number, { start: number; end: number }>;
  /** Sequence number after the last byte, once FIN was seen; -1 before. */
  finalSequence: number;
  isClosed: boolean;
}

/** Early segments beyond this many wait for something that will not come. */
const maxWaiting = 4096;

/** `onGap` is told of each direction once, `onProblem` of what is wrong with the file. */
export function* readTcpStreams(
  file: Buffer,
  onGap: (gap: TcpGap) => void = () => {},
  onProblem: OnCaptureProblem = () => {},
): Generator<TcpData> {
  const directions = new Map<string, DirectionState>();
  for (const packet of readCapture(file, onProblem)) {
    const segment = readTcpSegment(file, packet);
    if (segment !== null) yield* acceptSegment(directions, file, packet, segment, onGap);
  }
  for (const state of directions.values()) tellGap(state, onGap);
}

function tellGap(state: DirectionState, onGap: (gap: TcpGap) => void): void {
  let notGiven = 0;
  for (const { start, end } of state.waiting.values()) notGiven += end - start;
  state.waiting.clear();
  const { cutPackets, direction, given } = state;
  if (notGiven > 0) onGap({ direction, given, notGiven, cutPackets });
}

function* acceptSegment(
  directions: Map<string, DirectionState>,
  file: Buffer,
  packet: CapturedPacket,
  segment: TcpSegment,
  onGap: (gap: TcpGap) => void,
): Generator<TcpData> {
  const { acknowledgment, destination, destinationPort, source, sourcePort } = segment;
  if (acknowledgment >= 0) {
    const answered = directions.get(keyOf(destination, destinationPort, source, sourcePort));
    if (answered !== undefined) yield* passOver(answered, acknowledgment, file, packet);
  }
  const key = keyOf(source, sourcePort, destination, destinationPort);
  let state = directions.get(key);
  const firstSequence = segment.isSyn ? (segment.sequence + 1) >>> 0 : segment.sequence;
  // A SYN that is not the old one sent again begins a new connection.
  const isNew = segment.isSyn && state?.firstSequence !== firstSequence;
  if (state === undefined || isNew) {
    if (state !== undefined) tellGap(state, onGap);
    state = {
      direction: { source, sourcePort, destination, destinationPort, isFromStart: segment.isSyn },
      firstSequence,
      nextSequence: firstSequence,
      given: 0,
      cutPackets: 0,
      waiting: new Map(),
      finalSequence: -1,
      isClosed: false,
    };
    directions.set(key, state);
  }
  if (state.isClosed) return;
  if (packet.cutBytes > 0) state.cutPackets++;
  if (segment.end > segment.start) keepLongest(state, firstSequence, segment);
  if (segment.isFin) state.finalSequence = (firstSequence + segment.end - segment.start) >>> 0;
  yield* giveNext(state, 0, file, packet);
  if (state.waiting.size > maxWaiting) {
    state.isClosed = true;
    tellGap(state, onGap);
    return;
  }
  if (segment.isReset || state.finalSequence === state.nextSequence) {
    state.isClosed = true;
    tellGap(state, onGap);
    yield { direction: state.direction, timestampMs: packet.timestampMs, missing: 0, bytes: file.subarray(0, 0) };
  }
}

function keyOf(source: string, sourcePort: number, destination: string, destinationPort: number): string {
  return `${source} ${sourcePort} ${destination} ${destinationPort}`;
}

/** Gives what goes on where the direction stands. */
function* giveNext(state: DirectionState, missing: number, file: Buffer, packet: CapturedPacket): Generator<TcpData> {
  const { direction } = state;
  const { timestampMs } = packet;
  let before = missing;
  for (let range = takeNext(state); range !== null; range = takeNext(state)) {
    state.given += range.end - range.start;
    yield { direction, timestampMs, missing: before, bytes: file.subarray(range.start, range.end) };
    before = 0;
  }
}

/** What the receiver acknowledged will not be sent again: where the capture lacks it, the earliest waiting segment is next. */
function* passOver(
  state: DirectionState,
  acknowledgment: number,
  file: Buffer,
  packet: CapturedPacket,
): Generator<TcpData> {
  while (!state.isClosed && state.waiting.size > 0) {
    let missing = Infinity;
    for (const sequence of state.waiting.keys()) {
      const ahead = distance(state.nextSequence, sequence);
      if (ahead > 0) missing = Math.min(missing, ahead);
    }
    if (missing > distance(state.nextSequence, acknowledgment)) return;
    state.nextSequence = (state.nextSequence + missing) >>> 0;
    yield* giveNext(state, missing, file, packet);
  }
}

function keepLongest(state: DirectionState, sequence: number, segment: TcpSegment): void {
  const known = state.waiting.get(sequence);
  if (known === undefined || known.end - known.start < segment.end - segment.start) {
    state.waiting.set(sequence, { start: segment.start, end: segment.end });
  }
}

/** The range that goes on where the direction stands, without the bytes already given; null when it is not there yet. */
function takeNext(state: DirectionState): { start: number; end: number } | null {
  for (const [sequence, range] of state.waiting) {
    const known = distance(sequence, state.nextSequence);
    if (known < 0) continue;
    state.waiting.delete(sequence);
    const fresh = range.end - range.start - known;
    if (fresh <= 0) continue;
    state.nextSequence = (state.nextSequence + fresh) >>> 0;
    return { start: range.start + known, end: range.end };
  }
  return null;
}

/** How far `to` lies after `from` on the circle of sequence numbers; negative when before. */
function distance(from: number, to: number): number {
  return (to - from) | 0;
}
