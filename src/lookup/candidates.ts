/**
 * The routes among which a lookup chooses: a list in columns, filled from one prefix of the table, narrowed in place by the rules.
 * One object, refilled for each lookup; it grows and never shrinks. `lostBy` remembers which rule put a route out.
 */

import type { IpAddress } from '../base/ip.ts';
import { AttributeReader } from '../model/attribute-words.ts';
import { headViewBits, sourceComplete, sourceInVrf, sourceLocRib, sourceStale } from '../rib/sources.ts';
import { inVrfBits } from './authority.ts';
import type { TableScope } from './table-scope.ts';
import type { VrfTable } from './vrf-tables.ts';

/** `lostBy` of a route that is still in. */
export const stillIn = -1;
/** Put out because another session tells of the same route. */
export const lostAsCopy = -2;
/** Not of the authority, and not chosen for its next hop. */
export const lostToAuthority = -3;
/** On a reference router: another one is from the exporter itself. */
export const lostToExporter = -4;

export class Candidates {
  /** All that were collected. */
  total = 0;
  readonly routes: number[] = [];
  readonly sources: number[] = [];
  readonly views: number[] = [];
  /** Number of the bit in masks of authority.ts. */
  readonly kinds: number[] = [];
  readonly pathIds: number[] = [];
  readonly lostBy: number[] = [];
  readonly readers: AttributeReader[] = [];
  /** Those still in: indices into the columns above. */
  count = 0;
  readonly alive: number[] = [];
  private isRead = false;
  private readonly reader = new AttributeReader();

  /** The routes of the prefix that the scope's views of `mask` hold; false when there is none. */
  collect(scope: TableScope, prefix: number, mask: number): boolean {
    if (scope.vrf !== null) return this.collectInVrf(scope, scope.vrf, prefix, mask);
    const { routes: table, router } = scope;
    const { head } = scope.sources;
    const routerIndex = router === null ? -1 : router.index;
    const size = table.routeCount(prefix);
    const stride = table.routeStride(prefix);
    let ref = table.firstRoute(prefix);
    let n = 0;
    for (let i = 0; i < size; i++, ref += stride) {
      const source = table.routeSource(ref);
      const about = head[source];
      if (about >> headViewBits !== routerIndex) continue;
      const view = about & 255;
      if (((mask >> view) & 1) === 0) continue;
      this.routes[n] = ref;
      this.sources[n] = source;
      this.views[n] = view;
      this.kinds[n] = view;
      n++;
    }
    return this.collected(n);
  }

  /** As `collect`: one tree has the routes of all VRFs, so each route says whether it is in this one. */
  private collectInVrf(scope: TableScope, vrf: VrfTable, prefix: number, mask: number): boolean {
    const { routes: table, router, sources } = scope;
    const { head, flags, rd } = sources;
    const hasTargets = vrf.importTargets.length > 0;
    const routerIndex = router === null ? -1 : router.index;
    const size = table.routeCount(prefix);
    const stride = table.routeStride(prefix);
    let ref = table.firstRoute(prefix);
    let n = 0;
    for (let i = 0; i < size; i++, ref += stride) {
      const source = table.routeSource(ref);
      const about = head[source];
      if (about >> headViewBits !== routerIndex) continue;
      const isInVrf = (flags[source] & sourceInVrf) !== 0;
      const hasRd = vrf.hasRd(rd[source]);
      if (!hasRd && (isInVrf || !hasTargets)) continue;
      const view = about & 255;
      const kind = isInVrf ? view + inVrfBits : view;
      if (((mask >> kind) & 1) === 0) continue;
      if (!hasRd && !this.isImported(scope, vrf, ref)) continue;
      this.routes[n] = ref;
      this.sources[n] = source;
      this.views[n] = view;
      this.kinds[n] = kind;
      n++;
    }
    return this.collected(n);
  }

  /** A VPN route with an import target is in the VRF, whatever the RD that its PE gave it. */
  private isImported(scope: TableScope, vrf: VrfTable, ref: number): boolean {
    const { attributes } = scope;
    const { reader } = this;
    const id = scope.routes.routeAttributes(ref);
    reader.read(attributes.words(id), attributes.start(id));
    const from = reader.extCommunitiesAt;
    return vrf.importsAny(reader.words, from, from + 2 * reader.extCommunities);
  }

  private collected(n: number): boolean {
    this.total = n;
    this.count = n;
    this.isRead = false;
    return n > 0;
  }

  /** Completes the columns for a choice among several. */
  prepare(scope: TableScope, prefix: number): void {
    if (this.isRead) return;
    const { attributes, routes: table } = scope;
    for (let i = 0; i < this.total; i++) {
      if (this.readers.length <= i) this.readers.push(new AttributeReader());
      const id = table.routeAttributes(this.routes[i]);
      this.readers[i].read(attributes.words(id), attributes.start(id));
      this.pathIds[i] = table.routePathId(prefix, this.routes[i]);
      this.lostBy[i] = stillIn;
      this.alive[i] = i;
    }
    this.isRead = true;
  }

  /** Of one route that several sessions tell of, only that of the live, then complete, then lowest session stays. */
  dropCopies(scope: TableScope): void {
    for (let a = 0; a < this.total; a++) {
      for (let b = 0; b < this.total && this.lostBy[a] === stillIn; b++) {
        if (this.isSameRoute(scope, a, b) && this.isBetterCopy(scope, b, a)) this.lostBy[a] = lostAsCopy;
      }
    }
    this.keepAlive();
  }

  /** Back to all that are not copies, of these views only. */
  restrict(mask: number): void {
    this.count = 0;
    for (let i = 0; i < this.total; i++) {
      if (this.lostBy[i] === lostAsCopy) continue;
      if (((mask >> this.kinds[i]) & 1) !== 0) this.alive[this.count++] = i;
      else this.lostBy[i] = lostToAuthority;
    }
  }

  /** Narrows to what the exporter itself told; false, and nothing changed, when there is none such. */
  keepExporter(scope: TableScope, exporters: readonly IpAddress[]): boolean {
    let kept = 0;
    for (let i = 0; i < this.count; i++) if (this.isOfExporter(scope, this.alive[i], exporters)) kept++;
    if (kept === 0) return false;
    let n = 0;
    for (let i = 0; i < this.count; i++) {
      const at = this.alive[i];
      if (this.isOfExporter(scope, at, exporters)) this.alive[n++] = at;
      else this.lostBy[at] = lostToExporter;
    }
    this.count = n;
    return true;
  }

  /** From the peer with one of these session addresses or BGP IDs, or reflected with it as ORIGINATOR_ID (RFC 4456 §8). */
  private isOfExporter({ sources }: TableScope, at: number, exporters: readonly IpAddress[]): boolean {
    const source = this.sources[at];
    const reader = this.readers[at];
    // A Loc-RIB has no peer: its BGP ID is the reference router's.
    const isOfPeer = (sources.flags[source] & sourceLocRib) === 0;
    for (let i = 0; i < exporters.length; i++) {
      const { family, w0, w1, w2, w3 } = exporters[i];
      if (family === 4 && reader.hasOriginatorId && reader.originatorId === w0 >>> 0) return true;
      if (!isOfPeer) continue;
      if (family === 4 && sources.bgpId[source] === w0 >>> 0) return true;
      if (
        sources.peerFamily[source] === family &&
        sources.peer0[source] === w0 &&
        sources.peer1[source] === w1 &&
        sources.peer2[source] === w2 &&
        sources.peer3[source] === w3
      ) {
        return true;
      }
    }
    return false;
  }

  /** Narrows to routes of the mask's views with this next hop; false, and nothing changed, when there is none. */
  keepNextHop(mask: number, nextHop: IpAddress, rule: number): boolean {
    let kept = 0;
    for (let i = 0; i < this.count; i++) {
      const at = this.alive[i];
      if (((mask >> this.kinds[at]) & 1) !== 0 && hasNextHop(this.readers[at], nextHop)) kept++;
    }
    if (kept === 0) return false;
    let n = 0;
    for (let i = 0; i < this.count; i++) {
      const at = this.alive[i];
      if (((mask >> this.kinds[at]) & 1) !== 0 && hasNextHop(this.readers[at], nextHop)) this.alive[n++] = at;
      else this.lostBy[at] = rule;
    }
    this.count = n;
    return true;
  }

  private keepAlive(): void {
    let n = 0;
    for (let i = 0; i < this.total; i++) if (this.lostBy[i] === stillIn) this.alive[n++] = i;
    this.count = n;
  }

  /** Two routes of one session are never the same: those with Ethernet tags may be equal in all of this. */
  private isSameRoute({ sources }: TableScope, a: number, b: number): boolean {
    const { neighbour, safi, rd, ribs } = sources;
    const [first, second] = [this.sources[a], this.sources[b]];
    return (
      neighbour[first] === neighbour[second] &&
      this.views[a] === this.views[b] &&
      safi[first] === safi[second] &&
      rd[first] === rd[second] &&
      this.pathIds[a] === this.pathIds[b] &&
      ribs[first]?.peer.session !== ribs[second]?.peer.session
    );
  }

  private isBetterCopy({ sources }: TableScope, a: number, b: number): boolean {
    const { flags, ribs } = sources;
    const [first, second] = [this.sources[a], this.sources[b]];
    const stale = (flags[first] & sourceStale) - (flags[second] & sourceStale);
    if (stale !== 0) return stale < 0;
    const complete = (flags[first] & sourceComplete) - (flags[second] & sourceComplete);
    if (complete !== 0) return complete > 0;
    return (ribs[first]?.peer.session.key ?? '') < (ribs[second]?.peer.session.key ?? '');
  }
}

/** True when the set's next hop, or either half of an IPv6 one of 32 bytes, is this address. */
export function hasNextHop(reader: AttributeReader, nextHop: IpAddress): boolean {
  const { words, nextHopAt: at, nextHopKind: kind } = reader;
  if (kind === 0) return false;
  if (kind === 1) return nextHop.family === 4 && words[at] === nextHop.w0;
  if (isMapped(words, at)) return nextHop.family === 4 && words[at + 3] === nextHop.w0;
  if (nextHop.family !== 6) return false;
  return isAddress(words, at, nextHop) || (kind === 3 && isAddress(words, at + 4, nextHop));
}

function isMapped(words: Int32Array, at: number): boolean {
  return words[at] === 0 && words[at + 1] === 0 && words[at + 2] === 0xffff;
}

function isAddress(words: Int32Array, at: number, address: IpAddress): boolean {
  return (
    words[at] === address.w0 &&
    words[at + 1] === address.w1 &&
    words[at + 2] === address.w2 &&
    words[at + 3] === address.w3
  );
}
