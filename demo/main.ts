/**
 * `npm run demo`: recorded BMP of real routers (FRR, GoBGP) and recorded flows (goflow2) through a real Kafka and flowrib, shown as
 * tables. `--once` ends by itself, with exit code 0 only if the expected flows came out enriched; else it stays up for a look at the
 * HTTP pages until Ctrl-C.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { startBroker, type StartedBroker } from '../dev/broker.ts';
import { type RunningApp, runApp } from '../src/app/run.ts';
import { runProgram } from '../src/cli/program.ts';
import { compileConfig } from '../src/config/compile.ts';
import { loadConfig } from '../src/config/load.ts';
import type { CompiledConfig } from '../src/config/types.ts';
import { createKafka, type KafkaClient } from '../src/kafka/connection.ts';
import { kafkaOptions } from '../src/kafka/options.ts';
import type { Admin } from '../src/kafka/types.ts';
import type { RibShard } from '../src/rib/shard.ts';
import { createLogger } from '../src/telemetry/logger.ts';
import { communitiesOf, distinctRows, type EnrichedFlow, pathOf, wantedNextHop } from './answers.ts';
import { feed, type FeedRecord, follow, readRecording } from './feed.ts';
import { type ExpectedFlow, tableBmpRecords, tableFlows } from './next-hop-table.ts';
import { formatTable } from './print-table.ts';

const once = process.argv.includes('--once');
const waitMs = 60_000;
/** Destinations of the recorded flows that the recorded routes cover; fewer means that a route went missing. */
const minimumMatched = 1000;
/** Explained at the end: the flow's next hop is not that of the route in the router's Loc-RIB (docs/routing.md goes through the answer). */
const explained = ['100.64.1.5', '--router', 'gobgp-65002', '--next-hop', '10.99.0.3'];
const say = (text: string): void => console.log(text);

let broker: StartedBroker | undefined;
let app: RunningApp | undefined;
let exitCode = 1;
try {
  exitCode = await demo();
} catch (error) {
  console.error(`\ndemo failed: ${error instanceof Error ? error.message : String(error)}`);
} finally {
  await app?.stop();
  await broker?.stop();
}
process.exit(exitCode);

async function demo(): Promise<number> {
  say('flowrib demo: which AS path did each flow take?\n');
  say('[1/5] Kafka');
  broker = await startBroker({ nodes: 1 });
  say(`      ${broker.kind} at ${broker.brokers.join(', ')}`);
  const config = demoConfig(broker.brokers);
  const client = createKafka(kafkaOptions(config.kafka));
  const admin = client.admin();
  await admin.connect();
  const bmpTopic = config.routes[0].topic;
  const flowTopic = config.flows[0].topic;
  await admin.createTopics(
    [
      { topic: bmpTopic, partitions: 1 },
      { topic: flowTopic, partitions: 4 },
    ].map((topic) => ({ ...topic, replicationFactor: 1, config: { 'retention.ms': '-1' } })),
  );

  say('[2/5] BMP: what three recorded routers and two made ones announced');
  const recordedBmp = readRecording('gobmp-raw.jsonl');
  const tableBmp = asRecords(tableBmpRecords(Date.now()), 1);
  await feed(client, bmpTopic, [...recordedBmp, ...tableBmp]);
  say(`      ${recordedBmp.length} recorded + ${tableBmp.length} made records in ${bmpTopic}`);

  say('[3/5] flowrib run');
  app = await runApp(config, createLogger(config.log.level));
  const running = app;
  running.done.catch((error: unknown) => console.error(`flowrib stopped: ${String(error)}`));
  await routesServed(running, recordedBmp.length + tableBmp.length, admin);
  const routes = running.member.host.all().reduce((sum, held) => sum + routesOf(held.rib), 0);
  say(`      ${routes} routes in ${running.member.host.all().length} shards`);

  say('[4/5] Flows');
  const flows = readRecording('goflow2-bin.jsonl');
  const table = tableFlows(Date.now());
  await feed(client, flowTopic, [
    ...flows,
    ...asRecords(
      table.map((f) => f.record),
      4,
    ),
  ]);
  const total = flows.length + table.length;
  const enriched = await readOutput(client, config.output.topic, total);
  say('[5/5] Enriched\n');

  printRecorded(enriched.filter((flow) => !isTableFlow(flow, table)));
  const failures = printTable(
    enriched,
    table.map((f) => f.expected),
  );
  await admin.disconnect();
  const isExplained = await printExplained(running);
  return finish(running, enriched, total, failures, isExplained);
}

/** As a user would ask; false when the answer is no route. */
async function printExplained({ httpUrl }: RunningApp): Promise<boolean> {
  say(`Why? $ flowrib lookup ${explained.join(' ')} --url ${httpUrl}\n`);
  const code = await runProgram(['lookup', ...explained, '--url', httpUrl], { out: say, err: say });
  say('');
  return code === 0;
}

async function finish(
  running: RunningApp,
  enriched: readonly EnrichedFlow[],
  total: number,
  failures: number,
  isExplained: boolean,
): Promise<number> {
  const matched = enriched.filter((flow) => flow.dst.status === 'matched').length;
  say(`${total} flows in, ${enriched.length} out, ${matched} destinations matched; ${failures} unexpected answers.`);
  say(`Console: ${running.httpUrl}   metrics: ${running.httpUrl}/metrics   readiness: ${running.httpUrl}/readyz`);
  const good = enriched.length === total && matched >= minimumMatched && failures === 0 && isExplained;
  if (!good) console.error('The expected flows did not come out enriched.');
  if (once) return good ? 0 : 1;
  say('\nCtrl-C ends the demo.');
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  return good ? 0 : 1;
}

function demoConfig(brokers: readonly string[]): CompiledConfig {
  const run = Date.now().toString(36);
  return compileConfig(
    loadConfig(new URL('flowrib.yaml', import.meta.url).pathname, {
      DEMO_APPLICATION: `flowrib-demo-${run}`,
      DEMO_BROKERS: brokers.join(','),
      DEMO_BMP_TOPIC: `demo-bmp-${run}`,
      DEMO_FLOW_TOPIC: `demo-flows-${run}`,
      DEMO_OUTPUT_TOPIC: `demo-flows-enriched-${run}`,
      DEMO_DEAD_LETTER_TOPIC: `demo-dead-letter-${run}`,
    }),
  );
}

function asRecords(values: readonly Buffer[], partitions: number): FeedRecord[] {
  return values.map((value, i) => ({ value, partition: i % partitions, timestampMs: Date.now() }));
}

function routesOf(rib: RibShard): number {
  const { routesV4, routesV6 } = rib.routes.counts();
  return routesV4 + routesV6;
}

/** Waits until the BMP records are routed, every shard has read its log to the end, and no message is held back any more. */
async function routesServed(running: RunningApp, records: number, admin: Admin): Promise<void> {
  const { member } = running;
  const end = Date.now() + waitMs;
  for (;;) {
    const { appended, collector, deadLettered } = member.routeStage.counters;
    const routed = appended + collector + deadLettered;
    if (routed >= records && member.enrichStage.state === 'running') {
      const ends = await admin.offsets(member.config.internalTopics.routes);
      const held = new Map(member.host.all().map((h) => [h.shard, h.position]));
      const isHolding = member.host.all().some(({ rib }) => rib.heldCount > 0);
      if (!isHolding && ends.every(({ partition, high }) => (held.get(partition) ?? -1) >= high)) return;
    }
    if (Date.now() > end)
      throw new Error(`only ${routed} of ${records} BMP records were routed after ${waitMs / 1000} s`);
    await sleep(100);
  }
}

async function readOutput(client: KafkaClient, topic: string, total: number): Promise<EnrichedFlow[]> {
  const enriched: EnrichedFlow[] = [];
  const all = Promise.withResolvers<void>();
  const following = await follow(client, topic, 4, (value) => {
    enriched.push(JSON.parse(value.toString('utf8')) as EnrichedFlow);
    if (enriched.length === total) all.resolve();
  });
  const progress = setInterval(() => say(`      ${enriched.length} of ${total} enriched`), 1000);
  await Promise.race([all.promise, sleep(waitMs)]);
  clearInterval(progress);
  await following.stop();
  return enriched;
}

function isTableFlow(flow: EnrichedFlow, table: readonly { expected: ExpectedFlow }[]): boolean {
  return table.some(({ expected }) => expected.exporter === flow.exporter);
}

function printRecorded(flows: readonly EnrichedFlow[]): void {
  const rows = distinctRows(flows, (flow) => [
    flow.exporter,
    flow.dst_addr,
    wantedNextHop(flow),
    pathOf(flow.dst),
    communitiesOf(flow.dst),
    flow.dst.view ?? '-',
    flow.dst.router ?? flow.router ?? '-',
  ]);
  const shown = once ? rows.slice(0, 24) : rows;
  say(
    `Recorded flows of FRR 8.4 and GoBGP 3.10 (${flows.length} flows, ${rows.length} distinct answers${shown.length < rows.length ? `, the ${shown.length} most frequent` : ''}):\n`,
  );
  say(formatTable(['flows', 'exporter', 'destination', 'next hop', 'AS path', 'communities', 'view', 'router'], shown));
  say('');
}

/** Returns how many flows did not get the expected answer. */
function printTable(enriched: readonly EnrichedFlow[], expected: readonly ExpectedFlow[]): number {
  let failures = 0;
  const rows = expected.map((want) => {
    const got = enriched.find(
      (flow) =>
        flow.exporter === want.exporter && flow.dst_addr === want.destination && wantedNextHop(flow) === want.nextHop,
    );
    const good =
      got !== undefined &&
      pathOf(got.dst) === want.asPath.join(' ') &&
      (got.dst.communities ?? []).join(' ') === want.communities.join(' ') &&
      got.dst.next_hop === want.nextHop &&
      got.dst.view === want.view;
    if (!good) failures++;
    if (got === undefined) return [want.exporter, want.destination, want.nextHop, '(missing)', '', '', '', 'WRONG'];
    return [
      got.exporter,
      got.dst_addr,
      want.nextHop,
      pathOf(got.dst),
      communitiesOf(got.dst),
      got.dst.view ?? '-',
      got.dst.router ?? '-',
      good ? 'as expected' : 'WRONG',
    ];
  });
  say(
    'One prefix, three routes: the next hop of the flow picks the route (2001:db8:1::/48 from edge1; from edge2, whose Loc-RIB has only one of them):\n',
  );
  say(formatTable(['exporter', 'destination', 'next hop', 'AS path', 'communities', 'view', 'router', ''], rows));
  say('');
  return failures;
}
