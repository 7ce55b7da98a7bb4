/** What FRR 8.4 and GoBGP 3.10 said over BMP, as gobmp (raw mode) wrote it to Kafka: every message decoded, one JSON line each. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bmpDecoder } from '../../../src/decode/bmp/formats.ts';
import { bmpMessageLength, decodeBmpMessage } from '../../../src/wire/bmp/messages.ts';
import type { BmpMessage } from '../../../src/wire/bmp/types.ts';
import { bmpLineOf, bogusPrefixesOf } from '../../support/bmp-lines.ts';
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

const lines = messages().map(({ buffer, message, router }) => bmpLineOf(router, buffer, message, sessions));

void test('every message of the recording decodes as recorded', () => {
  assert.equal(lines.length, 531);
  assertGoldenLines('bmp/gobmp-raw.expected.jsonl', lines);
});

void test('ADD-PATH that is broken by its sender yields no bogus prefixes', () => {
  assert.ok(lines.some((line) => line['addPathGuessed'] === true));
  assert.deepEqual(bogusPrefixesOf(lines), []);
});
