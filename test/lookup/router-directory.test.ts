/** Addresses to routers: configured, unlisted, CIDR, mapped addresses, many exporters. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IpAddress, ipAddressOf } from '../../src/base/ip.ts';
import { createRouterDirectory } from '../../src/lookup/router-directory.ts';
import { shardOfRouter } from '../../src/model/router.ts';

const directory = createRouterDirectory(
  [
    { name: 'edge3', bmp: ['198.51.100.3'], exporters: ['192.0.2.0/24', '2001:db8:7:8000::/49'] },
    { name: 'edge1', bmp: ['198.51.100.1', '2001:DB8:0::1'], exporters: ['192.0.2.1', '192.0.2.64/28'] },
    { name: 'edge2', bmp: ['198.51.100.2'] },
  ],
  16,
);

function exporter(text: string): string {
  const address = ipAddressOf(text);
  assert.ok(address);
  return directory.byExporter(address).name;
}

test('a router is found by any of its bmp addresses, however written; the first one is its key', () => {
  const router = directory.byBmpAddress('2001:db8::1');
  assert.deepEqual(
    [router.key, router.name, router.shard],
    ['198.51.100.1', 'edge1', shardOfRouter('198.51.100.1', 16)],
  );
  assert.equal(directory.byBmpAddress('2001:0db8::0001'), router);
  assert.equal(directory.byBmpAddress('::ffff:198.51.100.1'), router);
});

test('an unlisted bmp address is a router of its own, interned', () => {
  const router = directory.byBmpAddress('203.0.113.9');
  assert.deepEqual(
    [router.key, router.name, router.shard],
    ['203.0.113.9', '203.0.113.9', shardOfRouter('203.0.113.9', 16)],
  );
  assert.equal(directory.byBmpAddress('203.0.113.9'), router);
  assert.equal(exporter('203.0.113.9'), '203.0.113.9');
});

test('of an exporter the longest prefix wins', () => {
  assert.equal(exporter('192.0.2.1'), 'edge1');
  assert.equal(exporter('::ffff:192.0.2.1'), 'edge1');
  assert.equal(exporter('192.0.2.79'), 'edge1');
  assert.equal(exporter('192.0.2.80'), 'edge3');
  assert.equal(exporter('192.0.3.1'), '192.0.3.1');
  assert.equal(exporter('2001:db8:7:ffff::1'), 'edge3');
  assert.equal(exporter('2001:db8:7:7fff::1'), '2001:db8:7:7fff::1');
});

test('without exporters a router answers for its bmp addresses, with exporters for them only', () => {
  assert.equal(exporter('198.51.100.2'), 'edge2');
  assert.equal(exporter('198.51.100.1'), '198.51.100.1');
});

test('ranges come parsed too', () => {
  const address = ipAddressOf('10.0.0.0');
  assert.ok(address);
  const own = createRouterDirectory([{ name: 'r', bmp: ['198.51.100.1'], exporters: [{ address, length: 8 }] }], 4);
  const inside = ipAddressOf('10.9.9.9');
  assert.ok(inside);
  assert.equal(own.byExporter(inside).name, 'r');
});

test('what is neither an address nor a prefix is refused', () => {
  for (const text of ['edge', '10.0.0.0/33', '10.0.0.0/x']) {
    assert.throws(
      () => createRouterDirectory([{ name: 'r', bmp: ['198.51.100.1'], exporters: [text] }], 4),
      RangeError,
    );
  }
});

test('a flood of exporters, more than the cache keeps, does not mix them up', () => {
  const own = createRouterDirectory([{ name: 'r', bmp: ['198.51.100.1'], exporters: ['10.0.0.0/9'] }], 4);
  const address = new IpAddress();
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 70_000; i++) {
      address.setV4(0x0a000000 + i * 251);
      const expected = i * 251 < 1 << 23 ? 'r' : address.toString();
      assert.equal(own.byExporter(address).name, expected);
    }
  }
});

test('references: the own list, else the common one, never the router itself', () => {
  const bmp = (n: number): string[] => [`198.51.100.${n}`];
  const own = createRouterDirectory(
    [
      { name: 'edge1', bmp: bmp(1), references: ['rr2'], bgp: ['::ffff:192.0.2.1'] },
      { name: 'edge2', bmp: bmp(2), references: [] },
      { name: 'rr1', bmp: bmp(8) },
      { name: 'rr2', bmp: bmp(9) },
      { name: 'rr3', bmp: bmp(10) },
    ],
    4,
    ['rr1', 'rr2'],
  );
  const names = (text: string): string[] => own.byBmpAddress(text).references.map(({ name }) => name);
  assert.deepEqual(names('198.51.100.1'), ['rr2']);
  assert.deepEqual(names('198.51.100.2'), ['rr1', 'rr2']);
  assert.deepEqual(names('198.51.100.8'), ['rr2']);
  assert.deepEqual(names('203.0.113.1'), ['rr1', 'rr2']);
  assert.deepEqual(
    own.references.map(({ name }) => name),
    ['rr1', 'rr2'],
  );
  assert.equal(own.byBmpAddress('198.51.100.1').bgp[0].toString(), '192.0.2.1');
  assert.equal(own.byBmpAddress('198.51.100.1').references[0], own.byBmpAddress('198.51.100.9'));
  const wrong = [{ name: 'a', bmp: bmp(1), references: ['b'] }];
  assert.throws(() => createRouterDirectory(wrong, 4), /no router "b"/);
});
