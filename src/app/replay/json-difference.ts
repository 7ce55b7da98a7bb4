/**
 * Two lists of JSON lines → what differs between them, line by line and field by field, for a reader. Lines that are only in one list
 * are found as `diff` finds them, as long as the lists are not too long for it. The order of an object's fields does not matter.
 */

import { readFileSync } from 'node:fs';
import { errorText } from '../../base/errors.ts';

export interface DifferenceOptions {
  /** Fields that are not compared: a path such as `dst.age_ms`, or a name, wherever it stands. */
  readonly ignore: readonly string[];
  readonly expectedName: string;
  readonly actualName: string;
}

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

interface Pair {
  /** Index of the line, -1 = there is none. */
  readonly expected: number;
  readonly actual: number;
}

/** Cells of the table by which common lines are found. */
const maxCells = 4_000_000;
const maxShown = 20;

/** Lines that are not empty. Throws an error that names the file. */
export function readExpectedLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '');
  } catch (error) {
    throw new Error(`${path}: cannot be read: ${errorText(error)}`, { cause: error });
  }
}

/** Empty when nothing differs. Throws SyntaxError with the number of the line where one is no JSON. */
export function jsonDifference(
  expected: readonly string[],
  actual: readonly string[],
  options: DifferenceOptions,
): string[] {
  const ignored = new Set(options.ignore);
  const left = expected.map((text, i) => parseLine(text, i, options.expectedName, ignored));
  const right = actual.map((text, i) => parseLine(text, i, options.actualName, ignored));
  const pairs = pairsOf(
    left.map((value) => JSON.stringify(value)),
    right.map((value) => JSON.stringify(value)),
  );
  if (pairs.length === 0) return [];
  const lines = [`--- ${options.expectedName}`, `+++ ${options.actualName}`];
  for (const pair of pairs.slice(0, maxShown)) lines.push(...describe(pair, left, right));
  if (pairs.length > maxShown) lines.push(`… and ${pairs.length - maxShown} more lines that differ`);
  lines.push(`${pairs.length} lines differ of ${expected.length} expected, ${actual.length} found`);
  return lines;
}

function parseLine(text: string, index: number, name: string, ignored: ReadonlySet<string>): Json {
  try {
    return canonical(JSON.parse(text) as Json, '', ignored);
  } catch (error) {
    throw new SyntaxError(`${name}: line ${index + 1}: not JSON`, { cause: error });
  }
}

/** Fields in the order of their names, without those that are ignored. */
function canonical(value: Json, path: string, ignored: ReadonlySet<string>): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (isList(value)) return value.map((item) => canonical(item, path, ignored));
  const fields: [string, Json][] = [];
  for (const [name, field] of Object.entries(value)) {
    const at = path === '' ? name : `${path}.${name}`;
    if (!ignored.has(at) && !ignored.has(name)) fields.push([name, canonical(field, at, ignored)]);
  }
  return Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** Lines that differ: paired where both lists have one in that place. */
function pairsOf(left: readonly string[], right: readonly string[]): Pair[] {
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) start++;
  let leftEnd = left.length;
  let rightEnd = right.length;
  while (leftEnd > start && rightEnd > start && left[leftEnd - 1] === right[rightEnd - 1]) {
    leftEnd--;
    rightEnd--;
  }
  const pairs: Pair[] = [];
  const addGap = (leftFrom: number, leftTo: number, rightFrom: number, rightTo: number): void => {
    for (let i = 0; i < Math.max(leftTo - leftFrom, rightTo - rightFrom); i++) {
      const expected = leftFrom + i < leftTo ? leftFrom + i : -1;
      const actual = rightFrom + i < rightTo ? rightFrom + i : -1;
      if (expected < 0 || actual < 0 || left[expected] !== right[actual]) pairs.push({ expected, actual });
    }
  };
  let leftAt = start;
  let rightAt = start;
  for (const { actual, expected } of commonLines(left, right, start, leftEnd, rightEnd)) {
    addGap(leftAt, expected, rightAt, actual);
    leftAt = expected + 1;
    rightAt = actual + 1;
  }
  addGap(leftAt, leftEnd, rightAt, rightEnd);
  return pairs;
}

/** A longest common subsequence; none when the lists are too long to look for one. */
function commonLines(
  left: readonly string[],
  right: readonly string[],
  start: number,
  leftEnd: number,
  rightEnd: number,
): Pair[] {
  const rows = leftEnd - start;
  const columns = rightEnd - start;
  if (rows === 0 || columns === 0 || rows * columns > maxCells) return [];
  const width = columns + 1;
  const lengths = new Uint32Array((rows + 1) * width);
  for (let i = rows - 1; i >= 0; i--) {
    for (let j = columns - 1; j >= 0; j--) {
      const isCommon = left[start + i] === right[start + j];
      lengths[i * width + j] = isCommon
        ? lengths[(i + 1) * width + j + 1] + 1
        : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  const common: Pair[] = [];
  for (let i = 0, j = 0; i < rows && j < columns;) {
    if (left[start + i] === right[start + j]) common.push({ expected: start + i++, actual: start + j++ });
    else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) i++;
    else j++;
  }
  return common;
}

function describe({ actual, expected }: Pair, left: readonly Json[], right: readonly Json[]): string[] {
  if (actual < 0) return [`@@ line ${expected + 1} is missing @@`, `- ${JSON.stringify(left[expected])}`];
  if (expected < 0) return [`@@ line ${actual + 1} is not expected @@`, `+ ${JSON.stringify(right[actual])}`];
  const place = expected === actual ? `line ${expected + 1}` : `line ${expected + 1}, found in line ${actual + 1}`;
  const lines = [`@@ ${place}${about(left[expected])} @@`];
  compare(left[expected], right[actual], '', lines);
  return lines;
}

/** Of an enriched flow: which one it is. */
function about(value: Json): string {
  if (typeof value !== 'object' || value === null || isList(value)) return '';
  const { dst_addr: to, exporter, src_addr: from } = value;
  if (typeof from !== 'string' || typeof to !== 'string' || typeof exporter !== 'string') return '';
  return `: ${exporter} saw ${from} to ${to}`;
}

function compare(expected: Json | undefined, actual: Json | undefined, path: string, lines: string[]): void {
  if (isObject(expected) && isObject(actual)) {
    for (const name of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      compare(expected[name], actual[name], path === '' ? name : `${path}.${name}`, lines);
    }
    return;
  }
  if (JSON.stringify(expected) === JSON.stringify(actual)) return;
  const name = path === '' ? '' : `${path}: `;
  if (expected !== undefined) lines.push(`- ${name}${JSON.stringify(expected)}`);
  if (actual !== undefined) lines.push(`+ ${name}${JSON.stringify(actual)}`);
}

function isObject(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
