/** Files of JSON lines → records: each line one with all that Kafka has of it, or the value of one alone. */

import { errorText } from '../../base/errors.ts';
import { HeaderSection } from '../../base/record-headers.ts';
import { fileError, type ReplayFile } from './replay-file.ts';
import { noHeaders, type ReplayRecord } from './replay-record.ts';

const lineFeed = 0x0a;

export function lineEnd(bytes: Buffer, start: number): number {
  const found = bytes.indexOf(lineFeed, start);
  return found < 0 ? bytes.length : found;
}

export interface Line {
  /** From 1. */
  readonly number: number;
  readonly start: number;
  readonly end: number;
}

/** Lines that are not blank. */
export function* readLines(bytes: Buffer): Generator<Line> {
  let number = 0;
  for (let start = 0; start < bytes.length;) {
    let end = lineEnd(bytes, start);
    const next = end + 1;
    number++;
    while (end > start && bytes[end - 1] <= 0x20) end--;
    if (end > start) yield { number, start, end };
    start = next;
  }
}

/** `topicOf` says which topic's records these are to be, by the one that a line names. */
export function* readRecordLines(
  file: ReplayFile,
  topicOf: (topic: string, place: string) => string,
): Generator<ReplayRecord> {
  const section = new HeaderSection();
  for (const { end, number, start } of readLines(file.bytes)) {
    file.position = end;
    const place = `line ${number}`;
    let line: unknown;
    try {
      line = JSON.parse(file.bytes.toString('utf8', start, end));
    } catch (error) {
      throw fileError(file.path, `${place}, byte ${start}`, `not JSON: ${errorText(error)}`);
    }
    const refuse = (message: string): Error => fileError(file.path, `${place}, byte ${start}`, message);
    if (typeof line !== 'object' || line === null) throw refuse('not an object');
    const fields = new Map<string, unknown>(Object.entries(line));
    const topic = fields.get('topic');
    if (typeof topic !== 'string') throw refuse('topic is not a text');
    if (!fields.has('value_hex')) throw refuse('value_hex is missing');
    yield {
      topic: topicOf(topic, place),
      partition: wholeNumber(fields, 'partition', refuse),
      offset: wholeNumber(fields, 'offset', refuse),
      timestampMs: wholeNumber(fields, 'timestamp_ms', refuse),
      key: bytesOf(fields, 'key_hex', refuse),
      value: bytesOf(fields, 'value_hex', refuse),
      headers: headersOf(section, fields.get('headers'), refuse),
      place,
    };
  }
}

type Fields = ReadonlyMap<string, unknown>;
type Refuse = (message: string) => Error;

function wholeNumber(fields: Fields, name: string, refuse: Refuse): number {
  const value = fields.get(name);
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw refuse(`${name} is not a whole number`);
}

function bytesOf(fields: Fields, name: string, refuse: Refuse): Buffer | null {
  const value = fields.get(name) ?? null;
  if (value === null) return null;
  if (typeof value !== 'string' || !/^(?:[0-9a-f]{2})*$/i.test(value)) throw refuse(`${name} is not hexadecimal`);
  return Buffer.from(value, 'hex');
}

/** An object of texts. */
function headersOf(section: HeaderSection, value: unknown, refuse: Refuse): Buffer {
  if (value === undefined || value === null) return noHeaders;
  if (typeof value !== 'object') throw refuse('headers is not an object');
  section.reset();
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw refuse(`header ${name} is not a text`);
    section.addText(Buffer.from(name, 'utf8'), text);
  }
  return Buffer.from(section.finish());
}

export function* readValueLines(file: ReplayFile, topic: string): Generator<ReplayRecord> {
  for (const { end, number, start } of readLines(file.bytes)) {
    file.position = end;
    yield valueRecord(topic, file.bytes.subarray(start, end), `line ${number}`);
  }
}

export function valueRecord(topic: string, value: Buffer, place: string): ReplayRecord {
  return { topic, partition: 0, offset: -1, timestampMs: -1, key: null, value, headers: noHeaders, place };
}
