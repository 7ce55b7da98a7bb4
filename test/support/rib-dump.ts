/**
 * Everything that a shard holds, as sorted lines: two shards hold the same exactly when their lines are equal. A table does not list its
 * prefixes, so they are noted as they come.
 */

import { formatIp } from '../../src/base/ip.ts';
import { AttributeReader } from '../../src/model/attribute-words.ts';
import { viewNames } from '../../src/model/answer.ts';
import type { Rib } from '../../src/rib/peers.ts';
import type { RibShard } from '../../src/rib/shard.ts';
import type { RibInstance } from '../../src/rib/sources.ts';
import type { RouteTable } from '../../src/rib/types.ts';

interface Prefix {
  readonly family: 4 | 6;
  readonly words: readonly [number, number, number, number];
  readonly length: number;
}

export class RibDump {
  private readonly shard: RibShard;
  private readonly prefixes = new Map<string, Prefix>();

  /** To be made before the shard's first record. */
  constructor(shard: RibShard) {
    this.shard = shard;
    this.watch(shard.global.routes);
    this.watch(shard.vpn.routes);
  }

  private watch(table: RouteTable): void {
    const announce = table.announce.bind(table);
    table.announce = (source, family, w0, w1, w2, w3, length, pathId, attributes, timeMs) => {
      const key = `${formatIp(family === 4 ? 4 : 6, w0, w1, w2, w3)}/${length}`;
      this.prefixes.set(key, { family: family === 4 ? 4 : 6, words: [w0, w1, w2, w3], length });
      return announce(source, family, w0, w1, w2, w3, length, pathId, attributes, timeMs);
    };
  }

  /** Routes, each with its source and all its attributes. `isBare`: what a router has, without times and marks. */
  routes(isBare = false): string[] {
    const lines: string[] = [];
    for (const instance of [this.shard.global, this.shard.vpn]) {
      for (const [text, prefix] of this.prefixes) lines.push(...this.routesAt(instance, text, prefix, isBare));
    }
    return lines.sort();
  }

  private routesAt({ routes, sources }: RibInstance, text: string, prefix: Prefix, isBare: boolean): string[] {
    const lines: string[] = [];
    const id = routes.exactMatch(prefix.family, ...prefix.words, prefix.length);
    const count = id < 0 ? 0 : routes.routeCount(id);
    for (let i = 0; i < count; i++) {
      const route = routes.firstRoute(id) + i * routes.routeStride(id);
      const source = routes.routeSource(route);
      const rib = sources.ribs[source] ?? null;
      if (rib === null) continue;
      const rd = sources.rd[source] < 0 ? '' : ` rd ${this.shard.rds.text(sources.rd[source])}`;
      const key = `${text} path ${routes.routePathId(id, route)}${rd} ${ribText(rib, isBare)}`;
      const marks = `head ${Math.sign(sources.head[source])} flags ${sources.flags[source]} at ${routes.routeTimeMs(route)}`;
      lines.push(`${key} ${this.attributes(routes.routeAttributes(route))}${isBare ? '' : ` ${marks}`}`);
    }
    return lines;
  }

  private attributes(id: number): string {
    const { attributes } = this.shard;
    const reader = new AttributeReader();
    const start = attributes.start(id);
    reader.read(attributes.words(id), start);
    return [...attributes.words(id).subarray(start, start + reader.length)]
      .map((w) => (w >>> 0).toString(16))
      .join(',');
  }

  /** Sessions, peers and RIBs in every state, the clock, positions and counters. */
  state(): string[] {
    const { attributeSets, clockMs, counters, logOffset, positions, routers } = this.shard.status();
    const held = this.shard.heldMessages().map(({ session, message, bytes, ...item }) => ({
      ...item,
      session: session.key,
      kind: message.kind,
      bytes: bytes.toString('hex'),
    }));
    return [{ attributeSets, clockMs, logOffset }, counters, positions, routers, held].map((part) =>
      JSON.stringify(part, (_, value: unknown) =>
        value instanceof Map ? [...(value as Map<unknown, unknown>)] : value,
      ),
    );
  }

  all(): string[] {
    return [...this.state(), ...this.routes()];
  }
}

function ribText(rib: Rib, isBare: boolean): string {
  const { peer } = rib;
  const { session } = peer;
  const where = `${session.router.key} ${session.key} ${peer.key} ${viewNames[rib.view]} ${rib.afiSafi}`;
  return isBare ? where : `${where} epoch ${rib.epoch}`;
}
