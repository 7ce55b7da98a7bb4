/**
 * A Kafka for tests, demo and benchmark. In this order: KAFKA_BROKERS (one that is there already; single node only), Apache Kafka from
 * Maven under Java 17 or later, Docker (one node). Data and logs lie in a temporary folder, deleted at a clean end; after a failed
 * start the folder stays and its path is printed.
 */

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findJava } from './java.ts';
import { MavenKafkaNode, type KafkaNode } from './kafka-node.ts';
import { countBrokers } from './kafka-probe.ts';
import { canFetch, fetchBundle, type MavenBundle } from './maven.ts';
import { freePorts } from './ports.ts';
import { onProcessEnd } from './server-process.ts';

const kafkaVersion = '4.3.1';

const kafkaBundle: MavenBundle = {
  name: `kafka-tools-${kafkaVersion}`,
  pom: 'dev/kafka/pom.xml',
  goal: ['dependency:copy-dependencies', '-DincludeScope=runtime'],
  title: `Apache Kafka ${kafkaVersion}`,
};

export interface BrokerOptions {
  readonly nodes: 1 | 3;
  /** Broker properties over ours; listeners are added to ours, on ports of the caller's choice (dev/ports.ts). */
  readonly config?: Readonly<Record<string, string>>;
  /** Java heap of each node; 512 for one node and 400 for three when not given. */
  readonly heapMb?: number;
}

export interface StartedBroker {
  readonly brokers: string[];
  readonly kind: 'given' | 'maven' | 'docker';
  /** Folder of data and `node-<id>.log`; empty unless kind is maven. */
  readonly logDir: string;
  /** A node by id, counted from 1; only when kind is maven. */
  node(id: number): KafkaNode;
  stop(): Promise<void>;
}

export async function startBroker(options: BrokerOptions): Promise<StartedBroker> {
  const given = process.env['KAFKA_BROKERS'];
  if (given && options.nodes === 1 && !options.config) return givenBroker(given.split(',').map((text) => text.trim()));
  const java = findJava(17);
  if (java && canFetch(kafkaBundle)) return startFromMaven(java, options);
  if (options.nodes === 1 && spawnSync('docker', ['info']).status === 0) return startInDocker(options);
  throw new Error(
    'no Kafka to run against: set KAFKA_BROKERS to a broker, or install Java 17 or later and Maven' +
      (options.nodes === 1 ? ', or Docker' : ' (three nodes need them)'),
  );
}

/** The jars of Kafka and the Java to run them with, for Kafka's own command line classes; null when there is none. */
export async function kafkaTools(): Promise<{ java: string; classPath: string } | null> {
  const java = findJava(17);
  if (!java || !canFetch(kafkaBundle)) return null;
  return { java, classPath: join(await fetchBundle(kafkaBundle), '*') };
}

function noNode(): KafkaNode {
  throw new Error('single nodes can be stopped only in a Kafka from Maven');
}

async function givenBroker(brokers: string[]): Promise<StartedBroker> {
  if ((await countBrokers(brokers[0], 5000)) === 0)
    throw new Error(`no Kafka answers at ${brokers[0]} (KAFKA_BROKERS)`);
  return { brokers, kind: 'given', logDir: '', node: noNode, stop: async () => {} };
}

async function startFromMaven(java: string, options: BrokerOptions): Promise<StartedBroker> {
  const jars = await fetchBundle(kafkaBundle);
  for (let attempt = 1; ; attempt++) {
    const folder = mkdtempSync(join(tmpdir(), 'flowrib-kafka-'));
    const nodes = await layOutNodes(java, jars, folder, options);
    try {
      await Promise.all(nodes.map(async (node) => node.format()));
      await Promise.all(nodes.map(async (node) => node.start()));
      await waitForAll(nodes);
      return mavenBroker(nodes, folder);
    } catch (error) {
      await Promise.all(nodes.map(async (node) => node.kill()));
      const isPortTaken = String(error).includes('Address already in use');
      if (isPortTaken && attempt < 3) {
        rmSync(folder, { recursive: true, force: true });
        continue;
      }
      console.error(`Kafka did not start; its logs are kept in ${folder}`);
      throw error;
    }
  }
}

async function layOutNodes(
  java: string,
  jars: string,
  folder: string,
  options: BrokerOptions,
): Promise<MavenKafkaNode[]> {
  const free = await freePorts(options.nodes * 2);
  const ports = Array.from({ length: options.nodes }, (_, i) => ({ client: free[2 * i], controller: free[2 * i + 1] }));
  // A cluster id is 16 bytes in base64url; one that begins with "-" would be taken for an option.
  const clusterId = `k${randomBytes(16).toString('base64url').slice(1, 22)}`;
  return ports.map(
    (_, i) =>
      new MavenKafkaNode({
        java,
        jars,
        folder,
        id: i + 1,
        clusterId,
        heapMb: options.heapMb ?? (options.nodes === 1 ? 512 : 400),
        ports,
        config: options.config ?? {},
      }),
  );
}

/** Every node knows every node: topics with a replica on each can be made. */
async function waitForAll(nodes: readonly MavenKafkaNode[]): Promise<void> {
  for (const node of nodes) {
    while ((await countBrokers(node.address)) < nodes.length) await sleep(100);
  }
}

function mavenBroker(nodes: readonly MavenKafkaNode[], folder: string): StartedBroker {
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
  const unhook = onProcessEnd(removeFolder);
  return {
    brokers: nodes.map((node) => node.address),
    kind: 'maven',
    logDir: folder,
    node(id) {
      const node = nodes[id - 1];
      if (!node) throw new Error(`no node ${id}`);
      return node;
    },
    // Nobody will read the data again, so there is nothing to shut down in order.
    async stop() {
      await Promise.all(nodes.map(async (node) => node.kill()));
      unhook();
      removeFolder();
    },
  };
}

async function startInDocker(options: BrokerOptions): Promise<StartedBroker> {
  const [port] = await freePorts(1);
  const name = `flowrib-kafka-${port}`;
  const config: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': '1@localhost:9093',
    listeners: `PLAINTEXT://:${port},CONTROLLER://:9093`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'auto.create.topics.enable': 'false',
    ...options.config,
  };
  const env = Object.entries(config).flatMap(([key, value]) => [
    '-e',
    `KAFKA_${key.toUpperCase().replaceAll('.', '_')}=${value}`,
  ]);
  const args = ['run', '-d', '--rm', '--name', name, '-p', `${port}:${port}`, ...env, `apache/kafka:${kafkaVersion}`];
  const started = spawnSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (started.status !== 0) throw new Error(`docker ${args.join(' ')} failed`);
  const remove = (): void => void spawnSync('docker', ['rm', '-f', name]);
  const unhook = onProcessEnd(remove);
  const address = `127.0.0.1:${port}`;
  for (let waited = 0; (await countBrokers(address)) === 0; waited++) {
    if (waited > 300) throw new Error(`Kafka in Docker container ${name} is not ready; see docker logs ${name}`);
    await sleep(200);
  }
  const stop = async (): Promise<void> => {
    unhook();
    remove();
  };
  return { brokers: [address], kind: 'docker', logDir: '', node: noNode, stop };
}
