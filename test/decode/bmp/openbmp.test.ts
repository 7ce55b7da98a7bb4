import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ConfigError, RecordError } from '../../../src/base/errors.ts';
import { bmpDecoder } from '../../../src/decode/bmp/formats.ts';
import { initiation, termination } from '../../support/bmp-builder.ts';
import { obmpBinary, obmpText } from '../../support/obmp-builder.ts';

const decoder = bmpDecoder('openbmp');
const hash = '000102030405060708090a0b0c0d0e0f';

function codeOf(bytes: Buffer): string {
  try {
    decoder.split(bytes, 0, bytes.length);
  } catch (error) {
    if (error instanceof RecordError) return error.code;
    throw error;
  }
  return '';
}

/** The value inside a larger buffer: as in a fetched batch. */
function embedded(value: Buffer): { buffer: Buffer; start: number; end: number } {
  const buffer = Buffer.concat([Buffer.alloc(11, 0x0a), value, Buffer.alloc(7, 0x0a)]);
  return { buffer, start: 11, end: 11 + value.length };
}

void describe('OBMP 1.7, binary', () => {
  for (const [router, printed] of [
    ['198.51.100.1', '198.51.100.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['::ffff:198.51.100.1', '198.51.100.1'],
  ]) {
    void test(`router ${router}: one part, all messages framed`, () => {
      const bmp = Buffer.concat([initiation(), termination()]);
      const { buffer, end, start } = embedded(obmpBinary(bmp, { router, adminId: 'abc', routerGroup: 'route-views5' }));
      assert.deepEqual(decoder.split(buffer, start, end), [
        { router: printed, collector: hash, start, end, kind: 'bmp' },
      ]);
      const frames = decoder.frames(buffer, start, end);
      assert.deepEqual(buffer.subarray(frames.start, frames.end), bmp);
    });
  }

  void test('the header length is obeyed, so a longer header can be read', () => {
    const value = obmpBinary(initiation());
    const size = value.readUInt16BE(6);
    const longer = Buffer.concat([value.subarray(0, size), Buffer.alloc(4), value.subarray(size)]);
    longer.writeUInt16BE(size + 4, 6);
    assert.equal(decoder.frames(longer, 0, longer.length).start, size + 4);
    assert.equal(codeOf(longer), '');
  });

  void test('messages of the collector about itself', () => {
    for (const options of [{ flags: 0 }, { objectType: 0 }]) {
      const value = obmpBinary(Buffer.from('anything'), options);
      assert.deepEqual(decoder.split(value, 0, value.length), [
        { router: '', collector: hash, start: 0, end: value.length, kind: 'collector' },
      ]);
      assert.deepEqual(decoder.frames(value, 0, value.length), { start: value.length, end: value.length });
    }
  });

  void test('a router without address, a collector without hash', () => {
    const value = obmpBinary(initiation(), { router: '0.0.0.0', collectorHash: '0'.repeat(32) });
    const [part] = decoder.split(value, 0, value.length);
    assert.deepEqual([part.router, part.collector], ['', '']);
  });

  void test('what cannot be attributed', () => {
    const value = obmpBinary(initiation(), { adminId: 'abc' });
    const changed = (at: number, byte: number): Buffer => {
      const copy = Buffer.from(value);
      copy[at] = byte;
      return copy;
    };
    assert.equal(codeOf(value), '');
    assert.equal(codeOf(changed(5, 8)), 'openbmp-version');
    assert.equal(codeOf(changed(11, value[11] + 1)), 'openbmp-length');
    assert.equal(codeOf(Buffer.concat([value, Buffer.alloc(1)])), 'openbmp-length');
    assert.equal(codeOf(value.subarray(0, value.length - 1)), 'openbmp-length');
    assert.equal(codeOf(value.subarray(0, 60)), 'openbmp-truncated');
    assert.equal(codeOf(changed(38, 1)), 'openbmp-length');
    assert.equal(codeOf(changed(72 + 3, 1)), 'openbmp-length');
    assert.equal(codeOf(initiation()), 'openbmp-magic');
    assert.equal(codeOf(Buffer.alloc(0)), 'openbmp-magic');
    assert.equal(codeOf(obmpBinary(Buffer.from([4, 0, 0, 0, 6, 4]))), 'bmp-version');
    assert.equal(codeOf(obmpBinary(initiation().subarray(0, 9))), 'bmp-truncated');
  });
});

void describe('OpenBMP text header', () => {
  void test('told by its first byte; router and collector', () => {
    const bmp = Buffer.concat([initiation(), termination()]);
    const { buffer, end, start } = embedded(obmpText(bmp, { router: '2001:DB8:0::1' }));
    assert.deepEqual(decoder.split(buffer, start, end), [
      { router: '2001:db8::1', collector: hash, start, end, kind: 'bmp' },
    ]);
    const frames = decoder.frames(buffer, start, end);
    assert.deepEqual(buffer.subarray(frames.start, frames.end), bmp);
  });

  void test('order and case of the lines are free', () => {
    const bmp = initiation();
    const value = Buffer.concat([
      Buffer.from(`l: ${bmp.length}\r\nr_ip: 198.51.100.1\r\nt: BMP_RAW\r\nv: 1.7\r\n\r\n`),
      bmp,
    ]);
    assert.deepEqual(decoder.split(value, 0, value.length), [
      { router: '198.51.100.1', collector: '', start: 0, end: value.length, kind: 'bmp' },
    ]);
  });

  void test('messages of the collector, and types that are not raw BMP', () => {
    const text = (type: string): Buffer => Buffer.from(`V: 1.7\nC_HASH_ID: ${hash}\nT: ${type}\nL: 2\nR: 1\n\nx\n`);
    assert.equal(decoder.split(text('collector'), 0, text('collector').length)[0].kind, 'collector');
    assert.equal(codeOf(text('unicast_prefix')), 'openbmp-type');
  });

  void test('what cannot be attributed', () => {
    const value = obmpText(initiation());
    assert.equal(codeOf(value.subarray(0, value.length - 1)), 'openbmp-length');
    assert.equal(codeOf(value.subarray(0, 30)), 'openbmp-truncated');
    assert.equal(codeOf(obmpText(initiation(), { router: 'router1' })), 'openbmp-router');
    assert.equal(codeOf(Buffer.from('V: 2.0\nL: 0\n\n')), 'openbmp-version');
    assert.equal(codeOf(Buffer.from('V: 1.7\nR_IP: 192.0.2.1\n\n')), 'openbmp-length');
    assert.equal(codeOf(Buffer.alloc(10_000, 0x56)), 'openbmp-truncated');
  });
});

void describe('bare BMP', () => {
  const bare = bmpDecoder('bmp');

  void test('the whole value, the router left to the input', () => {
    const { buffer, end, start } = embedded(Buffer.concat([initiation(), termination()]));
    assert.deepEqual(bare.split(buffer, start, end), [{ router: '', collector: '', start, end, kind: 'bmp' }]);
    assert.deepEqual(bare.frames(buffer, start, end), { start, end });
  });

  void test('misframed or empty', () => {
    for (const bytes of [
      Buffer.alloc(0),
      initiation().subarray(0, 8),
      Buffer.concat([initiation(), Buffer.from([3])]),
    ]) {
      assert.throws(() => bare.split(bytes, 0, bytes.length), RecordError);
    }
  });
});

void test('a format that is not there is an error of the configuration', () => {
  assert.throws(() => bmpDecoder('mrt'), ConfigError);
});
