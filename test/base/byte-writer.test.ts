import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ByteWriter } from '../../src/base/byte-writer.ts';

/** Reads one LEB128 of up to 64 bits, the obvious way. */
function readVarint(bytes: Uint8Array): { value: bigint; size: number } {
  let value = 0n;
  let size = 0;
  for (;;) {
    const byte = bytes[size];
    assert.ok(byte !== undefined, 'varint without an end');
    value |= BigInt(byte & 0x7f) << BigInt(7 * size++);
    if (byte < 0x80) return { value, size };
  }
}

test('varints of every safe integer read back', () => {
  const edges = [0, 127, 128, 16383, 16384, 0xffffffff, 0x100000000, 2 ** 35 - 1, 2 ** 35, Number.MAX_SAFE_INTEGER];
  fc.assert(
    fc.property(fc.oneof(fc.nat({ max: Number.MAX_SAFE_INTEGER }), fc.constantFrom(...edges)), (number) => {
      const writer = new ByteWriter(1);
      writer.writeVarint(number);
      assert.deepEqual(readVarint(writer.view()), { value: BigInt(number), size: writer.length });
    }),
  );
});

test('a negative int32 is written as the uint32 it shares its bits with', () => {
  fc.assert(
    fc.property(fc.integer(), (number) => {
      const writer = new ByteWriter(1);
      writer.writeVarint32(number);
      assert.equal(readVarint(writer.view()).value, BigInt(number >>> 0));
    }),
  );
});

test('whatever is written, in whatever pieces, is there in order', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.nat({ max: 255 }),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const writer = new ByteWriter(1);
      writer.writeText('left over');
      writer.reset();
      const expected: Buffer[] = [];
      for (const part of pieces) {
        if (typeof part === 'number') writer.writeByte(part);
        else if (typeof part === 'string') writer.writeText(part);
        else writer.writeBytes(Uint8Array.from([9, ...part, 9]), 1, part.length + 1);
        expected.push(typeof part === 'number' ? Buffer.from([part]) : Buffer.from(part as string));
      }
      assert.deepEqual(writer.view(), Buffer.concat(expected));
    }),
  );
});

test('reserve makes room and keeps what is there', () => {
  const writer = new ByteWriter(2);
  writer.writeText('ab');
  writer.reserve(1000);
  assert.ok(writer.bytes.length >= 1002);
  assert.equal(writer.view().toString(), 'ab');
});
