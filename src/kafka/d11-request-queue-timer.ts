/**
 * Hazard D11: kafkajs arms its throttle timer with a time in the past, so every connection wakes a thousand times a second for as
 * long as it lives, and Node 24 warns of a negative time-out. The timer is only needed while requests wait for it.
 * Test: test/kafka/d11-request-queue-timer.test.ts.
 */

import type { RequestQueue } from './internals.ts';

export function patchRequestQueueTimer(prototype: RequestQueue): void {
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function scheduleCheckPendingRequests(this: RequestQueue): void {
    if (this.pending.length > 0) schedule.call(this);
  };
}
