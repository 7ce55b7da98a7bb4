/**
 * Which of a router's views answers for a family: the first configured one that is held and complete (End-of-RIB or its timeout, not
 * filtered); if none is, all configured views together. Views that only have pre-policy routes beside post-policy ones are not held.
 *
 * Masks of views have a bit by view. In a VRF a second one, inVrfBits further on, stands for the routes that were told from inside the VRF
 * (its CE peers, its Loc-RIB), as opposed to VPN routes.
 */

import type { RouterState } from '../rib/peers.ts';
import { viewComplete } from '../rib/peers.ts';

export const inVrfBits = 8;

export function maskOfViews(views: readonly number[]): number {
  let mask = 0;
  for (const view of views) mask |= 1 << view;
  return mask;
}

/** Both kinds of routes of a VRF. */
export function vrfMask(mask: number): number {
  return mask | (mask << inVrfBits);
}

/** Of the global table: the mask of its first complete view; 0 for none. */
export function completeViewOf(router: RouterState, family: number, views: readonly number[]): number {
  const states = router.viewStates(family);
  for (let i = 0; i < views.length; i++) {
    if (states[views[i]] === viewComplete) return 1 << views[i];
  }
  return 0;
}

/** Of the global table. */
export function authorityOf(router: RouterState, family: number, views: readonly number[], allViews: number): number {
  const complete = completeViewOf(router, family, views);
  return complete === 0 ? allViews : complete;
}
