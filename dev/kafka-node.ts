/**
 * One Kafka broker with its controller (KRaft) under Java: formats its folder, starts, stops, kills, pauses. It listens on fixed
 * ports, so that a restarted node comes back under its old address.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { countBrokers } from './kafka-probe.ts';
import { ServerProcess } from './server-process.ts';

export interface KafkaNode {
  readonly id: number;
  /** host:port for clients. */
  readonly address: string;
  readonly logFile: string;
  isRunning(): boolean;
  start(): Promise<void>;
  /** SIGTERM: a controlled shutdown, leaders move first. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void;
  unpause(): void;
}

export interface KafkaNodeSettings {
  readonly java: string;
  /** Folder of the jars. */
  readonly jars: string;
  readonly folder: string;
  readonly id: number;
  readonly clusterId: string;
  readonly heapMb: number;
  /** Client port and controller port of every node; this node's are at `id - 1`. */
  readonly ports: readonly { client: number; controller: number }[];
  readonly config: Readonly<Record<string, string>>;
}

export class MavenKafkaNode implements KafkaNode {
  readonly id: number;
  readonly address: string;
  readonly logFile: string;
  private readonly settings: KafkaNodeSettings;
  private readonly propertiesFile: string;
  private server: ServerProcess | null = null;

  constructor(settings: KafkaNodeSettings) {
    this.settings = settings;
    this.id = settings.id;
    this.address = `127.0.0.1:${settings.ports[settings.id - 1].client}`;
    this.logFile = join(settings.folder, `node-${settings.id}.log`);
    this.propertiesFile = join(settings.folder, `node-${settings.id}.properties`);
  }

  /** Writes the properties and prepares the log folder; once, before the first start. */
  async format(): Promise<void> {
    const data = join(this.settings.folder, `node-${this.id}`);
    mkdirSync(data, { recursive: true });
    const lines = Object.entries(nodeProperties(this.settings, data)).map(([name, value]) => `${name}=${value}`);
    writeFileSync(this.propertiesFile, `${lines.join('\n')}\n`);
    const args = ['-cp', this.classPath(), 'kafka.tools.StorageTool', 'format'];
    const tool = spawn(
      this.settings.java,
      ['-Xmx128m', '-XX:TieredStopAtLevel=1', ...args, '-t', this.settings.clusterId, '-c', this.propertiesFile],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let output = '';
    for (const stream of [tool.stdout, tool.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const [code] = (await once(tool, 'close')) as [number | null];
    if (code !== 0) throw new Error(`formatting the folder of Kafka node ${this.id} failed:\n${output}`);
  }

  isRunning(): boolean {
    return this.server?.isRunning() ?? false;
  }

  async start(): Promise<void> {
    if (this.isRunning()) return;
    const heap = `-Xmx${this.settings.heapMb}m`;
    const args = [
      heap,
      '-XX:+UseSerialGC',
      '-XX:+ExitOnOutOfMemoryError',
      '-Dorg.slf4j.simpleLogger.showDateTime=true',
    ];
    const server = new ServerProcess(
      this.settings.java,
      [...args, '-cp', this.classPath(), 'kafka.Kafka', this.propertiesFile],
      this.logFile,
    );
    this.server = server;
    await server.waitUntil(async () => (await countBrokers(this.address)) > 0, `Kafka node ${this.id}`);
  }

  async stop(): Promise<void> {
    await this.server?.end('SIGTERM');
  }

  async kill(): Promise<void> {
    await this.server?.end('SIGKILL');
  }

  pause(): void {
    this.server?.signal('SIGSTOP');
  }

  unpause(): void {
    this.server?.signal('SIGCONT');
  }

  private classPath(): string {
    return join(this.settings.jars, '*');
  }
}

function nodeProperties(settings: KafkaNodeSettings, data: string): Record<string, string> {
  const own = settings.ports[settings.id - 1];
  const nodes = settings.ports.length;
  const quorum = settings.ports.map((ports, i) => `${i + 1}@127.0.0.1:${ports.controller}`);
  const internal = String(nodes);
  const isr = nodes === 1 ? '1' : '2';
  const ours: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': String(settings.id),
    'controller.quorum.voters': quorum.join(','),
    listeners: `PLAINTEXT://127.0.0.1:${own.client},CONTROLLER://127.0.0.1:${own.controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${own.client}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': data,
    'offsets.topic.replication.factor': internal,
    'offsets.topic.num.partitions': '8',
    'transaction.state.log.replication.factor': internal,
    'transaction.state.log.min.isr': isr,
    'transaction.state.log.num.partitions': '8',
    'share.coordinator.state.topic.replication.factor': internal,
    'share.coordinator.state.topic.min.isr': isr,
    'group.initial.rebalance.delay.ms': '0',
    'auto.create.topics.enable': 'false',
    'log.cleaner.backoff.ms': '200',
    // Recorded flows are years old by their timestamps, and a log is deleted by them.
    'log.retention.ms': '-1',
    // Failure detection at the pace of tests: a killed node's leaders move within seconds.
    'broker.session.timeout.ms': '6000',
    'broker.heartbeat.interval.ms': '1000',
  };
  const properties = { ...ours, ...settings.config };
  // Listeners given are more listeners, not other ones.
  const { config } = settings;
  for (const name of ['listeners', 'advertised.listeners', 'listener.security.protocol.map']) {
    if (config[name] !== undefined) properties[name] = `${ours[name]},${config[name]}`;
  }
  return properties;
}
