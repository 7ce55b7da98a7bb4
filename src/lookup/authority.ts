/**
 * Which of a router's views answers for a family: the first configured one that is held and complete (End-of-RIB or its timeout, not
 * filtered); if none is, all configured views together. Views that only have pre-policy routes beside post-policy ones are not held.
 */

import type { RouterState } from '../rib/peers.ts';
import { viewComplete } from '../rib/peers.ts';

export function maskOfViews(views: readonly number[]): number {
  let mask = 0;
  for (const view of views) mask |= 1 << view;
  return mask;
}

/** Bit by view. */
export function authorityOf(router: RouterState, family: number, views: readonly number[], allViews: number): number {
  const states = router.viewStates(family);
  for (let i = 0; i < views.length; i++) {
    if (states[views[i]] === viewComplete) return 1 << views[i];
  }
  return allViews;
}
