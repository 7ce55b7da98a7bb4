/**
 * pcapng files (draft-ietf-opsawg-pcapng) → packets. A file is blocks; a section header block begins a section, with a byte order and
 * interfaces of its own; interfaces have a link type and a unit of time each.
 *
 *   block                   type (4) | total length (4) | body, padded to 4 | total length (4)
 *   section header          0x0a0d0d0a; byte-order magic (4) | version (2, 2) | section length (8) | options
 *   interface description   1; link type (2) | reserved (2) | snap length (4) | options
 *   packet (obsolete)       2; interface (2) | drops (2) | time high (4) | time low (4) | captured (4) | original (4) | bytes | options
 *   simple packet           3; original length (4) | bytes
 *   enhanced packet         6; interface (4) | time high (4) | time low (4) | captured (4) | original (4) | bytes | options
 *   option                  code (2) | length (2) | value, padded to 4
 */

import { captureError, type CapturedPacket, type OnCaptureProblem } from './captured-packet.ts';

const blockSectionHeader = 0x0a0d0d0a;
const blockInterface = 1;
const blockPacket = 2;
const blockSimplePacket = 3;
const blockEnhancedPacket = 6;
const byteOrderMagic = 0x1a2b3c4d;
const optionTimeResolution = 9;
const optionTimeOffset = 14;
const minimumBlockSize = 12;

interface CaptureInterface {
  readonly linkType: number;
  readonly snapLength: number;
  /** Units of its timestamps in a millisecond. */
  readonly unitsPerMs: number;
  readonly offsetMs: number;
}

export function isPcapng(file: Buffer): boolean {
  return file.length >= 4 && file.readUInt32BE(0) === blockSectionHeader;
}

export function* readPcapng(file: Buffer, onProblem: OnCaptureProblem = () => {}): Generator<CapturedPacket> {
  const reader = new PcapngReader(file);
  for (let at = 0; at < file.length;) {
    const size = reader.blockSize(at);
    if (size < 0) {
      onProblem(at, `the file ends within a block, ${file.length - at} bytes of it are there`);
      return;
    }
    const packet = reader.readBlock(at, at + size);
    if (packet !== null) yield packet;
    at += size;
  }
}

class PcapngReader {
  private readonly file: Buffer;
  private isLittleEndian = true;
  private interfaces: CaptureInterface[] = [];
  /** Simple packets have no time: they get that of the packet before. */
  private lastMs = 0;

  constructor(file: Buffer) {
    this.file = file;
  }

  /** Total length of the block at `at`; -1 when the file ends before it does. */
  blockSize(at: number): number {
    const { file } = this;
    if (at + minimumBlockSize > file.length) return -1;
    if (file.readUInt32BE(at) === blockSectionHeader) this.beginSection(at);
    const size = this.word(at + 4);
    if (size < minimumBlockSize || size % 4 !== 0) {
      throw captureError('block length', at + 4, `${size} is not the length of a block`);
    }
    return at + size > file.length ? -1 : size;
  }

  readBlock(at: number, end: number): CapturedPacket | null {
    const body = at + 8;
    const bodyEnd = end - 4;
    switch (this.word(at)) {
      case blockInterface:
        this.need(body, bodyEnd, 8);
        this.interfaces.push(this.readInterface(body, bodyEnd));
        return null;
      case blockEnhancedPacket:
        this.need(body, bodyEnd, 20);
        return this.readPacket(this.word(body), body, bodyEnd);
      case blockPacket:
        this.need(body, bodyEnd, 20);
        return this.readPacket(this.half(body), body, bodyEnd);
      case blockSimplePacket: {
        this.need(body, bodyEnd, 4);
        const { linkType, snapLength } = this.interfaceAt(0, body);
        const original = this.word(body);
        const limit = snapLength === 0 ? original : Math.min(original, snapLength);
        const start = body + 4;
        const packetEnd = Math.min(bodyEnd, start + limit);
        return { timestampMs: this.lastMs, linkType, start, end: packetEnd, cutBytes: original - (packetEnd - start) };
      }
      default:
        return null;
    }
  }

  private beginSection(at: number): void {
    const { file } = this;
    this.isLittleEndian = file.readUInt32LE(at + 8) === byteOrderMagic;
    if (!this.isLittleEndian && file.readUInt32BE(at + 8) !== byteOrderMagic) {
      throw captureError('byte-order magic', at + 8, 'not a section of pcapng');
    }
    this.interfaces = [];
  }

  private readInterface(at: number, end: number): CaptureInterface {
    let unitsPerMs = 1e3;
    let offsetMs = 0;
    for (let option = at + 8; option + 4 <= end;) {
      const code = this.half(option);
      const size = this.half(option + 2);
      const value = option + 4;
      if (code === 0 || value + size > end) break;
      if (code === optionTimeResolution && size === 1) {
        // The highest bit chooses between negative powers of 2 and of 10.
        const resolution = this.file[value];
        unitsPerMs = (resolution & 0x80) === 0 ? 10 ** resolution / 1000 : 2 ** (resolution & 0x7f) / 1000;
      } else if (code === optionTimeOffset && size === 8) {
        const seconds = this.isLittleEndian ? this.file.readBigInt64LE(value) : this.file.readBigInt64BE(value);
        offsetMs = Number(seconds) * 1000;
      }
      option = value + Math.ceil(size / 4) * 4;
    }
    return { linkType: this.half(at), snapLength: this.word(at + 4), unitsPerMs, offsetMs };
  }

  private readPacket(interfaceIndex: number, at: number, end: number): CapturedPacket {
    const { linkType, offsetMs, unitsPerMs } = this.interfaceAt(interfaceIndex, at);
    const captured = this.word(at + 12);
    const start = at + 20;
    if (start + captured > end) throw captureError('captured length', at + 12, `${captured} is more than the block`);
    const timestampMs = (this.word(at + 4) * 2 ** 32 + this.word(at + 8)) / unitsPerMs + offsetMs;
    this.lastMs = timestampMs;
    const cutBytes = Math.max(0, this.word(at + 16) - captured);
    return { timestampMs, linkType, start, end: start + captured, cutBytes };
  }

  private interfaceAt(index: number, at: number): CaptureInterface {
    const known = this.interfaces.at(index);
    if (known === undefined) throw captureError('interface', at, `${index} was not described before`);
    return known;
  }

  private need(at: number, end: number, size: number): void {
    if (at + size > end)
      throw captureError('block length', at - 4, `too short for a block of type ${this.word(at - 8)}`);
  }

  private word(at: number): number {
    return this.isLittleEndian ? this.file.readUInt32LE(at) : this.file.readUInt32BE(at);
  }

  private half(at: number): number {
    return this.isLittleEndian ? this.file.readUInt16LE(at) : this.file.readUInt16BE(at);
  }
}
