/** pcapng (draft-ietf-opsawg-pcapng): blocks, interfaces, units of time, byte orders, and what is missing from a file. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordError } from '../../../src/base/errors.ts';
import { readCapture } from '../../../src/wire/pcap/capture.ts';
import { readTcpStreams } from '../../../src/wire/pcap/tcp-streams.ts';
import { capture, PcapngBuilder } from '../../support/capture-builder.ts';

const textOf = (file: Buffer): string => [...readTcpStreams(file)].map((d) => d.bytes.toString()).join('');
const timesOf = (file: Buffer): number[] => [...readCapture(file)].map(({ timestampMs }) => timestampMs);

/** A time that fits into a double to the microsecond. */
const timeMs = 1_700_000_000_500;

test('sections in either byte order, each with its own interfaces', () => {
  const little = new PcapngBuilder(true);
  const big = new PcapngBuilder(false);
  const file = Buffer.concat([
    little.section(),
    little.interface(),
    little.enhanced({ sequence: 1, data: 'ab' }, timeMs * 1000),
    big.section(),
    big.interface({ resolution: 9 }),
    big.enhanced({ sequence: 3, data: 'cd' }, timeMs * 1e6),
  ]);
  assert.equal(textOf(file), 'abcd');
  assert.deepEqual(timesOf(file), [timeMs, timeMs]);
});

test('if_tsresol: powers of 10 and of 2; if_tsoffset', () => {
  const builder = new PcapngBuilder();
  const file = Buffer.concat([
    builder.section(),
    builder.interface({ resolution: 3 }),
    builder.interface({ resolution: 0x80 | 10 }),
    builder.interface({ resolution: 3, timeOffset: 1_700_000_000 }),
    builder.enhanced({ sequence: 1 }, timeMs, 0),
    builder.enhanced({ sequence: 1 }, (timeMs / 1000) * 1024, 1),
    builder.enhanced({ sequence: 1 }, 500, 2),
  ]);
  assert.deepEqual(timesOf(file), [timeMs, timeMs, timeMs]);
});

test('simple and obsolete packet blocks; blocks of other types are passed over', () => {
  const builder = new PcapngBuilder();
  const file = Buffer.concat([
    builder.section(),
    builder.block(0x0bad, Buffer.from('abc')),
    builder.interface({ snapLength: 46 }),
    builder.obsolete({ sequence: 1, data: 'ab' }, timeMs * 1000),
    builder.simple({ sequence: 3, data: 'cd' }),
    builder.simple({ sequence: 5, data: 'efgh' }, 46),
  ]);
  assert.equal(textOf(file), 'abcdef');
  assert.deepEqual(timesOf(file), [timeMs, timeMs, timeMs]);
  assert.deepEqual(
    [...readCapture(file)].map(({ cutBytes }) => cutBytes),
    [0, 0, 2],
  );
});

test('bytes that the snap length cut off are counted, in classic pcap too', () => {
  const builder = new PcapngBuilder();
  const packet = builder.enhanced({ sequence: 1, data: 'abcd' }, 1, 0, 3);
  const file = Buffer.concat([builder.section(), builder.interface(), packet]);
  assert.deepEqual(
    [...readCapture(file)].map(({ cutBytes }) => cutBytes),
    [3],
  );
  assert.equal(textOf(file), 'a');
  const cuts: number[] = [];
  const next = builder.enhanced({ sequence: 5, data: 'ef' }, 2);
  assert.equal([...readTcpStreams(Buffer.concat([file, next]), (gap) => cuts.push(gap.cutPackets))].length, 1);
  assert.deepEqual(cuts, [1]);
  const classic = capture([{ sequence: 1, data: 'abcd' }]);
  classic.writeUInt32LE(classic.readUInt32LE(24 + 12) + 7, 24 + 12);
  assert.deepEqual(
    [...readCapture(classic)].map(({ cutBytes }) => cutBytes),
    [7],
  );
});

test('a file that ends within a block is told, what came before is good', () => {
  const builder = new PcapngBuilder();
  const whole = Buffer.concat([
    builder.section(),
    builder.interface(),
    builder.enhanced({ sequence: 1, data: 'ab' }, 1),
    builder.enhanced({ sequence: 3, data: 'cd' }, 2),
  ]);
  const last = whole.length - builder.enhanced({ sequence: 3, data: 'cd' }, 2).length;
  for (const missing of [1, 20, whole.length - last - 1]) {
    const problems: number[] = [];
    const file = whole.subarray(0, whole.length - missing);
    const packets = [...readCapture(file, (offset) => problems.push(offset))];
    assert.equal(packets.length, 1);
    assert.deepEqual(problems, [last]);
  }
  const problems: number[] = [];
  const classic = capture([{ sequence: 1, data: 'ab' }]);
  assert.deepEqual([...readCapture(classic.subarray(0, classic.length - 1), (offset) => problems.push(offset))], []);
  assert.deepEqual(problems, [24]);
});

test('blocks that contradict themselves are refused with their place', () => {
  const builder = new PcapngBuilder();
  const head = Buffer.concat([builder.section(), builder.interface()]);
  const badMagic = builder.section();
  badMagic[8] = 0;
  const badSize = builder.enhanced({ sequence: 1 }, 1);
  badSize.writeUInt32LE(13, 4);
  const badCaptured = builder.enhanced({ sequence: 1 }, 1);
  badCaptured.writeUInt32LE(4096, 20);
  const cases: [Buffer, string, number][] = [
    [badMagic, 'byte-order magic', 8],
    [Buffer.concat([head, badSize]), 'block length', head.length + 4],
    [Buffer.concat([head, badCaptured]), 'captured length', head.length + 20],
    [Buffer.concat([builder.section(), builder.enhanced({ sequence: 1 }, 1)]), 'interface', 36],
    [Buffer.concat([head, builder.block(6, Buffer.alloc(8))]), 'block length', head.length + 4],
  ];
  for (const [file, field, offset] of cases) {
    assert.throws(
      () => [...readCapture(file)],
      (error) => {
        assert.ok(error instanceof RecordError);
        assert.deepEqual([error.code, error.detail.field, error.detail.offset], ['pcap-header', field, offset]);
        return true;
      },
    );
  }
});
