/** docs/operating.md lists the metrics that there are: names, labels and the results that flows and BMP records are counted by. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Member } from '../src/app/member.ts';
import { registerMemberMetrics, ribEvents } from '../src/app/member-metrics.ts';
import { createFlowCounters, flowResults } from '../src/stages/enrich/flow-counters.ts';
import type { Metrics } from '../src/telemetry/metrics.ts';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs', 'operating.md'), 'utf8');

/** Rows of the table of metrics: name → labels. */
const documented = new Map(
  [...page.matchAll(/^\| `(flowrib_[a-z0-9_]+)` *\|([^|]*)\|/gm)].map(([, name, labels]) => [
    name,
    labels
      .split(',')
      .map((label) => label.trim())
      .filter((label) => label !== ''),
  ]),
);

/** Registering reads nothing of the member, only a scrape does: an empty one will do for the names. */
function registered(): Map<string, readonly string[]> {
  const labelsOf = new Map<string, readonly string[]>();
  const note = (name: string, help: string, labelNames: readonly string[]): void => {
    assert.ok(!labelsOf.has(name), `${name} is registered twice`);
    assert.match(help, /\.$/, `help of ${name} is a sentence`);
    labelsOf.set(name, labelNames);
  };
  const metrics: Metrics = {
    counterFrom: note,
    gaugeFrom: note,
    histogram: (name, help, labelNames) => {
      note(name, help, labelNames);
      return { observe: () => undefined };
    },
    names: () => [...labelsOf.keys()],
    contentType: '',
    text: async () => '',
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  registerMemberMetrics(metrics, {} as Member);
  return labelsOf;
}

const labelsOf = registered();

test('every metric is documented, with its labels', () => {
  for (const [name, labels] of labelsOf) assert.deepEqual(documented.get(name), labels, name);
});

test('every documented metric exists', () => {
  assert.ok(documented.size > 10);
  for (const name of documented.keys()) assert.ok(labelsOf.has(name), name);
});

test('every metric named anywhere in sources and documentation exists', () => {
  const pages = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join('docs', path));
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join('src', path));
  for (const path of ['README.md', ...pages, ...sources]) {
    const text = readFileSync(join(root, path), 'utf8');
    for (const [, name] of text.matchAll(/['`](flowrib_[a-z0-9]+_[a-z0-9_]+)['`{]/g)) {
      assert.ok(labelsOf.has(name), `${path} names ${name}`);
    }
  }
});

test('every result of a flow is documented', () => {
  const row = page.split('\n').find((line) => line.startsWith('| `flowrib_enrich_flows_total`')) ?? '';
  for (const { result } of flowResults(createFlowCounters())) {
    assert.ok(row.includes(`\`${result}\``), result);
  }
});

test('every event of the RIBs is documented with what it counts, and no other', () => {
  const [, table] = page.split('The values of `event` in `flowrib_rib_events`:\n\n');
  const [rows] = table.split('\n\n');
  const told = [...rows.matchAll(/^\| `(\w+)` *\| (.*?) *\|$/gm)].map(([, event, what]) => [event, what]);
  assert.deepEqual(told, Object.entries(ribEvents));
});
