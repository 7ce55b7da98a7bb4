/**
 * The routes among which a lookup chooses: a list in columns, filled from one prefix of the table, narrowed in place by the rules.
 * One object, refilled for each lookup; it grows and never shrinks. `lostBy` remembers which rule put a route out.
 */

import type { IpAddress } from '../base/ip.ts';
import { AttributeReader } from '../model/attribute-words.ts';
import type { RibShard } from '../rib/shard.ts';
import { headViewBits, sourceComplete, sourceStale } from '../rib/sources.ts';

/** `lostBy` of a route that is still in. */
export const stillIn = -1;
/** Put out because another session tells of the same route. */
export const lostAsCopy = -2;
/** Not of the authority, and not chosen for its next hop. */
export const lostToAuthority = -3;

export class Candidates {
  /** All that were collected. */
  total = 0;
  readonly routes: number[] = [];
  readonly sources: number[] = [];
  readonly views: number[] = [];
  readonly pathIds: number[] = [];
  readonly lostBy: number[] = [];
  readonly readers: AttributeReader[] = [];
  /** Those still in: indices into the columns above. */
  count = 0;
  readonly alive: number[] = [];
  private isRead = false;

  /**
   * The routes of the prefix that this router's views of `viewMask` (bit by view) hold; false when there is none.
   */
  collect(shard: RibShard, router: number, prefix: number, viewMask: number): boolean {
    const { routes: table } = shard;
    const { head } = shard.sources;
    const size = table.routeCount(prefix);
    const stride = table.routeStride(prefix);
    let ref = table.firstRoute(prefix);
    let n = 0;
    for (let i = 0; i < size; i++, ref += stride) {
      const source = table.routeSource(ref);
      const about = head[source];
      if (about >> headViewBits !== router) continue;
      const view = about & 255;
      if (((viewMask >> view) & 1) === 0) continue;
      this.routes[n] = ref;
      this.sources[n] = source;
      this.views[n] = view;
      n++;
    }
    this.total = n;
    this.count = n;
    this.isRead = false;
    return n > 0;
  }

  /** Completes the columns for a choice among several. */
  prepare(shard: RibShard, prefix: number): void {
    if (this.isRead) return;
    const { attributes, routes: table } = shard;
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
  dropCopies(shard: RibShard): void {
    for (let a = 0; a < this.total; a++) {
      for (let b = 0; b < a && this.lostBy[a] === stillIn; b++) {
        if (this.lostBy[b] !== stillIn || !this.isSameRoute(shard, a, b)) continue;
        this.lostBy[this.isBetterCopy(shard, a, b) ? b : a] = lostAsCopy;
      }
    }
    this.keepAlive();
  }

  /** Back to all that are not copies, of these views only. */
  restrict(viewMask: number): void {
    this.count = 0;
    for (let i = 0; i < this.total; i++) {
      if (this.lostBy[i] === lostAsCopy) continue;
      if (((viewMask >> this.views[i]) & 1) !== 0) this.alive[this.count++] = i;
      else this.lostBy[i] = lostToAuthority;
    }
  }

  /** Narrows to routes of the view with this next hop; false, and nothing changed, when there is none. */
  keepNextHop(view: number, nextHop: IpAddress, rule: number): boolean {
    let kept = 0;
    for (let i = 0; i < this.count; i++) {
      const at = this.alive[i];
      if (this.views[at] === view && hasNextHop(this.readers[at], nextHop)) kept++;
    }
    if (kept === 0) return false;
    let n = 0;
    for (let i = 0; i < this.count; i++) {
      const at = this.alive[i];
      if (this.views[at] === view && hasNextHop(this.readers[at], nextHop)) this.alive[n++] = at;
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

  /** Within one session two routes of a prefix always differ in one of these. */
  private isSameRoute(shard: RibShard, a: number, b: number): boolean {
    const { neighbour, safi } = shard.sources;
    const [first, second] = [this.sources[a], this.sources[b]];
    return (
      neighbour[first] === neighbour[second] &&
      this.views[a] === this.views[b] &&
      safi[first] === safi[second] &&
      this.pathIds[a] === this.pathIds[b]
    );
  }

  private isBetterCopy(shard: RibShard, a: number, b: number): boolean {
    const { flags, ribs } = shard.sources;
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
