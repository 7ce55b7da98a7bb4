/** Records come twice, topics are made anew, time goes on by ticks: what is applied and what is ignored. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppliedPositions } from '../../src/rib/positions.ts';
import { peerDown, type PeerOptions, peerUp, routeMonitoring } from '../support/bmp-builder.ts';
import { RibDriver, startMs } from '../support/rib-driver.ts';

const peer: PeerOptions = { address: '192.0.2.1', as: 65001, isPostPolicy: true };
const announce = routeMonitoring(peer, { origin: 0, asPath: [65001], nextHop: '192.0.2.1', announced: ['10.0.0.0/8'] });
const live = ['adj-rib-in-post 192.0.2.1'];

test('a record at or before the applied position is ignored', () => {
  const driver = new RibDriver();
  driver.send(peerUp(peer), { offset: 10 });
  driver.send(announce, { offset: 11 });
  driver.send(peerDown(peer), { offset: 11 });
  driver.send(peerDown(peer), { offset: 3 });
  assert.deepEqual(driver.at('10.0.0.0/8'), live);
  assert.equal(driver.shard.counters.ignoredDuplicates, 2);
  driver.send(peerDown(peer), { offset: 12 });
  assert.deepEqual(driver.at('10.0.0.0/8'), []);
});

test('parts of one offset are applied each once', () => {
  const driver = new RibDriver();
  driver.send(peerUp(peer), { offset: 5, part: 0 });
  driver.send(announce, { offset: 5, part: 2 });
  assert.deepEqual(driver.at('10.0.0.0/8'), live);
  driver.send(peerDown(peer), { offset: 5, part: 1 });
  driver.send(peerDown(peer), { offset: 5, part: 2 });
  assert.deepEqual(driver.at('10.0.0.0/8'), live);
});

test('partitions and topics have positions of their own', () => {
  const driver = new RibDriver();
  driver.send(peerUp(peer), { offset: 10 });
  driver.send(announce, { offset: 1, partition: 1 });
  assert.deepEqual(driver.at('10.0.0.0/8'), live);
  assert.equal(driver.shard.counters.sourcePartitionChanges, 1);
  driver.send(peerDown(peer), { offset: 0, topic: 'other', topicId: 'id-9' });
  assert.deepEqual(driver.at('10.0.0.0/8'), []);
});

test('a new topic id starts over, and the old one is ignored from then on', () => {
  const driver = new RibDriver();
  driver.send([peerUp(peer), announce], { offset: 100, topicId: 'old' });
  driver.send(peerDown(peer), { offset: 0, topicId: 'new' });
  assert.deepEqual(driver.at('10.0.0.0/8'), []);
  driver.send([peerUp(peer), announce], { offset: 101, topicId: 'old' });
  assert.deepEqual(driver.at('10.0.0.0/8'), []);
  assert.equal(driver.shard.counters.ignoredDuplicates, 1);
  driver.send([peerUp(peer), announce], { offset: 1, topicId: 'new' });
  assert.deepEqual(driver.at('10.0.0.0/8'), live);
});

test('the clock is the largest timestamp, of ignored records and ticks too', () => {
  const driver = new RibDriver();
  driver.send([peerUp(peer), announce], { offset: 5 });
  driver.nowMs += 1000;
  driver.send(announce, { offset: 5 });
  assert.equal(driver.shard.clockMs, startMs + 1000);
  assert.equal(driver.lookup('10.0.0.1').ageMs, 1000);
  driver.pass(500);
  assert.equal(driver.lookup('10.0.0.1').ageMs, 1500);
  driver.nowMs -= 5000;
  driver.send(announce, { offset: 6 });
  assert.equal(driver.shard.clockMs, startMs + 1500);
  assert.equal(driver.lookup('10.0.0.1').ageMs, 5000);
});

test('ticks tell how far a partition was read, and make a new topic id known', () => {
  const positions = new AppliedPositions();
  positions.advance('a', 't', 1, 7, 0);
  assert.equal(positions.readToEnd('a', 't', 1, 9), true);
  assert.deepEqual(positions.list(), [{ topic: 't', topicId: 'a', partition: 1, offset: 7, part: 0, end: 9 }]);
  assert.equal(positions.readToEnd('b', 't', 0, 3), true);
  assert.equal(positions.readToEnd('a', 't', 1, 10), false);
  assert.equal(positions.advance('a', 't', 1, 8, 0), false);
  assert.deepEqual(positions.list(), [{ topic: 't', topicId: 'b', partition: 0, offset: -1, part: -1, end: 3 }]);
});
