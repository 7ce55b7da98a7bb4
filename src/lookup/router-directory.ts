/**
 * Address → router: BMP speakers by text, exporters by words (hot path). A router that is not configured is its own BMP address and
 * its own exporter. Routers are interned: the same one is the same object, as long as no more than `cacheSize` unlisted exporters
 * are seen (spoofed exporters must not fill the memory: the cache starts over then).
 */

import { IpAddress, ipAddressOf } from '../base/ip.ts';
import { type Router, shardOfRouter, type Vrf } from '../model/router.ts';

export interface ConfiguredRouter {
  readonly name: string;
  /** Addresses from which it speaks BMP. The first one is its key. */
  readonly bmp: readonly string[];
  /** Addresses and CIDR prefixes of its exporters, as text or parsed; none = its BMP addresses. */
  readonly exporters?: readonly (string | ExporterRange)[] | undefined;
  readonly vrfs?: readonly Vrf[] | undefined;
  /** Names of configured routers; none = the common ones. */
  readonly references?: readonly string[] | undefined;
  /** Addresses and BGP ID as text. */
  readonly bgp?: readonly string[] | undefined;
}

/** The first `length` bits of an address. */
export interface ExporterRange {
  readonly address: IpAddress;
  readonly length: number;
}

export interface RouterDirectory {
  /** Router that speaks BMP from this address; text that is no address names a router of its own. */
  byBmpAddress(text: string): Router;
  /** Router whose exporter this is. */
  byExporter(address: IpAddress): Router;
  /** The configured routers. */
  readonly configured: readonly Router[];
  /** The routers whose tables serve others, each once. */
  readonly references: readonly Router[];
}

interface ExporterPrefix extends ExporterRange {
  readonly router: Router;
}

const cacheSize = 65_536;

/** `references`: names of the routers that serve those without references of their own, unlisted ones included. */
export function createRouterDirectory(
  routers: readonly ConfiguredRouter[],
  shards: number,
  references: readonly string[] = [],
): RouterDirectory {
  return new Directory(routers, shards, references);
}

/** While the directory is made: references are filled in once all routers are there. */
interface ListedRouter extends Router {
  references: readonly Router[];
}

class Directory implements RouterDirectory {
  readonly configured: readonly Router[];
  readonly references: readonly Router[];
  private readonly shards: number;
  private readonly byBmp = new Map<string, Router>();
  private readonly unlisted = new Map<string, Router>();
  private readonly commonReferences: readonly Router[];
  /** Longest first. */
  private readonly exporters: readonly ExporterPrefix[];
  private readonly cache = new AddressMap();
  private readonly address = new IpAddress();

  constructor(routers: readonly ConfiguredRouter[], shards: number, references: readonly string[]) {
    this.shards = shards;
    const configured: ListedRouter[] = [];
    const exporters: ExporterPrefix[] = [];
    for (const { name, bmp, exporters: own, vrfs = [], bgp = [] } of routers) {
      const addresses = bmp.map(normalised);
      const key = addresses[0] ?? name;
      const shard = shardOfRouter(key, shards);
      const router: ListedRouter = { key, name, shard, vrfs, references: [], bgp: bgp.map(addressOf) };
      configured.push(router);
      for (const address of addresses) this.byBmp.set(address, router);
      const listed = own === undefined || own.length === 0 ? addresses : own;
      for (const range of listed) {
        if (typeof range === 'string') exporters.push(exporterPrefix(range, router));
        else exporters.push({ address: range.address, length: range.length, router });
      }
    }
    const named = (names: readonly string[]): Router[] => names.map((name) => routerNamed(configured, name));
    this.commonReferences = named(references);
    for (const [i, router] of configured.entries()) {
      const own = named(routers[i].references ?? []);
      router.references = (own.length > 0 ? own : this.commonReferences).filter((other) => other !== router);
    }
    this.configured = configured;
    this.references = [...new Set([...this.commonReferences, ...configured.flatMap((router) => router.references)])];
    // The sort is stable: of equal prefixes the one configured first wins.
    this.exporters = exporters.sort((a, b) => b.length - a.length);
  }

  byBmpAddress(text: string): Router {
    const known = this.byBmp.get(text);
    if (known !== undefined) return known;
    const address = normalised(text);
    return this.byBmp.get(address) ?? this.unlistedRouter(address);
  }

  byExporter(exporter: IpAddress): Router {
    const { address, cache } = this;
    address.copyFrom(exporter);
    address.unmap();
    const known = cache.get(address);
    if (known !== null) return known;
    const router = this.exporters.find((prefix) => covers(prefix, address))?.router;
    const found = router ?? this.unlistedRouter(address.toString());
    if (cache.size >= cacheSize) cache.clear();
    cache.set(address, found);
    return found;
  }

  private unlistedRouter(key: string): Router {
    const known = this.unlisted.get(key);
    if (known !== undefined) return known;
    if (this.unlisted.size >= cacheSize) this.unlisted.clear();
    const shard = shardOfRouter(key, this.shards);
    const router = { key, name: key, shard, vrfs: [], references: this.commonReferences, bgp: [] };
    this.unlisted.set(key, router);
    return router;
  }
}

/** Open addressing over family and words: no string is built to look an address up. */
class AddressMap {
  size = 0;
  private mask = 1023;
  private words = new Int32Array(1024 * 5);
  private routers: (Router | null)[] = Array.from<Router | null>({ length: 1024 }).fill(null);

  get(address: IpAddress): Router | null {
    return this.routers[this.slot(address)];
  }

  set(address: IpAddress, router: Router): void {
    if (this.size * 2 > this.mask) this.grow();
    const slot = this.slot(address);
    if (this.routers[slot] === null) this.size++;
    this.put(slot, address.family, address.w0, address.w1, address.w2, address.w3, router);
  }

  clear(): void {
    this.size = 0;
    this.routers.fill(null);
  }

  private put(slot: number, family: number, w0: number, w1: number, w2: number, w3: number, router: Router): void {
    const at = slot * 5;
    this.words[at] = family;
    this.words[at + 1] = w0;
    this.words[at + 2] = w1;
    this.words[at + 3] = w2;
    this.words[at + 4] = w3;
    this.routers[slot] = router;
  }

  /** Where the address stands, or the empty slot where it would. */
  private slot({ family, w0, w1, w2, w3 }: IpAddress): number {
    const { words, routers, mask } = this;
    let hash = Math.imul(w0 ^ Math.imul(w1, 0x9e3779b1), 0x85ebca6b) ^ family;
    hash = Math.imul(hash ^ (hash >>> 15) ^ w2, 0xc2b2ae35);
    hash = Math.imul(hash ^ (hash >>> 13) ^ w3, 0x27d4eb2f);
    let slot = (hash ^ (hash >>> 16)) & mask;
    for (; routers[slot] !== null; slot = (slot + 1) & mask) {
      const at = slot * 5;
      if (
        words[at + 4] === w3 &&
        words[at + 1] === w0 &&
        words[at + 2] === w1 &&
        words[at + 3] === w2 &&
        words[at] === family
      ) {
        break;
      }
    }
    return slot;
  }

  private grow(): void {
    const { words, routers } = this;
    const capacity = (this.mask + 1) * 2;
    this.mask = capacity - 1;
    this.words = new Int32Array(capacity * 5);
    this.routers = Array.from<Router | null>({ length: capacity }).fill(null);
    const address = new IpAddress();
    for (const [slot, router] of routers.entries()) {
      if (router === null) continue;
      const at = slot * 5;
      if (words[at] === 4) address.setV4(words[at + 1]);
      else address.setV6(words[at + 1], words[at + 2], words[at + 3], words[at + 4]);
      const { family, w0, w1, w2, w3 } = address;
      this.put(this.slot(address), family, w0, w1, w2, w3, router);
    }
  }
}

function normalised(text: string): string {
  const address = ipAddressOf(text);
  if (address === null) return text;
  address.unmap();
  return address.toString();
}

function addressOf(text: string): IpAddress {
  const address = ipAddressOf(text);
  if (address === null) throw new RangeError(`"${text}" is no address`);
  address.unmap();
  return address;
}

function routerNamed(routers: readonly Router[], name: string): Router {
  const router = routers.find((one) => one.name === name);
  if (router === undefined) throw new RangeError(`there is no router "${name}" to refer to`);
  return router;
}

function exporterPrefix(text: string, router: Router): ExporterPrefix {
  const slash = text.indexOf('/');
  const address = ipAddressOf(slash < 0 ? text : text.slice(0, slash));
  if (address === null) throw new RangeError(`"${text}" is neither an address nor a prefix`);
  const isMapped = address.family === 6;
  address.unmap();
  const bits = address.family === 4 ? 32 : 128;
  const given = slash < 0 ? bits : Number(text.slice(slash + 1)) - (isMapped && address.family === 4 ? 96 : 0);
  if (!Number.isInteger(given) || given < 0 || given > bits) throw new RangeError(`"${text}": no such prefix length`);
  return { address, length: given, router };
}

function covers({ address: prefix, length }: ExporterPrefix, address: IpAddress): boolean {
  if (prefix.family !== address.family) return false;
  return (
    sameBits(prefix.w0, address.w0, length) &&
    sameBits(prefix.w1, address.w1, length - 32) &&
    sameBits(prefix.w2, address.w2, length - 64) &&
    sameBits(prefix.w3, address.w3, length - 96)
  );
}

function sameBits(a: number, b: number, bits: number): boolean {
  if (bits <= 0) return true;
  return bits >= 32 ? a === b : ((a ^ b) & (-1 << (32 - bits))) === 0;
}
