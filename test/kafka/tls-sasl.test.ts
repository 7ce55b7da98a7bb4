/** TLS and SASL settings reach the connection: a listener that asks for both lets us in, and only with the right ones. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type StartedBroker, startBroker } from '../../dev/broker.ts';
import { freePorts } from '../../dev/ports.ts';
import type { KafkaOptions } from '../../src/kafka/options.ts';
import { createProducer } from '../../src/kafka/producer.ts';
import { createTopic, readTopic } from '../support/kafka.ts';
import { appendRecord, loggingClient } from './producing.ts';

const password = 'changeit';
let cluster: StartedBroker;
let secureBroker = '';
let folder = '';
let ca = '';

function keytool(...args: string[]): string {
  const home = process.env['JAVA_HOME'];
  const result = spawnSync(home ? join(home, 'bin', 'keytool') : 'keytool', args, { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`keytool ${args[0]}: ${result.error?.message ?? result.stdout}`);
  return result.stdout;
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'flowrib-tls-'));
  const store = ['-keystore', join(folder, 'server.p12'), '-storetype', 'PKCS12', '-storepass', password];
  const name = ['-alias', 'server', '-dname', 'CN=localhost', '-ext', 'san=ip:127.0.0.1,dns:localhost'];
  keytool('-genkeypair', '-keyalg', 'EC', '-groupname', 'secp256r1', '-validity', '30', ...name, ...store);
  ca = keytool('-exportcert', '-rfc', '-alias', 'server', ...store);
  const [port] = await freePorts(1);
  const login = 'org.apache.kafka.common.security.plain.PlainLoginModule required user_alice="secret";';
  cluster = await startBroker({
    nodes: 1,
    config: {
      listeners: `SECURE://127.0.0.1:${port}`,
      'advertised.listeners': `SECURE://127.0.0.1:${port}`,
      'listener.security.protocol.map': 'SECURE:SASL_SSL',
      'sasl.enabled.mechanisms': 'PLAIN',
      'listener.name.secure.plain.sasl.jaas.config': login,
      'listener.name.secure.ssl.keystore.location': join(folder, 'server.p12'),
      'listener.name.secure.ssl.keystore.type': 'PKCS12',
      'listener.name.secure.ssl.keystore.password': password,
    },
  });
  secureBroker = `127.0.0.1:${port}`;
});

after(async () => {
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function secureProducer(options: Partial<KafkaOptions>): ReturnType<typeof createProducer> {
  return createProducer(loggingClient([secureBroker], options).client);
}

void test('a producer with the certificate and the password produces', async () => {
  const topic = await createTopic(cluster.brokers, 'secure');
  const producer = secureProducer({
    ssl: { ca },
    sasl: { mechanism: 'plain', username: 'alice', password: 'secret' },
  });
  await producer.connect();
  const sink = producer.createSink();
  appendRecord(sink, topic, 0, 'through TLS');
  await sink.flush();
  await producer.disconnect();
  assert.deepEqual(
    (await readTopic(cluster.brokers, topic)).map(({ value }) => String(value)),
    ['through TLS'],
  );
});

void test('a wrong password is refused', async () => {
  const producer = secureProducer({
    ssl: { ca },
    sasl: { mechanism: 'plain', username: 'alice', password: 'wrong' },
  });
  await assert.rejects(producer.connect(), /[Aa]uthentication/);
  await producer.disconnect();
});
