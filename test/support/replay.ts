/** `flowrib replay` over files that a test makes. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../src/cli/program.ts';

export interface ReplayOutcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Of `out`, parsed. */
  readonly flows: readonly ReplayedFlow[];
}

export interface ReplayedFlow {
  readonly router: string | null;
  readonly src: Readonly<Record<string, unknown>>;
  readonly dst: Readonly<Record<string, unknown>>;
}

/** A folder of input files, and the command over them. */
export class ReplayFolder {
  private readonly folder = mkdtempSync(join(tmpdir(), 'flowrib-replay-'));

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Its path. */
  write(name: string, content: string | Uint8Array): string {
    writeFileSync(this.path(name), content);
    return this.path(name);
  }

  lines(name: string, items: readonly unknown[]): string {
    return this.write(name, items.map((item) => `${JSON.stringify(item)}\n`).join(''));
  }

  async run(config: string, ...options: string[]): Promise<ReplayOutcome> {
    let out = '';
    let err = '';
    const code = await runProgram(['replay', '-c', this.write('flowrib.yaml', config), ...options], {
      out: (text) => (out += `${text}\n`),
      err: (text) => (err += `${text.replaceAll(`${this.folder}/`, '')}\n`),
    });
    const lines = out.split('\n').filter((line) => line.startsWith('{'));
    return { code, out, err, flows: lines.map((line) => JSON.parse(line) as ReplayedFlow) };
  }
}

/** A Kafka record as a line of JSON. */
export function recordLine(
  topic: string,
  offset: number,
  value: Uint8Array | string | null,
  more: { partition?: number; timestampMs?: number; key?: string; headers?: Record<string, string> } = {},
): Record<string, unknown> {
  return {
    topic,
    partition: more.partition ?? 0,
    offset,
    timestamp_ms: more.timestampMs ?? 1_700_000_000_000,
    key_hex: more.key === undefined ? null : Buffer.from(more.key).toString('hex'),
    value_hex: value === null ? null : Buffer.from(value).toString('hex'),
    ...(more.headers && { headers: more.headers }),
  };
}
