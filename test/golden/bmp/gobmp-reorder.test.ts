/**
 * gobmp puts each message through a goroutine of its own, so its raw topic is out of order. With `reorder` the recorded topic must give
 * the table of the same sessions in the order of the wire.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { bmpDecoder } from '../../../src/decode/bmp/formats.ts';
import type { PeerStatus } from '../../../src/rib/status.ts';
import { bmpMessageLength } from '../../../src/wire/bmp/messages.ts';
import { readTcpStreams, type TcpDirection } from '../../../src/wire/pcap/tcp-streams.ts';
import { readRecords } from '../../support/golden.ts';
import { RibDriver } from '../../support/rib-driver.ts';
import { RibDump } from '../../support/rib-dump.ts';

const bmpPort = 5001;
const routers = ['10.99.0.1', '10.99.0.2', '10.99.0.3'];

interface Table {
  driver: RibDriver;
  dump: RibDump;
}

function table(reorderMs: number): Table {
  const options = reorderMs === 0 ? {} : { reorderMs: new Map([['bmp', reorderMs]]) };
  const driver = new RibDriver(undefined, undefined, options);
  return { driver, dump: new RibDump(driver.shard) };
}

function ofTopic(reorderMs: number): Table {
  const { driver, dump } = table(reorderMs);
  const decoder = bmpDecoder('openbmp');
  for (const record of readRecords('bmp/gobmp-raw.jsonl')) {
    const value = Buffer.from(record.value_hex ?? '', 'hex');
    driver.nowMs = record.timestamp_ms;
    const [{ router, start, end }] = decoder.split(value, 0, value.length);
    const frames = decoder.frames(value, start, end);
    driver.send(value.subarray(frames.start, frames.end), { router });
  }
  driver.pass(reorderMs);
  return { driver, dump };
}

function ofWire(): Table {
  const { driver, dump } = table(0);
  const rests = new Map<TcpDirection, Buffer>();
  for (const { bytes, direction, timestampMs } of readTcpStreams(
    readFileSync(new URL('bmp-tcp.pcap', import.meta.url)),
  )) {
    if (direction.destinationPort !== bmpPort) continue;
    driver.nowMs = Math.floor(timestampMs);
    let rest = Buffer.concat([rests.get(direction) ?? Buffer.alloc(0), bytes]);
    while (rest.length >= 6 && rest.length >= rest.readUInt32BE(1)) {
      const length = bmpMessageLength(rest, 0, rest.length);
      driver.send(rest.subarray(0, length), { router: direction.source });
      rest = rest.subarray(length);
    }
    rests.set(direction, rest);
  }
  return { driver, dump };
}

/** What must be the same whichever way the messages came. */
function peers({ driver }: Table): string[] {
  const ribs = (peer: PeerStatus): string[] =>
    peer.ribs.map((rib) => `${rib.view} ${rib.afi}/${rib.safi} ${rib.routes} ${rib.stale} ${rib.suspect}`).sort();
  return driver.shard
    .status()
    .routers.flatMap(({ key, sessions }) =>
      sessions.flatMap((session) =>
        session.peers.map((peer) =>
          [key, peer.type, peer.address, peer.state, peer.epoch, peer.suspect, ...ribs(peer)].join(' '),
        ),
      ),
    )
    .sort();
}

const wire = ofWire();
const reordered = ofTopic(500);

void test('without reorder, overtaken Peer Ups and Peer Downs leave provisional peers and stale routes', () => {
  const plain = ofTopic(0);
  assert.deepEqual(plain.dump.routes(true), wire.dump.routes(true));
  assert.equal(plain.driver.shard.counters.provisional, wire.driver.shard.counters.provisional + 2);
  assert.equal(plain.driver.peer('10.99.0.3', routers[0])?.epoch, 3);
  assert.equal(plain.driver.peer('10.99.0.1', routers[2])?.epoch, 3);
  assert.ok(peers(plain).some((line) => line.includes('true true')));
});

void test('with reorder every route and every peer is as in the order of the wire', () => {
  assert.equal(reordered.dump.routes(true).length, 104);
  assert.deepEqual(reordered.dump.routes(true), wire.dump.routes(true));
  assert.deepEqual(peers(reordered), peers(wire));
});

void test('with reorder no peer is provisional but the Loc-RIBs of GoBGP, which have no Peer Up on the wire either', () => {
  const { provisional, recordErrors, releasedEarly, stragglers, withdrawnUnknown } = reordered.driver.shard.counters;
  assert.deepEqual([provisional, withdrawnUnknown, stragglers], [42, wire.driver.shard.counters.withdrawnUnknown, 1]);
  assert.deepEqual([recordErrors, releasedEarly], [0, 0]);
  const states = peers(reordered).filter((line) => line.includes('provisional'));
  assert.deepEqual(
    states.map((line) => line.split(' ').slice(0, 2).join(' ')),
    [`${routers[1]} 3`, `${routers[2]} 3`],
  );
  assert.equal(reordered.driver.shard.heldMessages().length, 0);
});

void test('path ids left out against the OPENs: no bogus prefix, learned per view, counted, suspect', () => {
  for (const { driver, dump } of [wire, reordered]) {
    const prefixes = dump.routes(true).map((line) => line.split(' '));
    const bogus = prefixes.filter(([prefix, , pathId]) => {
      const length = Number(prefix.split('/')[1]);
      return (length > 0 && length < 8) || Number(pathId) >= 1 << 16;
    });
    assert.deepEqual(bogus, []);
    assert.equal(driver.shard.counters.addPathGuessed, 9);
    const gobgp = driver.peer('10.99.0.3', routers[1]);
    const marks = gobgp?.ribs.map(({ view, afi, safi, suspect }) => `${view} ${afi}/${safi} ${suspect}`) ?? [];
    assert.ok(marks.includes('adj-rib-in-post 1/1 true'));
    assert.ok(marks.includes('adj-rib-in-pre 1/1 false'));
  }
});
