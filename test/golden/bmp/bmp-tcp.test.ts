/** The same routers' BMP as it went over TCP, out of a packet capture, in the order of the wire. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { bmpMessageLength, decodeBmpMessage } from '../../../src/wire/bmp/messages.ts';
import { readTcpStreams, type TcpDirection } from '../../../src/wire/pcap/tcp-streams.ts';
import { bmpLineOf, bogusPrefixesOf } from '../../support/bmp-lines.ts';
import { BmpSessions } from '../../support/bmp-sessions.ts';
import { assertGoldenLines, recordValues } from '../../support/golden.ts';

const bmpPort = 5001;

interface WireMessage {
  router: string;
  bytes: Buffer;
}

/** Messages in the order in which they were complete. */
function wireMessages(): WireMessage[] {
  const file = readFileSync(new URL('bmp-tcp.pcap', import.meta.url));
  const rests = new Map<TcpDirection, Buffer>();
  const messages: WireMessage[] = [];
  for (const { bytes, direction } of readTcpStreams(file)) {
    if (direction.destinationPort !== bmpPort) continue;
    let rest = Buffer.concat([rests.get(direction) ?? Buffer.alloc(0), bytes]);
    while (rest.length >= 6 && rest.length >= rest.readUInt32BE(1)) {
      const length = bmpMessageLength(rest, 0, rest.length);
      messages.push({ router: direction.source, bytes: rest.subarray(0, length) });
      rest = rest.subarray(length);
    }
    rests.set(direction, rest);
  }
  assert.deepEqual([...rests.values()].map((rest) => rest.length), [...rests].map(() => 0));
  return messages;
}

const messages = wireMessages();

void test('every message of the capture decodes as recorded', () => {
  const sessions = new BmpSessions();
  const lines = messages.map(({ bytes, router }) => {
    const message = decodeBmpMessage(bytes, 0, bytes.length);
    if (message.kind === 'peer-up') sessions.apply(router, message);
    return bmpLineOf(router, bytes, message, sessions);
  });
  assert.equal(lines.length, 555);
  assertGoldenLines('bmp/bmp-tcp.expected.jsonl', lines);
  assert.deepEqual(bogusPrefixesOf(lines), []);
});

void test('the collector wrote nothing to Kafka that did not go over the wire', () => {
  const sent = new Map<string, number>();
  for (const { bytes } of messages) sent.set(bytes.toString('hex'), (sent.get(bytes.toString('hex')) ?? 0) + 1);
  for (const value of recordValues('bmp/gobmp-raw.jsonl')) {
    const hex = value.toString('hex', value.readUInt16BE(6));
    const left = sent.get(hex) ?? 0;
    assert.ok(left > 0, hex);
    sent.set(hex, left - 1);
  }
});
