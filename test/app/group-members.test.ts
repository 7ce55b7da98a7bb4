/** Members as the group's description tells them, and where they answer. */

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { statusOfGroup } from '../../src/app/group-status.ts';
import { askMember, GroupMembers } from '../../src/app/group-members.ts';
import { decodeMemberAddress, encodeMemberAddress, isLoopback, memberAddress } from '../../src/app/member-address.ts';

interface Described {
  memberId: string;
  clientId: string;
  host: string;
  partitions: { topic: string; partition: number }[];
  userData: Buffer;
}

function described(host: string, userData: Buffer, ...shards: number[]): Described {
  const partitions = [
    { topic: 'flows', partition: 7 },
    ...shards.map((partition) => ({ topic: 'app.repartition', partition })),
  ];
  return { memberId: `member-${host}`, clientId: 'app', host, partitions, userData };
}

function members(group: () => Described[], advertise: string | null = null): GroupMembers {
  const admin = { groupMembers: async () => group() };
  return new GroupMembers({ admin, group: 'app', shardTopic: 'app.repartition', advertise, keepMs: 60_000 });
}

const told = (url: string): Buffer => encodeMemberAddress({ id: 'other', url, port: 0 });

test('http.advertise goes before the address that HTTP listens on; of a wildcard only the port is told', () => {
  const urls = (listening: string, advertise: string | null): unknown => {
    const { url, port } = memberAddress('a', listening, advertise);
    return [url, port];
  };
  assert.deepEqual(urls('http://192.0.2.1:8080', null), ['http://192.0.2.1:8080', 8080]);
  assert.deepEqual(urls('http://0.0.0.0:8080', 'https://member-1/'), ['https://member-1', 443]);
  assert.deepEqual(urls('http://0.0.0.0:8081', null), [null, 8081]);
  assert.deepEqual(urls('http://[::]:8081', null), [null, 8081]);
});

test('what a member tells is read back; anything else is nothing', () => {
  for (const url of ['http://192.0.2.1:8080', null]) {
    const read = decodeMemberAddress(encodeMemberAddress({ id: 'a', url, port: 8081 }));
    assert.deepEqual(read, { id: 'a', url, port: url === null ? 8081 : 0 });
  }
  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '{"url":"http://a"}',
    '{"id":"a","url":"file:///etc"}',
    '{"id":"a","port":0}',
  ]) {
    assert.equal(decodeMemberAddress(Buffer.from(text)), null, text);
  }
  assert.ok(isLoopback('http://127.0.0.1:80') && isLoopback('http://[::1]') && isLoopback('http://localhost:1'));
  assert.ok(!isLoopback('http://192.0.2.1') && !isLoopback('http://127.example.net'));
});

test('shards and URLs of the members; those without a way to them say why', async () => {
  const group: Described[] = [];
  const own = members(() => group);
  own.listensOn('http://127.0.0.1:8080');
  assert.equal(own.selfUrl, 'http://127.0.0.1:8080');
  group.push(
    described('192.0.2.1', own.memberData(), 0, 2),
    described('192.0.2.1', told('http://127.0.0.1:8081'), 1),
    described('192.0.2.2', told('http://127.0.0.1:8080'), 3),
    described('2001:db8::5', encodeMemberAddress({ id: 'b', url: null, port: 8082 }), 4),
    described('192.0.2.4', Buffer.alloc(0), 5),
  );
  const list = await own.list();
  assert.deepEqual(
    list.map(({ isSelf, url, shards }) => [isSelf, url, shards]),
    [
      [true, 'http://127.0.0.1:8080', [0, 2]],
      [false, 'http://127.0.0.1:8081', [1]],
      [false, null, [3]],
      [false, 'http://[2001:db8::5]:8082', [4]],
      [false, null, [5]],
    ],
  );
  assert.match(
    list[2].problem,
    /^it listens on http:\/\/127\.0\.0\.1:8080, .* set http\.listen or http\.advertise there$/,
  );
  assert.equal(list[4].problem, 'it did not tell where it answers');
});

test('a description is kept for a while, a failure is not', async () => {
  let asked = 0;
  const own = members(() => {
    asked++;
    if (asked === 1) throw new Error('no coordinator');
    return [];
  });
  await assert.rejects(own.list(), /no coordinator/);
  await own.list();
  await own.list();
  assert.equal(asked, 2);
  own.forget();
  await own.list();
  assert.equal(asked, 3);
});

test('before it listens a member tells nothing', () => {
  const own = members(() => []);
  assert.equal(own.memberData().length, 0);
  assert.equal(own.selfUrl, null);
});

test('all members: their parts by shard, and who did not answer', async () => {
  const other = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(request.url === '/api/v1/shards' ? '{"shards":[{"shard":1},{"shard":3}]}' : '{"routers":"none"}');
  });
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  const group = [
    { isSelf: true, host: 'a', url: 'http://127.0.0.1:1', problem: '', shards: [2] },
    { isSelf: false, host: 'b', url, problem: '', shards: [1, 3] },
    { isSelf: false, host: 'c', url: null, problem: 'it did not tell where it answers', shards: [4] },
  ];
  const list = { list: async () => group };
  const shards = await statusOfGroup(list, 'shards', [{ shard: 2 }], 'http://127.0.0.1:1');
  assert.deepEqual(shards.shards, [{ shard: 1 }, { shard: 2 }, { shard: 3 }]);
  assert.deepEqual(shards.members, [
    { url: 'http://127.0.0.1:1', error: null },
    { url, error: null },
    { url: null, error: 'the member on c: it did not tell where it answers' },
  ]);
  const routers = await statusOfGroup(list, 'routers', [], null);
  assert.deepEqual(routers.members[1], { url, error: `${url}: status 200` });
  other.close();
  other.closeAllConnections();
});

test('asking a member never rejects', async () => {
  assert.match((await askMember('http://127.0.0.1:1', '/', {}, 1000, 99)).error, /^http:\/\/127\.0\.0\.1:1: /);
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  assert.match((await askMember(url, '/', {}, 50, 99)).error, /timeout/i);
  silent.close();
  silent.closeAllConnections();
});

test('an answer of a member may have so many bytes and no more, told beforehand or not', async (t) => {
  const text = JSON.stringify({ text: 'x'.repeat(1000) });
  for (const isTold of [true, false]) {
    const server = createServer((_request, response) => {
      if (isTold) response.setHeader('content-length', text.length);
      response.write(text.slice(0, 10));
      response.end(text.slice(10));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    const whole = await askMember(url, '/', {}, 5000, text.length);
    assert.deepEqual([whole.code, whole.error], [200, '']);
    const cut = await askMember(url, '/', {}, 5000, text.length - 1);
    const error = `${url}: the answer is longer than ${text.length - 1} bytes`;
    assert.deepEqual(cut, { code: null, body: null, error });
  }
});
