/**
 * Settings that the contract names and this version does not carry out yet. They are valid by schema and refused here, with their
 * position: whoever builds one deletes its line.
 */

import { parseDuration } from '../base/units.ts';
import { type ConfigPath, formatPath } from './document.ts';
import type { Config } from './schema/config.ts';

type Refusal = readonly [path: string, isRefused: (value: unknown) => boolean];

const is = (name: string) => (value: unknown) => value === name;
const isNotZero = (value: unknown): boolean => parseDuration(value as string) !== 0;

/** `*` stands for every item of a list. */
const unavailable: readonly Refusal[] = [
  ['routes.*.format', is('gobmp-json')],
  ['routes.*.format', is('pmacct-json')],
  ['routes.*.format', is('pmacct-avro')],
  ['routes.*.format', is('openbmp-tsv')],
  ['flows.*.format', is('pmacct-avro')],
  ['flows.*.format', is('avro')],
  ['flows.*.format', is('json')],
  ['flows.*.format', is('protobuf')],
  ['delivery', is('exactly-once')],
  ['lookup.waitForEndOfRib', isNotZero],
  ['lookup.maxRouteLag', isNotZero],
  ['workers', (value) => value !== 1],
];

export function findUnavailable(config: Config): { path: ConfigPath; message: string }[] {
  const found: { path: ConfigPath; message: string }[] = [];
  for (const [pattern, isRefused] of unavailable) {
    for (const { path, value } of valuesAt(config, pattern.split('.'))) {
      if (!isRefused(value)) continue;
      const text = typeof value === 'object' ? '' : ` ${value as string | number}`;
      found.push({
        path,
        message: `${formatPath(path)}:${text} is not available in this version`.replace(': is', ' is'),
      });
    }
  }
  return found;
}

function valuesAt(root: unknown, steps: readonly string[]): { path: ConfigPath; value: unknown }[] {
  let at: { path: ConfigPath; value: unknown }[] = [{ path: [], value: root }];
  for (const step of steps) {
    at = at.flatMap(({ path, value }) =>
      step === '*'
        ? (value as unknown[]).map((item, index) => ({ path: [...path, index], value: item }))
        : [{ path: [...path, step], value: (value as Record<string, unknown>)[step] }],
    );
  }
  return at;
}
