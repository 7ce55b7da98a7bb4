/**
 * `flowrib replay`: recorded routes and flows in, enriched flows out as JSON lines, by the engine that `run` has and without a broker.
 * With --expect they are compared instead: exit 1 and the difference when something differs. A file that cannot be read is exit 1 too.
 */

import { InvalidArgumentError } from 'commander';
import type { ReplaySource } from '../app/replay/replay-sources.ts';
import { ipAddressOf } from '../base/ip.ts';
import { type AddCommand, exitFailed, type Terminal } from './command.ts';
import { configOption, readConfig } from './config-option.ts';

interface ReplayOptions {
  readonly config: string;
  readonly routes: readonly string[];
  readonly flows: readonly string[];
  readonly byTime?: boolean;
  readonly router?: string;
  readonly expect?: string;
  readonly ignore?: readonly string[];
  readonly quiet?: boolean;
}

const progressEveryMs = 2000;
const outputChunk = 1 << 16;
/** Bad records and events of one kind told each; the rest is in the summary. */
const maxTold = 20;

export const addReplayCommand: AddCommand = (program, terminal, finish) => {
  program
    .command('replay')
    .description('enrich recorded flows with recorded routes, without Kafka; JSON lines out')
    .addOption(configOption())
    .requiredOption(
      '--routes <[topic=]path>',
      'BMP: a capture, OpenBMP, BMP, or records as JSON lines; repeatable',
      collect,
    )
    .requiredOption(
      '--flows <[topic=]path>',
      "flows: records as JSON lines, or a collector's own file; repeatable",
      collect,
    )
    .option('--by-time', 'routes and flows by their times, instead of all routes first')
    .option('--router <address>', 'router of BMP messages in a file that does not name it', parseRouter)
    .option('--expect <file>', 'compare with these lines instead of printing; exit 1 when they differ')
    .option('--ignore <field>', 'field not to compare, such as age_ms or dst.peer; repeatable', collect)
    .option('-q, --quiet', 'no progress and no summary')
    .action(async (options: ReplayOptions) => {
      const isAsExpected = await runReplay(options, terminal);
      if (!isAsExpected) finish(exitFailed);
    });
};

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function parseRouter(text: string): string {
  const address = ipAddressOf(text);
  if (address === null || address.isUnspecified()) throw new InvalidArgumentError('It is not an IP address.');
  return address.toString();
}

/** False when the lines are not those expected. */
async function runReplay(options: ReplayOptions, terminal: Terminal): Promise<boolean> {
  const config = await readConfig(options.config);
  const { openSources } = await import('../app/replay/replay-sources.ts');
  const { replay } = await import('../app/replay/replay.ts');
  const { replaySummary } = await import('../app/replay/replay-summary.ts');
  const { routes, flows, expect } = options;
  const expected = expect === undefined ? null : await readExpected(expect);
  const router = options.router ?? null;
  const sources = openSources({ config, routes, flows, router }, (file, place, text) =>
    terminal.err(`warning: ${file.path}: ${place}: ${text}`),
  );
  const lines = new LineOutput(terminal);
  const found: string[] = [];
  const tell = new LimitedTelling(terminal);
  const result = await replay({
    config,
    sources,
    byTime: options.byTime === true,
    onFlow: (line) => void (expected === null ? lines.add(line) : found.push(line)),
    onDeadLetter: ({ code, message, offset, partition, topic }, where) =>
      tell.line('dead letter', `${where} (${topic}[${partition}]@${offset}): ${code}: ${message}`),
    onEvent: ({ kind, peer, router: name, text }) => {
      if (kind !== 'problem' && kind !== 'router-unordered') return;
      tell.line(kind, [name, peer, text].filter((part) => part !== '').join(': '));
    },
    onProgress: progressTo(terminal, options.quiet === true),
  });
  lines.flush();
  tell.finish();
  if (options.quiet !== true) terminal.err(replaySummary(result).join('\n'));
  if (expected === null || expect === undefined) return true;
  const { jsonDifference } = await import('../app/replay/json-difference.ts');
  const difference = jsonDifference(expected, found, {
    ignore: options.ignore ?? [],
    expectedName: expect,
    actualName: 'replay',
  });
  if (difference.length > 0) terminal.out(difference.join('\n'));
  else if (options.quiet !== true) terminal.err(`as expected: ${found.length} lines`);
  return difference.length === 0;
}

async function readExpected(path: string): Promise<string[]> {
  const { readExpectedLines } = await import('../app/replay/json-difference.ts');
  return readExpectedLines(path);
}

/** Prints in chunks: a call a line would cost more than the flow. */
class LineOutput {
  private readonly terminal: Terminal;
  private pending = '';

  constructor(terminal: Terminal) {
    this.terminal = terminal;
  }

  add(line: string): void {
    this.pending += this.pending === '' ? line : `\n${line}`;
    if (this.pending.length >= outputChunk) this.flush();
  }

  flush(): void {
    if (this.pending !== '') this.terminal.out(this.pending);
    this.pending = '';
  }
}

/** Tells the first few of each kind, and at the end how many more there were. */
class LimitedTelling {
  private readonly terminal: Terminal;
  private readonly counts = new Map<string, number>();

  constructor(terminal: Terminal) {
    this.terminal = terminal;
  }

  line(kind: string, text: string): void {
    const count = (this.counts.get(kind) ?? 0) + 1;
    this.counts.set(kind, count);
    if (count <= maxTold) this.terminal.err(`${kind}: ${text}`);
  }

  finish(): void {
    for (const [kind, count] of this.counts) {
      if (count > maxTold) this.terminal.err(`${kind}: … ${count - maxTold} more`);
    }
  }
}

function progressTo(terminal: Terminal, isQuiet: boolean): (source: ReplaySource, records: number) => void {
  let toldAt = performance.now();
  return ({ file }, records) => {
    const now = performance.now();
    if (isQuiet || now - toldAt < progressEveryMs) return;
    toldAt = now;
    const percent = Math.floor((file.position / Math.max(file.bytes.length, 1)) * 100);
    terminal.err(`${file.path}: ${percent} %, ${records} records so far`);
  };
}
