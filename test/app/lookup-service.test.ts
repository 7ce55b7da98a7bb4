/** Lookups by hand: which router is meant, and who answers when its shard is elsewhere. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { GroupMember } from '../../src/app/group-members.ts';
import type { LookupAnswer, LookupQuery, LookupReply } from '../../src/http/status.ts';
import { endOfRib, type PeerOptions, peerUp, routeMonitoring } from '../support/bmp-builder.ts';
import { lookupService, type RunningLookupServer, startLookupServer } from '../support/lookup-server.ts';
import { RibDriver } from '../support/rib-driver.ts';

const peer: PeerOptions = { address: '192.0.2.99', bgpId: '192.0.2.99', as: 65001, isPostPolicy: true };
const routers = [{ name: 'edge1', bmp: ['198.51.100.1', '2001:db8::1'], exporters: ['203.0.113.0/24'] }];
const query: LookupQuery = { router: 'edge1', address: '10.0.0.1', nextHop: null, rd: null };

function filled(): RibDriver {
  const driver = new RibDriver();
  const set = { origin: 0, asPath: [65001], nextHop: '192.0.2.99', announced: ['10.0.0.0/8'] };
  for (const router of ['198.51.100.1', '198.51.100.77']) {
    driver.send([peerUp(peer), routeMonitoring(peer, set), endOfRib(peer)], { router });
  }
  return driver;
}

function answerOf({ code, body }: LookupReply): LookupAnswer {
  assert.equal(code, 200, JSON.stringify(body));
  return body as LookupAnswer;
}

function errorOf({ code, body }: LookupReply): string {
  assert.equal(code, 503);
  return (body as { error: string }).error;
}

const servers: RunningLookupServer[] = [];
after(async () => {
  for (const server of servers) await server.stop();
});

async function owner(): Promise<string> {
  const server = await startLookupServer({ rib: filled().shard, routers, selfUrl: 'http://owner:8080' });
  servers.push(server);
  return server.url;
}

const member = (url: string | null, more: Partial<GroupMember> = {}): GroupMember => ({
  isSelf: false,
  host: '192.0.2.200',
  url,
  problem: url === null ? 'it did not tell where it answers' : '',
  shards: [0],
  ...more,
});

test('a router by name, BMP address or exporter; one that is not listed by its address', async () => {
  const service = lookupService({ rib: filled().shard, routers });
  for (const router of ['edge1', '198.51.100.1', '2001:DB8:0::1', '::ffff:198.51.100.1', '203.0.113.7']) {
    const { question, status } = answerOf(await service.lookup({ ...query, router }, false));
    assert.deepEqual([question.router, question.routerKey, status], ['edge1', '198.51.100.1', 'matched'], router);
  }
  const unlisted = answerOf(await service.lookup({ ...query, router: '198.51.100.77' }, false));
  assert.deepEqual([unlisted.question.router, unlisted.status], ['198.51.100.77', 'matched']);
  const unknown = answerOf(await service.lookup({ ...query, router: 'edge2' }, false));
  assert.deepEqual([unknown.question.router, unknown.status], ['edge2', 'no-router']);
});

test('mapped addresses are the IPv4 ones, unspecified ones nobody', async () => {
  const service = lookupService({ rib: filled().shard, routers });
  const mapped = answerOf(await service.lookup({ ...query, address: '::ffff:10.0.0.1' }, false));
  assert.deepEqual([mapped.question.address, mapped.status], ['10.0.0.1', 'matched']);
  for (const address of ['0.0.0.0', '::']) {
    const answer = answerOf(await service.lookup({ ...query, address }, false));
    assert.equal(answer.status, 'bad-address');
    assert.match(answer.steps[0].text, /is no address of anybody$/);
  }
});

test('a shard held elsewhere: its owner is asked, and the answer says who answered whom', async () => {
  const url = await owner();
  const service = lookupService({ rib: null, routers, group: () => [member(url)], selfUrl: 'http://asked:8080' });
  const answer = answerOf(await service.lookup({ ...query, nextHop: '192.0.2.99' }, false));
  assert.equal(answer.status, 'matched');
  assert.equal(answer.question.nextHop, '192.0.2.99');
  assert.deepEqual([answer.answeredBy, answer.forwardedBy], ['http://owner:8080', 'http://asked:8080']);
});

test('a lookup that was handed on is not handed on again', async () => {
  const service = lookupService({ rib: null, routers, group: () => assert.fail('asked for the owner') });
  assert.match(errorOf(await service.lookup(query, true)), /^shard 0 of router edge1 is not here any more$/);
});

test('two members that each take the other for the owner do not go on for ever', async () => {
  const ring: string[] = [];
  for (let i = 0; i < 2; i++) {
    const server = await startLookupServer({ rib: null, routers, group: () => [member(ring[1 - i])] });
    servers.push(server);
    ring.push(server.url);
  }
  const response = await fetch(`${ring[0]}/api/v1/lookup?router=edge1&address=10.0.0.1`);
  assert.equal(response.status, 503);
  assert.match(((await response.json()) as { error: string }).error, /is not here any more/);
});

test('an owner that has moved since the group was described is asked for again', async () => {
  const url = await owner();
  const gone = await startLookupServer({ rib: null });
  await gone.stop();
  const described = [[member(gone.url)], [member(url)]];
  const service = lookupService({ rib: null, routers, group: () => described.shift() ?? [] });
  assert.equal(answerOf(await service.lookup(query, false)).status, 'matched');
  assert.deepEqual(described, []);
});

test('no owner, one that cannot be reached, or a Kafka that does not tell: what is known, 503', async () => {
  const ask = async (group: () => readonly GroupMember[]): Promise<string> =>
    errorOf(await lookupService({ rib: null, routers, group }).lookup(query, false));
  assert.equal(
    await ask(() => [member('http://127.0.0.1:1', { shards: [1] })]),
    'shard 0 of router edge1 is not here: no member of the group holds it now',
  );
  assert.equal(
    await ask(() => [member(null)]),
    'shard 0 of router edge1 is not here: the member on 192.0.2.200 holds it, but it did not tell where it answers',
  );
  assert.match(await ask(() => [member('http://127.0.0.1:1')]), /^shard 0 .* is not here: http:\/\/127\.0\.0\.1:1: /);
  const unknown = await ask(() => {
    throw new Error('no answer from Kafka within 5 s');
  });
  assert.match(unknown, /and Kafka does not tell who holds it: no answer from Kafka within 5 s$/);
});
