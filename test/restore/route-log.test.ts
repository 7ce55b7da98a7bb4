/** Headers of the routes log, written and read back; foreign records are told, not thrown. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderSection } from '../../src/base/record-headers.ts';
import {
  decimal,
  readTickValue,
  RouteHeadersReader,
  writeRouteHeaders,
  writeTickHeaders,
  writeTickValue,
} from '../../src/model/route-log.ts';

const position = { topicId: 'abc', topic: 'bmp', partition: 3, offset: 9_007_199_254_740_991, part: 2 };
const about = { format: 'openbmp', router: '2001:db8::1', collector: 'c1' };
const nothing = Buffer.alloc(0);

test('what is written is read back, also after other records', () => {
  const reader = new RouteHeadersReader();
  const section = new HeaderSection();
  for (const router of ['192.0.2.1', '2001:db8::1', '192.0.2.1']) {
    const bytes = Buffer.from(writeRouteHeaders(section, position, { ...about, router }, nothing, 0, 0));
    assert.equal(reader.read(bytes, 0, bytes.length), true);
    const { topicId, topic, partition, offset, part, format, collector, isTick } = reader;
    assert.deepEqual({ topicId, topic, partition, offset, part }, position);
    assert.deepEqual({ format, router: reader.router, collector, isTick }, { ...about, router, isTick: false });
    const tick = Buffer.from(writeTickHeaders(section));
    assert.equal(reader.read(tick, 0, tick.length), true);
    assert.equal(reader.isTick, true);
  }
});

test('headers of the input are kept, but not those with our names', () => {
  const input = new HeaderSection();
  input.reset();
  input.addText(Buffer.from('own'), 'x');
  input.addText(Buffer.from('flowrib.router'), 'forged');
  const source = Buffer.from(input.finish());
  const bytes = Buffer.from(writeRouteHeaders(new HeaderSection(), position, about, source, 0, source.length));
  const reader = new RouteHeadersReader();
  assert.equal(reader.read(bytes, 0, bytes.length), true);
  assert.equal(reader.router, '2001:db8::1');
  assert.ok(bytes.includes('own'));
});

test('a section without a position is foreign', () => {
  const reader = new RouteHeadersReader();
  assert.equal(reader.read(nothing, 0, 0), false);
  const input = new HeaderSection();
  input.reset();
  input.addText(Buffer.from('flowrib.topic'), 'bmp');
  const bytes = input.finish();
  assert.equal(reader.read(bytes, 0, bytes.length), false);
});

test('decimal refuses what is no number', () => {
  assert.equal(decimal(Buffer.from('120'), 0, 3), 120);
  assert.ok(Number.isNaN(decimal(Buffer.from('12x'), 0, 3)));
  assert.ok(Number.isNaN(decimal(Buffer.from(''), 0, 0)));
});

test('a tick tells every source partition, and is told from what is none', () => {
  const positions = [
    { topicId: 'abc', topic: 'bmp', partition: 3, offset: 9_007_199_254_740_991 },
    { topicId: 'def', topic: 'gobmp.raw', partition: 0, offset: 0 },
  ];
  const value = writeTickValue(positions);
  assert.deepEqual(readTickValue(value, 0, value.length), positions);
  for (const text of ['abc 3 x bmp\n', 'abc 3 7\n', 'tick']) {
    assert.equal(readTickValue(Buffer.from(text), 0, text.length), null);
  }
});
