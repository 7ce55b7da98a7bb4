import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JsonObjects } from '../../../src/decode/flow/json-objects.ts';

const objects = new JsonObjects();

/** Texts of the parts of a record that stands in the middle of a buffer. */
function split(text: string): string[] {
  const buffer = Buffer.from(`{"${text}"}`);
  const count = objects.split(buffer, 2, buffer.length - 2);
  return Array.from({ length: count }, (_, i) => buffer.toString('utf8', objects.starts[i], objects.ends[i]));
}

void test('objects by lines, behind each other, in an array', () => {
  const inner = '{"a":[{"b":"}\\"{"},{}],"c":{"d":{}}}';
  assert.deepEqual(split(`${inner}\n{}\n`), [inner, '{}']);
  assert.deepEqual(split(`${inner}${inner}`), [inner, inner]);
  assert.deepEqual(split(` [ ${inner} ,\n{} ] `), [inner, '{}']);
  assert.deepEqual(split('{\n "a": 1\n}\n'), ['{\n "a": 1\n}']);
});

void test('nothing', () => {
  assert.deepEqual(split(' \n\t'), []);
  assert.equal(objects.isArray, false);
  assert.deepEqual(split('[]'), []);
  assert.equal(objects.isArray, true);
});

void test('a broken object ends at its line, or where another begins', () => {
  const good = '{"a":1}';
  for (const broken of ['{"a":"b', '{"a":"b\\', '{"a":1]}', '{"a":[1}', '{"a":[1,2}}', '{"a', 'x', ']', '{]']) {
    assert.deepEqual(
      split(`${good}\n${broken}\n${good}`).map((part) => part.trim()),
      [good, broken, good],
      broken,
    );
  }
  for (const broken of ['{', '{"a":1', '{"a":1,', '{"a":{"b":1}', '{"a":[1', '{"a":[{}']) {
    assert.deepEqual(split(`${good}${broken}${good}`), [good, broken, good], broken);
  }
});

void test('more objects than there is room for at first', () => {
  assert.equal(split('{}'.repeat(1000)).length, 1000);
});
