/** FRR in a namespace: zebra and bgpd with the BMP module, and what vtysh prints. */

import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { ask, namespaceOf, type Network, pause } from './namespaces.ts';

const unrelated = new Set([
  'advertisedTo',
  'lastUpdate',
  'hostname',
  'segments',
  'version',
  'bestpath',
  'valid',
  'addpathTxId',
  'addpathTxIdAll',
  'addpathTxIdBestPerAS',
  'accessible',
  'used',
  'afi',
  'length',
  'routerId',
  'type',
]);
const daemons = '/usr/lib/frr';

export class Frr {
  private readonly namespace: string;
  private readonly network: Network;
  private readonly runFolder: string;

  constructor(network: Network, router: number) {
    this.network = network;
    this.namespace = namespaceOf(router);
    this.runFolder = `/var/run/frr/${this.namespace}`;
  }

  async start(configuration: string): Promise<void> {
    const { namespace, network, runFolder } = this;
    mkdirSync(runFolder, { recursive: true });
    const file = `${runFolder}/frr.conf`;
    writeFileSync(file, configuration);
    writeFileSync(`${runFolder}/vtysh.conf`, '');
    execFileSync('chown', ['-R', 'frr:frr', runFolder]);
    chmodSync(runFolder, 0o755);
    network.start(namespace, 'zebra', `${daemons}/zebra`, '-N', namespace, '-f', file);
    await waitFor(() => existsSync(`${runFolder}/zserv.api`));
    network.start(namespace, 'bgpd', `${daemons}/bgpd`, '-N', namespace, '-f', file, '-M', 'bmp');
    await waitFor(() => existsSync(`${runFolder}/bgpd.vty`));
  }

  /** The output of one command of vtysh, as JSON. */
  show(command: string): unknown {
    return JSON.parse(this.run(command)) as unknown;
  }

  run(...commands: string[]): string {
    const options = ['-N', this.namespace, '--config_dir', '/var/run/frr'];
    return ask(this.namespace, 'vtysh', ...options, ...commands.flatMap((command) => ['-c', command]));
  }

  /** `show bgp FAMILY PREFIX json` of every prefix of the table, without what says nothing of routes; FRR 8.4 has no other way to see all. */
  paths(family: string): Record<string, unknown> {
    const { routes } = this.show(`show bgp ${family} json`) as { routes: Record<string, unknown> };
    const distinguished = routes['routeDistinguishers'] as Record<string, Record<string, unknown>> | undefined;
    const prefixes =
      distinguished === undefined ? Object.keys(routes) : Object.values(distinguished).flatMap((list) => Object.keys(list));
    const paths: Record<string, unknown> = {};
    const asked = [...new Set(prefixes)];
    const commands = asked.map((prefix) => `show bgp ${family} ${prefix} json`);
    // One object after another, each ending with a brace at the beginning of a line.
    const texts = commands.length === 0 ? [] : this.run(...commands).split(/(?<=^\}\n)/m).filter((text) => text.trim() !== '');
    if (texts.length !== asked.length) throw new Error(`${texts.length} answers to ${asked.length} questions`);
    texts.forEach((text, i) => {
      paths[asked[i]] = related(text);
    });
    return paths;
  }

  /** The output of a command without what says nothing of routes. */
  related(command: string): unknown {
    return related(this.run(command));
  }

  version(): string {
    return this.run('show version').split('\n')[0].replace(/ \(.*/, '');
  }

  stop(): void {
    for (const name of ['bgpd', 'zebra']) {
      const file = `${this.runFolder}/${name}.pid`;
      if (existsSync(file)) process.kill(Number(readFileSync(file, 'utf8')), 'SIGTERM');
    }
    rmSync(this.runFolder, { recursive: true, force: true });
  }
}

function related(text: string): unknown {
  return JSON.parse(text, (key: string, value: unknown) => (unrelated.has(key) ? undefined : value)) as unknown;
}

async function waitFor(isThere: () => boolean): Promise<void> {
  for (let tries = 0; !isThere(); tries++) {
    if (tries > 100) throw new Error('a daemon of FRR did not start, see the logs');
    await pause(100);
  }
  await pause(300);
}
