/**
 * One shard: the RIBs of the routers whose hash is its number. Records of its log come in, BMP messages inside already found
 * (docs: route log); the table and what lookup needs of sessions and peers is what it holds. One owner, one thread: no locks.
 *
 * Invariant: the state is a function of the records applied, in order. The clock is the largest timestamp seen, ticks and ignored
 * records included; nothing here reads another. So the live shard, a replay and every copy agree.
 */

import { RecordError } from '../base/errors.ts';
import { bmpMessageLength, decodeBmpMessage } from '../wire/bmp/messages.ts';
import type { RouteMonitoring } from '../wire/bmp/types.ts';
import { AttributeStore } from './attribute-store.ts';
import { RibCounters, type RibEvent } from './counters.ts';
import type { BmpSession, Peer, RouterState } from './peers.ts';
import { AppliedPositions } from './positions.ts';
import { PrefixTable } from './prefix-table.ts';
import { Ribs } from './ribs.ts';
import { RouteDistinguishers } from './route-distinguishers.ts';
import { RouteMonitor } from './route-monitoring.ts';
import { Sessions } from './sessions.ts';
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
}

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
  private readonly sessions: Sessions;
  private readonly ribs: Ribs;
  private readonly monitor: RouteMonitor;
  private readonly positions = new AppliedPositions();
  private readonly onEvent: (event: RibEvent) => void;

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
  }

  /** The router's state, or undefined when no BMP session told of it. Hot path of lookup. */
  router(key: string): RouterState | undefined {
    return this.sessions.routers.get(key);
  }

  /** Drops all BMP sessions of other routers: a copy of a reference router's table needs no more. */
  keepRouters(keys: ReadonlySet<string>): void {
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
    const session = this.sessions.open(entry.routerKey, entry.routerName, entry.collector, entry.bmpAddress);
    this.noteSourcePartition(session, entry);
    const { buffer, end } = entry;
    for (let at = entry.start; at < end;) {
      let messageEnd = end;
      try {
        messageEnd = at + bmpMessageLength(buffer, at, end, entry.start);
        this.applyMessage(session, entry, at, messageEnd);
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
    this.positions.readToEnd(position.topicId, position.topic, position.partition, position.offset);
  }

  /** Frees up to `maxRoutes` routes that no longer answer; true while there are more. */
  reclaim(maxRoutes: number): boolean {
    return this.routes.reclaim(maxRoutes) || this.vpn.routes.reclaim(maxRoutes);
  }

  status(): ShardStatus {
    const { shard, clockMs, logOffset, counters, attributes, routes } = this;
    return {
      shard,
      clockMs,
      logOffset,
      ...routes.counts(),
      attributeSets: attributes.size,
      memory: { ...routes.memory(), ...attributes.memory() },
      counters,
      positions: this.positions.list(),
      routers: [...this.sessions.routers.values()].map(statusOfRouter),
    };
  }

  private advanceClock(timestampMs: number, logOffset: number): void {
    this.logOffset = logOffset;
    if (timestampMs <= this.clockMs) return;
    this.clockMs = timestampMs;
    if (timestampMs >= this.sessions.nextDeadlineMs) {
      runTimers(this.sessions, this.ribs, this.counters, timestampMs);
    }
  }

  private applyMessage(session: BmpSession, entry: RouteLogEntry, start: number, end: number): void {
    const message = decodeBmpMessage(entry.buffer, start, end, entry.start);
    this.counters.count(this.counters.messages, message.kind);
    if (message.kind === 'route-monitoring') this.applyRouteMonitoring(session, entry, message);
    else this.sessions.apply(session, message, this.clockMs);
  }

  private applyRouteMonitoring(session: BmpSession, entry: RouteLogEntry, message: RouteMonitoring): void {
    const peer: Peer = this.sessions.monitored(session, message.peer, this.clockMs);
    if (peer.state === 'provisional') this.counters.provisional++;
    const { pduStart, pduEnd } = message;
    const { buffer, start, timestampMs } = entry;
    const problem = this.monitor.apply(peer, message.peer, buffer, pduStart, pduEnd, start, this.clockMs, timestampMs);
    this.sessions.due(this.clockMs + this.sessions.options.endOfRibTimeoutMs);
    if (problem !== '') this.problem(session, peer.text, problem);
  }

  /** Two records of one session over different partitions have no order: the route stage's input is keyed badly. */
  private noteSourcePartition(session: BmpSession, entry: RouteLogEntry): void {
    if (session.partition === entry.partition && session.topic === entry.topic) return;
    if (session.partition >= 0) {
      this.counters.sourcePartitionChanges++;
      const text = `from ${session.topic}[${session.partition}] to ${entry.topic}[${entry.partition}]`;
      this.onEvent({ kind: 'source-partition-changed', router: session.router.name, peer: '', text });
    }
    session.topic = entry.topic;
    session.partition = entry.partition;
  }

  private problem(session: BmpSession, peer: string, text: string): void {
    this.onEvent({ kind: 'problem', router: session.router.name, peer, text });
  }
}
