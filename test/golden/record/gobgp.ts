/** gobgpd in a namespace, and what its client prints. */

import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { ask, namespaceOf, type Network, pause } from './namespaces.ts';

export class GoBgp {
  private readonly namespace: string;
  private readonly network: Network;
  private readonly folder: string;
  private daemon: ChildProcess | null = null;

  constructor(network: Network, router: number, folder: string) {
    this.network = network;
    this.namespace = namespaceOf(router);
    this.folder = folder;
  }

  async start(configuration: string, ...options: string[]): Promise<void> {
    const file = `${this.folder}/${this.namespace}.toml`;
    writeFileSync(file, configuration);
    this.daemon = this.network.start(this.namespace, this.namespace, 'gobgpd', '-f', file, '-t', 'toml', ...options);
    for (let tries = 0; ; tries++) {
      await pause(200);
      try {
        this.run('global');
        return;
      } catch (error) {
        if (tries > 50) throw error;
      }
    }
  }

  run(...args: string[]): string {
    return ask(this.namespace, 'gobgp', ...args);
  }

  /** Null when the client has nothing to say, or the neighbour is away. */
  show(...args: string[]): unknown {
    const text = this.tell(...args, '-j').trim();
    return text === '' ? null : (JSON.parse(text) as unknown);
  }

  tell(...args: string[]): string {
    try {
      return this.run(...args);
    } catch (error) {
      const { stdout } = error as { stdout?: unknown };
      if (typeof stdout === 'string' && stdout.includes('is not established')) return '';
      throw error;
    }
  }

  /** "add" or "del", family, prefix, and what the client takes after it. */
  rib(action: 'add' | 'del', family: string, route: string): void {
    this.run('global', 'rib', action, '-a', family, ...(route.match(/"[^"]*"|\S+/g) ?? []).map((s) => s.replaceAll('"', '')));
  }

  version(): string {
    return this.run('--version').trim();
  }

  /** SIGKILL leaves no Cease behind: peers that know graceful restart keep the routes. */
  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const { daemon } = this;
    if (daemon === null) return;
    daemon.kill(signal);
    this.daemon = null;
    await pause(300);
  }
}
