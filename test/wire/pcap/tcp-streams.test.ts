import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RecordError } from '../../../src/base/errors.ts';
import { readTcpStreams, type TcpGap } from '../../../src/wire/pcap/tcp-streams.ts';
import { capture, type PacketOptions } from '../../support/capture-builder.ts';

/** Text of all directions together, "." for an end. */
const textOf = (file: Buffer): string => [...readTcpStreams(file)].map((d) => d.bytes.toString() || '.').join('');

void describe('classic pcap', () => {
  void test('both byte orders, micro- and nanoseconds', () => {
    for (const isLittleEndian of [true, false]) {
      for (const isNanoseconds of [true, false]) {
        const [data] = readTcpStreams(capture([{ sequence: 1, data: 'ab' }], { isLittleEndian, isNanoseconds }));
        assert.equal(data.timestampMs, 1_700_000_000_500);
        assert.equal(data.bytes.toString(), 'ab');
        const { destination, destinationPort, source, sourcePort } = data.direction;
        assert.deepEqual([source, sourcePort, destination, destinationPort], ['192.0.2.1', 40000, '192.0.2.255', 5000]);
      }
    }
  });

  void test('link layers, VLAN tags, padding', () => {
    for (const link of [0, 1, 12, 14, 101, 108, 113, 228, 276])
      assert.equal(textOf(capture([{ sequence: 1, data: 'ab' }], { link })), 'ab');
    const linkHeader = `${'00'.repeat(12)}88a800018100000a0800`;
    assert.equal(textOf(capture([{ sequence: 1, data: 'ab' }], { link: 1, linkHeader })), 'ab');
  });

  void test('IPv6', () => {
    const [data] = readTcpStreams(capture([{ sequence: 1, data: 'ab', source: '2001:db8::1' }]));
    assert.deepEqual([data.direction.source, data.direction.destination], ['2001:db8::1', '2001:db8::ff']);
  });

  void test('IPv6 extension headers before TCP; a fragment header is a fragment', () => {
    // Hop-by-hop options of 8 bytes, then destination options of 16.
    const extensions = `3c00000000000000${'0601'.padEnd(32, '0')}`;
    const packet = { sequence: 1, data: 'ab', source: '2001:db8::1', protocol: 0, extensions };
    assert.equal(textOf(capture([packet])), 'ab');
    assert.equal(textOf(capture([{ ...packet, protocol: 44 }])), '');
    assert.equal(textOf(capture([{ ...packet, extensions: '3cff000000000000' }])), '');
  });

  void test('fragments and other protocols are passed over, a cut-off last packet too', () => {
    const packets = [
      { sequence: 1, data: 'ab' },
      { sequence: 3, data: 'x', protocol: 17 },
      { sequence: 3, data: 'x', fragment: 0x2000 },
    ];
    assert.equal(textOf(capture(packets)), 'ab');
    const file = capture([
      { sequence: 1, data: 'ab' },
      { sequence: 3, data: 'cd' },
    ]);
    assert.equal(textOf(file.subarray(0, file.length - 1)), 'ab');
    assert.equal(textOf(file.subarray(0, 24 + 16 + 46 + 9)), 'ab');
  });

  void test('another format is refused', () => {
    for (const file of [Buffer.alloc(3), Buffer.from('4f424d50'.repeat(8), 'hex')]) {
      assert.throws(
        () => textOf(file),
        (error) => error instanceof RecordError && error.code === 'pcap-header',
      );
    }
  });
});

void describe('RFC 9293: order of bytes', () => {
  void test('early, repeated and overlapping segments', () => {
    const packets = [
      { sequence: 99, flags: 2 },
      { sequence: 104, data: 'ef' },
      { sequence: 100, data: 'ab' },
      { sequence: 100, data: 'ab' },
      { sequence: 101, data: 'bcd' },
      { sequence: 102, data: 'cdefgh' },
      { sequence: 108, data: '', flags: 1 },
    ];
    assert.equal(textOf(capture(packets)), 'abcdefgh.');
  });

  void test('sequence numbers wrap', () => {
    const packets = [
      { sequence: 0xfffffffd, flags: 2 },
      { sequence: 0, data: 'cd' },
      { sequence: 0xfffffffe, data: 'ab' },
    ];
    assert.equal(textOf(capture(packets)), 'abcd');
  });

  void test('nothing is given after a gap, which is told', () => {
    const gaps: TcpGap[] = [];
    const file = capture([
      { sequence: 1, data: 'ab' },
      { sequence: 4, data: 'x' },
      { sequence: 5, data: 'yz' },
    ]);
    const data = [...readTcpStreams(file, (gap) => gaps.push(gap))];
    assert.equal(data.map(({ bytes }) => bytes.toString()).join(''), 'ab');
    assert.deepEqual(
      gaps.map(({ given, notGiven }) => [given, notGiven]),
      [[2, 3]],
    );
    assert.equal(gaps[0].direction, data[0].direction);
    assert.equal(gaps[0].direction.isFromStart, false);
  });

  void test('bytes that the receiver acknowledged and the capture lacks are passed over', () => {
    const first = { sequence: 0xfffffff0, data: 'ab' };
    const third = { sequence: 0xfffffff5, data: 'fg' };
    const answer = (acknowledgment: number): PacketOptions => ({ sequence: 1, isAnswer: true, acknowledgment });
    const given = (...packets: PacketOptions[]): unknown[] => {
      let gaps = 0;
      const data = [...readTcpStreams(capture(packets), () => gaps++)];
      return [...data.map(({ bytes, missing }) => `${missing}:${bytes.toString()}`), gaps];
    };
    const late = { sequence: 0xfffffff2, data: 'cde' };
    assert.deepEqual(given(first, third, answer(0xfffffff7)), ['0:ab', '3:fg', 0]);
    // What comes later than its acknowledgment is lost; an answer that does not reach the gap's end says nothing.
    assert.deepEqual(given(first, third, answer(0xfffffff7), late), ['0:ab', '3:fg', 0]);
    assert.deepEqual(given(first, third, answer(0xfffffff4)), ['0:ab', 1]);
    assert.deepEqual(given(first, third, answer(0xfffffff2), late), ['0:ab', '0:cde', '0:fg', 0]);
    // Over the end of the circle, and from one gap to the next.
    const far = [third, { sequence: 4, data: 'x' }, { sequence: 9, data: 'y' }];
    assert.deepEqual(given(first, ...far, answer(5)), ['0:ab', '3:fg', '13:x', 1]);
    assert.deepEqual(given(first, ...far, answer(5), answer(10)), ['0:ab', '3:fg', '13:x', '4:y', 0]);
  });

  void test('a gap is told when its connection ends or another takes its place', () => {
    for (const last of [
      { sequence: 9, flags: 4 },
      { sequence: 99, flags: 2 },
    ]) {
      let told = 0;
      const packets = [{ sequence: 0, flags: 2 }, { sequence: 2, data: 'x' }, last];
      const data = [...readTcpStreams(capture(packets), () => told++)];
      assert.equal(told, 1);
      assert.ok(data.every(({ direction }) => direction.isFromStart));
    }
  });

  void test('the end comes after the last byte, at once on reset', () => {
    assert.equal(
      textOf(
        capture([
          { sequence: 1, data: 'ab' },
          { sequence: 5, data: 'e', flags: 1 },
          { sequence: 3, data: 'cd' },
        ]),
      ),
      'abcde.',
    );
    assert.equal(
      textOf(
        capture([
          { sequence: 1, data: 'ab' },
          { sequence: 3, flags: 4 },
          { sequence: 3, data: 'x' },
        ]),
      ),
      'ab.',
    );
  });

  void test('a new SYN on the same ports is a new connection', () => {
    const packets = [
      { sequence: 99, flags: 2 },
      { sequence: 100, data: 'ab' },
      { sequence: 7, flags: 2 },
      { sequence: 8, data: 'cd' },
    ];
    const data = [...readTcpStreams(capture(packets))];
    assert.equal(data.map((d) => d.bytes.toString()).join(' '), 'ab cd');
    assert.notEqual(data[0].direction, data[1].direction);
  });

  void test('the same SYN again is not', () => {
    const packets = [
      { sequence: 99, flags: 2 },
      { sequence: 100, data: 'ab' },
      { sequence: 99, flags: 2 },
      { sequence: 100, data: 'ab' },
      { sequence: 102, data: 'cd' },
    ];
    assert.equal(textOf(capture(packets)), 'abcd');
  });

  void test('directions are kept apart', () => {
    const packets = [
      { sequence: 1, data: 'ab' },
      { sequence: 1, data: 'xy', source: '192.0.2.2' },
      { sequence: 3, data: 'cd' },
    ];
    const data = [...readTcpStreams(capture(packets))];
    assert.equal(data[0].direction, data[2].direction);
    assert.deepEqual(
      data.map((d) => d.direction.source),
      ['192.0.2.1', '192.0.2.2', '192.0.2.1'],
    );
  });
});
