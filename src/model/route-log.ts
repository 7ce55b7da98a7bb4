/**
 * A record of `<app>.routes`: what the route stage appends and a shard reads back. The value is a BMP input record (or its part about
 * one router) as it came; key and own headers of the input are kept; everything the shard must know besides stands in headers:
 *
 *   flowrib.topic-id, flowrib.topic, flowrib.partition, flowrib.offset, flowrib.part   position at the source
 *   flowrib.format      input format, e.g. "openbmp"
 *   flowrib.router      address of the BMP speaker
 *   flowrib.collector   which collector it came over (hash or input name): part of the source's identity
 *
 * A tick has flowrib.tick alone; its value says, a line for each source partition, "read up to offset, which is its end":
 *
 *   topicId SP partition SP offset SP topic LF
 */

import type { HeaderSection } from '../base/record-headers.ts';
import {
  headerCollector,
  headerFormat,
  headerOffset,
  headerPart,
  headerPartition,
  headerRouter,
  headerTick,
  headerTopic,
  headerTopicId,
} from './header-names.ts';

const tickValue = Buffer.from('1');
/** In the order in which they are written; the reader's cases and bits go by it. */
const ownHeaders = [
  headerTopicId,
  headerTopic,
  headerPartition,
  headerOffset,
  headerPart,
  headerFormat,
  headerRouter,
  headerCollector,
  headerTick,
];

/** Writes the headers section of a routes-log record. `source…` is the input record's own section. */
export function writeRouteHeaders(
  section: HeaderSection,
  position: { topicId: string; topic: string; partition: number; offset: number; part: number },
  about: { format: string; router: string; collector: string },
  source: Buffer,
  sourceStart: number,
  sourceEnd: number,
): Buffer {
  section.reset();
  section.addText(headerTopicId, position.topicId);
  section.addText(headerTopic, position.topic);
  section.addText(headerPartition, String(position.partition));
  section.addText(headerOffset, String(position.offset));
  section.addText(headerPart, String(position.part));
  section.addText(headerFormat, about.format);
  section.addText(headerRouter, about.router);
  section.addText(headerCollector, about.collector);
  section.addFrom(source, sourceStart, sourceEnd, ownHeaders);
  return section.finish();
}

export interface TickPosition {
  readonly topicId: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export function writeTickHeaders(section: HeaderSection): Buffer {
  section.reset();
  section.add(headerTick, tickValue);
  return section.finish();
}

export function writeTickValue(positions: readonly TickPosition[]): Buffer {
  const lines = positions.map(
    ({ topicId, topic, partition, offset }) => `${topicId} ${partition} ${offset} ${topic}\n`,
  );
  return Buffer.from(lines.join(''), 'utf8');
}

/** Null when the value is not one that `writeTickValue` wrote. */
export function readTickValue(buffer: Buffer, start: number, end: number): TickPosition[] | null {
  const positions: TickPosition[] = [];
  for (const line of buffer.toString('utf8', start, end).split('\n')) {
    if (line === '') continue;
    const [topicId, partition, offset, topic] = line.split(' ');
    const position = { topicId, topic, partition: Number(partition), offset: Number(offset) };
    if (topic === undefined || !Number.isSafeInteger(position.partition) || !Number.isSafeInteger(position.offset)) {
      return null;
    }
    positions.push(position);
  }
  return positions;
}

/** Byte by byte: short texts, for which a native comparison costs more than it saves. */
function isText(text: Buffer, buffer: Buffer, start: number, end: number): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (text[i] !== buffer[start + i]) return false;
  return true;
}

/** Remembers the last text read from a header and gives the same string while the bytes stay the same. */
class CachedText {
  text = '';
  private bytes: Buffer = Buffer.alloc(0);

  read(buffer: Buffer, start: number, end: number): void {
    if (isText(this.bytes, buffer, start, end)) return;
    this.bytes = Buffer.from(buffer.subarray(start, end));
    this.text = this.bytes.toString('utf8');
  }
}

/** Reads the headers of routes-log records; one object, refilled by `read`, no garbage while a source repeats itself. */
export class RouteHeadersReader {
  isTick = false;
  partition = 0;
  offset = 0;
  part = 0;
  private readonly topicIdText = new CachedText();
  private readonly topicText = new CachedText();
  private readonly formatText = new CachedText();
  private readonly routerText = new CachedText();
  private readonly collectorText = new CachedText();
  private at = 0;
  private expected = 0;

  get topicId(): string {
    return this.topicIdText.text;
  }
  get topic(): string {
    return this.topicText.text;
  }
  get format(): string {
    return this.formatText.text;
  }
  get router(): string {
    return this.routerText.text;
  }
  get collector(): string {
    return this.collectorText.text;
  }

  /** False when the section lacks a position: the record was not written by a route stage. */
  read(buffer: Buffer, start: number, end: number): boolean {
    this.isTick = false;
    if (end <= start) return false;
    this.at = start;
    this.expected = 0;
    const count = this.varint(buffer);
    let seen = 0;
    for (let i = 0; i < count; i++) {
      const nameSize = this.varint(buffer);
      const nameStart = this.at;
      this.at += nameSize;
      const valueSize = this.varint(buffer);
      const valueStart = this.at;
      if (valueSize > 0) this.at += valueSize;
      seen |= this.take(buffer, nameStart, nameSize, valueStart, valueStart + Math.max(valueSize, 0));
    }
    return this.isTick || (seen & 255) === 255;
  }

  private take(buffer: Buffer, nameStart: number, nameSize: number, start: number, end: number): number {
    const field = this.fieldOf(buffer, nameStart, nameStart + nameSize);
    this.expected = field + 1;
    switch (field) {
      case 0:
        this.topicIdText.read(buffer, start, end);
        break;
      case 1:
        this.topicText.read(buffer, start, end);
        break;
      case 2:
        this.partition = decimal(buffer, start, end);
        break;
      case 3:
        this.offset = decimal(buffer, start, end);
        break;
      case 4:
        this.part = decimal(buffer, start, end);
        break;
      case 5:
        this.formatText.read(buffer, start, end);
        break;
      case 6:
        this.routerText.read(buffer, start, end);
        break;
      case 7:
        this.collectorText.read(buffer, start, end);
        break;
      case 8:
        this.isTick = true;
        break;
      default:
        return 0;
    }
    return 1 << field;
  }

  /** Index in `ownHeaders`, -1 for others. Records of one writer have them in one order: the next one is tried first. */
  private fieldOf(buffer: Buffer, start: number, end: number): number {
    const { expected } = this;
    if (expected < ownHeaders.length && isText(ownHeaders[expected], buffer, start, end)) return expected;
    for (let field = 0; field < ownHeaders.length; field++) {
      if (isText(ownHeaders[field], buffer, start, end)) return field;
    }
    return -1;
  }

  private varint(buffer: Buffer): number {
    let raw = 0;
    let shift = 0;
    for (;;) {
      const byte = buffer[this.at++];
      raw |= (byte & 0x7f) << shift;
      if (byte < 0x80 || byte === undefined) break;
      shift += 7;
    }
    return (raw >>> 1) ^ -(raw & 1);
  }
}

/** A non-negative decimal number written in ASCII; NaN for anything else. */
export function decimal(buffer: Uint8Array, start: number, end: number): number {
  if (start >= end) return NaN;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = buffer[at] - 48;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  return value;
}
