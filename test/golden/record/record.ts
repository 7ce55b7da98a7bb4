/**
 * Records FRR and GoBGP for the golden tests beside this folder: `sudo node test/golden/record/record.ts`. Needs root, and the Debian
 * packages frr, gobgpd and iproute2. Takes two minutes; writes frr/session.pcap, gobgp/session.pcap and, beside each, what the
 * router itself printed at several moments of the session.
 */

import { mkdirSync, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { address6Of, addressOf, collectorNamespace, Network, pause } from './namespaces.ts';
import { Frr } from './frr.ts';
import { GoBgp } from './gobgp.ts';
import { changesOf2, routesOf2, routesOf3, routesOf4 } from './routes.ts';
import { bmpPort, frrConfiguration, gobgpConfigurations } from './topology.ts';

interface Checkpoint {
  readonly name: string;
  /** Everything captured before belongs to it. */
  readonly atMs: number;
  readonly answers: Readonly<Record<string, unknown>>;
}

const golden = new URL('../', import.meta.url).pathname;
const folder = mkdtempSync(`${tmpdir()}/flowrib-record-`);
const network = new Network(folder);
const frr = new Frr(network, 1);
const gobgp2 = new GoBgp(network, 2, folder);
const gobgp3 = new GoBgp(network, 3, folder);
const gobgp4 = new GoBgp(network, 4, folder);
const captures = [`${golden}frr/session.pcap`, `${golden}gobgp/session.pcap`];
const checkpoints: { frr: Checkpoint[]; gobgp: Checkpoint[] } = { frr: [], gobgp: [] };

const families = ['ipv4', 'ipv6', 'ipv4-mpls', 'ipv6-mpls', 'vpnv4', 'vpnv6', 'evpn'] as const;

/** Nothing more comes over BMP. */
async function quiet(): Promise<void> {
  let last = -1;
  for (let calm = 0; calm < 6; calm++) {
    await pause(500);
    const size = captures.reduce((sum, file) => sum + sizeOf(file), 0);
    if (size !== last) calm = 0;
    last = size;
  }
}

async function checkpoint(name: string, asksSenders: boolean): Promise<void> {
  for (let tries = 0; tries < 5; tries++) {
    await quiet();
    const sizes = captures.map(sizeOf);
    const atMs = Date.now();
    const answers = { gobgp: gobgpAnswers(), frr: frrAnswers(asksSenders) };
    // What came while they were asked may or may not be in their answers.
    if (captures.some((file, i) => sizeOf(file) !== sizes[i])) continue;
    checkpoints.frr.push({ name, atMs, answers: answers.frr });
    checkpoints.gobgp.push({ name, atMs, answers: answers.gobgp });
    console.log(`${name}: recorded`);
    return;
  }
  throw new Error(`${name}: it does not become quiet`);
}

function sizeOf(file: string): number {
  return statSync(file).size;
}

function frrAnswers(asksSenders: boolean): Record<string, unknown> {
  const answers: Record<string, unknown> = {};
  answers['show bgp summary json'] = frr.show('show bgp summary json');
  for (const family of ['ipv4 unicast', 'ipv6 unicast', 'ipv4 vpn', 'ipv6 vpn']) {
    answers[`show bgp ${family} PREFIX json`] = frr.paths(family);
    for (const router of family.endsWith('vpn') ? [2] : family === 'ipv4 unicast' ? [2, 3, 4] : [2, 3]) {
      const neighbour = family === 'ipv6 unicast' ? address6Of(router) : addressOf(router);
      const command = `show bgp ${family} neighbors ${neighbour} received-routes json`;
      const { receivedRoutes } = frr.show(command) as { receivedRoutes?: unknown };
      answers[command] = { receivedRoutes };
    }
  }
  const evpn = 'show bgp l2vpn evpn route detail type prefix json';
  answers[evpn] = frr.related(evpn);
  if (!asksSenders) return answers;
  // FRR 8.4 prints received routes without communities and without path ids: what the sender says it sent fills that in.
  for (const family of ['ipv4', 'vpnv4', 'vpnv6', 'evpn']) {
    answers[`router 2: neighbor ${addressOf(1)} adj-out -a ${family}`] = adjOut(gobgp2, addressOf(1), family);
  }
  answers[`router 2: neighbor ${address6Of(1)} adj-out -a ipv6`] = adjOut(gobgp2, address6Of(1), 'ipv6');
  answers[`router 3: neighbor ${addressOf(1)} adj-out -a ipv4`] = adjOut(gobgp3, addressOf(1), 'ipv4');
  answers[`router 4: neighbor ${addressOf(1)} adj-out -a ipv4`] = adjOut(gobgp4, addressOf(1), 'ipv4');
  answers[`router 3: neighbor ${address6Of(1)} adj-out -a ipv6`] = adjOut(gobgp3, address6Of(1), 'ipv6');
  return answers;
}

function adjOut(router: GoBgp, neighbour: string, family: string): unknown {
  return router.show('neighbor', neighbour, 'adj-out', '-a', family);
}

function gobgpAnswers(): Record<string, unknown> {
  const answers: Record<string, unknown> = {};
  for (const family of families) answers[`global rib -a ${family}`] = gobgp2.show('global', 'rib', '-a', family);
  for (const router of [1, 3, 4]) {
    for (const family of families) {
      const neighbour = family.startsWith('ipv6') ? address6Of(router) : addressOf(router);
      if (!isSpoken(router, family)) continue;
      const command = ['neighbor', neighbour, 'adj-in', '-a', family];
      answers[command.join(' ')] = gobgp2.show(...command);
      // Only the text form tells path ids.
      if (router === 1 && family === 'ipv4') answers[`${command.join(' ')} (text)`] = gobgp2.tell(...command).split('\n');
    }
  }
  return answers;
}

/** With router 2. */
function isSpoken(router: number, family: string): boolean {
  if (router === 3) return family === 'ipv4' || family === 'ipv6';
  return router === 4 || !family.endsWith('mpls');
}

function originate(router: GoBgp, routes: readonly (readonly [string, string])[]): void {
  for (const [family, route] of routes) router.rib('add', family, route);
}

async function main(): Promise<void> {
  for (const name of ['frr', 'gobgp']) mkdirSync(`${golden}${name}`, { recursive: true });
  network.open([1, 2, 3, 4]);
  const senders = [addressOf(1), addressOf(2)].map((address, i) => `${address}=${captures[i]}`);
  network.start(collectorNamespace, 'collector', process.execPath, `${golden}record/collector.ts`, String(bmpPort), ...senders);
  await pause(2000);

  await frr.start(frrConfiguration);
  await gobgp2.start(gobgpConfigurations[2]);
  originate(gobgp2, routesOf2);
  await gobgp3.start(gobgpConfigurations[3]);
  originate(gobgp3, routesOf3);
  await gobgp4.start(gobgpConfigurations[4]);
  originate(gobgp4, routesOf4);
  await pause(15_000);
  await checkpoint('table', true);

  for (const [action, family, route] of changesOf2) gobgp2.rib(action, family, route);
  await pause(2000);
  await checkpoint('changed', true);

  await gobgp4.stop('SIGTERM');
  await quiet();
  frr.run('configure terminal', 'router bgp 65001', `neighbor ${addressOf(3)} shutdown`);
  await pause(2000);
  await checkpoint('peers lost', false);

  frr.run('configure terminal', 'router bgp 65001', `no neighbor ${addressOf(3)} shutdown`);
  await gobgp4.start(gobgpConfigurations[4]);
  originate(gobgp4, routesOf4);
  await pause(15_000);
  await checkpoint('peers back', false);

  await gobgp3.stop('SIGKILL');
  await pause(3000);
  await checkpoint('graceful restart, peer away', false);

  await gobgp3.start(gobgpConfigurations[3], '-r');
  originate(gobgp3, routesOf3.slice(2));
  await pause(30_000);
  await checkpoint('graceful restart, peer back', false);

  const versions = { frr: frr.version(), gobgp: gobgp2.version() };
  for (const router of ['frr', 'gobgp'] as const) {
    writeFileSync(`${golden}${router}/session.answers.json`, answersText(versions[router], checkpoints[router]));
  }
}

/** What says nothing of routes, or the same as what stands beside it, is left out. */
const unrelated = new Set([
  'age',
  'source-id',
  'neighbor-ip',
  'num',
  'addrPrefix',
  'prefixLen',
  'network',
  'weight',
  'appliedStatusSymbols',
]);

function answerText(answer: unknown): string {
  return JSON.stringify(answer, (key: string, value: unknown) => {
    if (unrelated.has(key) || ((key === 'best' || key === 'stale') && value === false)) return undefined;
    const attribute = value as { type?: unknown; nexthop?: unknown; afi?: unknown; safi?: unknown } | null;
    // The NLRI again.
    if (attribute?.type === 14) return { type: 14, nexthop: attribute.nexthop, afi: attribute.afi, safi: attribute.safi };
    return value;
  });
}

/** One answer a line. */
function answersText(version: string, list: readonly Checkpoint[]): string {
  const texts = list.map(({ answers, atMs, name }) => {
    const lines = Object.entries(answers).map(([command, answer]) => `  ${JSON.stringify(command)}: ${answerText(answer)}`);
    return `{ "name": ${JSON.stringify(name)}, "atMs": ${atMs}, "answers": {\n${lines.join(',\n')}\n} }`;
  });
  return `{ "version": ${JSON.stringify(version)}, "checkpoints": [\n${texts.join(',\n')}\n] }\n`;
}

process.on('SIGINT', () => {
  network.close();
  process.exit(1);
});

try {
  await main();
} finally {
  for (const router of [gobgp2, gobgp3, gobgp4]) await router.stop('SIGTERM');
  frr.stop();
  network.close();
  console.log(`logs: ${folder}`);
}
