/** `flowrib lookup` against a member's real HTTP interface. Its texts are goldens: UPDATE_GOLDEN=1 writes them anew. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { ageText } from '../../src/cli/lookup-text.ts';
import { runProgram } from '../../src/cli/program.ts';
import type { LookupAnswer } from '../../src/http/status.ts';
import { endOfRib, type PeerOptions, peerUp, routeMonitoring } from '../support/bmp-builder.ts';
import { type RunningLookupServer, startLookupServer } from '../support/lookup-server.ts';
import { RibDriver } from '../support/rib-driver.ts';

async function flowrib(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await runProgram(argv, { out: (text) => (out += `${text}\n`), err: (text) => (err += `${text}\n`) });
  return { code, out, err };
}

function assertGolden(name: string, actual: string): void {
  const golden = new URL(`../golden/cli/lookup-${name}.txt`, import.meta.url);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, actual);
  assert.equal(actual, readFileSync(golden, 'utf8'));
}

const router = '198.51.100.1';
const wide = (last: string): string => `2001:db8:aaaa:bbbb:cccc:dddd:eeee:${last}`;

/** A router with three neighbours in post-policy and a Loc-RIB, which a fourth neighbour's long-lived routes are not in. */
function fill(driver: RibDriver): void {
  const peers: PeerOptions[] = [1, 2, 3].map((n) => ({
    address: wide(`fff${n}`),
    bgpId: `192.0.2.${n}`,
    as: 4200000000 + n,
    isPostPolicy: true,
  }));
  driver.send(peers.map((peer) => peerUp(peer, { sentOpen: { as: 65000 }, receivedOpen: { as: peer.as ?? 0 } })));
  driver.pass(5000);
  for (const [i, peer] of peers.entries()) {
    const nextHop = peer.address ?? '';
    const set = {
      origin: 0,
      asPath: [4200000000 + i + 1, ...Array.from({ length: i === 1 ? 14 : 15 }, (_, hop) => 4200001000 + hop), 65402],
      localPref: i === 0 ? 90 : 4294967295,
      med: 4294967290 + i,
      communities: Array.from({ length: 12 }, (_, n) => `65402:${1000 + n}`),
    };
    const mpReach = { afi: 2, safi: 1, nextHop, prefixes: [`${wide('1000')}/116`, '2001:db8::/32'] };
    driver.send([
      routeMonitoring(peer, { ...set, mpReach }),
      routeMonitoring(peer, { ...set, announced: ['10.0.0.0/8'], nextHop: `192.0.2.${i + 1}`, asPath: [65001, 7] }),
      endOfRib(peer, 2),
    ]);
  }
  const pre: PeerOptions = { ...peers[0], isPostPolicy: false };
  const nextHop = peers[0].address ?? '';
  const mpReach = { afi: 2, safi: 1, nextHop, prefixes: [`${wide('1234')}/128`] };
  driver.send(routeMonitoring(pre, { origin: 2, asPath: [666], mpReach }));
  driver.pass(3_725_000);
}

void describe('flowrib lookup', () => {
  let server: RunningLookupServer;
  before(async () => {
    const driver = new RibDriver();
    fill(driver);
    server = await startLookupServer({
      rib: driver.shard,
      routers: [{ name: 'edge1', bmp: [router], exporters: ['192.0.2.0/24'] }],
      selfUrl: 'http://127.0.0.1:8080',
    });
  });
  after(() => server.stop());

  const ask = (address: string, ...more: string[]): ReturnType<typeof flowrib> =>
    flowrib('lookup', address, '--router', 'edge1', '--url', server.url, ...more);

  test('a route, the steps and every candidate, within 120 columns at the longest of addresses', async () => {
    const { code, out, err } = await ask(wide('1234'));
    assert.deepEqual([code, err], [0, '']);
    for (const line of out.split('\n')) assert.ok(line.length <= 120, `${line.length}: ${line}`);
    assertGolden('ipv6', out);
  });

  test('by next hop', async () => {
    const { code, out } = await ask('10.0.0.1', '--next-hop', '192.0.2.1');
    assert.equal(code, 0);
    for (const line of out.split('\n')) assert.ok(line.length <= 120, line);
    assertGolden('next-hop', out);
  });

  test('no route is exit 1, with what was looked for', async () => {
    const { code, out } = await ask('172.16.0.1');
    assert.equal(code, 1);
    assertGolden('no-route', out);
  });

  test('a router that nobody told of is exit 1', async () => {
    const { code, out } = await flowrib('lookup', '10.0.0.1', '--router', '203.0.113.9', '--url', server.url);
    assert.equal(code, 1);
    assertGolden('no-router', out);
  });

  test('--json prints the document of the interface', async () => {
    const { code, out } = await ask('10.0.0.1', '--json');
    assert.equal(code, 0);
    const document = JSON.parse(out) as LookupAnswer;
    const answer = await fetch(`${server.url}/api/v1/lookup?router=edge1&address=10.0.0.1`);
    assert.deepEqual(document, await answer.json());
    assert.equal(document.question.router, 'edge1');
    assert.equal(document.candidates.length, 3);
  });

  test('a question that is none is told by its parameter', async () => {
    const { code, out, err } = await ask('10.0.0');
    assert.deepEqual([code, out], [1, '']);
    assert.equal(err, `${server.url} (status 400): address: "10.0.0" is no IPv4 or IPv6 address\n`);
  });
});

test('a shard that is being restored: the refusal, exit 1, on stdout only as JSON', async () => {
  const server = await startLookupServer({ rib: new RibDriver().shard, state: 'restoring' });
  const argv = ['lookup', '10.0.0.1', '--router', router, '--url', server.url];
  const told = await flowrib(...argv);
  assert.deepEqual([told.code, told.out], [1, '']);
  assert.match(told.err, /\(status 503\): shard 0 of router 198\.51\.100\.1 is being restored: at 7 of 9\n$/);
  const json = await flowrib(...argv, '--json');
  assert.equal(json.code, 1);
  assert.match((JSON.parse(json.out) as { error: string }).error, /is being restored/);
  await server.stop();
});

test('nobody listens: the URL and what to check', async () => {
  const server = await startLookupServer({ rib: null });
  await server.stop();
  const { code, out, err } = await flowrib('lookup', '::1', '--router', 'a', '--url', server.url);
  assert.deepEqual([code, out], [1, '']);
  assert.equal(
    err,
    `cannot ask ${server.url}: connection refused\nis a member running, and does its http.listen say this address? --url names another one\n`,
  );
  const wrong = await flowrib('lookup', '::1', '--router', 'a', '--url', '127.0.0.1:8080');
  assert.deepEqual([wrong.code, wrong.err], [1, '--url 127.0.0.1:8080: expected an http:// or https:// URL\n']);
});

test('somebody else listens: said so, whatever he answers', async () => {
  for (const body of ['<html>', '[]', 'null', '{"status":"up"}']) {
    const other: Server = createServer((_request, response) => response.end(body));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const { code, err } = await flowrib('lookup', '::1', '--router', 'a', '--url', url);
    assert.equal(code, 1);
    assert.match(err, /answered \(status 200\), but not as flowrib does/, body);
    other.close();
    other.closeAllConnections();
  }
});

test('ages are short at any size', () => {
  const minute = 60_000;
  const cases: readonly (readonly [number, string])[] = [
    [0, '0s'],
    [59_999, '59s'],
    [minute + 5000, '1m05s'],
    [125 * minute, '2h05m'],
    [49 * 60 * minute, '2d1h'],
  ];
  for (const [ms, text] of cases) assert.equal(ageText(ms), text);
});
