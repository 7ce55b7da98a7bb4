/**
 * Child of the throughput benchmark: flowrib itself, as `flowrib run` starts it, with the configuration whose path is the argument.
 * Tells its parent when it runs (every shard restored, flows about to start) and, when asked, what it used. With two more arguments,
 * folder and name, it profiles both phases: start to running, running to the question.
 */

import { runApp } from '../src/app/run.ts';
import { compileConfig } from '../src/config/compile.ts';
import { loadConfig } from '../src/config/load.ts';
import { createLogger } from '../src/telemetry/logger.ts';
import { CpuProfile } from './cpu-profile.ts';
import { tellParent, usageNow } from './messages.ts';

const [configPath, profiles, name] = process.argv.slice(2);
const config = compileConfig(loadConfig(configPath));
let profile = profiles === undefined ? null : new CpuProfile(profiles, `${name}-start`);
await profile?.start();
const app = await runApp(config, createLogger('warn'));
app.done.catch((error: unknown) => {
  console.error(error);
  process.exit(3);
});
const { member } = app;
const waiting = setInterval(() => {
  if (member.enrichStage.state !== 'running') return;
  clearInterval(waiting);
  void ready();
}, 5);

async function ready(): Promise<void> {
  if (profile !== null) {
    await profile.finish();
    profile = new CpuProfile(profiles, name);
    await profile.start();
  }
  tellParent({ kind: 'ready', usage: usageNow() });
}

process.on('message', (message) => {
  if (message === 'stop') void end();
  if (message !== 'usage') return;
  const held = member.host.all();
  const sum = (of: (h: (typeof held)[number]) => number): number => held.reduce((total, h) => total + of(h), 0);
  tellParent({
    kind: 'usage',
    usage: usageNow(),
    detail: {
      routes: sum(({ rib }) => rib.routes.counts().routesV4 + rib.routes.counts().routesV6),
      routeBytes: sum(({ rib }) => sumOf(rib.routes.memory())),
      attributeBytes: sum(({ rib }) => sumOf(rib.attributes.memory())),
      attributeSets: sum(({ rib }) => rib.attributes.size),
      applied: member.host.recordsApplied,
      routed: member.routeStage.counters.appended,
      restoreMs: Math.max(0, ...held.map((h) => h.restoreMs)),
      enriched: member.flowCounters.enriched,
      read: member.flowCounters.read,
    },
  });
});
process.on('disconnect', () => process.exit(0));

async function end(): Promise<void> {
  await profile?.finish();
  await app.stop();
  process.exit(0);
}

function sumOf(parts: Readonly<Record<string, number>>): number {
  return Object.values(parts).reduce((a, b) => a + b, 0);
}
