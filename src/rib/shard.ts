/**
 * One shard: the RIBs of the routers whose hash is its number. Records of its log come in, BMP messages inside already found
 * (docs/formats.md); the table and what lookup needs of sessions and peers is what it holds. One owner, one thread: no locks.
 *
 * Invariant: the state, messages held back to be put in order included (reorder.ts), is a function of the records applied, in order. The
 * clock is the largest timestamp seen, ticks and ignored records included; nothing here reads another. So the live shard, a replay and
 * every copy agree.
 */

import { RecordError } from '../base/errors.ts';
import { bmpMessageLength, decodeBmpMessage } from '../wire/bmp/messages.ts';
import type { BmpMessage, RouteMonitoring } from '../wire/bmp/types.ts';
import { AttributeStore } from './attribute-store.ts';
import { RibCounters, type RibEvent } from './counters.ts';
import type { HeldTime } from './doubtful-order.ts';
import { type BmpSession, type Peer, peerKey, type RouterState } from './peers.ts';
import { AppliedPositions } from './positions.ts';
import { PrefixTable } from './prefix-table.ts';
import { Reorder } from './reorder.ts';
import type { HeldMessage } from './reorder-queue.ts';
import { Ribs } from './ribs.ts';
import { RouteDistinguishers } from './route-distinguishers.ts';
import { RouteMonitor } from './route-monitoring.ts';
import { Sessions } from './sessions.ts';
import { partitionBack, partitionSame, settledMs } from './source-partitions.ts';
import { type RibInstance, SourceColumns } from './sources.ts';
import { type ShardStatus, statusOfRouter } from './status.ts';
import { runTimers } from './timers.ts';
import type { AttributeTable, RouteTable } from './types.ts';

/** Position at the source, and time of the record in the log. */
export interface RouteLogPosition {
  topicId: string;
  topic: string;
  partition: number;
  offset: number;
  timestampMs: number;
  /** Offset in the shard's log. */
  logOffset: number;
}

/** One record of the shard's log; one object, refilled for each. */
export interface RouteLogEntry extends RouteLogPosition {
  part: number;
  routerKey: string;
  routerName: string;
  /** Hash of the collector, or the input's name. */
  collector: string;
  bmpAddress: string;
  /** BMP messages, one after another, in [start, end). */
  buffer: Buffer;
  start: number;
  end: number;
}

export function createRouteLogEntry(): RouteLogEntry {
  return {
    topicId: '',
    topic: '',
    partition: 0,
    offset: 0,
    timestampMs: 0,
    logOffset: 0,
    part: 0,
    routerKey: '',
    routerName: '',
    collector: '',
    bmpAddress: '',
    buffer: Buffer.alloc(0),
    start: 0,
    end: 0,
  };
}

export interface RibShardOptions {
  readonly staleTimeMs: number;
  readonly endOfRibTimeoutMs: number;
  /** By source topic, for producers that reorder: how long messages are held back to be put in order. */
  readonly reorderMs?: ReadonlyMap<string, number>;
  /** How long a BMP session may say nothing before it counts as lost; 0 = for ever. */
  readonly silenceMs?: number;
}

/** How long messages of routers without an order are held back. */
export const unorderedWindowMs = 2000;
const noReorder: ReadonlyMap<string, number> = new Map();

export interface RibShardParts {
  readonly shard: number;
  readonly routes: RouteTable;
  /** The table of the vpn instance; a compact one unless told. */
  readonly vpnRoutes?: RouteTable;
  readonly attributes: AttributeTable;
  readonly options: RibShardOptions;
  readonly onEvent?: (event: RibEvent) => void;
}

/** A shard with the compact table. */
export function createRibShard(
  shard: number,
  options: RibShardOptions,
  onEvent: (event: RibEvent) => void = () => {},
): RibShard {
  const attributes = new AttributeStore();
  return new RibShard({ shard, routes: new PrefixTable(attributes), attributes, options, onEvent });
}

export class RibShard {
  readonly shard: number;
  /** The routers' global tables. */
  readonly global: RibInstance;
  /** Everything with a route distinguisher: VPN routes, EVPN prefixes, routes of peers in a VRF. */
  readonly vpn: RibInstance;
  /** The parts of `global`. */
  readonly routes: RouteTable;
  readonly sources: SourceColumns;
  /** Those of the sources in `vpn`. */
  readonly rds = new RouteDistinguishers();
  /** Of both instances. */
  readonly attributes: AttributeTable;
  readonly counters = new RibCounters();
  /** Largest timestamp seen. */
  clockMs = 0;
  /** Of the last record applied, ticks included; -1 = none. */
  logOffset = -1;
  /** What follows without `private` is read and filled by dump/, too. */
  readonly sessions: Sessions;
  private readonly ribs: Ribs;
  private readonly monitor: RouteMonitor;
  readonly positions = new AppliedPositions();
  readonly reorder: Reorder;
  private readonly heldTime: HeldTime = { timeMs: 0, orderMs: 0, windowMs: 0, update: 0 };
  private readonly reorderMs: ReadonlyMap<string, number>;
  private readonly silenceMs: number;
  private readonly onEvent: (event: RibEvent) => void;
  /** Keys of the only routers that this copy is about; null = all. */
  private kept: ReadonlySet<string> | null = null;

  constructor(parts: RibShardParts) {
    this.shard = parts.shard;
    const { routes, attributes, vpnRoutes = new PrefixTable(attributes) } = parts;
    this.global = { routes, sources: new SourceColumns() };
    this.vpn = { routes: vpnRoutes, sources: new SourceColumns() };
    this.routes = routes;
    this.sources = this.global.sources;
    this.attributes = attributes;
    this.onEvent = parts.onEvent ?? (() => {});
    this.ribs = new Ribs(this.global, this.vpn, this.rds);
    this.sessions = new Sessions(parts.options, this.ribs, this.counters, this.onEvent);
    this.monitor = new RouteMonitor(attributes, this.ribs, this.counters);
    this.reorder = new Reorder(this, this.counters);
    this.reorderMs = parts.options.reorderMs ?? noReorder;
    this.silenceMs = parts.options.silenceMs ?? 0;
  }

  /** The router's state, or undefined when no BMP session told of it. Hot path of lookup. */
  router(key: string): RouterState | undefined {
    return this.sessions.routers.get(key);
  }

  /** Drops all BMP sessions of other routers, and ignores them from then on: a copy of a reference router's table needs no more. */
  keepRouters(keys: ReadonlySet<string>): void {
    this.kept = keys;
    for (const router of this.sessions.routers.values()) {
      if (!keys.has(router.key)) this.sessions.dropRouter(router);
    }
  }

  /** Applies a record. Throws nothing for bad messages: they are counted and told, the others count. */
  apply(entry: RouteLogEntry): void {
    this.counters.records++;
    this.advanceClock(entry.timestampMs, entry.logOffset);
    if (!this.positions.advance(entry.topicId, entry.topic, entry.partition, entry.offset, entry.part)) {
      this.counters.ignoredDuplicates++;
      return;
    }
    if (this.kept !== null && !this.kept.has(entry.routerKey)) {
      this.counters.ignoredRouters++;
      return;
    }
    const session = this.sessions.open(entry.routerKey, entry.routerName, entry.collector, entry.bmpAddress);
    if (session.isSilent) this.sessions.endSilence(session);
    this.sessions.noteRecord(session, this.clockMs);
    this.noteSourcePartition(session, entry);
    const windowMs = this.windowOf(session, entry.topic);
    const { buffer, end } = entry;
    for (let at = entry.start; at < end;) {
      let messageEnd = end;
      try {
        messageEnd = at + bmpMessageLength(buffer, at, end, entry.start);
        if (windowMs > 0) this.hold(session, entry, at, messageEnd, windowMs);
        else this.applyMessage(session, entry, at, messageEnd);
      } catch (error) {
        if (!(error instanceof RecordError)) throw error;
        this.counters.recordErrors++;
        this.problem(session, '', error.message);
      }
      at = messageEnd;
    }
  }

  /** The source partition was read to its end: time goes on. */
  tick(position: RouteLogPosition): void {
    this.counters.ticks++;
    this.advanceClock(position.timestampMs, position.logOffset);
    const { topicId, topic, partition, offset } = position;
    if (!this.positions.readToEnd(topicId, topic, partition, offset) || this.silenceMs === 0) return;
    this.sessions.loseSilent(topic, partition, this.clockMs, this.silenceMs);
  }

  /** Frees up to `maxRoutes` routes that no longer answer; true while there are more. */
  reclaim(maxRoutes: number): boolean {
    return this.routes.reclaim(maxRoutes) || this.vpn.routes.reclaim(maxRoutes);
  }

  /** Messages held back to be put in order, as reorder-queue.ts has them. */
  heldMessages(): HeldMessage[] {
    return this.reorder.list();
  }

  get heldCount(): number {
    return this.reorder.count;
  }

  status(): ShardStatus {
    const { shard, clockMs, logOffset, counters, attributes, routes, vpn, rds } = this;
    return {
      shard,
      clockMs,
      logOffset,
      ...routes.counts(),
      vpn: vpn.routes.counts(),
      rds: rds.inUse,
      attributeSets: attributes.size,
      memory: this.memory(),
      counters,
      positions: this.positions.list(),
      routers: [...this.sessions.routers.values()].map(statusOfRouter),
    };
  }

  /** Bytes by part, from the real arrays. */
  memory(): Record<string, number> {
    const memory = { ...this.routes.memory(), ...this.attributes.memory() };
    for (const [part, bytes] of Object.entries(this.vpn.routes.memory())) memory[vpnPart(part)] = bytes;
    return memory;
  }

  private advanceClock(timestampMs: number, logOffset: number): void {
    this.logOffset = logOffset;
    if (timestampMs <= this.clockMs) return;
    // What is held is applied at the time at which it is due, however far the clock jumps.
    while (this.reorder.nextDueMs <= timestampMs) {
      this.moveClock(this.reorder.nextDueMs);
      this.reorder.releaseNext();
    }
    this.moveClock(timestampMs);
  }

  private moveClock(nowMs: number): void {
    this.clockMs = nowMs;
    if (nowMs >= this.sessions.nextDeadlineMs) runTimers(this.sessions, this.ribs, this.counters, nowMs);
  }

  /** How long a record's messages are held back; what comes behind held ones waits as they do. */
  private windowOf(session: BmpSession, topic: string): number {
    const configuredMs = this.reorderMs.size > 0 ? (this.reorderMs.get(topic) ?? 0) : 0;
    if (configuredMs > 0) return configuredMs;
    if (session.isUnordered) return unorderedWindowMs;
    return session.waiting > 0 ? session.windowMs : 0;
  }

  private hold(session: BmpSession, entry: RouteLogEntry, start: number, end: number, windowMs: number): void {
    const bytes = Buffer.from(entry.buffer.subarray(start, end));
    const recordOffset = start - entry.start;
    const message = decodeBmpMessage(bytes, 0, bytes.length, -recordOffset);
    session.windowMs = windowMs;
    this.reorder.hold(session, message, bytes, recordOffset, entry, this.clockMs, windowMs);
  }

  /** A held message's time has come. */
  applyHeld(item: HeldMessage): void {
    const { session, message, bytes, recordOffset, timestampMs } = item;
    if (session.router.sessions.get(session.key) !== session) return;
    if (item.isLate && this.isStraggler(item)) {
      this.counters.stragglers++;
      return;
    }
    const { heldTime } = this;
    heldTime.timeMs = timestampMs;
    heldTime.orderMs = item.orderMs;
    heldTime.windowMs = item.dueMs - item.arrivalMs;
    this.monitor.held = heldTime;
    try {
      this.receive(session, message, bytes, -recordOffset, timestampMs);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.counters.recordErrors++;
      this.problem(session, '', error.message);
    }
    this.monitor.held = null;
  }

  /** It came behind the end of what it belongs to, and nothing came that it could belong to instead. */
  private isStraggler({ session, message }: HeldMessage): boolean {
    if (message.kind === 'peer-up' || message.kind === 'peer-down' || !('peer' in message)) return false;
    const peer = session.peers.get(peerKey(message.peer));
    return !session.isUp || peer?.state === 'down';
  }

  private applyMessage(session: BmpSession, entry: RouteLogEntry, start: number, end: number): void {
    const message = decodeBmpMessage(entry.buffer, start, end, entry.start);
    this.receive(session, message, entry.buffer, entry.start, entry.timestampMs);
  }

  /** A message whose turn has come; offsets in errors count from `recordStart`. */
  private receive(
    session: BmpSession,
    message: BmpMessage,
    buffer: Buffer,
    recordStart: number,
    timestampMs: number,
  ): void {
    this.counters.count(this.counters.messages, message.kind);
    if (message.kind === 'route-monitoring') {
      this.applyRouteMonitoring(session, message, buffer, recordStart, timestampMs);
    } else {
      this.sessions.apply(session, message, this.clockMs);
    }
  }

  private applyRouteMonitoring(
    session: BmpSession,
    message: RouteMonitoring,
    buffer: Buffer,
    start: number,
    timestampMs: number,
  ): void {
    const peer: Peer = this.sessions.monitored(session, message.peer, this.clockMs);
    if (peer.state === 'provisional') this.counters.provisional++;
    const { pduStart, pduEnd } = message;
    const problem = this.monitor.apply(peer, message.peer, buffer, pduStart, pduEnd, start, this.clockMs, timestampMs);
    // The stale RIBs of other views and families may have waited for this one only.
    const isSweepNear = this.monitor.hasCompleted && peer.staleRibs.length > 0;
    this.sessions.due(isSweepNear ? this.clockMs : this.clockMs + this.sessions.options.endOfRibTimeoutMs);
    if (problem !== '') this.problem(session, peer.text, problem);
  }

  /** Two records of one session over different partitions have no order: the route stage's input is keyed badly. */
  private noteSourcePartition(session: BmpSession, entry: RouteLogEntry): void {
    const { partitions } = session;
    const { topic, partition } = entry;
    const change = partitions.note(topic, entry.topicId, partition, this.clockMs);
    session.topic = topic;
    session.partition = partition;
    if (change === partitionSame) {
      if (session.isUnordered && this.clockMs - partitions.changedMs >= settledMs) {
        this.setUnordered(session, false, `one partition for an hour: ${topic}[${partition}]`);
      }
      return;
    }
    this.counters.sourcePartitionChanges++;
    if (session.isUnordered) return;
    const text = `from ${topic}[${partitions.before}] to ${topic}[${partition}]`;
    this.onEvent({ kind: 'source-partition-changed', router: session.router.name, peer: '', text });
    if (change === partitionBack) this.setUnordered(session, true, `${text} and back: its records have no order`);
  }

  private setUnordered(session: BmpSession, isUnordered: boolean, text: string): void {
    const { router } = session;
    session.isUnordered = isUnordered;
    const wasUnordered = router.isUnordered;
    router.isUnordered = false;
    for (const other of router.sessions.values()) router.isUnordered ||= other.isUnordered;
    router.outdate();
    if (!isUnordered) this.reorder.flush(session);
    if (wasUnordered === router.isUnordered) return;
    if (isUnordered) this.counters.routersUnordered++;
    this.onEvent({ kind: isUnordered ? 'router-unordered' : 'router-ordered', router: router.name, peer: '', text });
  }

  private problem(session: BmpSession, peer: string, text: string): void {
    this.onEvent({ kind: 'problem', router: session.router.name, peer, text });
  }
}

/** "nodes" → "vpnNodes". */
function vpnPart(part: string): string {
  return `vpn${part[0].toUpperCase()}${part.slice(1)}`;
}
