/**
 * An obviously right RIB: routes in a Map under text keys, rules as filters over arrays, every timer looked at on every step. Takes events instead of bytes. Knows the tables of one router over several BMP sessions; oracle-lookup.ts looks up in them.
 *
 * Since a new epoch's announcement or withdrawal of a key removes the stale route of that key, a key has one route at most.
 */

export interface OracleAttributes {
  origin: number;
  /** Member ASes of the confederation, a leading segment; none = no such segment. */
  confederation: readonly number[];
  asPath: readonly number[];
  nextHop: string;
  localPref: number | null;
  med: number | null;
  originatorId: string | null;
  clusterList: number;
  /** Route targets as text. */
  targets: readonly string[];
}

export interface OraclePeer {
  /** Text that identifies it within a session. */
  key: string;
  isLocRib: boolean;
  /** Address; the BGP ID of a Loc-RIB. */
  text: string;
  bgpId: string;
  as: number;
  /** Canonical text of the instance that it is in; '' = the global table. */
  rd: string;
}

/** How a route is told: without an RD, as VPN route, or as EVPN IP prefix. */
export interface OracleNlri {
  form: 'plain' | 'vpn' | 'evpn';
  /** 16 hex digits and the canonical text; empty without an RD. */
  rdHex: string;
  rd: string;
  /** Ethernet tag of EVPN. */
  tag: number;
}

export const plainNlri: OracleNlri = { form: 'plain', rdHex: '', rd: '', tag: 0 };

export type OracleEvent =
  | { kind: 'initiation'; session: string }
  | { kind: 'termination'; session: string }
  | { kind: 'peer-up'; session: string; peer: OraclePeer; variant: number }
  | { kind: 'peer-down'; session: string; peer: OraclePeer }
  | { kind: 'end-of-rib'; session: string; peer: OraclePeer; view: number; family: number; nlri: OracleNlri }
  | {
      kind: 'withdraw';
      session: string;
      peer: OraclePeer;
      view: number;
      prefix: string;
      pathId: number;
      nlri: OracleNlri;
    }
  | {
      kind: 'announce';
      session: string;
      peer: OraclePeer;
      view: number;
      prefix: string;
      pathId: number;
      nlri: OracleNlri;
      attributes: OracleAttributes;
    };

export interface OracleRoute {
  session: string;
  peer: OraclePeer;
  view: number;
  family: number;
  prefix: string;
  pathId: number;
  nlri: OracleNlri;
  attributes: OracleAttributes;
  generation: OracleGeneration;
  localAs: number;
  suspect: boolean;
}

/** One view and family of one epoch. */
export interface OracleGeneration {
  key: string;
  session: string;
  peer: OraclePeer;
  view: number;
  /** 0 for EVPN, whose prefixes of both families are one. */
  family: number;
  form: OracleNlri['form'];
  isComplete: boolean;
  isStale: boolean;
  /** Of the first and the last Route Monitoring. */
  firstMs: number;
  lastMs: number;
  dropAtMs: number;
}

interface PeerLife {
  state: 'up' | 'provisional' | 'stale' | 'down';
  variant: number;
  startMs: number;
  /** Of the last Route Monitoring. */
  lastMs: number;
  dropAtMs: number;
}

export const oracleLocalAs = 65000;

export class OracleRib {
  nowMs: number;
  readonly routes = new Map<string, OracleRoute>();
  private readonly lives = new Map<string, PeerLife>();
  generations: OracleGeneration[] = [];
  private readonly staleTimeMs: number;
  private readonly endOfRibTimeoutMs: number;

  constructor(nowMs: number, staleTimeMs: number, endOfRibTimeoutMs: number) {
    this.nowMs = nowMs;
    this.staleTimeMs = staleTimeMs;
    this.endOfRibTimeoutMs = endOfRibTimeoutMs;
  }

  setClock(nowMs: number): void {
    if (nowMs <= this.nowMs) return;
    this.nowMs = nowMs;
    for (const [key, life] of this.lives) {
      if (life.dropAtMs > nowMs) continue;
      this.lives.delete(key);
      this.removeGenerations((generation) => lifeKey(generation) === key);
    }
    for (const generation of this.generations) {
      const isDue =
        Math.min(generation.lastMs, generation.firstMs + 11 * this.endOfRibTimeoutMs) + this.endOfRibTimeoutMs <= nowMs;
      if (!generation.isStale && !generation.isComplete && isDue) this.complete(generation);
    }
    this.removeGenerations((generation) => generation.isStale && this.staleDeadline(generation) <= nowMs);
    for (const [key, life] of this.lives) {
      const isEmpty = ![...this.routes.values()].some((route) => lifeKey(route) === key);
      if (life.state !== 'provisional' || !isEmpty || life.lastMs + this.staleTimeMs > nowMs) continue;
      this.lives.delete(key);
      this.removeGenerations((generation) => lifeKey(generation) === key);
    }
  }

  apply(event: OracleEvent): void {
    if (event.kind === 'initiation' || event.kind === 'termination') {
      this.loseSession(event.session);
      return;
    }
    const key = lifeKey(event);
    const life = this.lives.get(key);
    if (event.kind === 'peer-up') {
      if (life?.state === 'up' && life.variant === event.variant) return;
      this.startEpoch(key, 'up', event.variant);
    } else if (event.kind === 'peer-down') {
      if (life === undefined || life.state === 'down') return;
      this.removeGenerations(
        (other) =>
          lifeKey(other) === key ||
          (other.peer.key === event.peer.key && other.isStale && this.lives.get(lifeKey(other))?.state === 'stale'),
      );
      this.lives.set(key, { ...life, state: 'down', dropAtMs: this.nowMs + this.staleTimeMs });
    } else {
      if (life?.state !== 'up' && life?.state !== 'provisional') this.startEpoch(key, 'provisional', -1);
      this.monitor(event);
    }
  }

  private monitor(event: Extract<OracleEvent, { view: number }>): void {
    const { nlri } = event;
    const family = event.kind === 'end-of-rib' ? event.family : event.prefix.includes(':') ? 6 : 4;
    const generation = this.open(event.session, event.peer, event.view, family, nlri.form);
    const life = this.lives.get(lifeKey(event));
    if (life !== undefined) life.lastMs = this.nowMs;
    generation.lastMs = this.nowMs;
    if (event.kind === 'end-of-rib') {
      this.complete(generation);
      return;
    }
    const { session, peer, view, prefix, pathId } = event;
    const key = [session, peer.key, view, prefix, pathId, nlri.form, nlri.rd, nlri.tag].join(' ');
    this.routes.delete(key);
    if (event.kind === 'withdraw') return;
    const isUp = life?.state === 'up';
    const { attributes } = event;
    // From another AS an empty path is malformed, as far as the OPENs tell who is another AS: treat-as-withdraw.
    const isExternal = isUp && !peer.isLocRib && peer.as !== oracleLocalAs && (view === 1 || view === 2);
    if (isExternal && attributes.asPath.length === 0) return;
    // As received from outside the confederation, what only internal neighbours may send is discarded.
    const kept =
      isExternal && attributes.confederation.length === 0 && view === 2
        ? { ...attributes, localPref: null, originatorId: null, clusterList: 0 }
        : attributes;
    const localAs = isUp ? oracleLocalAs : peer.isLocRib ? peer.as : 0;
    this.routes.set(key, {
      session,
      peer,
      view,
      family,
      prefix,
      pathId,
      nlri,
      attributes: kept,
      generation,
      localAs,
      suspect: !isUp,
    });
  }

  private open(
    session: string,
    peer: OraclePeer,
    view: number,
    familyOfPrefix: number,
    form: OracleNlri['form'],
  ): OracleGeneration {
    const family = form === 'evpn' ? 0 : familyOfPrefix;
    const key = [session, peer.key, view, family, form].join(' ');
    const known = this.generations.find((generation) => generation.key === key && !generation.isStale);
    if (known) return known;
    const base = { isComplete: false, isStale: false, firstMs: this.nowMs, lastMs: this.nowMs, dropAtMs: Infinity };
    const generation = { key, session, peer, view, family, form, ...base };
    this.generations.push(generation);
    return generation;
  }

  private complete(generation: OracleGeneration): void {
    generation.isComplete = true;
    this.removeGenerations((other) => other.isStale && other.key === generation.key);
  }

  private startEpoch(key: string, state: 'up' | 'provisional', variant: number): void {
    for (const generation of this.generations) if (lifeKey(generation) === key) generation.isStale = true;
    this.lives.set(key, { state, variant, startMs: this.nowMs, lastMs: this.nowMs, dropAtMs: Infinity });
  }

  private loseSession(session: string): void {
    const dropAtMs = this.nowMs + this.staleTimeMs;
    for (const [key, life] of this.lives) {
      if (!key.startsWith(`${session} `) || (life.state !== 'up' && life.state !== 'provisional')) continue;
      this.lives.set(key, { ...life, state: 'stale', dropAtMs });
      for (const generation of this.generations) {
        if (lifeKey(generation) !== key) continue;
        generation.isStale = true;
        generation.dropAtMs = Math.min(generation.dropAtMs, dropAtMs);
      }
    }
  }

  private removeGenerations(isGone: (generation: OracleGeneration) => boolean): void {
    this.generations = this.generations.filter((generation) => {
      if (!isGone(generation)) return true;
      for (const [key, route] of this.routes) if (route.generation === generation) this.routes.delete(key);
      return false;
    });
  }

  private staleDeadline(stale: OracleGeneration): number {
    const life = this.lives.get(lifeKey(stale));
    const hasSuccessor = this.generations.some((other) => other.key === stale.key && !other.isStale);
    if (hasSuccessor || (life?.state !== 'up' && life?.state !== 'provisional')) return stale.dropAtMs;
    const onTheirWay = this.generations.filter(
      (other) => lifeKey(other) === lifeKey(stale) && !other.isStale && !other.isComplete,
    );
    const waitingSinceMs = Math.max(life.startMs, ...onTheirWay.map((other) => other.lastMs));
    return Math.min(stale.dropAtMs, waitingSinceMs + this.endOfRibTimeoutMs);
  }

  /** Every route of every table: RD, NLRI, whose it is and its marks, sorted. */
  table(): string[] {
    return [...this.routes.values()]
      .map((route) =>
        [
          route.nlri.form === 'plain' ? route.peer.rd : route.nlri.rd,
          route.nlri.form,
          route.nlri.tag,
          route.prefix,
          route.pathId,
          route.view,
          route.peer.text,
          route.session,
          route.generation.isStale ? 'stale' : 'live',
          route.generation.isComplete ? 'complete' : 'incomplete',
          route.suspect ? 'suspect' : 'sure',
          this.isShadowed(route.peer, route.view) || this.isOutdated(route.generation) ? 'shadowed' : 'answers',
          route.nlri.form === 'plain' && route.peer.rd === '' ? 'global' : 'vpn',
          route.nlri.form === 'plain' && route.peer.rd !== '' ? 'in the vrf' : 'not in one',
          [...route.attributes.confederation, ...route.attributes.asPath].join(','),
        ].join(' '),
      )
      .sort();
  }

  /** Another session has the same one live and whole. */
  isOutdated(stale: OracleGeneration): boolean {
    if (!stale.isStale) return false;
    return this.generations.some(
      (other) =>
        other.session !== stale.session &&
        [other.peer.key, other.view, other.family, other.form].join(' ') ===
          [stale.peer.key, stale.view, stale.family, stale.form].join(' ') &&
        other.isComplete &&
        !other.isStale,
    );
  }

  /** It sends post-policy too. */
  isShadowed(peer: OraclePeer, view: number): boolean {
    const post = view === 2 ? 1 : view === 4 ? 3 : -1;
    return this.generations.some((other) => other.peer.key === peer.key && other.view === post);
  }
}

function lifeKey(of: { session: string; peer: OraclePeer }): string {
  return `${of.session} ${of.peer.key}`;
}
