/**
 * Topic to enriched topic on a real broker, next to a bare kafkajs copy of the same topic in the same run.
 *
 * Method: flows are produced first. Phase one loads the table: flowrib with an empty flow topic reads the BMP topic, and what it took is
 * told. Then the contenders take turns, each in a process of its own, reading the same input from its start into an output topic of its
 * own. A contender's clock runs from the moment it is ready (kafkajs: joined its group; flowrib: every shard restored, flows about to
 * start) until the output's end offsets reach the number of flows. CPU is that of the process over the same time; RSS its peak, table
 * and restore included. Medians over the rounds.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBroker } from '../dev/broker.ts';
import { Kafka, logLevel } from 'kafkajs';
import { createKafka, type KafkaClient } from '../src/kafka/connection.ts';
import { kafkaOptions } from '../src/kafka/options.ts';
import { createProducer } from '../src/kafka/producer.ts';
import type { Admin } from '../src/kafka/types.ts';
import { feedFlows, feedRoutes } from './feed-routes.ts';
import type { ChildMessage, Usage } from './messages.ts';
import { generateRoutes } from './route-set.ts';

export interface ThroughputOptions {
  readonly flows: number;
  readonly routes: number;
  readonly rounds: number;
  readonly partitions: number;
  readonly compression: string;
  /** Folder for CPU profiles of flowrib; they cost a little speed. */
  readonly profiles: string | null;
}

export interface Measured {
  readonly flowsPerS: number;
  readonly cpuS: number;
  readonly peakRssMb: number;
}

export interface ThroughputResult {
  readonly options: ThroughputOptions;
  readonly bytesPerFlow: number;
  readonly routesPerS: number;
  readonly bytesPerRoute: number;
  readonly bytesPerAttributeSet: number;
  readonly restoreRoutesPerS: number;
  readonly kafkajs: Measured;
  readonly flowrib: Measured;
  readonly ratio: number;
}

const say = (text: string): void => console.log(text);

export async function benchThroughput(options: ThroughputOptions): Promise<ThroughputResult> {
  say('starting Kafka');
  const broker = await startBroker({ nodes: 1, heapMb: 1024 });
  const folder = mkdtempSync(join(tmpdir(), 'flowrib-bench-'));
  const client = createKafka(kafkaOptions({ brokers: broker.brokers }));
  const admin = client.admin();
  await admin.connect();
  try {
    const bench = new Bench(options, client, admin, folder, broker.brokers);
    return await bench.run();
  } finally {
    await admin.disconnect();
    await broker.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

class Bench {
  private readonly options: ThroughputOptions;
  private readonly client: KafkaClient;
  private readonly admin: Admin;
  private readonly folder: string;
  private readonly brokers: readonly string[];

  constructor(
    options: ThroughputOptions,
    client: KafkaClient,
    admin: Admin,
    folder: string,
    brokers: readonly string[],
  ) {
    this.options = options;
    this.client = client;
    this.admin = admin;
    this.folder = folder;
    this.brokers = brokers;
  }

  async run(): Promise<ThroughputResult> {
    const { options } = this;
    say(`making ${options.routes} routes and ${options.flows} flows`);
    const set = generateRoutes({ count: options.routes, seed: 1, sets: 150_000 });
    await this.createTopics({ 'bench-bmp': 1, 'bench-flows': options.partitions, 'bench-idle': 1 });
    const producer = createProducer(this.client);
    await producer.connect();
    const records = await feedRoutes(producer.createSink(), 'bench-bmp', set);
    const bytes = await feedFlows(producer.createSink(), 'bench-flows', options.partitions, set, options.flows, 2);
    await producer.disconnect();

    say(`loading the table from ${records} BMP records`);
    const loaded = await this.loadTable(records);
    const rounds: { kafkajs: Measured; flowrib: Measured }[] = [];
    let restoreMs = 0;
    for (let round = 1; round <= options.rounds; round++) {
      const kafkajs = await this.contend(`kafkajs-${round}`, (output) =>
        this.fork('copy-kafkajs.ts', [this.brokers.join(','), 'bench-flows', output, `copy-${round}`]),
      );
      const flowrib = await this.contend(`flowrib-${round}`, (output) => this.forkFlowrib('bench-flows', output));
      await this.forgetFlowOffsets();
      restoreMs = flowrib.detail['restoreMs'] ?? 0;
      if (flowrib.detail['enriched'] !== options.flows) {
        throw new Error(`only ${flowrib.detail['enriched']} of ${options.flows} flows were enriched`);
      }
      rounds.push({ kafkajs: kafkajs.measured, flowrib: flowrib.measured });
      const { flowsPerS } = flowrib.measured;
      say(`round ${round}: kafkajs copy ${rate(kafkajs.measured.flowsPerS)}, flowrib ${rate(flowsPerS)}`);
    }
    const kafkajs = medianOf(rounds.map((r) => r.kafkajs));
    const flowrib = medianOf(rounds.map((r) => r.flowrib));
    return {
      options,
      bytesPerFlow: bytes / options.flows,
      ...loaded,
      restoreRoutesPerS: (1000 * options.routes) / restoreMs,
      kafkajs,
      flowrib,
      ratio: flowrib.flowsPerS / kafkajs.flowsPerS,
    };
  }

  private async loadTable(
    records: number,
  ): Promise<{ routesPerS: number; bytesPerRoute: number; bytesPerAttributeSet: number }> {
    const child = this.forkFlowrib('bench-idle', 'bench-idle-out');
    await waitFor(child, 'ready');
    const start = performance.now();
    for (;;) {
      const { detail } = await ask(child);
      if ((detail['routed'] ?? 0) >= records && (detail['applied'] ?? 0) >= records) {
        const seconds = (performance.now() - start) / 1000;
        await end(child);
        await this.forgetFlowOffsets();
        const routes = detail['routes'] ?? 0;
        if (routes !== this.options.routes) throw new Error(`${routes} of ${this.options.routes} routes loaded`);
        return {
          routesPerS: routes / seconds,
          bytesPerRoute: (detail['routeBytes'] ?? 0) / routes,
          bytesPerAttributeSet: (detail['attributeBytes'] ?? 0) / (detail['attributeSets'] ?? 1),
        };
      }
      await sleep(20);
    }
  }

  private async contend(
    name: string,
    begin: (output: string) => ChildProcess,
  ): Promise<{ measured: Measured; detail: Readonly<Record<string, number>> }> {
    const output = `bench-out-${name}`;
    await this.createTopics({ [output]: this.options.partitions });
    const child = begin(output);
    const ready = await waitFor(child, 'ready');
    const start = performance.now();
    for (;;) {
      const ends = await this.admin.offsets(output);
      if (ends.reduce((sum, o) => sum + o.high, 0) >= this.options.flows) break;
      await sleep(10);
    }
    const seconds = (performance.now() - start) / 1000;
    const { usage, detail } = await ask(child);
    await end(child);
    return { measured: measure(ready.usage, usage, seconds, this.options.flows), detail };
  }

  private async createTopics(topics: Readonly<Record<string, number>>): Promise<void> {
    const specs = Object.entries(topics).map(([topic, partitions]) => ({
      topic,
      partitions,
      replicationFactor: 1,
      config: {},
    }));
    await this.admin.createTopics(specs);
  }

  /** So that the next round, under the same application and its table, reads the flows from their start again. */
  private async forgetFlowOffsets(): Promise<void> {
    const admin = new Kafka({ brokers: [...this.brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.deleteGroups(['bench']);
    await admin.disconnect();
  }

  private configFile(flows: string, output: string): string {
    const path = join(this.folder, `${output}.yaml`);
    writeFileSync(
      path,
      `application: bench
kafka: {brokers: [${this.brokers.map((b) => `"${b}"`).join(', ')}]}
routes: [{topic: bench-bmp, format: openbmp}]
flows: [{topic: ${flows}, format: goflow2-protobuf}]
output: {topic: ${output}, format: native, deadLetterTopic: bench-dead, compression: ${this.options.compression}}
shards: 1
http: {listen: "127.0.0.1:0"}
`,
    );
    return path;
  }

  private forkFlowrib(flows: string, output: string): ChildProcess {
    const { profiles } = this.options;
    const args = [this.configFile(flows, output), ...(profiles === null ? [] : [profiles, output])];
    return this.fork('flowrib-child.ts', args);
  }

  private fork(file: string, args: readonly string[]): ChildProcess {
    return fork(new URL(file, import.meta.url), args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }
}

function measure(before: Usage, after: Usage, seconds: number, flows: number): Measured {
  return { flowsPerS: flows / seconds, cpuS: after.cpuS - before.cpuS, peakRssMb: after.peakRss / 1e6 };
}

function medianOf(runs: readonly Measured[]): Measured {
  const median = (of: (m: Measured) => number): number => {
    const sorted = runs.map(of).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)];
  };
  return {
    flowsPerS: median((m) => m.flowsPerS),
    cpuS: median((m) => m.cpuS),
    peakRssMb: median((m) => m.peakRssMb),
  };
}

function waitFor<K extends ChildMessage['kind']>(
  child: ChildProcess,
  kind: K,
): Promise<Extract<ChildMessage, { kind: K }>> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`a contender ended with code ${code}`));
    child.once('exit', onExit);
    const onMessage = (message: ChildMessage): void => {
      if (message.kind !== kind) return;
      child.off('message', onMessage);
      child.off('exit', onExit);
      resolve(message as Extract<ChildMessage, { kind: K }>);
    };
    child.on('message', onMessage);
  });
}

function ask(child: ChildProcess): Promise<Extract<ChildMessage, { kind: 'usage' }>> {
  const answer = waitFor(child, 'usage');
  child.send('usage');
  return answer;
}

async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.send('stop');
  await ended;
}

export function rate(perSecond: number): string {
  return `${Math.round(perSecond / 1000).toLocaleString('en')}k/s`;
}
