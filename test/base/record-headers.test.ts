/** Header sections against kafkajs's own encoder, which is what other producers send. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRequire } from 'node:module';
import * as fc from 'fast-check';
import { findHeader, HeaderSection, listHeaders } from '../../src/base/record-headers.ts';

interface KafkaEncoder {
  readonly buffer: Buffer;
  writeVarInt(value: number): KafkaEncoder;
  writeVarIntString(value: string): KafkaEncoder;
  writeVarIntBytes(value: Buffer | null): KafkaEncoder;
}
const Encoder = createRequire(import.meta.url)('kafkajs/src/protocol/encoder') as new () => KafkaEncoder;

type Header = [name: string, value: Buffer | null];

function encode(headers: readonly Header[]): Buffer {
  const encoder = new Encoder();
  encoder.writeVarInt(headers.length);
  for (const [name, value] of headers) encoder.writeVarIntString(name).writeVarIntBytes(value);
  return Buffer.from(encoder.buffer);
}

const value = fc.option(fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)));
const name = fc.oneof(fc.constantFrom('a', 'b', 'flowrib.topic'), fc.string({ unit: 'grapheme', maxLength: 90 }));
const headers = fc.array(fc.tuple(name, value), { maxLength: 6 });

test('the section is written as kafkajs writes it', () => {
  const section = new HeaderSection();
  fc.assert(
    fc.property(headers, (list) => {
      section.reset();
      for (const [key, bytes] of list) section.add(Buffer.from(key), bytes);
      assert.deepEqual(Buffer.from(section.finish()), encode(list));
    }),
  );
});

test('headers are listed and found; the last of a name counts; a null value is none', () => {
  fc.assert(
    fc.property(headers, fc.nat({ max: 5 }), (list, offset) => {
      const section = Buffer.concat([Buffer.alloc(offset, 0xee), encode(list), Buffer.alloc(3, 0xee)]);
      const end = section.length - 3;
      assert.deepEqual(
        listHeaders(section, offset, end).map((header): Header => [header.name, header.value]),
        list,
      );
      for (const [key] of list) {
        const expected = list.findLast(([other]) => other === key)?.[1] ?? null;
        assert.deepEqual(findHeader(section, offset, end, Buffer.from(key)), expected);
      }
      assert.equal(findHeader(section, offset, end, Buffer.from('not there, surely')), null);
    }),
  );
});

test('headers of another record are taken over but those that are replaced', () => {
  fc.assert(
    fc.property(headers, (list) => {
      const source = encode(list);
      const section = new HeaderSection();
      section.addFrom(source, 0, source.length, [Buffer.from('a'), Buffer.from('flowrib.topic')]);
      section.addText(Buffer.from('a'), 'new');
      const kept = list.filter(([key]) => key !== 'a' && key !== 'flowrib.topic');
      assert.deepEqual(Buffer.from(section.finish()), encode([...kept, ['a', Buffer.from('new')]]));
    }),
  );
});

test('an empty range is a record without headers', () => {
  const bytes = Buffer.from('xx');
  assert.equal(findHeader(bytes, 1, 1, Buffer.from('a')), null);
  assert.deepEqual(listHeaders(bytes, 1, 1), []);
  const section = new HeaderSection();
  section.addFrom(bytes, 1, 1);
  assert.deepEqual([...section.finish()], [0]);
});
