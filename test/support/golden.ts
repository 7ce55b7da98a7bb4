/** Recordings and expected results in test/golden; UPDATE_GOLDEN=1 rewrites what is expected. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';

const folder = new URL('../golden/', import.meta.url);

export interface RecordedRecord {
  topic: string;
  partition: number;
  offset: number;
  timestamp_ms: number;
  key_hex: string | null;
  value_hex: string | null;
}

/** One Kafka record a line. */
export function readRecords(path: string): RecordedRecord[] {
  const lines = readFileSync(new URL(path, folder), 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as RecordedRecord);
}

export function recordValues(path: string): Buffer[] {
  return readRecords(path).flatMap((record) =>
    record.value_hex === null ? [] : [Buffer.from(record.value_hex, 'hex')],
  );
}

/** Compares line by line with a file of JSON lines. */
export function assertGoldenLines(path: string, actual: readonly unknown[]): void {
  const lines = actual.map((item) => JSON.stringify(item));
  const url = new URL(path, folder);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(url, `${lines.join('\n')}\n`);
  const expected = readFileSync(url, 'utf8').trimEnd().split('\n');
  assert.equal(lines.length, expected.length, `${path}: number of lines`);
  for (let i = 0; i < lines.length; i++) assert.equal(lines[i], expected[i], `${path}:${i + 1}`);
}
