/** What FRR 8.4 and GoBGP 3.10 said over BMP, as gobmp (raw mode) wrote it to Kafka: every message decoded, one JSON line each. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bmpDecoder } from '../../../src/decode/bmp/formats.ts';
import { bmpMessageLength, decodeBmpMessage } from '../../../src/wire/bmp/messages.ts';
import type { BmpMessage } from '../../../src/wire/bmp/types.ts';
import { attributesOf, flagsOf, prefixTexts, updateOf } from '../../support/bgp-text.ts';
import { BmpSessions } from '../../support/bmp-sessions.ts';
import { assertGoldenLines, recordValues } from '../../support/golden.ts';

const decoder = bmpDecoder('openbmp');
const sessions = new BmpSessions();

/** Peer Ups of the whole recording first: the recording is out of order, and this is about decoding, not about sessions. */
function messages(): { router: string; buffer: Buffer; message: BmpMessage }[] {
  const list = recordValues('bmp/gobmp-raw.jsonl').flatMap((buffer) =>
    decoder.split(buffer, 0, buffer.length).flatMap((part) => {
      const { start, end } = decoder.frames(buffer, part.start, part.end);
      const found: { router: string; buffer: Buffer; message: BmpMessage }[] = [];
      for (let at = start; at < end;) {
        const to = at + bmpMessageLength(buffer, at, end, part.start);
        found.push({ router: part.router, buffer, message: decodeBmpMessage(buffer, at, to, part.start) });
        at = to;
      }
      return found;
    }),
  );
  for (const { message, router } of list) if (message.kind === 'peer-up') sessions.apply(router, message);
  return list;
}

function lineOf(router: string, buffer: Buffer, message: BmpMessage): Record<string, unknown> {
  if (message.kind !== 'route-monitoring') return { router, ...plain(message) };
  const update = updateOf(
    buffer.subarray(message.pduStart, message.pduEnd),
    sessions.context(router, message.peer),
  );
  return {
    router,
    kind: message.kind,
    peer: message.peer,
    withdrawn: prefixTexts(update.withdrawn),
    announced: prefixTexts(update.announced),
    attributes: attributesOf(update),
    mpAttributes: attributesOf(update, 1),
    ...flagsOf(update),
  };
}

/** Maps as lists of pairs, buffers as hex. */
function plain(message: BmpMessage): Record<string, unknown> {
  const text = JSON.stringify(message, (_key, value: unknown) => {
    if (value instanceof Map) return [...(value as Map<unknown, unknown>)];
    const buffer = value as { type?: unknown; data?: unknown } | null;
    return buffer?.type === 'Buffer' ? Buffer.from(buffer.data as number[]).toString('hex') : value;
  });
  return JSON.parse(text) as Record<string, unknown>;
}

const lines = messages().map(({ buffer, message, router }) => lineOf(router, buffer, message));

void test('every message of the recording decodes as recorded', () => {
  assert.equal(lines.length, 531);
  assertGoldenLines('bmp/gobmp-raw.expected.jsonl', lines);
});

void test('ADD-PATH that is broken by its sender yields no bogus prefixes', () => {
  const prefixes = lines.flatMap((line) => [line['withdrawn'] ?? [], line['announced'] ?? []].flat() as string[]);
  assert.ok(prefixes.length > 200);
  for (const prefix of prefixes) {
    const [, length, path] = /\/(\d+)(?: path (\d+))?/.exec(prefix) ?? [];
    assert.ok(Number(length) === 0 || Number(length) >= 8, prefix);
    assert.ok(path === undefined || Number(path) < 1 << 16, prefix);
  }
  assert.ok(lines.some((line) => line['addPathGuessed'] === true));
});
