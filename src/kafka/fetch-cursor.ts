/**
 * Where reading of one partition stands, and what the two readers (group-fetcher.ts, partition-reader.ts) have in common: who leads
 * it, whose turn it is, and what an error code of a Fetch response asks for.
 *
 * Hazard D7: a broker fills a response in the order of the request until it is full, so that a fixed order starves the last
 * partitions. Partitions that were served longest ago are asked for first. Test: test/kafka/d07-fetch-order.test.ts.
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { Broker, Cluster } from './internals.ts';

export class FetchCursor {
  readonly topic: string;
  readonly partition: number;
  /** Offset to read next; -1 while nobody has said. */
  position = -1;
  paused = false;
  /** A handler has its data at hand: it is not fetched until that ends. */
  busy = false;
  /** Changes whenever the position is set from outside: what was fetched before is then void. */
  version = 0;
  /** Node id of the leader; -1 unknown. */
  leader = -1;
  /** The topic was seen without this partition. */
  vanished = false;
  /** Number of the fetch that last returned data, 0 = none. */
  servedAt = 0;

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  moveTo(position: number): void {
    this.position = position;
    this.version++;
  }
}

/** Longest waiting first; the order of the cursors among equals. */
export function inFetchOrder(cursors: readonly FetchCursor[]): FetchCursor[] {
  return cursors.toSorted((a, b) => a.servedAt - b.servedAt);
}

/** Notes the leaders as the cluster's metadata has them now. */
export function updateLeaders(cluster: Cluster, cursors: Iterable<FetchCursor>): void {
  let topic = '';
  let leaders = new Map<number, number>();
  for (const cursor of cursors) {
    if (cursor.topic !== topic) {
      topic = cursor.topic;
      leaders = new Map(cluster.findTopicPartitionMetadata(topic).map((p) => [p.partitionId, p.leader]));
    }
    cursor.leader = leaders.get(cursor.partition) ?? -1;
    if (!leaders.has(cursor.partition)) cursor.vanished = true;
  }
}

export type FetchOutcome = 'data' | 'out-of-range' | 'retry' | 'fatal';

const fatalCodes = new Set([17, 29, 30, 31, 35, 58]);

/** OFFSET_OUT_OF_RANGE; authorisation and version errors; all others (leader moved, topic gone, storage busy) may pass. */
export function outcomeOf(errorCode: number): FetchOutcome {
  if (errorCode === 0) return 'data';
  if (errorCode === 1) return 'out-of-range';
  return fatalCodes.has(errorCode) ? 'fatal' : 'retry';
}

export async function logBounds(
  broker: Broker,
  topic: string,
  partition: number,
): Promise<{ start: number; end: number }> {
  const offsetAt = async (timestamp: number): Promise<number> => {
    const { responses } = await broker.listOffsets({
      isolationLevel: 0,
      topics: [{ topic, partitions: [{ partition, timestamp }] }],
    });
    return Number(responses[0].partitions[0].offset);
  };
  return { start: await offsetAt(-2), end: await offsetAt(-1) };
}

/** A wait that can be cut short, so that a resumed partition need not sit out the rest of it. */
export class Alarm {
  private controller = new AbortController();

  ring(): void {
    this.controller.abort();
    this.controller = new AbortController();
  }

  async wait(ms: number): Promise<void> {
    try {
      await delay(ms, undefined, { signal: this.controller.signal });
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
    }
  }
}
