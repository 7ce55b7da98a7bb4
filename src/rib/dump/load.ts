/**
 * A shard from the bytes of a dump (format.ts), in slices of any size. What is damaged, cut short, of another shard or of a newer version
 * is refused with the item and the byte; the shard comes out only when all of it was there.
 */

import { crc32 } from 'node:zlib';
import { ByteWriter } from '../../base/byte-writer.ts';
import { errorText, RecordError } from '../../base/errors.ts';
import { AttributeStore } from '../attribute-store.ts';
import type { RibShard } from '../shard.ts';
import * as format from './format.ts';
import { HeldReader } from './held-section.ts';
import { dumpError, ItemReader } from './item-reader.ts';
import { readOrder } from './peer-section.ts';
import { RouteReader, SetIds } from './route-reader.ts';
import { compactTable } from './route-section.ts';
import { SessionReader } from './session-section.ts';
import {
  PositionsReader,
  readCounters,
  readDistinguisher,
  readDistinguisherWords,
  readHeader,
} from './shard-section.ts';
import type { ShardLoader } from './types.ts';

const { checksumBytes, itemHeadBytes } = format;
/** A header is short: what says otherwise is no dump. */
const mostHeaderBytes = 1024;

export function loadShard(create: () => RibShard): ShardLoader {
  return new Loader(create);
}

/** What is being made, and who reads which part of it. */
class Parts {
  readonly shard: RibShard;
  readonly positions: PositionsReader;
  readonly sessions: SessionReader;
  readonly held: HeldReader;
  private readonly sets = new SetIds();
  private global: RouteReader | null = null;
  private vpn: RouteReader | null = null;

  constructor(shard: RibShard) {
    this.shard = shard;
    this.positions = new PositionsReader(shard);
    this.sessions = new SessionReader(shard);
    this.held = new HeldReader(shard);
  }

  /** All sources are known by the first block. */
  routesOf(isVpn: boolean): RouteReader {
    const known = isVpn ? this.vpn : this.global;
    if (known !== null) return known;
    const { attributes, global, vpn } = this.shard;
    if (!(attributes instanceof AttributeStore)) throw new TypeError('only the compact attribute store can be loaded');
    const table = compactTable((isVpn ? vpn : global).routes);
    const sources = isVpn ? this.sessions.vpnSources : this.sessions.globalSources;
    const reader = new RouteReader(table, attributes, this.sets, sources);
    if (isVpn) this.vpn = reader;
    else this.global = reader;
    return reader;
  }
}

class Loader implements ShardLoader {
  private readonly create: () => RibShard;
  private readonly reader = new ItemReader();
  /** The beginning of an item whose end is still to come. */
  private readonly pending = new ByteWriter(1024);
  private parts: Parts | null = null;
  /** Bytes of the items so far, and how many items. */
  private offset = 0;
  private items = 0;
  private checksum = 0;
  private kind = 0;
  private isComplete = false;
  private failure: RecordError | null = null;

  constructor(create: () => RibShard) {
    this.create = create;
  }

  read(bytes: Buffer): void {
    if (this.failure !== null) throw this.failure;
    try {
      this.take(bytes);
    } catch (error) {
      this.parts = null;
      const isOurs = error instanceof RecordError && error.code.startsWith('snapshot-');
      this.failure = isOurs ? error : this.reader.error(errorText(error));
      throw this.failure;
    }
  }

  finish(): RibShard {
    if (this.failure !== null) throw this.failure;
    const { parts } = this;
    if (parts === null || !this.isComplete) {
      throw dumpError('end', this.offset + this.pending.length, 'the dump ends before its end');
    }
    this.parts = null;
    this.isComplete = false;
    return parts.shard;
  }

  private take(bytes: Buffer): void {
    const { pending } = this;
    let at = 0;
    while (at < bytes.length) {
      if (this.isComplete) throw dumpError('end', this.offset, 'there are bytes behind the end');
      if (pending.length === 0) {
        const size = bytes.length - at < itemHeadBytes ? Infinity : this.sizeOf(bytes, at);
        if (size <= bytes.length - at) {
          this.readItem(bytes, at, size);
          at += size;
          continue;
        }
      }
      const needed = pending.length < itemHeadBytes ? itemHeadBytes : this.sizeOf(pending.bytes, 0);
      const end = Math.min(bytes.length, at + needed - pending.length);
      pending.writeBytes(bytes, at, end);
      at = end;
      if (pending.length < itemHeadBytes || pending.length < this.sizeOf(pending.bytes, 0)) continue;
      const { length } = pending;
      this.readItem(pending.bytes, 0, length);
      pending.reset();
    }
  }

  /** Of the whole item that begins there. */
  private sizeOf(bytes: Buffer, at: number): number {
    const kind = bytes[at];
    const length = bytes.readUInt32BE(at + 1);
    if (this.items === 0 && (kind !== format.itemHeader || length > mostHeaderBytes)) {
      throw dumpError('header', 0, 'it is no dump of a shard');
    }
    if (kind === 0 || kind > format.itemEnd) throw dumpError(`item ${kind}`, this.offset, 'there is no such item');
    if (length > format.mostContentBytes) {
      throw dumpError(format.itemNames[kind], this.offset + 1, `a length of ${length} bytes`);
    }
    return itemHeadBytes + length + checksumBytes;
  }

  private readItem(bytes: Buffer, start: number, size: number): void {
    const end = start + size - checksumBytes;
    const { reader } = this;
    const kind = bytes[start];
    reader.begin(kind, bytes, start + itemHeadBytes, end, this.offset - start);
    this.checksum = crc32(bytes.subarray(start, end), this.checksum);
    const told = bytes.readUInt32BE(end);
    if (told !== this.checksum) {
      throw dumpError(format.itemNames[kind], this.offset, `its checksum is not right: ${told}, not ${this.checksum}`);
    }
    if (kind < this.kind && !isRepeated(kind, this.kind)) throw reader.error('it is out of order');
    this.kind = kind;
    if (this.parts === null) {
      this.parts = new Parts(readHeader(reader, this.create));
    } else {
      this.readContent(this.parts, kind);
    }
    reader.done();
    this.items++;
    this.offset += size;
  }

  private readContent(parts: Parts, kind: number): void {
    const { reader } = this;
    const { held, positions, sessions, shard } = parts;
    switch (kind) {
      case format.itemCounters:
        return readCounters(shard, reader);
      case format.itemTopic:
        return positions.readTopic(reader);
      case format.itemPartition:
        return positions.readPartition(reader);
      case format.itemDistinguisher:
        return readDistinguisher(shard, reader);
      case format.itemDistinguisherWords:
        return readDistinguisherWords(shard, reader);
      case format.itemRouter:
        return sessions.readRouter(reader);
      case format.itemNeighbour:
        return sessions.readNeighbour(reader);
      case format.itemSession:
        return sessions.readSession(reader);
      case format.itemSessionTopic:
        return sessions.readSessionTopic(reader);
      case format.itemPeer:
        return sessions.readPeer(reader);
      case format.itemOrder:
        return readOrder(sessions.peerAtHand(reader), reader);
      case format.itemRib:
        return sessions.readRib(reader);
      case format.itemWithdrawal:
        return sessions.readWithdrawal(reader);
      case format.itemSource:
        return sessions.readSource(reader);
      case format.itemQueue:
        return held.readQueue(sessions.sessions, reader);
      case format.itemLane:
        return held.readLane(reader);
      case format.itemHeld:
        return held.readMessage(reader);
      case format.itemGlobalRoutes:
        return parts.routesOf(false).readBlock(reader);
      case format.itemVpnRoutes:
        return parts.routesOf(true).readBlock(reader);
      case format.itemEnd:
        return this.readEnd(parts);
      default:
        throw reader.error('it is out of order');
    }
  }

  private readEnd(parts: Parts): void {
    const { reader } = this;
    parts.held.finish();
    const items = reader.integer();
    if (items !== this.items) throw reader.error(`there are ${this.items} items of ${items}`);
    let routes = 0;
    for (const isVpn of [false, true]) {
      const of = parts.routesOf(isVpn);
      of.finish(reader);
      routes += of.routes;
    }
    const told = reader.integer();
    if (routes !== told) throw reader.error(`there are ${routes} routes of ${told}`);
    this.isComplete = true;
  }
}

/** Positions, RDs, what belongs to a router, and queues come in runs of several kinds. */
function isRepeated(kind: number, before: number): boolean {
  for (const [first, last] of runs) if (kind >= first && before <= last) return true;
  return false;
}

const runs: readonly (readonly [first: number, last: number])[] = [
  [format.itemTopic, format.itemPartition],
  [format.itemRouter, format.itemSource],
  [format.itemQueue, format.itemHeld],
];
