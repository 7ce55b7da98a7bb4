/** Recorded flow records, and views of flows that tests can compare and read. */

import { readFileSync } from 'node:fs';
import type { Flow } from '../../src/model/flow.ts';

/** Values of the records in a file of test/golden/flow, one JSON line each. */
export function recordedValues(file: string): Buffer[] {
  const text = readFileSync(new URL(`../golden/flow/${file}`, import.meta.url), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => Buffer.from((JSON.parse(line) as { value_hex: string }).value_hex, 'hex'));
}

/** All fields of a flow but where they stood, addresses as text. */
export function flowView(flow: Flow): Record<string, string | number> {
  const view: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(flow) as [string, unknown][]) {
    if (name === 'layout' || (name.startsWith('exact') && value === '')) continue;
    view[name] = typeof value === 'string' || typeof value === 'number' ? value : String(value);
  }
  return view;
}

export const timeFields = ['timeReceivedMs', 'timeStartMs', 'timeEndMs'] as const;

export function withoutTimes(view: Record<string, string | number>): Record<string, string | number> {
  const copy = { ...view };
  for (const name of timeFields) delete copy[name];
  return copy;
}
