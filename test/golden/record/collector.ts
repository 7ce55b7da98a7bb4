/**
 * Takes BMP sessions and writes what they say, one capture file for each sender: `node collector.ts PORT ADDRESS=FILE…`. The captures are
 * made here, from what the sockets gave, and not by a sniffer: a sniffer may miss a segment, and then the rest of the recording is lost.
 * So they have one direction, and segments as the socket gave them. Run in the collector's namespace by record.ts.
 *
 *   file    magic (4) | version (2, 2) | reserved (4, 4) | snap length (4) | link type (4) = 101, raw IP
 *   packet  seconds (4) | microseconds (4) | captured length (4) | original length (4) | IPv4 header (20) | TCP header (20) | bytes
 */

import { appendFileSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';

const flagFin = 1;
const flagSyn = 2;
const flagPush = 8;
const flagAck = 16;
const headersSize = 40;
const largestSegment = 32_768;

class Recorder {
  private readonly file: string;
  private readonly source: Buffer;
  private readonly destination: Buffer;
  private readonly ports: readonly [number, number];
  private sequence = 0;

  constructor(file: string, socket: Socket) {
    this.file = file;
    this.source = addressBytes(socket.remoteAddress);
    this.destination = addressBytes(socket.localAddress);
    this.ports = [socket.remotePort ?? 0, socket.localPort ?? 0];
    this.write(flagSyn, Buffer.alloc(0));
    this.sequence++;
  }

  data(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += largestSegment) {
      const segment = bytes.subarray(at, at + largestSegment);
      this.write(flagPush | flagAck, segment);
      this.sequence = (this.sequence + segment.length) >>> 0;
    }
  }

  end(): void {
    this.write(flagFin | flagAck, Buffer.alloc(0));
  }

  private write(flags: number, payload: Buffer): void {
    const nowUs = Math.round((performance.timeOrigin + performance.now()) * 1000);
    const size = headersSize + payload.length;
    const record = Buffer.alloc(16);
    record.writeUInt32LE(Math.floor(nowUs / 1_000_000), 0);
    record.writeUInt32LE(nowUs % 1_000_000, 4);
    record.writeUInt32LE(size, 8);
    record.writeUInt32LE(size, 12);
    const ip = Buffer.alloc(20);
    ip[0] = 0x45;
    ip.writeUInt16BE(size, 2);
    ip[8] = 64;
    ip[9] = 6;
    this.source.copy(ip, 12);
    this.destination.copy(ip, 16);
    const tcp = Buffer.alloc(20);
    tcp.writeUInt16BE(this.ports[0], 0);
    tcp.writeUInt16BE(this.ports[1], 2);
    tcp.writeUInt32BE(this.sequence, 4);
    tcp[12] = 5 << 4;
    tcp[13] = flags;
    tcp.writeUInt16BE(0xffff, 14);
    appendFileSync(this.file, Buffer.concat([record, ip, tcp, payload]));
  }
}

function addressBytes(text = '0.0.0.0'): Buffer {
  return Buffer.from(text.replace('::ffff:', '').split('.').map(Number));
}

const [port, ...senders] = process.argv.slice(2);
const files = new Map(senders.map((item) => item.split('=') as [string, string]));
for (const file of files.values()) {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(101, 20);
  writeFileSync(file, header);
}
createServer((socket) => {
  const file = files.get((socket.remoteAddress ?? '').replace('::ffff:', ''));
  if (file === undefined) {
    socket.destroy();
    return;
  }
  const recorder = new Recorder(file, socket);
  socket.on('error', () => {});
  socket.on('data', (bytes) => recorder.data(bytes));
  socket.on('close', () => recorder.end());
}).listen(Number(port), '0.0.0.0');
