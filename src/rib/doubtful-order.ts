/**
 * Held messages that came within the window of each other and carry the same second are applied by offset, which is only likely to be
 * right. For most routes that does no harm: of two announcements the later one follows soon. But where one of the two is a withdrawal,
 * the wrong order leaves a route that is gone, or none where there is one. Finds such pairs; the RIB is suspect then.
 *
 * Keys are remembered for the window, `keysMaximum` at the most in a RIB; of announcements beyond those the table has the time, if not
 * the second.
 */

import type { NlriList } from '../wire/bgp/types.ts';
import type { Rib } from './peers.ts';
import type { RouteTable, SourceId } from './types.ts';

const keysMaximum = 4096;

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

export interface RecentKey {
  readonly isWithdrawal: boolean;
  readonly timeMs: number;
  readonly orderMs: number;
  readonly update: number;
}

/** True when the route was told otherwise so shortly before that the router may have sent the two the other way round. */
export function isOrderDoubtful(
  rib: Rib,
  source: SourceId,
  list: NlriList,
  i: number,
  pathId: number,
  isWithdrawal: boolean,
  held: HeldTime,
): boolean {
  rib.recentKeys ??= new Map();
  const recent = rib.recentKeys;
  const { timeMs, orderMs, windowMs, update } = held;
  const key = keyOf(list, i, pathId);
  const last = recent.get(key);
  recent.delete(key);
  for (const [oldest, { timeMs: oldestMs }] of recent) {
    if (recent.size < keysMaximum && timeMs - oldestMs <= windowMs) break;
    recent.delete(oldest);
  }
  recent.set(key, { isWithdrawal, timeMs, orderMs, update });
  if (last === undefined) {
    if (!isWithdrawal || source < 0) return false;
    return Math.abs(timeMs - announcedAt(rib.instance.routes, source, list, i, pathId)) <= windowMs;
  }
  if (last.isWithdrawal === isWithdrawal || last.update === update) return false;
  return last.orderMs === orderMs && Math.abs(timeMs - last.timeMs) <= windowMs;
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

function keyOf(list: NlriList, i: number, pathId: number): string {
  const prefix = `${list.w0[i]} ${list.w1[i]} ${list.w2[i]} ${list.w3[i]}/${list.length[i]} ${pathId}`;
  return `${list.family[i]} ${prefix} ${list.rdHigh[i]} ${list.rdLow[i]} ${list.ethernetTag[i]}`;
}
