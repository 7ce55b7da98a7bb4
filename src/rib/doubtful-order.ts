/**
 * Held messages that came within the window of each other and carry the same second are applied by offset, which is only likely to be
 * right. For most routes that does no harm: of two announcements the later one follows soon. But where one of the two is a withdrawal,
 * the wrong order leaves a route that is gone, or none where there is one. Finds such pairs; the RIB is suspect then.
 *
 * An announcement before a withdrawal is found in the table by its time; withdrawals are remembered for the window, by key.
 */

import type { NlriList } from '../wire/bgp/types.ts';
import type { Rib } from './peers.ts';
import type { RouteTable, SourceId } from './types.ts';

/** Withdrawals remembered in a RIB. */
const keysMaximum = 65_536;

export interface RecentWithdrawal {
  readonly timeMs: number;
  /** Number of the UPDATE: within one, withdrawals come first, and that is no question (RFC 4271 §4.3). */
  readonly update: number;
}

/** True when the route was announced so shortly before that the withdrawal may have been sent before it. */
export function noteWithdrawal(
  rib: Rib,
  source: SourceId,
  list: NlriList,
  i: number,
  pathId: number,
  windowMs: number,
  timeMs: number,
  update: number,
): boolean {
  rib.recentWithdrawals ??= new Map();
  const recent = rib.recentWithdrawals;
  const key = keyOf(list, i, pathId);
  recent.delete(key);
  for (const [oldest, { timeMs: at }] of recent) {
    if (recent.size < keysMaximum && timeMs - at <= windowMs) break;
    recent.delete(oldest);
  }
  recent.set(key, { timeMs, update });
  const announcedMs = source < 0 ? -Infinity : announcedAt(rib.instance.routes, source, list, i, pathId);
  return Math.abs(timeMs - announcedMs) <= windowMs;
}

/** True when the route was withdrawn so shortly before that the withdrawal may have been sent after it. */
export function wasJustWithdrawn(
  rib: Rib,
  list: NlriList,
  i: number,
  pathId: number,
  windowMs: number,
  timeMs: number,
  update: number,
): boolean {
  const recent = rib.recentWithdrawals;
  if (recent === null || recent.size === 0) return false;
  const key = keyOf(list, i, pathId);
  const last = recent.get(key);
  if (last === undefined) return false;
  recent.delete(key);
  return last.update !== update && Math.abs(timeMs - last.timeMs) <= windowMs;
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
