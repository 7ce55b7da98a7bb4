/**
 * Routers, their BMP sessions, peers and RIBs, each followed by what belongs to it.
 *
 *   router         integer index | text key | text name | integer version | flag unordered
 *   neighbour      integer index | text key                                   of the router before; peers name theirs by their key
 *   session        word collector | text BMP address | flag up | text sysName | text sysDescr | word topic | number partition
 *                  | number changed | number partition before | flag unordered | number last record | flag silent
 *                  | flag sub-second | number last second | integer samples | integer seen | number window
 *   session topic  word topic | word topic id | number partition | list (number partition, number left)
 *   peer, order    peer-section.ts
 *   rib            integer view | integer AFI and SAFI | integer epoch | flag eBGP | flag complete | flag stale | flag doubted
 *                  | flag suspect | number start | number last monitoring | number drop at | flag withdrawals, then number since
 *   withdrawal     flag former | text key | number time | number order | number window | integer update
 *   source         integer tag | number distinguisher | flag may answer | integer flags | integer BGP ID | integer local AS
 */

import { headViewBits, type RibInstance } from '../sources.ts';
import { RecentWithdrawals } from '../doubtful-order.ts';
import { BmpSession, hasDistinguishers, Neighbour, type Peer, Rib, RouterState, viewCount } from '../peers.ts';
import type { RibShard } from '../shard.ts';
import { none, type SourceId } from '../types.ts';
import {
  itemNeighbour,
  itemRib,
  itemRouter,
  itemSession,
  itemSessionTopic,
  itemSource,
  itemWithdrawal,
  mostSources,
} from './format.ts';
import { IpAddress } from '../../base/ip.ts';
import type { ItemReader } from './item-reader.ts';
import type { ItemWriter } from './item-writer.ts';
import { readPeer, writePeer } from './peer-section.ts';

const noAddress = new IpAddress();

/** Numbers of an instance's sources in a dump, by SourceId; -1 for what is not in it. */
export class SourceNumbers {
  readonly numbers: Int32Array;
  count = 0;

  constructor({ sources }: RibInstance) {
    this.numbers = new Int32Array(sources.head.length).fill(-1);
  }

  add(source: SourceId): void {
    this.numbers[source] = this.count++;
  }
}

export class SessionWriter {
  /** Numbers in the dump. */
  readonly sessions = new Map<BmpSession, number>();
  readonly global: SourceNumbers;
  readonly vpn: SourceNumbers;
  private readonly shard: RibShard;
  private readonly out: ItemWriter;

  constructor(shard: RibShard, out: ItemWriter) {
    this.shard = shard;
    this.out = out;
    this.global = new SourceNumbers(shard.global);
    this.vpn = new SourceNumbers(shard.vpn);
  }

  *write(): Generator<void> {
    const { out } = this;
    for (const router of this.shard.sessions.routers.values()) {
      out.begin(itemRouter);
      out.integer(router.index);
      out.text(router.key);
      out.text(router.name);
      out.integer(router.version);
      out.flag(router.isUnordered);
      out.end();
      yield;
      for (const [key, neighbour] of router.neighbours) {
        out.begin(itemNeighbour);
        out.integer(neighbour.index);
        out.text(key);
        out.end();
        yield;
      }
      for (const session of router.sessions.values()) yield* this.writeSession(session);
    }
  }

  private *writeSession(session: BmpSession): Generator<void> {
    const { out } = this;
    const { headerClock, partitions } = session;
    this.sessions.set(session, this.sessions.size);
    out.begin(itemSession);
    out.word(session.collector);
    out.text(session.bmpAddress);
    out.flag(session.isUp);
    out.text(session.sysName);
    out.text(session.sysDescr);
    out.word(session.topic);
    out.number(session.partition);
    out.number(partitions.changedMs);
    out.number(partitions.before);
    out.flag(session.isUnordered);
    out.number(session.lastRecordMs);
    out.flag(session.isSilent);
    out.flag(headerClock.isSubSecond);
    out.number(headerClock.lastSecond);
    out.integer(headerClock.samples);
    out.integer(headerClock.seen);
    out.number(session.windowMs);
    out.end();
    yield;
    for (const [topic, { id, leftMs, partition }] of partitions.topics) {
      out.begin(itemSessionTopic);
      out.word(topic);
      out.word(id);
      out.number(partition);
      out.integer(leftMs.size);
      for (const [left, timeMs] of leftMs) {
        out.number(left);
        out.number(timeMs);
      }
      out.end();
      yield;
    }
    for (const peer of session.peers.values()) {
      yield* writePeer(peer, out);
      for (const rib of peer.ribs) yield* this.writeRib(rib);
      for (const rib of peer.staleRibs) yield* this.writeRib(rib);
    }
  }

  private *writeRib(rib: Rib): Generator<void> {
    const { out } = this;
    const { recentWithdrawals } = rib;
    out.begin(itemRib);
    out.integer(rib.view);
    out.integer(rib.afiSafi);
    out.integer(rib.epoch);
    out.flag(rib.isEbgp);
    out.flag(rib.isComplete);
    out.flag(rib.isStale);
    out.flag(rib.isDoubted);
    out.flag(rib.isSuspect);
    out.number(rib.startMs);
    out.number(rib.lastMonitoringMs);
    out.number(rib.dropAtMs);
    out.flag(recentWithdrawals !== null);
    if (recentWithdrawals !== null) out.number(recentWithdrawals.sinceMs);
    out.end();
    yield;
    if (recentWithdrawals !== null) yield* this.writeWithdrawals(recentWithdrawals);
    if (rib.source !== none) this.writeSource(rib, rib.source, 0);
    yield;
    for (const [tag, sources] of rib.sourcesByTag) {
      for (const source of sources.values()) {
        this.writeSource(rib, source, tag);
        yield;
      }
    }
  }

  private *writeWithdrawals(withdrawals: RecentWithdrawals): Generator<void> {
    const { out } = this;
    for (const isFormer of [false, true]) {
      for (const [key, held] of isFormer ? withdrawals.former : withdrawals.current) {
        out.begin(itemWithdrawal);
        out.flag(isFormer);
        out.text(key);
        out.number(held.timeMs);
        out.number(held.orderMs);
        out.number(held.windowMs);
        out.integer(held.update);
        out.end();
        yield;
      }
    }
  }

  private writeSource({ instance }: Rib, source: SourceId, tag: number): void {
    const { out } = this;
    const { bgpId, flags, head, localAs, rd } = instance.sources;
    out.begin(itemSource);
    out.integer(tag);
    out.number(rd[source]);
    out.flag(head[source] >= 0);
    out.integer(flags[source]);
    out.integer(bgpId[source]);
    out.integer(localAs[source]);
    out.end();
    (instance === this.shard.vpn ? this.vpn : this.global).add(source);
  }
}

export class SessionReader {
  /** By their numbers in the dump. */
  readonly sessions: BmpSession[] = [];
  readonly globalSources: SourceId[] = [];
  readonly vpnSources: SourceId[] = [];
  private readonly shard: RibShard;
  private router: RouterState | null = null;
  private session: BmpSession | null = null;
  private peer: Peer | null = null;
  private rib: Rib | null = null;

  constructor(shard: RibShard) {
    this.shard = shard;
  }

  /** The one that an item of a peer belongs to. */
  peerAtHand(reader: ItemReader): Peer {
    if (this.peer === null) throw reader.error('it has no peer');
    return this.peer;
  }

  readRouter(reader: ItemReader): void {
    const { routers } = this.shard.sessions;
    const index = reader.below(2 ** (31 - headViewBits), 'index');
    const key = reader.text();
    if (routers.has(key)) throw reader.error(`router ${key} was there before`);
    const router = new RouterState(index, key, reader.text());
    router.version = reader.integer();
    router.isUnordered = reader.flag();
    routers.set(key, router);
    this.router = router;
    this.session = this.peer = this.rib = null;
  }

  readNeighbour(reader: ItemReader): void {
    const neighbours = this.router?.neighbours;
    const index = reader.integer();
    const key = reader.text();
    if (neighbours === undefined || neighbours.has(key)) throw reader.error(`neighbour ${key} is out of place`);
    neighbours.set(key, new Neighbour(index));
  }

  readSession(reader: ItemReader): void {
    const { router } = this;
    if (router === null) throw reader.error('it has no router');
    const collector = reader.word();
    const session = new BmpSession(router, collector, reader.text());
    if (router.sessions.has(session.key)) throw reader.error(`session ${session.key} was there before`);
    router.sessions.set(session.key, session);
    session.isUp = reader.flag();
    session.sysName = reader.text();
    session.sysDescr = reader.text();
    session.topic = reader.word();
    session.partition = reader.number();
    session.partitions.changedMs = reader.number();
    session.partitions.before = reader.number();
    session.isUnordered = reader.flag();
    session.lastRecordMs = reader.number();
    session.isSilent = reader.flag();
    const { headerClock } = session;
    headerClock.isSubSecond = reader.flag();
    headerClock.lastSecond = reader.number();
    headerClock.samples = reader.integer();
    headerClock.seen = reader.integer();
    session.windowMs = reader.number();
    this.sessions.push(session);
    this.session = session;
    this.peer = this.rib = null;
  }

  readSessionTopic(reader: ItemReader): void {
    if (this.session === null) throw reader.error('it has no session');
    const topic = reader.word();
    const id = reader.word();
    const partition = reader.number();
    const leftMs = new Map<number, number>();
    for (let left = reader.count(); left > 0; left--) {
      const number = reader.number();
      leftMs.set(number, reader.number());
    }
    this.session.partitions.topics.set(topic, { id, partition, leftMs });
  }

  readPeer(reader: ItemReader): void {
    if (this.session === null) throw reader.error('it has no session');
    this.peer = readPeer(this.session, reader);
    this.rib = null;
  }

  readRib(reader: ItemReader): void {
    const { peer } = this;
    if (peer === null) throw reader.error('it has no peer');
    const view = reader.below(viewCount, 'view');
    const afiSafi = reader.integer();
    const instance = peer.rd !== '' || hasDistinguishers(afiSafi) ? this.shard.vpn : this.shard.global;
    const rib = new Rib(peer, view, afiSafi, instance, 0);
    const epoch = reader.integer();
    const isEbgp = reader.flag();
    rib.isComplete = reader.flag();
    rib.isStale = reader.flag();
    rib.isDoubted = reader.flag();
    rib.isSuspect = reader.flag();
    Object.assign(rib, { epoch, isEbgp, startMs: reader.number() });
    rib.lastMonitoringMs = reader.number();
    rib.dropAtMs = reader.number();
    if (reader.flag()) {
      rib.recentWithdrawals = new RecentWithdrawals();
      rib.recentWithdrawals.sinceMs = reader.number();
    }
    (rib.isStale ? peer.staleRibs : peer.ribs).push(rib);
    peer.neighbour.ribs.add(rib);
    this.rib = rib;
  }

  readWithdrawal(reader: ItemReader): void {
    const withdrawals = this.rib?.recentWithdrawals ?? null;
    if (withdrawals === null) throw reader.error('its RIB remembers none');
    const map = reader.flag() ? withdrawals.former : withdrawals.current;
    const key = reader.text();
    const timeMs = reader.number();
    const orderMs = reader.number();
    const windowMs = reader.number();
    map.set(key, { timeMs, orderMs, windowMs, update: reader.integer() });
  }

  readSource(reader: ItemReader): void {
    const { rib, shard } = this;
    if (rib === null) throw reader.error('it has no RIB');
    const { instance, peer } = rib;
    const known = instance === shard.vpn ? this.vpnSources : this.globalSources;
    if (known.length >= mostSources) throw reader.error('there are too many');
    const tag = reader.integer();
    const rd = reader.number();
    if (rd !== none && !shard.rds.texts.has(rd)) throw reader.error(`no distinguisher ${rd}`);
    const mayAnswer = reader.flag();
    const flags = reader.below(256, 'flags');
    const bgpId = reader.below(2 ** 32, 'BGP ID');
    const localAs = reader.below(2 ** 32, 'local AS');
    const source = instance.routes.createSource();
    const { sources } = instance;
    sources.set(source, rib, rd, peer.isLocRib ? noAddress : peer.address, bgpId);
    sources.localAs[source] = localAs;
    sources.flags[source] = flags;
    sources.head[source] = mayAnswer ? (peer.session.router.index << headViewBits) | rib.view : -1;
    if (rd !== none) shard.rds.retain(rd);
    rib.sources.add(source);
    if (rib.hasDistinguishers) addByTag(rib, tag, rd, source);
    else if (rib.source === none) rib.source = source;
    else throw reader.error('its RIB has one already');
    known.push(source);
  }
}

function addByTag(rib: Rib, tag: number, rd: number, source: SourceId): void {
  let sources = rib.sourcesByTag.get(tag);
  if (sources === undefined) {
    sources = new Map();
    rib.sourcesByTag.set(tag, sources);
  }
  sources.set(rd, source);
}
