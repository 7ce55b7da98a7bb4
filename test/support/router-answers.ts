/** What FRR (`show bgp … json`) and GoBGP (`gobgp … -j`) print of routes, in the words of attributesOf. */

import { formatIp, ipAddressOf } from '../../src/base/ip.ts';
import { withSortedLists } from './recorded-router.ts';

/** A route as a router printed it. */
export interface PrintedRoute {
  /** "0:65000:1", empty in the global table. */
  readonly rd: string;
  readonly prefix: string;
  /** Absent: not told. */
  readonly pathId?: number;
  readonly isStale: boolean;
  /** Lists sorted. */
  readonly attributes: Record<string, unknown>;
}

interface FrrPath {
  readonly aspath?: { string: string };
  readonly origin: string;
  readonly metric?: number;
  readonly locPrf?: number;
  readonly stale?: boolean;
  readonly sourced?: boolean;
  readonly community?: { list: string[] };
  readonly largeCommunity?: { list: string[] };
  readonly extendedCommunity?: { string: string };
  readonly originatorId?: string;
  readonly clusterList?: { list: string[] };
  readonly addpathRxId?: number;
  readonly nexthops: readonly { ip: string; scope?: string; used?: boolean }[];
  readonly peer: { peerId: string };
}

interface FrrPrefix {
  readonly prefix: string;
  readonly paths: readonly FrrPath[];
}

/** `show bgp FAMILY PREFIX json` of every prefix: the paths of the neighbour. */
export function frrPaths(answer: unknown, neighbour: string): PrintedRoute[] {
  const printed: PrintedRoute[] = [];
  for (const item of Object.values(answer as Record<string, FrrPrefix | Record<string, FrrPrefix>>)) {
    const byRd = 'paths' in item ? { '': item as FrrPrefix } : item;
    for (const [rd, { paths, prefix }] of Object.entries(byRd)) {
      for (const path of paths) {
        if (path.peer.peerId !== neighbour) continue;
        const id = path.addpathRxId === undefined ? {} : { pathId: path.addpathRxId };
        printed.push({ rd: rdText(rd), prefix, ...id, isStale: path.stale ?? false, attributes: frrAttributes(path) });
      }
    }
  }
  return printed;
}

interface FrrEvpnPrefix {
  readonly ip: string;
  readonly ipLen: number;
  readonly paths: readonly (readonly FrrPath[])[];
}

/** `show bgp l2vpn evpn route detail type prefix json`. */
export function frrEvpnPaths(answer: unknown, neighbour: string): PrintedRoute[] {
  return Object.entries(answer as Record<string, unknown>).flatMap(([rd, value]) => {
    if (typeof value !== 'object' || value === null) return [];
    const { rd: _rd, ...prefixes } = value as Record<string, FrrEvpnPrefix>;
    return Object.values(prefixes).flatMap(({ ip, ipLen, paths }) =>
      paths
        .flat()
        .filter((path) => path.peer.peerId === neighbour)
        .map((path) => ({
          rd: rdText(rd),
          prefix: `${ip}/${ipLen}`,
          isStale: path.stale ?? false,
          attributes: frrAttributes(path),
        })),
    );
  });
}

/** `show bgp summary json`: accepted prefixes by "family neighbour" of the neighbours that are up. */
export function frrReceivedTotals(answer: unknown): Map<string, number> {
  const totals = new Map<string, number>();
  for (const [name, { peers }] of Object.entries(answer as Record<string, { peers: Record<string, FrrPeer> }>)) {
    const family = name.replace(/([A-Z])/, ' $1').toLowerCase();
    for (const [neighbour, { pfxRcd, state }] of Object.entries(peers)) {
      if (state === 'Established') totals.set(`${family} ${neighbour}`, pfxRcd ?? 0);
    }
  }
  return totals;
}

interface FrrPeer {
  readonly pfxRcd?: number;
  readonly state: string;
}

function frrAttributes(path: FrrPath): Record<string, unknown> {
  const targets = path.extendedCommunity?.string.split(' ') ?? [];
  return withSortedLists({
    origin: path.origin.toLowerCase(),
    asPath: frrAsPath(path.aspath?.string ?? ''),
    nextHop: addressText((path.nexthops.find((hop) => hop.scope !== 'link-local') ?? path.nexthops[0]).ip),
    ...(path.metric === undefined ? {} : { med: path.metric }),
    ...(path.locPrf === undefined ? {} : { localPref: path.locPrf }),
    ...(path.originatorId === undefined ? {} : { originatorId: path.originatorId }),
    ...(path.community === undefined ? {} : { communities: path.community.list }),
    ...(path.largeCommunity === undefined ? {} : { largeCommunities: path.largeCommunity.list }),
    ...(targets.length === 0 ? {} : { extCommunities: targets.map(targetHex) }),
  });
}

/** FRR writes "Local" for the empty path, and sets as attributesOf does. */
function frrAsPath(text: string): string {
  return text === 'Local' ? '' : text;
}

interface FrrReceived {
  readonly nextHop?: string;
  readonly nextHopGlobal?: string;
  readonly metric?: number;
  readonly path: string;
  readonly bgpOriginCode: string;
}

/** `show bgp FAMILY neighbors X received-routes json`: no communities in it, and one path a prefix only. */
export function frrReceivedRoutes(answer: unknown): PrintedRoute[] {
  const { receivedRoutes } = answer as { receivedRoutes?: Record<string, unknown> };
  return Object.entries(receivedRoutes ?? {}).flatMap(([key, value]) => {
    if (key.includes('/')) return [frrReceived('', key, value as FrrReceived)];
    const { rd: _rd, ...routes } = value as Record<string, FrrReceived>;
    return Object.entries(routes).map(([prefix, route]) => frrReceived(rdText(key), prefix, route));
  });
}

function frrReceived(rd: string, prefix: string, route: FrrReceived): PrintedRoute {
  const origins: Record<string, string> = { i: 'igp', e: 'egp', '?': 'incomplete' };
  const attributes = {
    origin: origins[route.bgpOriginCode],
    asPath: route.path,
    nextHop: addressText(route.nextHopGlobal ?? route.nextHop ?? ''),
    ...(route.metric === undefined ? {} : { med: route.metric }),
  };
  return { rd, prefix, isStale: false, attributes: withSortedLists(attributes) };
}

interface GoBgpAttribute {
  readonly type: number;
  readonly value?: unknown;
  readonly as_paths?: readonly { segment_type: number; asns: number[] }[];
  readonly nexthop?: string;
  readonly metric?: number;
  readonly communities?: readonly number[];
}

interface GoBgpPrefix {
  readonly prefix: string;
  readonly rd?: { type: number; admin: number | string; assigned: number };
}

interface GoBgpPath {
  readonly nlri: GoBgpPrefix | { type: number; value: GoBgpPrefix };
  /** Both absent for false. */
  readonly best?: boolean;
  readonly stale?: boolean;
  readonly attrs: readonly GoBgpAttribute[];
}

/** EVPN route type (RFC 9136); others are not prefixes. */
const evpnIpPrefix = 5;

/** `gobgp global rib -j`, `gobgp neighbor X adj-in -j` or `adj-out -j`; `best` asks for the best path of each prefix only. */
export function gobgpPaths(answer: unknown, best = false): PrintedRoute[] {
  const paths = Object.values((answer ?? {}) as Record<string, GoBgpPath[]>).flat();
  return paths
    .filter(({ nlri, ...path }) => (path.best === true || !best) && !('value' in nlri && nlri.type !== evpnIpPrefix))
    .map(({ attrs, nlri, stale }) => {
      const { prefix, rd } = 'value' in nlri ? nlri.value : nlri;
      return {
        rd: rd === undefined ? '' : `${rd.type}:${rd.admin}:${rd.assigned}`,
        prefix,
        isStale: stale ?? false,
        attributes: gobgpAttributes(attrs),
      };
    });
}

function gobgpAttributes(list: readonly GoBgpAttribute[]): Record<string, unknown> {
  const out: Record<string, unknown> = { origin: 'absent', asPath: '' };
  for (const { type, value, ...attribute } of list) {
    if (type === 1) out['origin'] = ['igp', 'egp', 'incomplete'][value as number];
    else if (type === 2) out['asPath'] = (attribute.as_paths ?? []).map(segmentText).join(' ');
    else if (type === 3 || type === 14) out['nextHop'] = addressText(attribute.nexthop ?? '');
    else if (type === 4) out['med'] = attribute.metric;
    else if (type === 5) out['localPref'] = value;
    else if (type === 8) out['communities'] = (attribute.communities ?? []).map((c) => `${c >>> 16}:${c & 0xffff}`);
    else if (type === 16) {
      out['extCommunities'] = (value as { value: string }[]).map((item) => targetHex(`RT:${item.value}`));
    } else if (type === 32) {
      const items = value as { ASN: number; LocalData1: number; LocalData2: number }[];
      out['largeCommunities'] = items.map((item) => `${item.ASN}:${item.LocalData1}:${item.LocalData2}`);
    } else throw new Error(`attribute ${type} of a printed route is not compared`);
  }
  return withSortedLists(out);
}

function segmentText({ asns, segment_type }: { segment_type: number; asns: number[] }): string {
  if (segment_type === 1) return `{${asns.join(',')}}`;
  if (segment_type === 2) return asns.join(' ');
  throw new Error(`segment type ${segment_type} of a printed route is not compared`);
}

/** "65000:1" of a route target whose AS has two octets (RFC 4360 §4). */
function targetHex(text: string): string {
  const [, as, number] = /^RT:(\d+):(\d+)$/.exec(text) ?? [];
  if (as === undefined || Number(as) > 0xffff) throw new Error(`${text} is not a route target that this reads`);
  return `0002${Number(as).toString(16).padStart(4, '0')}${Number(number).toString(16).padStart(8, '0')}`;
}

/** "65000:1" and "10.0.0.1:7" as FRR prints them, with their type. */
function rdText(text: string): string {
  if (text === '') return '';
  const [admin, number] = text.split(':');
  return `${admin.includes('.') ? 1 : Number(admin) > 0xffff ? 2 : 0}:${admin}:${number}`;
}

/** Mapped IPv4 addresses as IPv4, IPv6 as RFC 5952 has it. */
function addressText(text: string): string {
  const address = ipAddressOf(text);
  if (address === null) throw new Error(`not an address: ${text}`);
  const { family, w0, w1, w2, w3 } = address;
  if (family === 6 && w0 === 0 && w1 === 0 && w2 === 0xffff) return formatIp(4, w3, 0, 0, 0);
  return formatIp(family === 4 ? 4 : 6, w0, w1, w2, w3);
}

/** The lines of `gobgp neighbor X adj-in`: path id, prefix, next hop and AS path; the rest is in the JSON form. */
export function gobgpPathIds(answer: unknown): PrintedRoute[] {
  return ((answer ?? []) as string[]).slice(1).flatMap((line) => {
    const [, id, prefix, nextHop, asPath] = /^\s+(\d+)\s+(\S+)\s+(\S+)\s+(.*?)\s+\d\d:\d\d:\d\d/.exec(line) ?? [];
    if (prefix === undefined) return [];
    return [{ rd: '', prefix, pathId: Number(id), isStale: false, attributes: { asPath, nextHop } }];
  });
}
