/**
 * All that a shard holds, as lines, found by walking its objects: what a class gains is in it without being named here. Left out is what
 * follows from the rest: caches, scratch space, ids inside the tables.
 */

import { AttributeReader } from '../../src/model/attribute-words.ts';
import { Rib } from '../../src/rib/peers.ts';
import { PrefixTable } from '../../src/rib/prefix-table.ts';
import type { RibShard } from '../../src/rib/shard.ts';
import type { RibInstance } from '../../src/rib/sources.ts';

/** By class, what follows from the rest. */
export const derivedFields: Readonly<Record<string, readonly string[]>> = {
  Sessions: ['options', 'ribs', 'counters', 'onEvent', 'lastSession', 'lastPeer'],
  RouterState: ['views4', 'views6', 'isOutdated'],
  BmpSession: ['held', 'incomplete'],
  SourcePartitions: ['last', 'lastTopic'],
  Neighbour: ['ribs'],
  Rib: ['instance', 'source', 'sources', 'sourcesByTag'],
  Reorder: ['target', 'counters', 'maximumBytes'],
  ReorderQueue: ['target'],
  RibShard: ['global', 'vpn', 'routes', 'sources', 'attributes', 'ribs', 'monitor', 'heldTime', 'onEvent'],
};
/** Arguments of the constructor. */
const settings = new Set(['reorderMs', 'silenceMs', 'kept']);

export function stateOf(shard: RibShard): string[] {
  const lines: string[] = [];
  walk(shard, 'shard', lines, new Map());
  return [...lines, ...routesOf(shard, shard.global), ...routesOf(shard, shard.vpn)];
}

function walk(value: unknown, path: string, lines: string[], known: Map<unknown, string>): void {
  if (typeof value !== 'object' || value === null) {
    lines.push(`${path} ${typeof value === 'number' && Object.is(value, -0) ? '-0' : String(value)}`);
    return;
  }
  const before = known.get(value);
  if (before !== undefined) {
    lines.push(`${path} → ${before}`);
    return;
  }
  known.set(value, path);
  if (ArrayBuffer.isView(value)) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    lines.push(`${path} ${bytes.toString('hex')}`);
  } else if (value instanceof Map) {
    let n = 0;
    // How many sources have an RD is looked up only.
    const isSorted = path.endsWith('.uses');
    const entries = [...(value as Map<unknown, unknown>)];
    for (const [key, item] of isSorted ? entries.sort(([a], [b]) => Number(a) - Number(b)) : entries) {
      walk(key, `${path}[${n}]`, lines, known);
      walk(item, `${path}[${n++}]=`, lines, known);
    }
  } else if (value instanceof Set || Array.isArray(value)) {
    let n = 0;
    for (const item of value as Iterable<unknown>) walk(item, `${path}[${n++}]`, lines, known);
  } else {
    walkFields(value, path, lines, known);
  }
}

function walkFields(value: object, path: string, lines: string[], known: Map<unknown, string>): void {
  const { name } = value.constructor;
  const left = derivedFields[name] ?? [];
  // What is released is passed over only; a lane's last change matters while it is held.
  if (name === 'Fifo') {
    const { head, items, lastChange } = value as {
      head: number;
      items: { isReleased: boolean }[];
      lastChange: unknown;
    };
    walk(
      items.slice(head).filter((item) => !item.isReleased),
      `${path}.items`,
      lines,
      known,
    );
    const isHeld = lastChange !== null && !(lastChange as { isReleased: boolean }).isReleased;
    walk(isHeld ? lastChange : null, `${path}.lastChange`, lines, known);
    return;
  }
  for (const key of Object.keys(value).sort()) {
    if (left.includes(key) || (name === 'RibShard' && settings.has(key))) continue;
    walk((value as Record<string, unknown>)[key], `${path}.${key}`, lines, known);
  }
  if (value instanceof Rib) lines.push(...sourcesOf(value).map((text) => `${path} ${text}`));
}

function sourcesOf(rib: Rib): string[] {
  const texts: string[] = [];
  if (rib.source >= 0) texts.push(`source ${sourceText(rib.instance, rib.source)}`);
  for (const [tag, sources] of rib.sourcesByTag) {
    for (const [rd, source] of sources) texts.push(`source ${tag} ${rd} ${sourceText(rib.instance, source)}`);
  }
  texts.push(`${rib.sources.size} sources, ${rib.routes} routes`);
  return texts;
}

function sourceText({ sources }: RibInstance, at: number): string {
  const columns = Object.entries(sources).filter(([name]) => name !== 'ribs');
  const rib = sources.ribs[at];
  const who =
    rib === null
      ? ''
      : `${rib.peer.session.router.key} ${rib.peer.session.key} ${rib.peer.key} ${rib.view} ${rib.afiSafi} ${rib.epoch}`;
  return `${who}: ${columns.map(([name, column]) => `${name} ${(column as Int32Array)[at]}`).join(' ')}`;
}

function routesOf(shard: RibShard, instance: RibInstance): string[] {
  const { routes } = instance;
  if (!(routes instanceof PrefixTable)) throw new TypeError('not a compact table');
  const reader = new AttributeReader();
  const lines: string[] = [];
  const walker = routes.walk();
  for (let id = walker.next(); id >= 0; id = walker.next()) {
    const words = [0, 1, 2, 3].map((i) => routes.prefixWord(id, i)).join(' ');
    for (let i = 0; i < routes.routeCount(id); i++) {
      const route = routes.firstRoute(id) + i * routes.routeStride(id);
      const source = routes.routeSource(route);
      if (!routes.isLive(source)) continue;
      const set = routes.routeAttributes(route);
      const start = shard.attributes.start(set);
      reader.read(shard.attributes.words(set), start);
      const attributes = shard.attributes
        .words(set)
        .subarray(start, start + reader.length)
        .join();
      const key = `${routes.prefixFamily(id)} ${words}/${routes.prefixLength(id)} ${routes.routePathId(id, route)}`;
      lines.push(`${key} at ${routes.routeTimeMs(route)} ${attributes} of ${sourceText(instance, source)}`);
    }
  }
  return lines.sort();
}
