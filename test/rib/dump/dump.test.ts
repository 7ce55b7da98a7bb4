/** Dumps that are cut short, damaged, of another shard or version; absurd counts; what a dump knows of the classes it restores. */

import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';
import { test } from 'node:test';
import { RecordError } from '../../../src/base/errors.ts';
import { AttributeStore } from '../../../src/rib/attribute-store.ts';
import { itemEnd, itemGlobalRoutes, itemHeadBytes } from '../../../src/rib/dump/format.ts';
import { RecentOrders, RecentWithdrawals } from '../../../src/rib/doubtful-order.ts';
import { loadShard } from '../../../src/rib/dump/load.ts';
import { type BmpSession, Neighbour, type Peer, Rib, type RouterState } from '../../../src/rib/peers.ts';
import { PrefixTable } from '../../../src/rib/prefix-table.ts';
import { Fifo } from '../../../src/rib/reorder-queue.ts';
import { createRibShard, type RibShard } from '../../../src/rib/shard.ts';
import { initiation, peerUp, routeMonitoring } from '../../support/bmp-builder.ts';
import { randomNumbers } from '../../support/mutations.ts';
import { endOfRibTimeoutMs, RibDriver, staleTimeMs } from '../../support/rib-driver.ts';
import { dumpOf, loaded } from '../../support/shard-dumps.ts';
import { stateOf } from '../../support/shard-state.ts';

const options = { staleTimeMs, endOfRibTimeoutMs, reorderMs: new Map([['held', 1000]]) };

/** A shard with something of everything. */
function someShard(): RibShard {
  const attributes = new AttributeStore();
  const driver = new RibDriver(attributes, new PrefixTable(attributes), options, new PrefixTable(attributes));
  const peer = { address: '192.0.2.1', as: 65001, bgpId: '192.0.2.1' };
  const update = { origin: 0, asPath: [65001, 65010], nextHop: '192.0.2.1' };
  driver.send([initiation(), peerUp(peer)]);
  for (let i = 0; i < 2000; i++) {
    const asPath = [65001, 65010 + (i % 50)];
    driver.nowMs += i % 3;
    driver.send(routeMonitoring(peer, { ...update, asPath, announced: [`10.${i >> 6}.${(i & 63) * 4}.0/22`] }));
  }
  const rd = '0000fde80000000b';
  const mpReach = { afi: 1, safi: 128, nextHop: '192.0.2.1', prefixes: [{ prefix: '10.0.0.0/8', rd, labels: [16] }] };
  driver.send(routeMonitoring(peer, { origin: 0, asPath: [65001], mpReach }));
  const held = { topic: 'held', collector: 'c2' };
  driver.send([initiation(), peerUp(peer), routeMonitoring(peer, { ...update, announced: ['10.0.0.0/8'] })], held);
  return driver.shard;
}

const whole = dumpOf(someShard());

function load(bytes: Buffer): RibShard {
  return loaded(bytes, options);
}

function refused(bytes: Buffer): RecordError {
  let caught: unknown = null;
  try {
    load(bytes);
  } catch (error) {
    caught = error;
  }
  assert.ok(caught instanceof RecordError, String(caught));
  return caught;
}

/** Beginnings of the items. */
function itemsOf(bytes: Buffer): number[] {
  const list: number[] = [];
  for (let at = 0; at < bytes.length; at += 9 + bytes.readUInt32BE(at + 1)) list.push(at);
  return list;
}

/** The same with checksums that are right again. */
function withChecksums(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  let checksum = 0;
  for (const at of itemsOf(bytes)) {
    const end = at + itemHeadBytes + copy.readUInt32BE(at + 1);
    checksum = crc32(copy.subarray(at, end), checksum);
    copy.writeUInt32BE(checksum, end);
  }
  return copy;
}

test('a dump gives the shard again, and the same dump', () => {
  const shard = someShard();
  const restored = load(whole);
  assert.deepEqual(stateOf(restored), stateOf(shard));
  assert.ok(dumpOf(restored, 100).equals(whole));
  assert.equal(restored.heldCount, 3);
  assert.ok(whole.length < 2000 * 12, `${whole.length} bytes`);
});

test('routes of retired sources, and retired sources, are not dumped', () => {
  const shard = someShard();
  shard.keepRouters(new Set());
  const restored = load(dumpOf(shard));
  assert.equal(restored.attributes.size, 0);
  assert.deepEqual(restored.routes.counts(), { routesV4: 0, routesV6: 0, prefixesV4: 0, prefixesV6: 0 });
});

test('cut anywhere: refused', () => {
  for (let size = 0; size < whole.length; size += size < 2000 ? 1 : 97) {
    const error = refused(whole.subarray(0, size));
    assert.equal(error.code, 'snapshot-dump');
    assert.equal(error.detail.offset, size);
  }
  assert.match(refused(Buffer.concat([whole, Buffer.from([0])])).message, /behind the end/);
});

test('a byte changed, an item gone, twice or moved: refused before it is read', () => {
  const random = randomNumbers(6);
  for (let n = 0; n < 500; n++) {
    const copy = Buffer.from(whole);
    copy[random(copy.length)] ^= 1 << random(8);
    refused(copy);
  }
  const items = itemsOf(whole);
  const part = (i: number): Buffer => whole.subarray(items[i], items[i + 1]);
  for (let i = 1; i + 2 < items.length; i++) {
    const [before, after] = [whole.subarray(0, items[i]), whole.subarray(items[i + 1])];
    assert.match(refused(Buffer.concat([before, after])).message, /checksum/);
    assert.match(refused(Buffer.concat([before, part(i), part(i), after])).message, /checksum/);
  }
});

test('bytes changed and checksums right: refused, or a shard that can be dumped again; never another error', () => {
  const random = randomNumbers(7);
  const items = itemsOf(whole);
  let refusals = 0;
  for (let n = 0; n < 400; n++) {
    const copy = Buffer.from(whole);
    const item = random(items.length);
    const start = items[item] + itemHeadBytes;
    const size = copy.readUInt32BE(items[item] + 1);
    if (size === 0) continue;
    copy[start + random(Math.min(size, 60))] = [0, 1, 0x7f, 0xff, random(256)][random(5)];
    try {
      dumpOf(load(withChecksums(copy)));
    } catch (error) {
      assert.ok(error instanceof RecordError, String(error));
      assert.match(error.code, /^snapshot-dump/);
      assert.notEqual(error.detail.field, '');
      refusals++;
    }
  }
  assert.ok(refusals > 50, `${refusals}`);
});

test('what is no dump, of another shard, or newer is refused', () => {
  assert.equal(refused(Buffer.from('{"not":"a dump"}')).detail.field, 'header');
  assert.throws(() => loaded(whole, options, 65_536, 3), /of shard 0, not of 3/);
  const newer = Buffer.from(whole);
  newer[itemHeadBytes + 1 + 'flowrib shard'.length]++;
  const error = refused(withChecksums(newer));
  assert.equal(error.code, 'snapshot-dump-version');
  assert.match(error.message, /version 2 is newer/);
});

test('an error stays: nothing is served after it', () => {
  const copy = Buffer.from(whole);
  copy[whole.length >> 1] ^= 1;
  const loader = loadShard(() => createRibShard(0, options));
  assert.throws(() => loader.read(copy), RecordError);
  assert.throws(() => loader.read(Buffer.alloc(1)), RecordError);
  assert.throws(() => loader.finish(), RecordError);
});

test('a length or a count that is absurd takes no memory', () => {
  const items = itemsOf(whole);
  const copy = Buffer.from(whole);
  copy.writeUInt32BE(0xffffffff, items[3] + 1);
  assert.match(refused(copy).message, /a length of 4294967295 bytes/);
  const routes = items.find((at) => whole[at] === itemGlobalRoutes) ?? 0;
  const block = Buffer.from(whole);
  // The first prefix: length, shared bytes, two bytes of 10.0.0.0/22 and its count of routes.
  block.fill(0xff, routes + itemHeadBytes + 5, routes + itemHeadBytes + 9);
  assert.ok(refused(withChecksums(block)) instanceof RecordError);
  assert.equal(whole[items[items.length - 1]], itemEnd);
});

/** Own fields of the classes whose state a dump holds. A new one belongs into the dump and its format, or here as following from the rest. */
const fields: readonly [name: string, of: (shard: RibShard) => object, names: string][] = [
  [
    'RibShard',
    (shard) => shard,
    'attributes clockMs counters global heldTime kept logOffset monitor onEvent positions rds reorder reorderMs ribs routes sessions shard silenceMs sources vpn',
  ],
  [
    'Sessions',
    ({ sessions }) => sessions,
    'counters lastPeer lastSession nextDeadlineMs nextNeighbour nextRouter onEvent options ribs routers',
  ],
  ['RouterState', routerOf, 'index isOutdated isUnordered key name neighbours sessions version views4 views6'],
  ['Neighbour', () => new Neighbour(1), 'index peers ribs'],
  [
    'BmpSession',
    sessionOf,
    'bmpAddress collector headerClock held incomplete isSilent isUnordered isUp key lastRecordMs partition partitions peers router sysDescr sysName topic waiting windowMs',
  ],
  ['HeaderClock', (shard) => sessionOf(shard).headerClock, 'isSubSecond lastSecond samples seen'],
  ['SourcePartitions', (shard) => sessionOf(shard).partitions, 'before changedMs last lastTopic topics'],
  [
    'Peer',
    peerOf,
    'address as bgpId distinguisher dropAtMs epoch epochStartMs forms guessedViews isFiltered isSuspect key lastMonitoringMs localAs neighbour otherAsWidth parts partsDown rd recentOrders ribs session silencedFrom staleRibs state tableName text type',
  ],
  ['NlriForms', (shard) => peerOf(shard).forms, 'inbound learned outbound present stacked'],
  [
    'Rib',
    (shard) => peerOf(shard).ribs[0],
    'afiSafi dropAtMs epoch hasDistinguishers instance isComplete isDoubted isEbgp isStale isSuspect lastMonitoringMs peer recentWithdrawals source sources sourcesByTag startMs view',
  ],
  [
    'SourceColumns',
    ({ sources }) => sources,
    'bgpId flags head localAs neighbour peer0 peer1 peer2 peer3 peerFamily rd ribs safi',
  ],
  ['RouteDistinguishers', ({ rds }) => rds, 'byWords numbers size texts uses'],
  ['AppliedPositions', ({ positions }) => positions, 'topics'],
  ['its topics', ({ positions }) => [...positions.topics.values()][0], 'ends former id offsets parts'],
  ['Reorder', ({ reorder }) => reorder, 'bytes count counters maximumBytes nextDueMs queues sequence target'],
  [
    'ReorderQueue',
    ({ reorder }) => [...reorder.queues.values()][0],
    'appliedPhase arrivals isTerminated lanes phase session target',
  ],
  ['RecentOrders', () => new RecentOrders(), 'current former sinceMs'],
  ['RecentWithdrawals', () => new RecentWithdrawals(), 'current former sinceMs'],
  ['Fifo', () => new Fifo(), 'head items lastChange'],
  [
    'HeldMessage',
    (shard) => shard.heldMessages()[0],
    'arrivalMs bytes dueMs isLate isReleased message offset orderMs part partition phase recordOffset sequence session timestampMs topic topicId',
  ],
];

function routerOf(shard: RibShard): RouterState {
  return [...shard.sessions.routers.values()][0];
}

function sessionOf(shard: RibShard): BmpSession {
  return [...routerOf(shard).sessions.values()][0];
}

function peerOf(shard: RibShard): Peer {
  return [...sessionOf(shard).peers.values()][0];
}

for (const [name, of, names] of fields) {
  test(`fields of ${name} are those that dumps know`, () => {
    const shard = someShard();
    assert.ok(peerOf(shard).ribs[0] instanceof Rib);
    assert.equal(Object.keys(of(shard)).sort().join(' '), names);
  });
}
