/**
 * `npm run bench -- rib [--json FILE] [--large] [--scenarios a,b]`: a shard's table, from BMP bytes to answers. Each scenario is a
 * process of its own (rib-child.ts). Prints each figure next to its goal, and our figures next to those published of Akvorado's table.
 */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { formatTable } from '../demo/print-table.ts';

interface Goal {
  readonly name: string;
  readonly what: string;
  readonly goal: number;
  /** Whether less or more is better. */
  readonly better: 'less' | 'more';
  readonly unit: string;
}

const goals: readonly Goal[] = [
  goal('bytesPerRoute5M', 'bytes a route without attributes, 5 M routes', 24, 'less', 'B'),
  goal('bytesPerRoute1M', 'the same, 1 M routes of one router', 60, 'less', 'B'),
  goal('bytesPerAttributeSet', 'bytes an attribute set', 75, 'less', 'B'),
  goal('rssPerRoute5M', 'resident set a route, everything, 5 M', 40, 'less', 'B'),
  goal('lookupV4Ns', 'IPv4 lookup to origin AS, with ladder, cold', 250, 'less', 'ns'),
  goal('lookupV6Ns', 'IPv6 the same', 550, 'less', 'ns'),
  goal('loadRoutesPerS', 'BMP bytes to table, sorted dump, 4 prefixes an UPDATE', 500_000, 'more', '/s'),
  goal('churnRoutesPerS', 'BMP bytes to table, random, 1 prefix an UPDATE', 300_000, 'more', '/s'),
  goal('flush1MMs', 'a peer of 1 M routes reclaimed', 450, 'less', 'ms'),
  goal('snapshotSaveRoutesPerS', 'dump', 5_000_000, 'more', '/s'),
  goal('snapshotRestoreRoutesPerS', 'dump to serving', 3_000_000, 'more', '/s'),
  goal('maxHoldMs', 'longest hold of the thread', 10, 'less', 'ms'),
  goal('rss50MGb', 'resident set of 50 M routes', 2.5, 'less', 'GB'),
];

function goal(name: string, what: string, value: number, better: Goal['better'], unit: string): Goal {
  return { name, what, goal: value, better, unit };
}

/** Published or measured elsewhere; what differs stands in docs/benchmarks.md. */
const others = [
  ['bytes a route, attributes included', '250 to 377', 'rssPerRoute5M'],
  ['IPv4 lookup, ns', '71 to 94 (warm, one prefix tree, 5600X)', 'lookupV4Ns'],
  ['a peer goes', 'grows with the whole table, shards locked', 'flush1MMs'],
] as const;

export async function benchRib(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: 'string' },
      large: { type: 'boolean', default: false },
      scenarios: { type: 'string' },
    },
  });
  const names = values.scenarios?.split(',') ?? ['oneRouter', 'fiveRouters', ...(values.large ? ['fiftyMillion'] : [])];
  const figures: Record<string, number> = {};
  for (const name of names) {
    console.log(`${name} …`);
    Object.assign(figures, await runScenario(name));
  }
  print(figures);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);
}

async function runScenario(name: string): Promise<Record<string, number>> {
  const child = fork(new URL('rib-child.ts', import.meta.url), [name], {
    execArgv: ['--expose-gc', '--max-old-space-size=8192'],
  });
  let figures: Record<string, number> | null = null;
  child.once('message', (message: Record<string, number>) => {
    figures = message;
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (figures === null) throw new Error(`scenario ${name} ended with ${code} and told nothing`);
  return figures;
}

function print(figures: Record<string, number>): void {
  const rows = goals.map(({ name, what, goal: wanted, better, unit }) => {
    const value = figures[name];
    const isMet = better === 'less' ? value <= wanted : value >= wanted;
    const sign = better === 'less' ? '<=' : '>=';
    return [
      name,
      what,
      value === undefined ? 'not measured' : `${show(value)} ${unit}`,
      `${sign} ${show(wanted)}`,
      value === undefined ? '' : isMet ? 'yes' : 'no',
    ];
  });
  console.log(`\nnode ${process.version}; processor time; method: bench/rib-child.ts, docs/benchmarks.md\n`);
  console.log(formatTable(['figure', 'what', 'measured', 'goal', 'met'], rows));
  const rest = Object.entries(figures).filter(([name]) => !goals.some((known) => known.name === name));
  console.log(`\nfurther: ${rest.map(([name, value]) => `${name} ${show(value)}`).join(', ')}`);
  const beside = others.map(([what, theirs, name]) => [
    what,
    theirs,
    figures[name] === undefined ? '-' : show(figures[name]),
  ]);
  console.log(`\n${formatTable(['', "Akvorado's table", 'here'], beside)}`);
}

function show(value: number): string {
  return value >= 10_000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(4)));
}
