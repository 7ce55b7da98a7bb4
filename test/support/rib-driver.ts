/**
 * A shard in a test: BMP messages in, as records of one source partition with rising offsets and a clock set by hand; routes and lookup
 * answers out, as text that a test can read.
 */

import { formatIp, ipAddressOf } from '../../src/base/ip.ts';
import { Lookup } from '../../src/lookup/ladder.ts';
import { LookupQuestion, SingleShardTables } from '../../src/lookup/question.ts';
import { decidedByNames, RouteAnswer, statusNames, viewNames } from '../../src/model/answer.ts';
import type { RibEvent } from '../../src/rib/counters.ts';
import { createRouteLogEntry, RibShard, type RibShardOptions } from '../../src/rib/shard.ts';
import type { PeerStatus } from '../../src/rib/status.ts';
import type { AttributeTable, RouteTable } from '../../src/rib/types.ts';
import { createSlowAttributes, createSlowTable } from '../oracle/slow-table.ts';

export const startMs = 1_700_000_000_000;
export const staleTimeMs = 300_000;
export const endOfRibTimeoutMs = 120_000;

export interface SendOptions {
  router?: string;
  collector?: string;
  bmpAddress?: string;
  topic?: string;
  topicId?: string;
  partition?: number;
  offset?: number;
  part?: number;
}

export class RibDriver {
  readonly attributes: AttributeTable;
  readonly routes: RouteTable;
  readonly shard: RibShard;
  readonly events: RibEvent[] = [];
  nowMs = startMs;
  offset = 0;
  private readonly entry = createRouteLogEntry();
  private readonly answer = new RouteAnswer();

  constructor(
    attributes: AttributeTable = createSlowAttributes(),
    routes: RouteTable = createSlowTable(attributes),
    options: Partial<RibShardOptions> = {},
    vpnRoutes: RouteTable = createSlowTable(attributes),
  ) {
    this.attributes = attributes;
    this.routes = routes;
    this.shard = new RibShard({
      shard: 0,
      routes,
      vpnRoutes,
      attributes,
      options: { staleTimeMs, endOfRibTimeoutMs, ...options },
      onEvent: (event) => this.events.push(event),
    });
  }

  /** One record holding these messages. */
  send(messages: Uint8Array | readonly Uint8Array[], options: SendOptions = {}): void {
    const { entry } = this;
    const buffer = messages instanceof Uint8Array ? Buffer.from(messages) : Buffer.concat(messages);
    entry.routerKey = options.router ?? '198.51.100.1';
    entry.routerName = `name of ${entry.routerKey}`;
    entry.collector = options.collector ?? 'c1';
    entry.bmpAddress = options.bmpAddress ?? entry.routerKey;
    entry.topic = options.topic ?? 'bmp';
    entry.topicId = options.topicId ?? 'id-1';
    entry.partition = options.partition ?? 0;
    entry.offset = options.offset ?? this.offset++;
    entry.part = options.part ?? 0;
    entry.logOffset++;
    entry.timestampMs = this.nowMs;
    entry.buffer = buffer;
    entry.start = 0;
    entry.end = buffer.length;
    this.shard.apply(entry);
  }

  /** Bytes of the last record. */
  entryBuffer(): Buffer {
    return this.entry.buffer;
  }

  /** Time goes on by a tick. */
  pass(ms: number): void {
    this.nowMs += ms;
    const { entry } = this;
    entry.logOffset++;
    entry.timestampMs = this.nowMs;
    this.shard.tick(entry);
  }

  /** "view peer prefix path-id next-hop [stale] [suspect]" of every route that may answer at the prefix, sorted. */
  at(prefix: string): string[] {
    const { routes, shard } = this;
    const slash = prefix.indexOf('/');
    const address = ipAddressOf(prefix.slice(0, slash));
    if (address === null) throw new Error(prefix);
    const { family, w0, w1, w2, w3 } = address;
    const id = routes.exactMatch(family, w0, w1, w2, w3, Number(prefix.slice(slash + 1)));
    const found: string[] = [];
    const count = id < 0 ? 0 : routes.routeCount(id);
    for (let i = 0; i < count; i++) {
      const ref = routes.firstRoute(id) + i * routes.routeStride(id);
      const rib = shard.sources.ribs[routes.routeSource(ref)] ?? null;
      if (rib === null || shard.sources.head[rib.source] < 0) continue;
      const marks = `${rib.isStale || rib.isDoubted ? ' stale' : ''}${rib.isSuspect ? ' suspect' : ''}`;
      const pathId = routes.routePathId(id, ref);
      const path = pathId < 0 ? '' : ` #${pathId}`;
      found.push(`${viewNames[rib.view]} ${rib.peer.text}${path}${marks}`);
    }
    return found.sort();
  }

  /** The state of a peer by its text. */
  peer(text: string, router = '198.51.100.1'): PeerStatus | undefined {
    for (const status of this.shard.status().routers) {
      if (status.key !== router) continue;
      for (const session of status.sessions) {
        for (const peer of session.peers) if (peer.address === text) return peer;
      }
    }
    return undefined;
  }

  lookup(
    address: string,
    nextHop: string | null = null,
    options: { views?: number[]; router?: string } = {},
  ): RouteAnswer {
    const lookup = new Lookup({ views: options.views ?? [0, 1, 2] });
    const asked = ipAddressOf(address);
    if (asked === null) throw new Error(address);
    const wanted = nextHop === null ? null : ipAddressOf(nextHop);
    const key = options.router ?? '198.51.100.1';
    const router = { key, name: key, shard: 0, vrfs: [], references: [], bgp: [] };
    const question = new LookupQuestion(router, asked);
    question.nextHop = wanted;
    lookup.lookup(new SingleShardTables(this.shard), question, this.answer);
    return this.answer;
  }

  /** "prefix via peer (view) by rule", or the status when nothing matched. */
  ask(address: string, nextHop: string | null = null, options: { views?: number[]; router?: string } = {}): string {
    return answerText(this.lookup(address, nextHop, options));
  }
}

export function answerText(answer: RouteAnswer): string {
  if (answer.status !== 0) return statusNames[answer.status];
  const family = answer.family === 4 ? 4 : 6;
  const prefix = `${formatIp(family, answer.p0, answer.p1, answer.p2, answer.p3)}/${answer.prefixLength}`;
  return `${prefix} via ${answer.peer} (${viewNames[answer.view]}) by ${decidedByNames[answer.decidedBy]}`;
}
