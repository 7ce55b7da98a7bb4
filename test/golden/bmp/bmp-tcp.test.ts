/** The same routers' BMP as it went over TCP, out of a packet capture, in the order of the wire. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeBmpMessage } from '../../../src/wire/bmp/messages.ts';
import { bmpLineOf, bogusPrefixesOf } from '../../support/bmp-lines.ts';
import { BmpSessions } from '../../support/bmp-sessions.ts';
import { assertGoldenLines, recordValues } from '../../support/golden.ts';
import { capturedMessages } from '../../support/recorded-router.ts';

const bmpPort = 5001;

const messages = capturedMessages('bmp/bmp-tcp.pcap', bmpPort);

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
