import assert from 'node:assert/strict';
import { test } from 'node:test';
import { varint } from '../../../dev/flow-builder.ts';
import { ByteWriter } from '../../../src/base/byte-writer.ts';
import { ProtobufScanner, scanEnd, scanFailed, varint32Size } from '../../../src/wire/protobuf/scanner.ts';

function scannerOf(...bytes: number[]): ProtobufScanner {
  const scanner = new ProtobufScanner();
  scanner.start(Uint8Array.from(bytes), 0, bytes.length);
  return scanner;
}

void test('fields of every wire type are walked', () => {
  const scanner = scannerOf(0x08, 0x96, 0x01, 0x12, 2, 0xaa, 0xbb, 0x1d, 1, 2, 3, 4, 0x21, 1, 2, 3, 4, 5, 6, 7, 8);
  const seen: number[][] = [];
  for (let field = scanner.next(); field > 0; field = scanner.next()) {
    seen.push([field, scanner.wireType, scanner.fieldStart, scanner.at]);
  }
  assert.deepEqual(seen, [
    [1, 0, 0, 3],
    [2, 2, 3, 7],
    [3, 5, 7, 12],
    [4, 1, 12, 21],
  ]);
  assert.equal(scanner.next(), scanEnd);
});

void test('64-bit varints: as a number, and in millionths without losing digits', () => {
  const values = [0n, 1n, 127n, 128n, 2n ** 28n - 1n, 2n ** 28n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 35n + 5n];
  values.push(2n ** 53n - 1n, 1_795_535_038_052_064_209n, 2n ** 63n, 2n ** 64n - 1n);
  for (const value of values) {
    const scanner = scannerOf(0x08, ...varint(value));
    assert.equal(scanner.next(), 1);
    const expected = value < 2n ** 53n ? Number(value) : Number.MAX_SAFE_INTEGER;
    assert.equal(scanner.number(), expected, String(value));
    assert.equal(scanner.millionth(), Number(value / 1_000_000n), String(value));
    assert.equal(scanner.next(), scanEnd);
  }
});

void test('what does not parse says why and where', () => {
  const cases: [number[], string, number][] = [
    [[0x08], 'truncated', 0],
    [[0x08, 0x80], 'truncated', 0],
    [[0x08, 0x80, 0x80, 0x80, 0x80], 'truncated', 0],
    [[0x08, 0x80, 0x80, 0x80, 0x80, 0x80], 'truncated', 0],
    [[0x08, 1, 0x12, 3, 1, 2], 'truncated', 2],
    [[0x12, 0xff, 0xff, 0xff, 0xff, 0x0f], 'truncated', 0],
    [[0x0d, 1, 2, 3], 'truncated', 0],
    [[0x09, 1, 2, 3, 4, 5, 6, 7], 'truncated', 0],
    [[0x00, 1], 'malformed', 0],
    [[0x0b], 'malformed', 0],
    [[0x0c], 'malformed', 0],
    [[0x08, ...Array.from({ length: 10 }, () => 0x80), 1], 'malformed', 0],
  ];
  for (const [bytes, failure, at] of cases) {
    const scanner = scannerOf(...bytes);
    let field = scanner.next();
    while (field > 0) field = scanner.next();
    assert.equal(field, scanFailed, String(bytes));
    assert.equal(scanner.failure, failure, String(bytes));
    assert.equal(scanner.fieldStart, at, String(bytes));
  }
});

void test('the size of a varint is what the writer writes', () => {
  for (const value of [0, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, 268_435_455, 268_435_456, -1]) {
    const writer = new ByteWriter();
    writer.writeVarint32(value);
    assert.equal(varint32Size(value), writer.length);
  }
});
