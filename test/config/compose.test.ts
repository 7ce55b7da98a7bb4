/** docker-compose.yml and Dockerfile: what a user starts with must at least be well formed, pinned and unprivileged. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { compileConfig } from '../../src/config/compile.ts';
import { parseConfig } from '../../src/config/load.ts';

interface Compose {
  services: Record<string, { image?: string; build?: string; depends_on?: Record<string, unknown>; ports?: string[] }>;
  configs: Record<string, { content: string }>;
}

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const compose = parse(read('docker-compose.yml')) as Compose;

test('the compose file has Kafka, a registry and flowrib, each image with its version', () => {
  assert.deepEqual(Object.keys(compose.services).sort(), ['flowrib', 'kafka', 'registry', 'topics']);
  for (const [name, service] of Object.entries(compose.services)) {
    if (service.image === undefined) assert.equal(service.build, '.', name);
    else assert.match(service.image, /^[a-z-]+\/[a-z-]+:\d+\.\d+\.\d+$/, name);
    for (const needed of Object.keys(service.depends_on ?? {})) assert.ok(needed in compose.services, needed);
    for (const port of service.ports ?? [])
      assert.match(port, /^127\.0\.0\.1:/, `${name} listens to the whole network`);
  }
});

test('the configuration inside the compose file is valid', () => {
  const config = compileConfig(parseConfig('docker-compose.yml', compose.configs.flowrib.content, {}));
  assert.deepEqual(config.kafka.brokers, ['kafka:29092']);
  assert.equal(config.http.listen.port, 8080);
});

test('the image runs without privileges and tells its health', () => {
  const lines = read('Dockerfile').split('\n');
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));
  assert.ok(last.includes('USER node'));
  assert.ok(last.some((line) => line.startsWith('HEALTHCHECK ')));
  for (const line of lines.filter((l) => l.startsWith('FROM '))) assert.match(line, /^FROM node:24-/);
});
