/**
 * Every flow read is counted once, as one of these; plain numbers that metrics copy at scrape. A record of several flows counts once for
 * each; one without a flow, or that cannot be taken apart, counts once. A batch counts for itself and is added
 * when its output is acknowledged: one that is given up is counted where it is read again.
 */

import { statusMatched, statusNames } from '../../model/answer.ts';

export interface FlowCounters {
  /** Flows read from flow topics and from `<app>.repartition`, bad ones and markers included. */
  read: number;
  /** The source or the destination matched a route. */
  enriched: number;
  /** Neither did; by the destination's status (model/answer.ts), index 0 unused. */
  readonly unmatched: Float64Array;
  /** Handed on to the member that holds the router's shard; read there again. */
  forwarded: number;
  deadLettered: number;
  /** Records, or parts of records, without a flow in them. */
  markers: number;
  /** Flows that came by `<app>.repartition`. */
  received: number;
  lostOffsets: number;
}

export function createFlowCounters(): FlowCounters {
  return {
    read: 0,
    enriched: 0,
    unmatched: new Float64Array(statusNames.length),
    forwarded: 0,
    deadLettered: 0,
    markers: 0,
    received: 0,
    lostOffsets: 0,
  };
}

/** Adds a batch's counts. */
export function addFlowCounters(total: FlowCounters, batch: FlowCounters): void {
  total.read += batch.read;
  total.enriched += batch.enriched;
  for (let status = 0; status < batch.unmatched.length; status++) total.unmatched[status] += batch.unmatched[status];
  total.forwarded += batch.forwarded;
  total.deadLettered += batch.deadLettered;
  total.markers += batch.markers;
  total.received += batch.received;
  total.lostOffsets += batch.lostOffsets;
}

/** Results as metrics name them, with their counts. Their sum is `read`. */
export function flowResults(counters: FlowCounters): { result: string; count: number }[] {
  const results = [
    { result: 'enriched', count: counters.enriched },
    { result: 'forwarded', count: counters.forwarded },
    { result: 'dead-lettered', count: counters.deadLettered },
    { result: 'marker', count: counters.markers },
  ];
  statusNames.forEach((name, status) => {
    if (status !== statusMatched) results.push({ result: name, count: counters.unmatched[status] });
  });
  return results;
}
