/** `flowrib lookup` over the tables that FRR and GoBGP told in the demo's recording; docs/operating.md shows one of the answers. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { LookupService } from '../../src/app/lookup-service.ts';
import { runProgram } from '../../src/cli/program.ts';
import { Lookup } from '../../src/lookup/ladder.ts';
import { createRouterDirectory } from '../../src/lookup/router-directory.ts';
import { readRecording } from '../../demo/feed.ts';
import { type RunningLookupServer, serveLookups } from '../support/lookup-server.ts';
import { Pipeline } from '../support/stage-pipeline.ts';

let pipeline: Pipeline;
let server: RunningLookupServer;

before(async () => {
  pipeline = new Pipeline({ flowPartitions: 4, outputPartitions: 4, outputFormat: 'json' });
  await pipeline.start();
  for (const { timestampMs, value } of readRecording('gobmp-raw.jsonl')) {
    pipeline.kafka.produce('bmp', 0, { timestampMs, value });
  }
  await pipeline.route();
  await pipeline.own([0, 1], [0, 1, 2, 3]);
  const views = [0, 1, 2];
  const service = new LookupService({
    explain: { lookup: new Lookup({ views }), views },
    directory: createRouterDirectory([], pipeline.shards),
    host: pipeline.host,
    members: { list: async () => [], forget: () => {}, selfUrl: 'http://127.0.0.1:8080' },
  });
  server = await serveLookups(service);
});
after(async () => {
  await server.stop();
  await pipeline.stop();
});

async function printed(...argv: string[]): Promise<string> {
  let out = '';
  const code = await runProgram(['lookup', ...argv, '--url', server.url], {
    out: (text) => (out += `${text}\n`),
    err: (text) => assert.fail(text),
  });
  assert.equal(code, 0);
  for (const line of out.split('\n')) assert.ok(line.length <= 120, line);
  return out;
}

function assertGolden(name: string, actual: string): void {
  const golden = new URL(`../golden/cli/lookup-recorded-${name}.txt`, import.meta.url);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, actual);
  assert.equal(actual, readFileSync(golden, 'utf8'));
}

test('a next hop that the Loc-RIB of GoBGP does not have, as the documentation shows it', async () => {
  const out = await printed('100.64.1.5', '--router', '10.99.0.2', '--next-hop', '10.99.0.3');
  assertGolden('next-hop', out);
  const docs = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8');
  assert.ok(docs.includes(out), 'docs/operating.md does not show this answer as it is');
});

test('IPv6 at FRR', async () => {
  assertGolden('ipv6', await printed('2001:db8:a:1::5', '--router', '10.99.0.1'));
});
