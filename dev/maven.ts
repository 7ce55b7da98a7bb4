/**
 * Brings what a pom.xml names into `.cache/<name>` of the project, once. Several processes may ask at the same time: one holds a
 * lock directory and downloads into a folder of its own, which is renamed when it is complete; the others wait for the name.
 */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = join(import.meta.dirname, '..');

export interface MavenBundle {
  /** Folder name under .cache/, with the version in it. */
  readonly name: string;
  /** Path of the pom, from the project's root. */
  readonly pom: string;
  /** Goal and options; the output directory is added. */
  readonly goal: readonly string[];
  /** What the progress message calls it. */
  readonly title: string;
}

export function cachePath(bundle: MavenBundle): string {
  return join(root, '.cache', bundle.name);
}

/** True when the bundle is there already or Maven can bring it. */
export function canFetch(bundle: MavenBundle): boolean {
  return existsSync(cachePath(bundle)) || spawnSync('mvn', ['-v']).status === 0;
}

/** The folder that holds the bundle. */
export async function fetchBundle(bundle: MavenBundle): Promise<string> {
  const target = cachePath(bundle);
  const lock = `${target}.lock`;
  mkdirSync(join(root, '.cache'), { recursive: true });
  while (!existsSync(target)) {
    if (!takeLock(lock)) {
      await sleep(200);
      continue;
    }
    try {
      if (!existsSync(target)) await download(bundle, target);
    } finally {
      rmSync(lock, { recursive: true, force: true });
    }
  }
  return target;
}

async function download(bundle: MavenBundle, target: string): Promise<void> {
  const partial = `${target}.part-${process.pid}`;
  console.error(`fetching ${bundle.title} from Maven (once, kept in .cache/${bundle.name}) ...`);
  rmSync(partial, { recursive: true, force: true });
  const args = [
    '-q',
    '-B',
    '-f',
    join(root, bundle.pom),
    ...bundle.goal,
    `-DoutputDirectory=${partial}`,
    `-DmarkersDirectory=${partial}/.markers`,
  ];
  const maven = spawn('mvn', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [maven.stdout, maven.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(maven, 'close')) as [number | null];
  if (code !== 0) {
    rmSync(partial, { recursive: true, force: true });
    throw new Error(`mvn could not fetch ${bundle.title} (exit ${code}):\n${output.slice(-2000)}`);
  }
  try {
    renameSync(partial, target);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    // Another process, having found our lock abandoned, was quicker.
    if (!existsSync(target)) throw error;
  }
}

/** False while a living process holds the lock; a dead one's lock is taken away. */
function takeLock(lock: string): boolean {
  try {
    mkdirSync(lock);
    writeFileSync(join(lock, 'pid'), String(process.pid));
    return true;
  } catch {
    const holder = lockHolder(lock);
    if (holder > 0 && !isAlive(holder)) rmSync(lock, { recursive: true, force: true });
    return false;
  }
}

/** 0 while the holder has not written its id yet. */
function lockHolder(lock: string): number {
  try {
    return Number(readFileSync(join(lock, 'pid'), 'utf8'));
  } catch {
    return 0;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
