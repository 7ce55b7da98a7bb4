/**
 * CPU profile of a phase of a benchmark's child: start, then finish, which writes `<folder>/<name>.cpuprofile` (for Chrome's developer
 * tools) and prints the functions that took most of the time themselves.
 */

import { writeFileSync } from 'node:fs';
import { type Profiler, Session } from 'node:inspector/promises';
import { basename, join } from 'node:path';

const shown = 30;
const idle = new Set(['(idle)', '(root)']);

export class CpuProfile {
  private readonly session = new Session();
  private readonly path: string;

  constructor(folder: string, name: string) {
    this.path = join(folder, `${name}.cpuprofile`);
  }

  async start(): Promise<void> {
    this.session.connect();
    await this.session.post('Profiler.enable');
    await this.session.post('Profiler.setSamplingInterval', { interval: 500 });
    await this.session.post('Profiler.start');
  }

  async finish(): Promise<void> {
    const { profile } = await this.session.post('Profiler.stop');
    this.session.disconnect();
    writeFileSync(this.path, JSON.stringify(profile));
    console.log(`\n${this.path}\n${ownTimes(profile)}`);
  }
}

/** Share of each function in the samples that are not idle. */
function ownTimes({ nodes, samples = [] }: Profiler.Profile): string {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const hits = new Map<string, number>();
  let busy = 0;
  for (const id of samples) {
    const name = names.get(id) ?? '';
    if (idle.has(name)) continue;
    busy++;
    hits.set(name, (hits.get(name) ?? 0) + 1);
  }
  return [...hits]
    .sort(([, a], [, b]) => b - a)
    .slice(0, shown)
    .map(([name, count]) => `${((100 * count) / busy).toFixed(1).padStart(6)} %  ${name}`)
    .join('\n');
}

function nameOf({ functionName, url, lineNumber }: Profiler.Profile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  return url === '' ? name : `${name}  ${basename(url)}:${lineNumber + 1}`;
}
