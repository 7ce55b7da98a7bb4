/**
 * When offsets are committed: as soon as the output of a batch is acknowledged, but not more often than `intervalMs`, and always before
 * a rejoin or the end. One position a partition is remembered, the next record to read.
 */

import type { Assignment, CommitPosition, GroupConsumer } from '../kafka/types.ts';

export class Commits {
  failed = 0;
  private readonly consumer: GroupConsumer;
  private readonly intervalMs: number;
  private readonly onFailure: (error: unknown) => void;
  private readonly dirty = new Map<string, CommitPosition>();
  private assignment: Assignment | null = null;
  private timer: NodeJS.Timeout | null = null;
  private running: Promise<void> = Promise.resolve();

  constructor(consumer: GroupConsumer, intervalMs: number, onFailure: (error: unknown) => void) {
    this.consumer = consumer;
    this.intervalMs = intervalMs;
    this.onFailure = onFailure;
  }

  /** Everything up to `offset` (exclusive) is done. Ignored under an assignment that is over. */
  done(assignment: Assignment, topic: string, partition: number, offset: number, metadata = ''): void {
    if (!assignment.isCurrent()) return;
    if (this.assignment !== assignment) {
      this.dirty.clear();
      this.assignment = assignment;
    }
    this.dirty.set(`${topic}/${partition}`, { topic, partition, offset, metadata });
    this.schedule();
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      void this.flush();
    }, this.intervalMs);
  }

  /** Commits what is due now; resolves when the coordinator has answered. */
  flush(): Promise<void> {
    this.running = this.running.then(() => this.commitDirty());
    return this.running;
  }

  private async commitDirty(): Promise<void> {
    if (this.timer !== null) {
      clearTimeout(this.timer);
      this.timer = null;
    }
    const assignment = this.assignment;
    if (assignment === null || this.dirty.size === 0 || !assignment.isCurrent()) return;
    const positions = [...this.dirty.values()];
    this.dirty.clear();
    let committed = false;
    try {
      committed = await this.consumer.commit(assignment, positions);
    } catch (error) {
      this.onFailure(error);
    }
    if (committed) return;
    this.failed++;
    for (const position of positions) {
      const key = `${position.topic}/${position.partition}`;
      if (assignment.isCurrent() && !this.dirty.has(key)) this.dirty.set(key, position);
    }
    // A partition that stays silent would otherwise keep the failed commit until the next rebalance.
    if (assignment.isCurrent()) this.schedule();
  }
}
