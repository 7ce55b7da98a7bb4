/** Whatever the bytes: BMP and BGP decoders throw RecordError or nothing, and read no byte outside their range. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { RecordError } from '../../src/base/errors.ts';
import { bmpDecoder } from '../../src/decode/bmp/formats.ts';
import { bmpMessageLength, decodeBmpMessage } from '../../src/wire/bmp/messages.ts';
import { createBgpUpdate, decodeUpdate } from '../../src/wire/bgp/update.ts';
import type { BgpUpdate } from '../../src/wire/bgp/types.ts';
import { AttributeReader } from '../../src/model/attribute-words.ts';
import { recordValues } from '../support/golden.ts';

const corpus = recordValues('bmp/gobmp-raw.jsonl');
const decoder = bmpDecoder('openbmp');
const update = createBgpUpdate();
const reader = new AttributeReader();

/** Decodes all of a record; the outcome as text, so that two runs can be compared. */
function decodeRecord(buffer: Buffer, start: number, end: number, pathIds: boolean, twoByteAsPath: boolean): string {
  const outcomes: string[] = [];
  const context = {
    twoByteAsPath,
    isLocRib: false,
    isExternal: false,
    isPrePolicy: false,
    hasPathId: () => pathIds,
    hasMultipleLabels: () => pathIds,
  };
  try {
    for (const part of decoder.split(buffer, start, end)) {
      const frames = decoder.frames(buffer, part.start, part.end);
      for (let at = frames.start; at < frames.end;) {
        const to = at + bmpMessageLength(buffer, at, frames.end, start);
        const message = decodeBmpMessage(buffer, at, to, start);
        outcomes.push(message.kind);
        if (message.kind === 'route-monitoring') {
          decodeUpdate(buffer, message.pduStart, message.pduEnd, context, update, start);
          outcomes.push(summary(update));
        }
        at = to;
      }
    }
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    assert.ok(error.detail.offset >= 0 && error.detail.offset <= end - start, error.message);
    outcomes.push(error.message);
  }
  return outcomes.join('\n');
}

function summary(decoded: BgpUpdate): string {
  const rows: number[] = [];
  for (const list of [decoded.withdrawn, decoded.announced]) {
    for (let i = 0; i < list.count; i++) {
      assert.ok(list.length[i] <= (list.family[i] === 4 ? 32 : 128));
      rows.push(list.length[i], list.w0[i], list.w1[i], list.w2[i], list.w3[i], list.pathId[i]);
    }
  }
  for (const set of [0, 1] as const) {
    const length = decoded.attributeLengths[set];
    if (length === 0) continue;
    reader.read(decoded.attributeWords[set], 0);
    assert.equal(reader.length, length);
    rows.push(...decoded.attributeWords[set].subarray(0, length));
  }
  return `${rows.join(' ')} ${decoded.problem} ${decoded.endOfRib}`;
}

const mutation = fc.record({
  record: fc.integer({ min: 0, max: corpus.length - 1 }),
  edits: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 255 })), {
    maxLength: 4,
  }),
  keep: fc.oneof(
    { weight: 3, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
  ),
  insert: fc.option(fc.uint8Array({ maxLength: 6 }), { nil: undefined, freq: 4 }),
  pathIds: fc.boolean(),
  twoByteAsPath: fc.boolean(),
});

void test('mutated and truncated records never throw anything but RecordError', () => {
  fc.assert(
    fc.property(mutation, ({ edits, insert, keep, pathIds, record, twoByteAsPath }) => {
      // The header of OBMP is left alone, or most mutations would end there; its lengths are put right for the same reason.
      const original = corpus[record];
      const headerSize = original.readUInt16BE(6);
      let body = Buffer.from(original.subarray(headerSize));
      for (const [position, byte] of edits) {
        const at = Math.floor(position * (body.length - 1));
        body[at] = byte;
      }
      body = body.subarray(0, Math.floor(keep * body.length));
      if (insert) {
        const at = Math.floor(body.length / 2);
        body = Buffer.concat([body.subarray(0, at), insert, body.subarray(at)]);
      }
      if (body.length > 5 && edits.length % 2 === 0) body.writeUInt32BE(body.length, 1);
      const header = Buffer.from(original.subarray(0, headerSize));
      header.writeUInt32BE(body.length, 8);
      const value = Buffer.concat([header, body]);
      const alone = decodeRecord(value, 0, value.length, pathIds, twoByteAsPath);
      const framed = Buffer.concat([Buffer.alloc(3, 0xee), value, Buffer.alloc(40, 0xee)]);
      const inside = decodeRecord(framed, 3, 3 + value.length, pathIds, twoByteAsPath);
      assert.equal(inside, alone);
    }),
    { numRuns: 8000 },
  );
});

void test('random bytes never throw anything but RecordError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, hasMagic) => {
      const value = Buffer.concat([Buffer.from(hasMagic ? 'OBMP\u0001\u0007' : 'V: 1.7\n', 'latin1'), bytes]);
      decodeRecord(value, 0, value.length, true, false);
      decodeRecord(Buffer.from(bytes), 0, bytes.length, true, false);
    }),
    { numRuns: 2000 },
  );
});
