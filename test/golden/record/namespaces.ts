/** Network namespaces on one bridge, and programs in them; all of it goes when the recording ends. Needs root and iproute2. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';

const prefix = 'flowrib-record';
/** The namespace of the collector, which holds the bridge. */
export const collectorNamespace = `${prefix}-0`;
export const collectorAddress = '10.77.0.100';

export function namespaceOf(router: number): string {
  return `${prefix}-${router}`;
}

export function addressOf(router: number): string {
  return `10.77.0.${router}`;
}

export function address6Of(router: number): string {
  return `fd77::${router}`;
}

export class Network {
  private readonly namespaces: string[] = [];
  private readonly children: ChildProcess[] = [];
  private readonly folder: string;

  /** `folder` takes the logs. */
  constructor(folder: string) {
    this.folder = folder;
  }

  open(routers: readonly number[]): void {
    this.addNamespace(collectorNamespace);
    ip('-n', collectorNamespace, 'link', 'add', 'br0', 'type', 'bridge');
    ip('-n', collectorNamespace, 'link', 'set', 'br0', 'up');
    ip('-n', collectorNamespace, 'addr', 'add', `${collectorAddress}/24`, 'dev', 'br0');
    for (const router of routers) {
      const name = namespaceOf(router);
      this.addNamespace(name);
      ip('-n', name, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', `port${router}`, 'netns', collectorNamespace);
      ip('-n', collectorNamespace, 'link', 'set', `port${router}`, 'master', 'br0', 'up');
      ip('-n', name, 'addr', 'add', `${addressOf(router)}/24`, 'dev', 'eth0');
      ip('-n', name, 'addr', 'add', `${address6Of(router)}/64`, 'dev', 'eth0', 'nodad');
      ip('-n', name, 'link', 'set', 'eth0', 'up');
    }
  }

  /** A program that goes on; its output goes to a log. */
  start(namespace: string, log: string, command: string, ...args: string[]): ChildProcess {
    const out = openSync(`${this.folder}/${log}.log`, 'a');
    const child = spawn('ip', ['netns', 'exec', namespace, command, ...args], { stdio: ['ignore', out, out] });
    this.children.push(child);
    return child;
  }

  close(): void {
    for (const child of this.children) child.kill('SIGTERM');
    for (const name of this.namespaces) ip('netns', 'del', name);
  }

  private addNamespace(name: string): void {
    // Of a recording that was killed.
    if (existsSync(`/run/netns/${name}`)) ip('netns', 'del', name);
    ip('netns', 'add', name);
    this.namespaces.push(name);
    ip('-n', name, 'link', 'set', 'lo', 'up');
  }
}

/** What a program in a namespace prints. */
export function ask(namespace: string, command: string, ...args: string[]): string {
  return execFileSync('ip', ['netns', 'exec', namespace, command, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'inherit', 'inherit'] });
}
