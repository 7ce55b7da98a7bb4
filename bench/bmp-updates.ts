/**
 * BMP Route Monitoring messages of a route set (route-set.ts), as a router would send them: attribute bytes are made once a set, a
 * message is a header, those and some prefixes. Fast enough that a benchmark's time is the decoder's.
 */

import { perPeerHeader, type PeerOptions } from '../test/support/bmp-builder.ts';
import type { RouteSet } from './route-set.ts';

const bmpHeader = 6;
const perPeer = 42;
const bgpHeader = 19;

export interface Updates {
  /** Messages one after another; [starts[i], starts[i + 1]) is one. */
  readonly bytes: Buffer;
  readonly starts: number[];
  routes: number;
}

export class UpdateBuilder {
  private readonly set: RouteSet;
  private readonly header: Buffer;
  /** Attributes but for next hops, of one set after another; [attributeStarts[i], attributeStarts[i + 1]) are set i's. */
  private readonly attributes: Buffer;
  private readonly attributeStarts: Int32Array;
  private readonly nextHop = Buffer.from([10, 255, 0, 0]);
  /** Refilled: what announce and withdraw return is good until the next call. */
  private bytes = Buffer.alloc(0);

  constructor(set: RouteSet, peer: PeerOptions) {
    this.set = set;
    this.header = perPeerHeader(peer);
    const words = set.sets.reduce((sum, held) => sum + held.length, 0);
    this.attributes = Buffer.alloc(set.sets.length * 40 + words * 4);
    this.attributeStarts = new Int32Array(set.sets.length + 1);
    for (const [i, held] of set.sets.entries()) {
      this.attributeStarts[i + 1] = writeAttributes(this.attributes, this.attributeStarts[i], held);
    }
  }

  /** The router stands in each next hop, so that the sets of several routers differ. */
  setRouter(router: number): void {
    this.nextHop.writeUInt16BE(router, 2);
  }

  /** Announcements of these prefixes (indices of the set), up to `perUpdate` of one family and the first one's attributes each. */
  announce(indices: Int32Array, perUpdate: number, shift = 0): Updates {
    const { set } = this;
    const updates = this.empty(indices.length * 480);
    let end = 0;
    for (let from = 0; from < indices.length;) {
      const family = set.families[indices[from]];
      let to = from + 1;
      while (to < indices.length && to - from < perUpdate && set.families[indices[to]] === family) to++;
      const attributes = (set.setOf[indices[from]] + shift) % set.sets.length;
      end = this.write(updates.bytes, end, indices, from, to, family, attributes);
      updates.starts.push(end);
      updates.routes += to - from;
      from = to;
    }
    return updates;
  }

  withdraw(indices: Int32Array): Updates {
    const updates = this.empty(indices.length * 120);
    updates.routes = indices.length;
    let end = 0;
    for (let at = 0; at < indices.length; at++) {
      end = this.write(updates.bytes, end, indices, at, at + 1, this.set.families[indices[at]], -1);
      updates.starts.push(end);
    }
    return updates;
  }

  private empty(size: number): Updates {
    if (this.bytes.length < size) this.bytes = Buffer.alloc(size);
    return { bytes: this.bytes, starts: [0], routes: 0 };
  }

  /** `attributes` -1 is a withdrawal. */
  private write(
    bytes: Buffer,
    start: number,
    indices: Int32Array,
    from: number,
    to: number,
    family: number,
    attributes: number,
  ): number {
    this.header.copy(bytes, start + bmpHeader);
    const pdu = start + bmpHeader + perPeer;
    bytes.fill(0xff, pdu, pdu + 16);
    bytes[pdu + 16] = 0;
    bytes[pdu + 18] = 2;
    let at = pdu + bgpHeader + 2;
    let withdrawn = 0;
    if (family === 4 && attributes < 0) {
      const end = this.prefixes(bytes, at, indices, from, to);
      withdrawn = end - at;
      at = end;
    }
    bytes.writeUInt16BE(withdrawn, pdu + bgpHeader);
    const sizeAt = at;
    at += 2;
    if (attributes >= 0) {
      at += this.attributes.copy(bytes, at, this.attributeStarts[attributes], this.attributeStarts[attributes + 1]);
    }
    if (family === 6) {
      // MP_REACH_NLRI or MP_UNREACH_NLRI, extended length.
      const valueAt = at + 4;
      bytes[at] = 0x90;
      bytes[at + 1] = attributes < 0 ? 15 : 14;
      at = valueAt;
      at = bytes.writeUInt16BE(2, at);
      at = bytes.writeUInt8(1, at);
      if (attributes >= 0) {
        bytes[at++] = 16;
        bytes.fill(0, at, at + 16);
        bytes[at] = 0xfd;
        this.nextHop.copy(bytes, at + 12);
        at += 17;
        bytes[at - 1] = 0;
      }
      at = this.prefixes(bytes, at, indices, from, to);
      bytes.writeUInt16BE(at - valueAt, valueAt - 2);
    } else if (attributes >= 0) {
      bytes[at++] = 0x40;
      bytes[at++] = 3;
      bytes[at++] = 4;
      at += this.nextHop.copy(bytes, at);
    }
    bytes.writeUInt16BE(at - sizeAt - 2, sizeAt);
    if (family === 4 && attributes >= 0) at = this.prefixes(bytes, at, indices, from, to);
    bytes.writeUInt16BE(at - pdu, pdu + 16);
    bytes[start] = 3;
    bytes.writeUInt32BE(at - start, start + 1);
    bytes[start + 5] = 0;
    return at;
  }

  private prefixes(bytes: Buffer, start: number, indices: Int32Array, from: number, to: number): number {
    const { lengths, words } = this.set;
    let at = start;
    for (let i = from; i < to; i++) {
      const index = indices[i];
      const length = lengths[index];
      bytes[at++] = length;
      for (let byte = 0; byte < (length + 7) >>> 3; byte++) {
        bytes[at++] = words[index * 4 + (byte >>> 2)] >>> (24 - 8 * (byte & 3));
      }
    }
    return at;
  }
}

/** ORIGIN, AS_PATH, MED, LOCAL_PREF, COMMUNITIES, LARGE_COMMUNITIES of a set as route-set.ts makes it; where they end. */
function writeAttributes(bytes: Buffer, start: number, words: Int32Array): number {
  let at = start;
  const begin = (flags: number, type: number, size: number): void => {
    bytes[at++] = flags | 0x10;
    bytes[at++] = type;
    at = bytes.writeUInt16BE(size, at);
  };
  const copy = (from: number, count: number): void => {
    for (let i = 0; i < count; i++) at = bytes.writeInt32BE(words[from + i], at);
  };
  let word = 3;
  const localPref = word++;
  const med = (words[0] & 4) === 0 ? -1 : word++;
  word++; // The next hop is the builder's.
  const pathWords = words[1] & 0xffff;
  begin(0x40, 1, 1);
  bytes[at++] = words[0] & 3;
  begin(0x40, 2, 2 + 4 * (pathWords - 1));
  bytes[at++] = 2;
  bytes[at++] = pathWords - 1;
  copy(word + 1, pathWords - 1);
  word += pathWords;
  if (med >= 0) {
    begin(0x80, 4, 4);
    copy(med, 1);
  }
  begin(0x40, 5, 4);
  copy(localPref, 1);
  const communities = words[1] >>> 16;
  if (communities > 0) {
    begin(0xc0, 8, 4 * communities);
    copy(word, communities);
  }
  word += communities;
  const large = words[2] & 0xffff;
  if (large > 0) {
    begin(0xc0, 32, 12 * large);
    copy(word, 3 * large);
  }
  return at;
}
