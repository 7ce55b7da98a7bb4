/** Packet captures with TCP segments, byte by byte: classic pcap and pcapng. Shares no code with what reads them but the address parser. */

import { addressBytes } from './bmp-builder.ts';

export interface PacketOptions {
  sequence: number;
  data?: string | Buffer;
  /** 1 FIN, 2 SYN, 4 RST. */
  flags?: number;
  source?: string;
  /** From 192.0.2.255 to the source, ports exchanged. */
  isAnswer?: boolean;
  /** Next byte expected of the other side; sets ACK. */
  acknowledgment?: number;
  protocol?: number;
  /** IPv6 extension headers, hex. */
  extensions?: string;
  fragment?: number;
}

function ipPacket({
  data = '',
  extensions = '',
  flags = 0,
  fragment = 0,
  acknowledgment,
  isAnswer = false,
  protocol = 6,
  sequence,
  source = '192.0.2.1',
}: PacketOptions): Buffer {
  const tcp = Buffer.alloc(24);
  tcp.writeUInt16BE(isAnswer ? 5000 : 40000, 0);
  tcp.writeUInt16BE(isAnswer ? 40000 : 5000, 2);
  tcp.writeUInt32BE((acknowledgment ?? 0) >>> 0, 8);
  tcp.writeUInt32BE(sequence >>> 0, 4);
  tcp[12] = 6 << 4;
  tcp[13] = flags | (acknowledgment === undefined ? 0 : 16);
  const payload = Buffer.concat([tcp, Buffer.from(data)]);
  const from = addressBytes(source);
  if (from.length === 16) {
    const header = Buffer.alloc(8);
    header[0] = 0x60;
    const more = Buffer.from(extensions, 'hex');
    header.writeUInt16BE(more.length + payload.length, 4);
    header[6] = protocol;
    return Buffer.concat([header, from, addressBytes('2001:db8::ff'), more, payload]);
  }
  const header = Buffer.alloc(12);
  header[0] = 0x45;
  header.writeUInt16BE(20 + payload.length, 2);
  header.writeUInt16BE(fragment, 6);
  header[9] = protocol;
  const to = addressBytes('192.0.2.255');
  return Buffer.concat([header, ...(isAnswer ? [to, from] : [from, to]), payload]);
}

const linkHeaders: Record<number, string> = {
  1: `${'00'.repeat(12)}0800`,
  0: '02000000',
  12: '',
  14: '',
  101: '',
  228: '',
  108: '00000002',
  113: `${'00'.repeat(14)}0800`,
  276: `0800${'00'.repeat(18)}`,
};

export interface CaptureOptions {
  isLittleEndian?: boolean;
  isNanoseconds?: boolean;
  link?: number;
  linkHeader?: string;
}

export function capture(packets: readonly PacketOptions[], options: CaptureOptions = {}): Buffer {
  const { isLittleEndian = true, isNanoseconds = false, link = 101 } = options;
  const linkHeader = options.linkHeader ?? linkHeaders[link];
  const words = wordsIn(isLittleEndian);
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

function wordsIn(isLittleEndian: boolean): (...values: number[]) => Buffer {
  return (...values) => {
    const out = Buffer.alloc(values.length * 4);
    values.forEach((v, i) => (isLittleEndian ? out.writeUInt32LE(v, i * 4) : out.writeUInt32BE(v, i * 4)));
    return out;
  };
}

export interface PcapngInterface {
  link?: number;
  snapLength?: number;
  /** Option 9. */
  resolution?: number;
  /** Option 14, seconds. */
  timeOffset?: number;
}

/** Blocks of pcapng (draft-ietf-opsawg-pcapng) in one byte order. */
export class PcapngBuilder {
  private readonly isLittleEndian: boolean;
  private readonly words: (...values: number[]) => Buffer;

  constructor(isLittleEndian = true) {
    this.isLittleEndian = isLittleEndian;
    this.words = wordsIn(isLittleEndian);
  }

  section(): Buffer {
    return this.block(0x0a0d0d0a, this.words(0x1a2b3c4d), this.halves(1, 0), this.words(0xffffffff, 0xffffffff));
  }

  interface({ link = 101, resolution, snapLength = 0, timeOffset }: PcapngInterface = {}): Buffer {
    const options: Buffer[] = [];
    if (resolution !== undefined) options.push(this.option(9, Buffer.from([resolution])));
    if (timeOffset !== undefined) {
      const seconds = Buffer.alloc(8);
      if (this.isLittleEndian) seconds.writeBigInt64LE(BigInt(timeOffset));
      else seconds.writeBigInt64BE(BigInt(timeOffset));
      options.push(this.option(14, seconds));
    }
    if (options.length > 0) options.push(this.option(0, Buffer.alloc(0)));
    return this.block(1, this.halves(link, 0), this.words(snapLength), ...options);
  }

  /** `time` in the interface's units. */
  enhanced(packet: PacketOptions, time: number, index = 0, cutBytes = 0): Buffer {
    const bytes = ipPacket(packet);
    const captured = bytes.subarray(0, bytes.length - cutBytes);
    const head = this.words(index, Math.floor(time / 2 ** 32), time % 2 ** 32, captured.length, bytes.length);
    return this.block(6, head, captured);
  }

  simple(packet: PacketOptions, captured = Infinity): Buffer {
    const bytes = ipPacket(packet);
    return this.block(3, this.words(bytes.length), bytes.subarray(0, captured));
  }

  obsolete(packet: PacketOptions, time: number, index = 0): Buffer {
    const bytes = ipPacket(packet);
    const head = this.words(Math.floor(time / 2 ** 32), time % 2 ** 32, bytes.length, bytes.length);
    return this.block(2, this.halves(index, 0), head, bytes);
  }

  block(type: number, ...parts: Buffer[]): Buffer {
    const body = Buffer.concat(parts);
    const padding = Buffer.alloc((4 - (body.length % 4)) % 4);
    const size = 12 + body.length + padding.length;
    return Buffer.concat([this.words(type, size), body, padding, this.words(size)]);
  }

  private option(code: number, value: Buffer): Buffer {
    return Buffer.concat([this.halves(code, value.length), value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
  }

  private halves(...values: number[]): Buffer {
    const out = Buffer.alloc(values.length * 2);
    values.forEach((v, i) => (this.isLittleEndian ? out.writeUInt16LE(v, i * 2) : out.writeUInt16BE(v, i * 2)));
    return out;
  }
}
