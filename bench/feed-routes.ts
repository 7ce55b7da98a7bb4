/**
 * A full table as a router sends it over BMP, for benchmarks: OBMP 1.7 records, one message each, Adj-RIB-In post-policy of 16 peers,
 * prefixes that share attributes together, up to four an UPDATE, End-of-RIB at the end. And flows whose addresses that table covers.
 */

import { buildFlowRecord } from '../dev/flow-builder.ts';
import { formatIp } from '../src/base/ip.ts';
import type { RecordSink } from '../src/kafka/types.ts';
import { AttributeReader } from '../src/model/attribute-words.ts';
import { endOfRib, initiation, type PeerOptions, peerUp, routeMonitoring } from '../test/support/bmp-builder.ts';
import { obmpBinary } from '../test/support/obmp-builder.ts';
import { createRandom, type RouteSet } from './route-set.ts';

export const benchRouter = '192.0.2.1';
const peers = 16;
const prefixesAnUpdate = 4;
const flushEvery = 20_000;
const nothing = Buffer.alloc(0);

/** Appends one value with neither key nor headers. */
function put(sink: RecordSink, topic: string, partition: number, value: Buffer): void {
  sink.append(topic, partition, Date.now(), nothing, -1, -1, value, 0, value.length, nothing, 0, 0);
}

/** Returns the number of records. */
export async function feedRoutes(sink: RecordSink, topic: string, set: RouteSet): Promise<number> {
  let records = 0;
  const send = async (message: Buffer): Promise<void> => {
    put(sink, topic, 0, obmpBinary(message, { router: benchRouter }));
    if (++records % flushEvery === 0) await sink.flush();
  };
  await send(initiation({ sysName: 'bench' }));
  for (let peer = 0; peer < peers; peer++) {
    await send(peerUp(peerOf(peer), { sentOpen: { as: 64999 }, receivedOpen: { as: 65000 + peer } }));
  }
  for (const group of groups(set)) await send(announce(set, group));
  for (let peer = 0; peer < peers; peer++) {
    await send(endOfRib(peerOf(peer), 1, 1));
    await send(endOfRib(peerOf(peer), 2, 1));
  }
  await sink.flush();
  return records;
}

function peerOf(peer: number): PeerOptions {
  return {
    address: `10.0.0.${peer}`,
    as: 65000 + peer,
    bgpId: `10.0.0.${peer}`,
    timestampMs: 1000,
    isPostPolicy: true,
  };
}

/** Indices of prefixes that go into one UPDATE: same attribute set, same family, sorted as a dump is. */
function* groups(set: RouteSet): Generator<number[]> {
  const order = Array.from({ length: set.count }, (_, i) => i).sort(
    (a, b) => set.setOf[a] - set.setOf[b] || set.families[a] - set.families[b] || set.words[a * 4] - set.words[b * 4],
  );
  let group: number[] = [];
  for (const at of order) {
    const first = group[0];
    if (
      group.length === prefixesAnUpdate ||
      (first !== undefined && (set.setOf[first] !== set.setOf[at] || set.families[first] !== set.families[at]))
    ) {
      yield group;
      group = [];
    }
    group.push(at);
  }
  if (group.length > 0) yield group;
}

const reader = new AttributeReader();

function announce(set: RouteSet, group: readonly number[]): Buffer {
  const { setOf, families } = set;
  const setIndex = setOf[group[0]];
  const { asPath, communities, largeCommunities, med } = attributesOf(set.sets[setIndex]);
  const prefixes = group.map((at) => prefixText(set, at));
  const attributes = {
    origin: 0,
    asPath,
    localPref: 100,
    ...(med === null ? {} : { med }),
    ...(communities.length === 0 ? {} : { communities }),
    ...(largeCommunities.length === 0 ? {} : { largeCommunities }),
  };
  const peer = peerOf(setIndex % peers);
  if (families[group[0]] === 4) {
    return routeMonitoring(peer, { ...attributes, nextHop: nextHopOf(4, setIndex), announced: prefixes });
  }
  return routeMonitoring(peer, {
    ...attributes,
    mpReach: { afi: 2, safi: 1, nextHop: nextHopOf(6, setIndex), prefixes },
  });
}

function nextHopOf(family: number, setIndex: number): string {
  return family === 4 ? `10.0.0.${setIndex % peers}` : `2001:db8::${(setIndex % peers).toString(16)}:1`;
}

function attributesOf(words: Int32Array): {
  asPath: number[];
  communities: string[];
  largeCommunities: string[];
  med: number | null;
} {
  reader.read(words, 0);
  const at = (position: number): number => words[position] >>> 0;
  const asPath = Array.from({ length: reader.asPathWords - 1 }, (_, i) => at(reader.asPathAt + 1 + i));
  const communities = Array.from({ length: reader.communities }, (_, i) => {
    const word = at(reader.communitiesAt + i);
    return `${word >>> 16}:${word & 0xffff}`;
  });
  const largeCommunities = Array.from({ length: reader.largeCommunities }, (_, i) =>
    [0, 1, 2].map((n) => at(reader.largeCommunitiesAt + 3 * i + n)).join(':'),
  );
  return { asPath, communities, largeCommunities, med: reader.hasMed ? reader.med : null };
}

function prefixText({ families, lengths, words }: RouteSet, at: number): string {
  const family = families[at] === 4 ? 4 : 6;
  return `${formatIp(family, words[at * 4], words[at * 4 + 1], words[at * 4 + 2], words[at * 4 + 3])}/${lengths[at]}`;
}

/** `count` goflow2 records of about 120 bytes, round robin over the partitions; source and destination inside random prefixes of the table. */
export async function feedFlows(
  sink: RecordSink,
  topic: string,
  partitions: number,
  set: RouteSet,
  count: number,
  seed: number,
): Promise<number> {
  const random = createRandom(seed);
  const byFamily = [4, 6].map((family) =>
    Array.from({ length: set.count }, (_, at) => at).filter((at) => set.families[at] === family),
  );
  let bytes = 0;
  const now = Date.now();
  for (let i = 0; i < count; i++) {
    const pool = byFamily[random() < 0.83 || byFamily[1].length === 0 ? 0 : 1];
    const dst = pool[Math.floor(random() * pool.length)];
    const src = pool[Math.floor(random() * pool.length)];
    const family = set.families[dst];
    const nextHop = nextHopOf(family, set.setOf[dst]);
    const value = buildFlowRecord({
      type: 3,
      samplingRate: 1000,
      sequenceNum: i + 1,
      samplerAddress: benchRouter,
      srcAddr: addressText(set, src, random),
      dstAddr: addressText(set, dst, random),
      nextHop,
      bgpNextHop: nextHop,
      bytes: 64 + Math.floor(random() * 1400),
      packets: 1 + Math.floor(random() * 10),
      inIf: 1 + Math.floor(random() * 48),
      outIf: 1 + Math.floor(random() * 48),
      proto: 6,
      srcPort: 443,
      dstPort: 1024 + Math.floor(random() * 60000),
      etype: family === 4 ? 0x0800 : 0x86dd,
      timeReceivedMs: now,
      timeStartMs: now - 5000,
      timeEndMs: now - 100,
    });
    bytes += value.length;
    put(sink, topic, i % partitions, value);
    if ((i + 1) % flushEvery === 0) await sink.flush();
  }
  await sink.flush();
  return bytes;
}

function addressText({ families, lengths, words }: RouteSet, at: number, random: () => number): string {
  const filled = [0, 1, 2, 3].map((index) => {
    const bits = Math.min(32, Math.max(0, lengths[at] - 32 * index));
    const host = (random() * 0x1_0000_0000) | 0;
    return words[at * 4 + index] | (bits === 32 ? 0 : host & (-1 >>> bits));
  });
  return formatIp(families[at] === 4 ? 4 : 6, filled[0], filled[1], filled[2], filled[3]);
}
