/**
 * Source topics that grow partitions. A producer that hashes keys sends a router's records to another partition from then on; what
 * the old partitions still hold must be routed before, or an old announcement overtakes a newer withdrawal. So partitions without a
 * commit, beside others that have one, wait until those are routed and committed up to the ends they had when the wait began.
 *
 * The commit is the measure because another member may hold the old partitions: it is made after the append to the routes log is
 * acknowledged. Records that retention took before they were read hold up nobody.
 */

import { errorText } from '../../base/errors.ts';
import type { Admin, Assignment, PartitionOffsets, TopicPartitionOffset } from '../../kafka/types.ts';
import type { Logger } from 'pino';

export interface PartitionGrowthDependencies {
  readonly admin: Pick<Admin, 'committed' | 'offsets'>;
  readonly group: string;
  readonly pollMs: number;
  readonly logger: Logger;
  /** The partitions may be read now, from these positions. */
  readonly onDrained: (assignment: Assignment, positions: readonly TopicPartitionOffset[]) => void;
}

interface Wait {
  readonly assignment: Assignment;
  readonly topic: string;
  readonly topicId: string;
  readonly positions: readonly TopicPartitionOffset[];
  /** Old partitions that are not drained yet, with the ends they had when the wait began. */
  readonly ends: Map<number, number>;
  readonly sinceMs: number;
  toldMs: number;
}

const tellEveryMs = 60_000;

export class PartitionGrowth {
  private readonly deps: PartitionGrowthDependencies;
  private waits: Wait[] = [];
  private timer: NodeJS.Timeout | null = null;
  private poll: Promise<void> = Promise.resolve();

  constructor(deps: PartitionGrowthDependencies) {
    this.deps = deps;
  }

  /** Partitions that wait at present. */
  waiting(): number {
    const current = this.waits.filter(({ assignment }) => assignment.isCurrent());
    return current.reduce((sum, { positions }) => sum + positions.length, 0);
  }

  /** True when this partition must wait for others of its topic. */
  static mustWait(
    partition: number,
    committed: ReadonlyMap<number, number>,
    bounds: ReadonlyMap<number, PartitionOffsets>,
  ): boolean {
    return committed.size > 0 && !committed.has(partition) && undrained(committed, bounds).size > 0;
  }

  /** Holds these partitions of one topic back until the others are drained, or the assignment ends. */
  wait(
    assignment: Assignment,
    topic: string,
    topicId: string,
    positions: readonly TopicPartitionOffset[],
    committed: ReadonlyMap<number, number>,
    bounds: ReadonlyMap<number, PartitionOffsets>,
  ): void {
    const now = Date.now();
    const ends = undrained(committed, bounds);
    this.waits.push({ assignment, topic, topicId, positions, ends, sinceMs: now, toldMs: now });
    this.deps.logger.info(
      { topic, partitions: positions.map((at) => at.partition), after: [...ends.keys()] },
      'new partitions of a source topic wait until the old ones are read to their ends',
    );
    this.timer ??= setInterval(() => {
      this.poll = this.poll.then(() => this.look());
    }, this.deps.pollMs);
  }

  /** Nobody waits any more for this topic: its log is another one. */
  abandon(topic: string): void {
    this.waits = this.waits.filter((wait) => wait.topic !== topic);
    this.rest();
  }

  async stop(): Promise<void> {
    this.waits = [];
    this.rest();
    await this.poll;
  }

  private rest(): void {
    if (this.waits.length > 0 || this.timer === null) return;
    clearInterval(this.timer);
    this.timer = null;
  }

  private async look(): Promise<void> {
    for (const wait of this.waits) {
      try {
        await this.drain(wait);
      } catch (error) {
        const reason = errorText(error);
        this.deps.logger.warn({ topic: wait.topic, reason }, 'old partitions not looked at this time');
      }
    }
    this.waits = this.waits.filter((wait) => wait.ends.size > 0 && wait.assignment.isCurrent());
    this.rest();
  }

  private async drain(wait: Wait): Promise<void> {
    const { admin, group, logger, onDrained } = this.deps;
    const { topic, ends, assignment } = wait;
    const committed = await admin.committed(group, topic, wait.topicId);
    const bounds = new Map((await admin.offsets(topic)).map((at) => [at.partition, at]));
    for (const [partition, end] of ends) {
      if (reached(committed.get(partition), bounds.get(partition)) >= end) ends.delete(partition);
    }
    if (!this.waits.includes(wait) || !assignment.isCurrent()) return;
    const now = Date.now();
    const partitions = wait.positions.map((at) => at.partition);
    if (ends.size === 0) {
      logger.info({ topic, partitions, ms: now - wait.sinceMs }, 'old partitions are read: new ones begin');
      onDrained(assignment, wait.positions);
    } else if (now - wait.toldMs >= tellEveryMs) {
      wait.toldMs = now;
      const waitingFor = [...ends].map(([partition, end]) => `${partition} to ${end}`);
      logger.warn({ topic, partitions, waitingFor }, 'new partitions still wait for old ones to be read');
    }
  }
}

/** Partitions with a commit that are not read to their ends, with these ends. */
function undrained(
  committed: ReadonlyMap<number, number>,
  bounds: ReadonlyMap<number, PartitionOffsets>,
): Map<number, number> {
  const ends = new Map<number, number>();
  for (const [partition, offset] of committed) {
    const at = bounds.get(partition);
    if (at !== undefined && reached(offset, at) < at.high) ends.set(partition, at.high);
  }
  return ends;
}

/** How far a partition is read, records that are gone counted as read. */
function reached(committed: number | undefined, bounds: PartitionOffsets | undefined): number {
  return Math.max(committed ?? 0, bounds?.low ?? 0);
}
