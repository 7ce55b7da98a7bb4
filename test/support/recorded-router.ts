/**
 * A recorded router: its BMP out of a packet capture, through a shard, and the table that comes of it as plain routes; and what the router
 * itself printed at some moments of the recording (test/golden/record).
 */

import { readFileSync } from 'node:fs';
import { formatIp, ipAddressOf } from '../../src/base/ip.ts';
import { Lookup } from '../../src/lookup/ladder.ts';
import { LookupQuestion, SingleShardTables } from '../../src/lookup/question.ts';
import { RouteAnswer, statusMatched, statusNames, viewNames } from '../../src/model/answer.ts';
import { createRibShard, createRouteLogEntry, type RibShard } from '../../src/rib/shard.ts';
import type { RibInstance } from '../../src/rib/sources.ts';
import { createBgpUpdate } from '../../src/wire/bgp/update.ts';
import { bmpMessageLength } from '../../src/wire/bmp/messages.ts';
import { readTcpStreams, type TcpDirection } from '../../src/wire/pcap/tcp-streams.ts';
import { attributesOf } from './bgp-text.ts';

const staleTimeMs = 300_000;
const endOfRibTimeoutMs = 120_000;
const golden = new URL('../golden/', import.meta.url);

export interface CapturedMessage {
  /** The sender's address. */
  readonly router: string;
  /** When its last byte was captured. */
  readonly timestampMs: number;
  readonly bytes: Buffer;
}

/** BMP messages to a port, in the order in which they were complete; bytes that make no whole message are an error. */
export function capturedMessages(path: string, port: number): CapturedMessage[] {
  const rests = new Map<TcpDirection, Buffer>();
  const messages: CapturedMessage[] = [];
  for (const { bytes, direction, timestampMs } of readTcpStreams(readFileSync(new URL(path, golden)))) {
    if (direction.destinationPort !== port) continue;
    let rest = Buffer.concat([rests.get(direction) ?? Buffer.alloc(0), bytes]);
    while (rest.length >= 6 && rest.length >= rest.readUInt32BE(1)) {
      const length = bmpMessageLength(rest, 0, rest.length);
      messages.push({ router: direction.source, timestampMs, bytes: rest.subarray(0, length) });
      rest = rest.subarray(length);
    }
    rests.set(direction, rest);
  }
  for (const [direction, rest] of rests)
    if (rest.length > 0) throw new Error(`${path}: ${direction.source} ends early`);
  return messages;
}

export interface Checkpoint {
  readonly name: string;
  readonly atMs: number;
  /** By command. */
  readonly answers: Readonly<Record<string, unknown>>;
}

export function readCheckpoints(path: string): Checkpoint[] {
  const file = JSON.parse(readFileSync(new URL(path, golden), 'utf8')) as { checkpoints: Checkpoint[] };
  return file.checkpoints;
}

/** A route as a test compares it: everything of it that a router prints. */
export interface PlainRoute {
  readonly view: string;
  /** Address; the BGP ID for a Loc-RIB. */
  readonly peer: string;
  readonly afi: number;
  readonly safi: number;
  /** "0:65000:1", empty in the global table. */
  readonly rd: string;
  readonly prefix: string;
  /** -1 without one. */
  readonly pathId: number;
  readonly isStale: boolean;
  /** As attributesOf gives them; lists of communities sorted. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface LookupResult {
  /** Or the status, when nothing matched. */
  readonly prefix: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** Feeds a shard with the messages of one router, one record each. */
export class RecordedRouter {
  readonly shard: RibShard = createRibShard(0, { staleTimeMs, endOfRibTimeoutMs });
  readonly problems: string[] = [];
  private readonly messages: readonly CapturedMessage[];
  private readonly entry = createRouteLogEntry();
  private next = 0;

  constructor(messages: readonly CapturedMessage[]) {
    this.messages = messages;
  }

  /** Applies what was captured before that moment. */
  playUntil(atMs: number): void {
    const { entry, messages, shard } = this;
    for (; this.next < messages.length && messages[this.next].timestampMs < atMs; this.next++) {
      const { bytes, router, timestampMs } = messages[this.next];
      entry.routerKey = router;
      entry.routerName = router;
      entry.collector = 'recorder';
      entry.bmpAddress = router;
      entry.topic = 'bmp';
      entry.topicId = 'bmp';
      entry.offset = this.next;
      entry.logOffset = this.next;
      entry.timestampMs = Math.floor(timestampMs);
      entry.buffer = bytes;
      entry.end = bytes.length;
      shard.apply(entry);
    }
  }

  /** Nothing more comes until End-of-RIB timeouts are over. */
  settle(): void {
    const { entry } = this;
    entry.timestampMs += endOfRibTimeoutMs;
    this.shard.tick(entry);
  }

  /** All routes of all views at these prefixes, those that lookups pass over included. */
  routesAt(prefixes: Iterable<string>): PlainRoute[] {
    const { global, vpn } = this.shard;
    return [...prefixes].flatMap((prefix) => [...this.routesIn(global, prefix), ...this.routesIn(vpn, prefix)]);
  }

  private routesIn({ routes, sources }: RibInstance, prefix: string): PlainRoute[] {
    const slash = prefix.indexOf('/');
    const address = ipAddressOf(prefix.slice(0, slash));
    if (address === null) throw new Error(prefix);
    const { family, w0, w1, w2, w3 } = address;
    const id = routes.exactMatch(family, w0, w1, w2, w3, Number(prefix.slice(slash + 1)));
    const found: PlainRoute[] = [];
    const count = id < 0 ? 0 : routes.routeCount(id);
    for (let i = 0; i < count; i++) {
      const ref = routes.firstRoute(id) + i * routes.routeStride(id);
      const source = routes.routeSource(ref);
      const rib = sources.ribs[source];
      if (rib === null || !routes.isLive(source)) continue;
      const rd = sources.rd[source];
      found.push({
        view: viewNames[rib.view],
        peer: rib.peer.text,
        afi: rib.afiSafi >> 8,
        safi: rib.afiSafi & 255,
        rd: rd < 0 ? '' : this.shard.rds.text(rd),
        prefix: `${formatIp(family, w0, w1, w2, w3)}${prefix.slice(slash)}`,
        pathId: routes.routePathId(id, ref),
        isStale: rib.isStale,
        attributes: this.attributes(routes.routeAttributes(ref)),
      });
    }
    return found;
  }

  /** The route by which the router forwards to the address, as lookups find it in these views. */
  lookup(address: string, views: readonly number[]): LookupResult {
    const key = this.messages[0].router;
    const asked = ipAddressOf(address);
    if (asked === null) throw new Error(address);
    const router = { key, name: key, shard: 0, vrfs: [], references: [], bgp: [] };
    const answer = new RouteAnswer();
    new Lookup({ views }).lookup(new SingleShardTables(this.shard), new LookupQuestion(router, asked), answer);
    if (answer.status !== statusMatched) return { prefix: statusNames[answer.status], attributes: {} };
    const { attributes, p0, p1, p2, p3, prefixLength } = answer;
    const update = createBgpUpdate();
    // Three words, and those before the next hop that are present, lie before it (model/attribute-words.ts).
    const { hasLocalPref, hasMed, hasOriginatorId, nextHopAt, words } = attributes;
    const start = nextHopAt - 3 - [hasLocalPref, hasMed, hasOriginatorId].filter(Boolean).length;
    update.attributeWords[0] = words.subarray(start);
    update.attributeLengths[0] = 1;
    const prefix = `${formatIp(answer.family === 4 ? 4 : 6, p0, p1, p2, p3)}/${prefixLength}`;
    return { prefix, attributes: withSortedLists(attributesOf(update)) };
  }

  private attributes(set: number): Record<string, unknown> {
    const update = createBgpUpdate();
    const { attributes } = this.shard;
    update.attributeWords[0] = attributes.words(set).subarray(attributes.start(set));
    update.attributeLengths[0] = 1;
    return withSortedLists(attributesOf(update));
  }

  /** How many routes the shard says it holds, by "view peer afi/safi". */
  counts(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { sessions } of this.shard.status().routers) {
      for (const peer of sessions.flatMap((session) => session.peers)) {
        for (const rib of peer.ribs) {
          const key = `${rib.view} ${peer.address} ${rib.afi}/${rib.safi}`;
          counts.set(key, (counts.get(key) ?? 0) + rib.routes);
        }
      }
    }
    return counts;
  }
}

/** Order of communities means nothing, and senders change it. */
export function withSortedLists(attributes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(attributes).map(([name, value]): [string, unknown] => [
    name,
    Array.isArray(value) && name !== 'clusterList' ? [...(value as string[])].sort() : value,
  ]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
