/** What both instances of a shard hold, as the oracle writes it (test/oracle/oracle-rib.ts). */

import { ipAddressOf } from '../../src/base/ip.ts';
import { AttributeReader } from '../../src/model/attribute-words.ts';
import type { Rib } from '../../src/rib/peers.ts';
import type { RibShard } from '../../src/rib/shard.ts';
import { sourceComplete, sourceInVrf, type RibInstance, sourceStale, sourceSuspect } from '../../src/rib/sources.ts';

/** Routes of live sources at these prefixes, sorted. */
export function tablesOf(shard: RibShard, prefixes: readonly string[]): string[] {
  return [shard.global, shard.vpn]
    .flatMap((instance) => prefixes.flatMap((prefix) => routesAt(shard, instance, prefix)))
    .sort();
}

function routesAt(shard: RibShard, { routes, sources }: RibInstance, prefix: string): string[] {
  const slash = prefix.indexOf('/');
  const address = ipAddressOf(prefix.slice(0, slash));
  if (address === null) throw new Error(prefix);
  const { family, w0, w1, w2, w3 } = address;
  const id = routes.exactMatch(family, w0, w1, w2, w3, Number(prefix.slice(slash + 1)));
  const found: string[] = [];
  const reader = new AttributeReader();
  const count = id < 0 ? 0 : routes.routeCount(id);
  for (let i = 0; i < count; i++) {
    const route = routes.firstRoute(id) + i * routes.routeStride(id);
    const source = routes.routeSource(route);
    const rib = sources.ribs[source];
    if (!rib || !routes.isLive(source)) continue;
    const set = routes.routeAttributes(route);
    const words = shard.attributes.words(set);
    reader.read(words, shard.attributes.start(set));
    const flags = sources.flags[source];
    const form = !rib.hasDistinguishers ? 'plain' : rib.family === 0 ? 'evpn' : 'vpn';
    found.push(
      [
        sources.rd[source] < 0 ? '' : shard.rds.text(sources.rd[source]),
        form,
        tagOf(rib, source),
        prefix,
        routes.routePathId(id, route),
        rib.view,
        rib.peer.text,
        rib.peer.session.key,
        (flags & sourceStale) !== 0 ? 'stale' : 'live',
        (flags & sourceComplete) !== 0 ? 'complete' : 'incomplete',
        (flags & sourceSuspect) !== 0 ? 'suspect' : 'sure',
        sources.head[source] < 0 ? 'shadowed' : 'answers',
        sources === shard.global.sources ? 'global' : 'vpn',
        (flags & sourceInVrf) !== 0 ? 'in the vrf' : 'not in one',
        asnsOf(words, reader.asPathAt, reader.asPathWords).join(','),
      ].join(' '),
    );
  }
  return found;
}

function tagOf(rib: Rib, source: number): number {
  for (const [tag, sources] of rib.sourcesByTag) {
    for (const of of sources.values()) if (of === source) return tag;
  }
  return 0;
}

/** Of all segments, one after another. */
function asnsOf(words: Int32Array, start: number, length: number): number[] {
  const asns: number[] = [];
  for (let at = start; at < start + length; at += 1 + (words[at] & 0xffff)) {
    asns.push(...words.subarray(at + 1, at + 1 + (words[at] & 0xffff)));
  }
  return asns;
}
