/** Routers without an order are warned of once, with what to do about it; shards get what the configuration says of their inputs. */

import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { pino } from 'pino';
import { RibWarnings, ribShardOptions } from '../../src/app/rib-warnings.ts';
import type { RibEvent } from '../../src/rib/counters.ts';
import { compileConfig } from '../../src/config/compile.ts';
import { parseConfig } from '../../src/config/load.ts';

const event = (kind: RibEvent['kind'], router: string): RibEvent => ({ kind, router, peer: '', text: 'seen' });

test('one warning a router that says how to key the producer, another only after it was in order', () => {
  const lines: { level: number; router: string; msg: string }[] = [];
  const write = (chunk: Buffer): void => void lines.push(JSON.parse(chunk.toString()) as (typeof lines)[number]);
  const stream = new Writable({
    write: (chunk: Buffer, _, done) => {
      write(chunk);
      done();
    },
  });
  const warnings = new RibWarnings(pino(stream));
  warnings.note(event('peer-up', 'edge1'));
  warnings.note(event('router-ordered', 'edge1'));
  for (const router of ['edge1', 'edge1', 'edge2']) warnings.note(event('router-unordered', router));
  assert.deepEqual(
    lines.map(({ level, router }) => [level, router]),
    [
      [40, 'edge1'],
      [40, 'edge2'],
    ],
  );
  assert.match(lines[0].msg, /bmp_daemon_msglog_kafka_partition_key: \$bmp_router.*router hash.*one partition/);
  warnings.note(event('router-ordered', 'edge1'));
  warnings.note(event('router-unordered', 'edge1'));
  assert.deepEqual(
    lines.map(({ level }) => level),
    [40, 40, 30, 40],
  );
});

test('windows by topic and silence come from the configuration', () => {
  const text = [
    "kafka: { brokers: ['a:1'] }",
    'routes: [{ topic: gobmp.raw, reorder: 500ms }, { topic: ordered }]',
    'flows: [{ topic: flows }]',
    'output: { topic: out }',
    'peers: { silence: 10m }',
  ].join('\n');
  assert.deepEqual(ribShardOptions(compileConfig(parseConfig('flowrib.yaml', text, {}))), {
    staleTimeMs: 300_000,
    endOfRibTimeoutMs: 300_000,
    silenceMs: 600_000,
    reorderMs: new Map([['gobmp.raw', 500]]),
  });
});
