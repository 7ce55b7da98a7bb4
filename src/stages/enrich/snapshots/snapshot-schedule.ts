/**
 * When snapshots are taken: one at a time, of a shard that serves, when
 *
 * - the log since the last one outgrows the dump, so that a restore never replays much more than it loads; or
 * - something changed, and the last one is `intervalMs` old.
 *
 * Taking them costs at most a tenth of a shard's time: applying its log pauses meanwhile. After a failure the next try waits likewise.
 */

import type { HeldShard } from '../shard-logs.ts';

export interface SnapshotScheduleDependencies {
  readonly shards: () => readonly HeldShard[];
  readonly take: (held: HeldShard) => Promise<boolean>;
  readonly intervalMs: number;
  /** The log may grow by this much in any case, however small the dump is. */
  readonly leastLogBytes: number;
  readonly checkEveryMs: number;
}

export const scheduleDefaults = { leastLogBytes: 8 * 1024 * 1024, checkEveryMs: 1000 } as const;

const leastGapMs = 1000;
const gapFactor = 10;

export class SnapshotSchedule {
  private readonly deps: SnapshotScheduleDependencies;
  private timer: NodeJS.Timeout | null = null;
  private running: Promise<void> | null = null;

  constructor(deps: SnapshotScheduleDependencies) {
    this.deps = deps;
  }

  start(): void {
    this.timer = setInterval(() => this.check(), this.deps.checkEveryMs);
  }

  /** Resolves when none is being taken any more. */
  async stop(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    await this.running;
  }

  /** The shards of which one is due now, the one with the oldest snapshot first. */
  due(nowMs: number = Date.now()): HeldShard[] {
    return this.deps
      .shards()
      .filter((held) => this.isDue(held, nowMs))
      .toSorted((a, b) => lastMs(a) - lastMs(b));
  }

  private isDue({ state, rib, snapshots, since }: HeldShard, nowMs: number): boolean {
    if (state !== 'serving') return false;
    const { last, logBytes, triedAtMs, tookMs } = snapshots;
    if (nowMs - triedAtMs < Math.max(leastGapMs, gapFactor * tookMs)) return false;
    if (logBytes > Math.max(this.deps.leastLogBytes, last?.rawBytes ?? 0)) return true;
    return nowMs - (last?.takenAtMs ?? since) >= this.deps.intervalMs && snapshots.changesIn(rib) > 0;
  }

  private check(): void {
    if (this.running !== null) return;
    const [first] = this.due();
    if (first === undefined) return;
    this.running = this.deps.take(first).then(() => {
      this.running = null;
    });
  }
}

function lastMs({ snapshots }: HeldShard): number {
  return snapshots.last?.takenAtMs ?? 0;
}
