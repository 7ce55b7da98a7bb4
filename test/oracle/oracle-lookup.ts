/**
 * An obviously right lookup over oracle-rib.ts: the rules of docs/routing.md as filters over arrays, tier by tier. Answers are texts, as
 * support/rib-events.ts makes them of real ones.
 */

import { ipAddressOf } from '../../src/base/ip.ts';
import { decidedByNames } from '../../src/model/answer.ts';
import type { OracleGeneration, OracleRib, OracleRoute } from './oracle-rib.ts';
import { maskWords } from './slow-table.ts';

export interface OracleVrf {
  name: string;
  rds: readonly string[];
  /** `local:NUMBER`. */
  locals: readonly string[];
  /** As OracleAttributes has them. */
  targets: readonly string[];
}

export interface OracleRouter {
  key: string;
  /** Null when no BMP session told of it. */
  rib: OracleRib | null;
  vrfs: readonly OracleVrf[];
  references: readonly OracleRouter[];
  bgp: readonly string[];
}

export interface OracleQuestion {
  router: OracleRouter;
  exporter: string;
  address: string;
  nextHop: string | null;
  /** Null for the global table. */
  vrf: OracleVrf | null;
}

/** What one tier found. */
interface Found {
  text: string;
  length: number;
  isComplete: boolean;
}

/** "prefix peer view decided-by …" or null when no route matches. */
export function lookupSlowly(question: OracleQuestion, views: readonly number[]): string | null {
  const { router } = question;
  let best: Found | null = null;
  for (const tier of [router, ...router.references]) {
    const found = new Tier(question, tier, views).find();
    // A default route, or one of a table that is not complete, gives way to a longer prefix of the next tier.
    if (found !== null && (best === null || found.length > best.length)) best = found;
    if (best !== null && best.length > 0 && best.isComplete) break;
  }
  return best === null ? null : best.text;
}

/** In the global table of the only router. */
export function lookupGlobally(rib: OracleRib, address: string, nextHop: string | null, views: readonly number[]) {
  const router = { key: 'only', rib, vrfs: [], references: [], bgp: [] };
  return lookupSlowly({ router, exporter: '', address, nextHop, vrf: null }, views);
}

class Tier {
  private readonly question: OracleQuestion;
  private readonly router: OracleRouter;
  private readonly isReference: boolean;
  private readonly views: readonly number[];
  private readonly family: number;
  private readonly rds: readonly string[];
  private readonly targets: readonly string[];

  constructor(question: OracleQuestion, router: OracleRouter, views: readonly number[]) {
    this.question = question;
    this.router = router;
    this.views = views;
    this.isReference = router !== question.router;
    this.family = question.address.includes(':') ? 6 : 4;
    const { vrf } = question;
    const namesake = this.isReference ? router.vrfs.find(({ name }) => name === vrf?.name) : undefined;
    const locals = this.isReference ? namesake?.locals : vrf?.locals;
    this.rds = [...(vrf?.rds ?? []), ...(namesake?.rds ?? []), ...(locals ?? [])];
    this.targets = [...(vrf?.targets ?? []), ...(namesake?.targets ?? [])];
  }

  find(): Found | null {
    const { rib } = this.router;
    const { address, nextHop } = this.question;
    if (rib === null) return null;
    const inTable = [...rib.routes.values()].filter(
      (route) =>
        this.isInTable(route) &&
        this.views.includes(route.view) &&
        !rib.isShadowed(route.peer, route.view) &&
        !rib.isOutdated(route.generation) &&
        covers(route.prefix, address),
    );
    const { answers, isComplete } = this.authority(rib);
    const inAuthority = inTable.filter(answers);
    if (inAuthority.length === 0) return null;
    const length = Math.max(...inAuthority.map((route) => lengthOf(route.prefix)));
    const atPrefix = inTable.filter((route) => lengthOf(route.prefix) === length);
    const [route, rule] = this.choose(atPrefix, answers);
    const text = describe(route, rule, nextHop) + (this.isReference ? ` at ${this.router.key}` : '');
    return { text, length, isComplete };
  }

  private choose(atPrefix: readonly OracleRoute[], answers: (route: OracleRoute) => boolean): [OracleRoute, string] {
    const { nextHop } = this.question;
    if (nextHop === null && !this.isReference) return decide(withoutCopies(atPrefix.filter(answers)), this.views);
    let all = withoutCopies(atPrefix);
    if (all.length === 1) return [all[0], 'only'];
    const ofExporter = this.isReference ? all.filter((route) => this.isOfExporter(route)) : [];
    if (ofExporter.length === 1) return [ofExporter[0], 'peer'];
    if (ofExporter.length > 1) all = ofExporter;
    if (nextHop !== null) {
      const kinds = this.question.vrf === null ? [] : [(route: OracleRoute) => route.view === 0 && isInVrf(route)];
      const orders = [...kinds, ...this.views.map((view) => (route: OracleRoute) => route.view === view)];
      for (const isOfKind of this.views.includes(0) ? orders : orders.slice(kinds.length)) {
        const hits = all.filter((route) => isOfKind(route) && route.attributes.nextHop === nextHop);
        if (hits.length === 1) return [hits[0], 'next-hop'];
        if (hits.length > 1) return decide(hits, this.views);
      }
    }
    return decide(ofExporter.length > 1 ? all : all.filter(answers), this.views);
  }

  private isInTable(route: OracleRoute): boolean {
    const { vrf } = this.question;
    if (route.nlri.form === 'plain') return vrf === null ? route.peer.rd === '' : this.hasRd(route.peer.rd);
    if (vrf === null) return false;
    return this.hasRd(route.nlri.rd) || route.attributes.targets.some((target) => this.targets.includes(target));
  }

  private hasRd(rd: string): boolean {
    return rd !== '' && this.rds.includes(rd);
  }

  private isOfExporter({ peer, attributes }: OracleRoute): boolean {
    const names = [...this.question.router.bgp, this.question.exporter];
    if (attributes.originatorId !== null && names.includes(attributes.originatorId)) return true;
    return !peer.isLocRib && (names.includes(peer.text) || names.includes(peer.bgpId));
  }

  /** Which routes answer; whether they are all there. */
  private authority(rib: OracleRib): { answers: (route: OracleRoute) => boolean; isComplete: boolean } {
    const mine = rib.generations.filter(
      ({ peer, view, family }) => (family === 0 || family === this.family) && !rib.isShadowed(peer, view),
    );
    if (this.question.vrf === null) {
      const view = this.authorityOf(mine.filter(({ form, peer }) => form === 'plain' && peer.rd === ''));
      return { answers: ({ view: of }) => view === null || of === view, isComplete: view !== null };
    }
    const inside = mine.filter(({ form, peer }) => form === 'plain' && this.hasRd(peer.rd));
    const vpn = mine.filter(({ form }) => form !== 'plain');
    const locRib = inside.filter(({ view }) => view === 0);
    if (this.views.includes(0) && isWhole(locRib)) {
      return { answers: (route) => route.view === 0 && isInVrf(route), isComplete: true };
    }
    const insideView = this.authorityOf(inside);
    const vpnView = this.authorityOf(vpn);
    const held = [inside, vpn].map((kind) => kind.some(({ view }) => this.views.includes(view)));
    return {
      answers: (route) => {
        const view = isInVrf(route) ? insideView : vpnView;
        return view === null || route.view === view;
      },
      isComplete: (held[0] || held[1]) && (!held[0] || insideView !== null) && (!held[1] || vpnView !== null),
    };
  }

  private authorityOf(generations: readonly OracleGeneration[]): number | null {
    for (const view of this.views) if (isWhole(generations.filter((one) => one.view === view))) return view;
    return null;
  }
}

/** In some session, all of them. */
function isWhole(generations: readonly OracleGeneration[]): boolean {
  const sessions = new Set(generations.map(({ session }) => session));
  return [...sessions].some((session) => generations.every((one) => one.session !== session || one.isComplete));
}

function isInVrf({ nlri, peer }: OracleRoute): boolean {
  return nlri.form === 'plain' && peer.rd !== '';
}

function lengthOf(prefix: string): number {
  return Number(prefix.slice(prefix.indexOf('/') + 1));
}

function bits(text: string): number[] {
  const address = ipAddressOf(text);
  if (address === null) throw new Error(text);
  return [address.family, address.w0, address.w1, address.w2, address.w3];
}

function covers(prefix: string, addressText: string): boolean {
  const [family, ...words] = bits(prefix.slice(0, prefix.indexOf('/')));
  const [asked, ...wanted] = bits(addressText);
  const masked = maskWords(wanted, lengthOf(prefix));
  return family === asked && masked.every((word, i) => word === words[i]);
}

function withoutCopies(routes: readonly OracleRoute[]): OracleRoute[] {
  return routes.filter(
    (route) =>
      !routes.some(
        (other) =>
          other.session !== route.session &&
          other.peer.key === route.peer.key &&
          other.view === route.view &&
          other.nlri.form === route.nlri.form &&
          other.nlri.rd === route.nlri.rd &&
          other.pathId === route.pathId &&
          compareLists(copyRank(other), copyRank(route)) < 0,
      ),
  );
}

function copyRank({ generation }: OracleRoute): (number | string)[] {
  return [Number(generation.isStale), -Number(generation.isComplete), generation.session];
}

function compareLists(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  for (const [i, value] of a.entries()) if (value !== b[i]) return value < b[i] ? -1 : 1;
  return 0;
}

type Rule = [name: string, keys: (route: OracleRoute) => (number | string)[]];

function neighbourStep(route: OracleRoute, keys: (number | string)[]): (number | string)[] {
  return route.peer.isLocRib ? [-1] : keys;
}

function decide(routes: readonly OracleRoute[], views: readonly number[]): [OracleRoute, string] {
  if (routes.length === 1) return [routes[0], 'only'];
  const before: Rule[] = [
    ['stale', (r) => [Number(r.generation.isStale)]],
    ['local-pref', (r) => [-(r.attributes.localPref ?? 100)]],
    ['path-length', (r) => [r.attributes.asPath.length]],
    ['origin', (r) => [r.attributes.origin]],
  ];
  const after: Rule[] = [
    [
      'ebgp',
      (r) =>
        neighbourStep(r, [
          r.localAs !== 0 && r.peer.as !== r.localAs && r.attributes.confederation.length === 0 ? 0 : 1,
        ]),
    ],
    ['router-id', (r) => neighbourStep(r, [bits(r.attributes.originatorId ?? r.peer.bgpId)[1] >>> 0])],
    ['cluster-list', (r) => [r.attributes.clusterList]],
    [
      'peer',
      (r) =>
        neighbourStep(
          r,
          bits(r.peer.text).map((word) => word >>> 0),
        ),
    ],
    ['path-id', (r) => [r.pathId]],
    [
      'source',
      ({ session, view, nlri, peer }) => {
        const safi = { plain: 1, vpn: 128, evpn: 70 }[nlri.form];
        return [session, views.indexOf(view), safi, peer.key, nlri.rd, nlri.tag];
      },
    ],
  ];
  let left = [...routes];
  for (const [name, keys] of before) {
    left = lowest(left, keys);
    if (left.length === 1) return [left[0], name];
  }
  left = left.filter(
    (route) =>
      !left.some(
        (other) =>
          (other.attributes.asPath[0] ?? -1) === (route.attributes.asPath[0] ?? -1) &&
          (other.attributes.med ?? 0) < (route.attributes.med ?? 0),
      ),
  );
  if (left.length === 1) return [left[0], 'med'];
  for (const [name, keys] of after) {
    left = lowest(left, keys);
    if (left.length === 1) return [left[0], name];
  }
  throw new Error(`not a total order: ${left.length} left of ${decidedByNames.length} rules`);
}

function lowest(routes: readonly OracleRoute[], keys: (route: OracleRoute) => (number | string)[]): OracleRoute[] {
  const best = routes.map(keys).reduce((a, b) => (compareLists(a, b) <= 0 ? a : b));
  return routes.filter((route) => compareLists(keys(route), best) === 0);
}

function describe(route: OracleRoute, rule: string, nextHop: string | null): string {
  const { attributes, generation } = route;
  const { asPath } = attributes;
  return [
    route.prefix,
    route.peer.text,
    route.view,
    route.pathId,
    rule,
    generation.isStale ? 'stale' : 'live',
    route.suspect ? 'suspect' : 'sure',
    asPath.at(-1) ?? (route.localAs === 0 ? -1 : route.localAs),
    asPath[0] ?? -1,
    attributes.localPref ?? 'none',
    attributes.med ?? 'none',
    attributes.nextHop === nextHop,
  ].join(' ');
}
