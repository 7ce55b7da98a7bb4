/**
 * Held messages that came within the window of each other and carry the same second are applied by offset, which is only likely to be
 * right. For most routes that does no harm: of two announcements the later one follows soon. But where one of the two is a withdrawal,
 * the wrong order leaves a route that is gone, or none where there is one. Finds such pairs; the RIB is suspect then.
 *
 * Withdrawals are few and remembered by key. Announcements are many: the table has the time of the record that set a route, and the second
 * of the messages of that record is remembered by it.
 */

import type { NlriList } from '../wire/bgp/types.ts';
import type { Peer, Rib } from './peers.ts';
import type { RouteTable, SourceId } from './types.ts';

/** Withdrawals remembered in a RIB, or records in a peer, before the older half goes. */
const keysMaximum = 32_768;

/** What a held message says of itself. */
export interface HeldTime {
  /** Of its record. */
  timeMs: number;
  /** By which it was ordered. */
  orderMs: number;
  windowMs: number;
  /** Number of the UPDATE: within one, withdrawals come first, and that is no question (RFC 4271 §4.3). */
  update: number;
}

/** What is not older than the window, and some that is: forgotten by halves. */
export class RecentMap<K, V> {
  current = new Map<K, V>();
  former = new Map<K, V>();
  sinceMs = -Infinity;

  get(key: K): V | undefined {
    return this.current.get(key) ?? this.former.get(key);
  }

  set(key: K, value: V, timeMs: number, windowMs: number): void {
    if (timeMs - this.sinceMs > windowMs || this.current.size >= keysMaximum) {
      this.former = timeMs - this.sinceMs > 2 * windowMs ? new Map() : this.current;
      this.current = new Map();
      this.sinceMs = timeMs;
    }
    this.current.set(key, value);
  }
}

export class RecentWithdrawals extends RecentMap<string, HeldTime> {}

/** By the time of the record: by what its messages were ordered. */
export class RecentOrders extends RecentMap<number, Set<number>> {}

/** To be told after the routes of a held message are applied. */
export function noteHeldMessage(peer: Peer, { orderMs, timeMs, windowMs }: HeldTime): void {
  peer.recentOrders ??= new RecentOrders();
  const known = peer.recentOrders.get(timeMs);
  if (known === undefined) peer.recentOrders.set(timeMs, new Set([orderMs]), timeMs, windowMs);
  else known.add(orderMs);
}

/** True when the route was announced so shortly before that the router may have sent the withdrawal first. */
export function isWithdrawalDoubtful(
  rib: Rib,
  source: SourceId,
  list: NlriList,
  i: number,
  pathId: number,
  held: HeldTime,
): boolean {
  const { timeMs, orderMs, windowMs, update } = held;
  rib.recentWithdrawals ??= new RecentWithdrawals();
  rib.recentWithdrawals.set(keyOf(rib, list, i, pathId), { timeMs, orderMs, windowMs, update }, timeMs, windowMs);
  if (source < 0) return false;
  const announcedMs = announcedAt(rib.instance.routes, source, list, i, pathId);
  if (Math.abs(timeMs - announcedMs) > windowMs) return false;
  return rib.peer.recentOrders?.get(announcedMs)?.has(orderMs) ?? true;
}

/** True when the route was withdrawn so shortly before that the router may have sent the announcement first. */
export function isAnnouncementDoubtful(rib: Rib, list: NlriList, i: number, pathId: number, held: HeldTime): boolean {
  if (rib.recentWithdrawals === null) return false;
  const last = rib.recentWithdrawals.get(keyOf(rib, list, i, pathId));
  if (last === undefined || last.update === held.update || last.orderMs !== held.orderMs) return false;
  return Math.abs(held.timeMs - last.timeMs) <= held.windowMs;
}

function announcedAt(routes: RouteTable, source: SourceId, list: NlriList, i: number, pathId: number): number {
  const prefix = routes.exactMatch(list.family[i], list.w0[i], list.w1[i], list.w2[i], list.w3[i], list.length[i]);
  const count = prefix < 0 ? 0 : routes.routeCount(prefix);
  for (let n = 0; n < count; n++) {
    const route = routes.firstRoute(prefix) + n * routes.routeStride(prefix);
    if (routes.routeSource(route) !== source || routes.routePathId(prefix, route) !== pathId) continue;
    return routes.routeTimeMs(route);
  }
  return -Infinity;
}

function keyOf(rib: Rib, list: NlriList, i: number, pathId: number): string {
  const prefix = `${list.w0[i]} ${list.w1[i]} ${list.w2[i]} ${list.w3[i]}/${list.length[i]} ${pathId}`;
  if (!rib.hasDistinguishers) return prefix;
  return `${list.family[i]} ${prefix} ${list.rdHigh[i]} ${list.rdLow[i]} ${list.ethernetTag[i]}`;
}
