/**
 * Runs flowrib itself against a real Kafka, as a user would configure it: topics of its own, a configuration as YAML, members in this
 * process. What came out is read with plain kafkajs.
 */

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import type { ShardDumps } from '../../src/app/engine.ts';
import { type RunningApp, runApp } from '../../src/app/run.ts';
import { compileConfig } from '../../src/config/compile.ts';
import { parseConfig } from '../../src/config/load.ts';
import {
  createTopic,
  endOffsets,
  type ProducedRecord,
  produceRecords,
  type ReadRecord,
  readTopic,
  testBrokers,
  uniqueName,
} from './kafka.ts';

export interface ApplicationOptions {
  /** YAML under the keys that the harness does not set itself. */
  extra?: string;
  bmpPartitions?: number;
  flowPartitions?: number;
  routeFormat?: string;
  flowFormat?: string;
  outputFormat?: string;
  compression?: string;
  positions?: boolean;
  shards?: number;
  brokers?: string[];
}

export class Application {
  readonly brokers: string[];
  readonly name: string;
  readonly bmpTopic: string;
  readonly flowTopic: string;
  readonly outputTopic: string;
  readonly deadLetterTopic: string;
  readonly yaml: string;
  readonly members: RunningApp[] = [];

  private constructor(
    brokers: string[],
    name: string,
    bmpTopic: string,
    flowTopic: string,
    options: ApplicationOptions,
  ) {
    this.brokers = brokers;
    this.name = name;
    this.bmpTopic = bmpTopic;
    this.flowTopic = flowTopic;
    this.outputTopic = `${name}-out`;
    this.deadLetterTopic = `${name}-dead`;
    this.yaml = `
application: ${name}
kafka: {brokers: [${brokers.map((b) => `"${b}"`).join(', ')}]}
routes: [{topic: ${bmpTopic}, format: ${options.routeFormat ?? 'openbmp'}}]
flows: [{topic: ${flowTopic}, format: ${options.flowFormat ?? 'goflow2-protobuf'}}]
output:
  topic: ${this.outputTopic}
  format: ${options.outputFormat ?? 'json'}
  deadLetterTopic: ${this.deadLetterTopic}
  compression: ${options.compression ?? 'lz4'}
  positions: ${options.positions ?? false}
shards: ${options.shards ?? 4}
http: {listen: "127.0.0.1:0"}
${options.extra ?? ''}
`;
  }

  static async create(options: ApplicationOptions = {}): Promise<Application> {
    const brokers = options.brokers ?? (await testBrokers());
    const bmpTopic = await createTopic(brokers, 'bmp', options.bmpPartitions ?? 1);
    const flowTopic = await createTopic(brokers, 'flows', options.flowPartitions ?? 4);
    return new Application(brokers, uniqueName('app'), bmpTopic, flowTopic, options);
  }

  async start(dumps?: ShardDumps): Promise<RunningApp> {
    const config = compileConfig(parseConfig('test.yaml', this.yaml, {}));
    const level = process.env['FLOWRIB_TEST_LOG'] ?? 'silent';
    const app = await runApp(config, pino({ level }, pino.destination(2)), dumps);
    app.done.catch((error: unknown) => {
      if (!this.members.includes(app)) return;
      console.error('member failed:', error);
    });
    this.members.push(app);
    return app;
  }

  async stop(app: RunningApp): Promise<void> {
    await app.stop();
    this.members.splice(this.members.indexOf(app), 1);
  }

  async stopAll(): Promise<void> {
    for (const app of this.members.slice()) await this.stop(app);
  }

  async produceBmp(records: readonly ProducedRecord[], partition = 0): Promise<void> {
    await produceRecords(this.brokers, this.bmpTopic, partition, records);
  }

  async produceFlows(records: readonly ProducedRecord[], partition = 0): Promise<void> {
    await produceRecords(this.brokers, this.flowTopic, partition, records);
  }

  /** Waits until all BMP records so far are in the tables of whoever holds their shards. */
  async routesApplied(): Promise<void> {
    const wanted = await endOffsets(this.brokers, this.bmpTopic);
    await eventually('BMP records routed', async () => {
      const routed = this.members.reduce((sum, m) => {
        const c = m.member.routeStage.counters;
        return sum + c.appended + c.collector + c.deadLettered;
      }, 0);
      return routed >= wanted.reduce((a, b) => a + b, 0) ? true : `routed ${routed} of ${wanted.join('+')}`;
    });
    await eventually('routes applied', async () => {
      const ends = await endOffsets(this.brokers, `${this.name}.routes`);
      const positions = new Map(this.members.flatMap((m) => m.member.host.all().map((h) => [h.shard, h.position])));
      const behind = ends.findIndex((end, shard) => (positions.get(shard) ?? -1) < end);
      return behind < 0 ? true : `shard ${behind} at ${positions.get(behind) ?? 'nobody'} of ${ends[behind]}`;
    });
  }

  /** Waits for `count` records in the output (and dead letters, if asked) and reads them. */
  async output(count: number, timeoutMs = 60_000): Promise<ReadRecord[]> {
    await eventually(
      `${count} output records`,
      async () => {
        const ends = await endOffsets(this.brokers, this.outputTopic).catch(() => []);
        const total = ends.reduce((a, b) => a + b, 0);
        return total >= count ? true : `${total} of ${count}`;
      },
      timeoutMs,
    );
    return readTopic(this.brokers, this.outputTopic);
  }

  async deadLetters(): Promise<ReadRecord[]> {
    return readTopic(this.brokers, this.deadLetterTopic);
  }
}

/** Polls until `check` says true; what it says instead stands in the failure. */
export async function eventually(
  what: string,
  check: () => Promise<true | string> | true | string,
  timeoutMs = 60_000,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  let last: true | string = 'not checked';
  for (;;) {
    last = await check();
    if (last === true) return;
    if (Date.now() > end) assert.fail(`timed out waiting for ${what}: ${last}`);
    await sleep(100);
  }
}
