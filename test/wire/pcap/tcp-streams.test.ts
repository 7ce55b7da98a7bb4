import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RecordError } from '../../../src/base/errors.ts';
import { readTcpStreams } from '../../../src/wire/pcap/tcp-streams.ts';
import { addressBytes } from '../../support/bmp-builder.ts';

interface PacketOptions {
  sequence: number;
  data?: string;
  /** 1 FIN, 2 SYN, 4 RST. */
  flags?: number;
  source?: string;
  protocol?: number;
  fragment?: number;
}

function ipPacket({
  data = '',
  flags = 0,
  fragment = 0,
  protocol = 6,
  sequence,
  source = '192.0.2.1',
}: PacketOptions): Buffer {
  const tcp = Buffer.alloc(24);
  tcp.writeUInt16BE(40000, 0);
  tcp.writeUInt16BE(5000, 2);
  tcp.writeUInt32BE(sequence >>> 0, 4);
  tcp[12] = 6 << 4;
  tcp[13] = flags;
  const payload = Buffer.concat([tcp, Buffer.from(data)]);
  const from = addressBytes(source);
  if (from.length === 16) {
    const header = Buffer.alloc(8);
    header[0] = 0x60;
    header.writeUInt16BE(payload.length, 4);
    header[6] = protocol;
    return Buffer.concat([header, from, addressBytes('2001:db8::ff'), payload]);
  }
  const header = Buffer.alloc(12);
  header[0] = 0x45;
  header.writeUInt16BE(20 + payload.length, 2);
  header.writeUInt16BE(fragment, 6);
  header[9] = protocol;
  return Buffer.concat([header, from, addressBytes('192.0.2.255'), payload]);
}

const linkHeaders: Record<number, string> = {
  1: `${'00'.repeat(12)}0800`,
  0: '02000000',
  101: '',
  113: `${'00'.repeat(14)}0800`,
  276: `0800${'00'.repeat(18)}`,
};

interface CaptureOptions {
  isLittleEndian?: boolean;
  isNanoseconds?: boolean;
  link?: number;
  linkHeader?: string;
}

function capture(packets: readonly PacketOptions[], options: CaptureOptions = {}): Buffer {
  const { isLittleEndian = true, isNanoseconds = false, link = 101 } = options;
  const linkHeader = options.linkHeader ?? linkHeaders[link];
  const words = (...values: number[]): Buffer => {
    const out = Buffer.alloc(values.length * 4);
    values.forEach((v, i) => (isLittleEndian ? out.writeUInt32LE(v, i * 4) : out.writeUInt32BE(v, i * 4)));
    return out;
  };
  const parts = [words(isNanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, 0, 0, 0, 65535, link)];
  packets.forEach((packetOptions, i) => {
    // Ethernet pads short frames: the trailing bytes are none of TCP's.
    const packet = Buffer.concat([
      Buffer.from(linkHeader, 'hex'),
      ipPacket(packetOptions),
      Buffer.alloc(link === 1 ? 6 : 0),
    ]);
    parts.push(words(1_700_000_000 + i, isNanoseconds ? 5e8 : 5e5, packet.length, packet.length), packet);
  });
  return Buffer.concat(parts);
}

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
    for (const link of [0, 1, 101, 113, 276])
      assert.equal(textOf(capture([{ sequence: 1, data: 'ab' }], { link })), 'ab');
    const linkHeader = `${'00'.repeat(12)}88a800018100000a0800`;
    assert.equal(textOf(capture([{ sequence: 1, data: 'ab' }], { link: 1, linkHeader })), 'ab');
  });

  void test('IPv6', () => {
    const [data] = readTcpStreams(capture([{ sequence: 1, data: 'ab', source: '2001:db8::1' }]));
    assert.deepEqual([data.direction.source, data.direction.destination], ['2001:db8::1', '2001:db8::ff']);
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
    for (const file of [Buffer.alloc(3), Buffer.from('0a0d0d0a'.repeat(8), 'hex')]) {
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

  void test('nothing is given after a gap', () => {
    assert.equal(
      textOf(
        capture([
          { sequence: 1, data: 'ab' },
          { sequence: 4, data: 'x' },
        ]),
      ),
      'ab',
    );
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
