/** Two members on a real broker: whichever is asked, the one that holds the router's shard answers. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { RunningApp } from '../../src/app/run.ts';
import { runProgram } from '../../src/cli/program.ts';
import type { LookupAnswer, RouterStatus, ShardStatus } from '../../src/http/status.ts';
import { Application, eventually } from '../support/application.ts';
import { endOfRib, initiation, type PeerOptions, peerUp, routeMonitoring } from '../support/bmp-builder.ts';
import { obmpBinary } from '../support/obmp-builder.ts';

const router = '192.0.2.1';
const peer: PeerOptions = { address: '198.51.100.9', as: 65001, bgpId: '198.51.100.9', isPostPolicy: true };
const messages = [
  initiation({ sysName: 'edge1' }),
  peerUp(peer, { sentOpen: { as: 64999 }, receivedOpen: { as: 65001 } }),
  routeMonitoring(peer, { origin: 0, asPath: [65001, 7], nextHop: '198.51.100.9', announced: ['10.0.0.0/8'] }),
  endOfRib(peer),
].map((message) => ({ value: obmpBinary(message, { router }) }));

interface OfAll {
  readonly routers: RouterStatus[];
  readonly shards: ShardStatus[];
  readonly members: { url: string | null; error: string | null }[];
}

async function get<T>(url: string): Promise<T> {
  const response = await fetch(url);
  const body = await response.json();
  assert.equal(response.status, 200, JSON.stringify(body));
  return body as T;
}

async function flowrib(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await runProgram(argv, { out: (text) => (out += text), err: (text) => (err += text) });
  return { code, out, err };
}

test('a lookup asked of the member that does not hold the shard is answered by the one that does', async () => {
  const app = await Application.create({ flowPartitions: 2, shards: 4 });
  after(() => app.stopAll());
  await app.start();
  await app.start();
  await eventually('two members running', () =>
    app.members.every(({ member }) => member.host.all().length === 2 && member.enrichStage.state === 'running')
      ? true
      : app.members.map(({ member }) => member.host.all().length).join('+'),
  );
  await app.produceBmp(messages);
  await app.routesApplied();
  const holds = ({ member }: RunningApp): boolean =>
    member.host.all().some(({ rib }) => rib.router(router) !== undefined);
  const owner = app.members.find(holds);
  const other = app.members.find((one) => !holds(one));
  assert.ok(owner && other);

  const asked = 'api/v1/lookup?router=192.0.2.1&address=10.0.0.1';
  const here = await get<LookupAnswer>(`${owner.httpUrl}/${asked}`);
  assert.equal(here.status, 'matched');
  assert.deepEqual([here.answeredBy, here.forwardedBy], [owner.httpUrl, undefined]);
  const there = await get<LookupAnswer>(`${other.httpUrl}/${asked}`);
  assert.deepEqual(there.route, here.route);
  assert.deepEqual([there.answeredBy, there.forwardedBy], [owner.httpUrl, other.httpUrl]);
  assert.equal(there.candidates[0].peer.state, 'up');

  const printed = await flowrib('lookup', '10.0.0.1', '--router', router, '--url', other.httpUrl);
  assert.deepEqual([printed.code, printed.err], [0, '']);
  assert.match(printed.out, /AS path +65001 7\n/);
  assert.ok(printed.out.includes(`answered by ${owner.httpUrl}, asked by ${other.httpUrl}`), printed.out);

  const routers = await get<OfAll>(`${other.httpUrl}/api/v1/routers?all=true`);
  assert.deepEqual(
    routers.members.map(({ url, error }) => [url, error]),
    [
      [other.httpUrl, null],
      [owner.httpUrl, null],
    ],
  );
  const [status] = routers.routers;
  assert.deepEqual([status.key, status.peersUp, status.routeCount, status.stale], [router, 1, 1, false]);
  assert.deepEqual(status.families, [
    {
      family: 'ipv4',
      rd: null,
      routes: 1,
      views: [{ view: 'adj-rib-in-post', complete: true, routes: 1 }],
      authority: 'adj-rib-in-post',
    },
  ]);
  assert.equal(status.lastEvent?.kind, 'peer-up');
  assert.deepEqual((await get<OfAll>(`${other.httpUrl}/api/v1/routers`)).routers, []);
  const { shards } = await get<OfAll>(`${other.httpUrl}/api/v1/shards?all=true`);
  assert.deepEqual(
    shards.map(({ shard, state }) => [shard, state]),
    [0, 1, 2, 3].map((shard) => [shard, 'serving']),
  );

  // The owner leaves: after the rebalance the member asked first holds the shard itself.
  await app.stop(owner);
  await eventually('the other member to have taken over', async () => {
    const answer = await fetch(`${other.httpUrl}/${asked}`);
    const body = (await answer.json()) as Partial<LookupAnswer> & { error?: string };
    if (answer.status !== 200) return `${answer.status}: ${body.error ?? ''}`;
    return body.answeredBy === other.httpUrl ? true : 'answered by another';
  });
});
