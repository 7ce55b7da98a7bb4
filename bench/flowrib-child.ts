/**
 * Child of the throughput benchmark: flowrib itself, as `flowrib run` starts it, with the configuration whose path is the argument.
 * Tells its parent when it runs (every shard restored, flows about to start) and, when asked, what it used.
 */

import { runApp } from '../src/app/run.ts';
import { compileConfig } from '../src/config/compile.ts';
import { loadConfig } from '../src/config/load.ts';
import { createLogger } from '../src/telemetry/logger.ts';
import { tellParent, usageNow } from './messages.ts';

const config = compileConfig(loadConfig(process.argv[2]));
const app = await runApp(config, createLogger('warn'));
app.done.catch((error: unknown) => {
  console.error(error);
  process.exit(3);
});
const { member } = app;
const waiting = setInterval(() => {
  if (member.enrichStage.state !== 'running') return;
  clearInterval(waiting);
  tellParent({ kind: 'ready', usage: usageNow() });
}, 5);
process.on('message', (message) => {
  if (message === 'stop') void app.stop().then(() => process.exit(0));
  if (message !== 'usage') return;
  const held = member.host.all();
  const sum = (of: (h: (typeof held)[number]) => number): number => held.reduce((total, h) => total + of(h), 0);
  tellParent({
    kind: 'usage',
    usage: usageNow(),
    detail: {
      routes: sum(({ rib }) => rib.routes.counts().routesV4 + rib.routes.counts().routesV6),
      routeBytes: sum(({ rib }) => total(rib.routes.memory())),
      attributeBytes: sum(({ rib }) => total(rib.attributes.memory())),
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

function total(parts: Readonly<Record<string, number>>): number {
  return Object.values(parts).reduce((a, b) => a + b, 0);
}
