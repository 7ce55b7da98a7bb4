/** What is remembered of held messages stays cheap, however many times of headers one record has. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noteHeldMessage } from '../../src/rib/doubtful-order.ts';
import { peerUp } from '../support/bmp-builder.ts';
import { RibDriver } from '../support/rib-driver.ts';

const messages = 60_000;

test('a record with as many header times as messages takes no quadratic time', () => {
  const driver = new RibDriver();
  driver.send(peerUp({ address: '192.0.2.1', as: 65001, bgpId: '192.0.2.1' }));
  const [session] = driver.shard.router('198.51.100.1')?.sessions.values() ?? [];
  const [peer] = session.peers.values();
  const held = { timeMs: driver.nowMs, orderMs: 0, windowMs: 2000, update: 0 };
  const beganMs = performance.now();
  for (held.orderMs = 1; held.orderMs <= messages; held.orderMs++) noteHeldMessage(peer, held);
  for (held.orderMs = 1; held.orderMs <= messages; held.orderMs++) noteHeldMessage(peer, held);
  assert.ok(performance.now() - beganMs < 1000);
  const orders = [...(peer.recentOrders?.get(driver.nowMs) ?? [])];
  assert.deepEqual([orders.length, orders[0], orders.at(-1)], [messages, 1, messages]);
});
