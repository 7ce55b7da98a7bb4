/**
 * What the route stage knows of its source topics: their ids, how far each partition is read, and the ticks that follow from it.
 *
 * A topic that is deleted and created again shows in no offset: a member that stays up reads on, silently, in the new log. So ids
 * (KIP-516) are compared at every join, before a batch is routed whenever the last look is older than `idCheckMs`, and with every
 * round of ticks. A new id begins at the log's start; a commit counts only for the id that stands in its metadata.
 */

import { errorText } from '../../base/errors.ts';
import { HeaderSection } from '../../base/record-headers.ts';
import type {
  Admin,
  Assignment,
  GroupConsumer,
  Producer,
  RecordBatch,
  TopicPartitionOffset,
} from '../../kafka/types.ts';
import { type TickPosition, writeTickHeaders, writeTickValue } from '../../model/route-log.ts';
import type { Logger } from 'pino';
import { PartitionGrowth } from './partition-growth.ts';

export interface SourceTopicsDependencies {
  readonly admin: Admin;
  readonly consumer: GroupConsumer;
  readonly producer: Producer;
  readonly group: string;
  readonly topics: readonly string[];
  readonly routesTopic: string;
  readonly shards: number;
  readonly tickIntervalMs: number;
  readonly idCheckMs: number;
  readonly growthPollMs: number;
  readonly logger: Logger;
}

const nothing = Buffer.alloc(0);

export class SourceTopics {
  ticks = 0;
  recreated = 0;
  private readonly deps: SourceTopicsDependencies;
  private readonly ids = new Map<string, string>();
  private readonly positions = new Map<string, TopicPartitionOffset>();
  /** Sent to the start of a new log, and not seen there yet. */
  private readonly restarted = new Set<string>();
  private readonly section = new HeaderSection();
  /** Topics that were there at the last look. */
  private present: ReadonlySet<string> = new Set();
  private assignment: Assignment | null = null;
  private checkedAt = 0;
  /** The look at the ids under way: handlers of several partitions share it, those of another assignment do not. */
  private look: { readonly assignment: Assignment; readonly changed: Promise<Set<string>> } | null = null;
  private timer: NodeJS.Timeout | null = null;
  private round: Promise<void> = Promise.resolve();
  private readonly growth: PartitionGrowth;

  constructor(deps: SourceTopicsDependencies) {
    this.deps = deps;
    const { admin, group, growthPollMs: pollMs, logger } = deps;
    const onDrained = (assignment: Assignment, positions: readonly TopicPartitionOffset[]): void =>
      deps.consumer.start(assignment, positions);
    this.growth = new PartitionGrowth({ admin, group, pollMs, logger, onDrained });
  }

  /** Partitions of topics that have grown, which wait for the old ones. */
  waitingPartitions(): number {
    return this.growth.waiting();
  }

  /**
   * Where each partition of the assignment is to be read from: the commit, else the earliest record; without those that must wait
   * (partition-growth.ts). Nothing, and nothing remembered, when the assignment ended meanwhile: a later one may have begun already.
   */
  async begin(assignment: Assignment): Promise<TopicPartitionOffset[]> {
    const found = await this.deps.admin.topicIds(this.deps.topics);
    const positions: TopicPartitionOffset[] = [];
    const waits: Parameters<PartitionGrowth['wait']>[] = [];
    for (const topic of this.deps.topics) {
      const mine = assignment.partitions.filter((p) => p.topic === topic);
      if (mine.length === 0) continue;
      const id = found.get(topic) ?? this.ids.get(topic) ?? '';
      const committed = await this.deps.admin.committed(this.deps.group, topic, id);
      const bounds = new Map((await this.deps.admin.offsets(topic)).map((o) => [o.partition, o]));
      const waiting: TopicPartitionOffset[] = [];
      for (const { partition } of mine) {
        const low = bounds.get(partition)?.low ?? 0;
        const high = bounds.get(partition)?.high ?? 0;
        const offset = committed.get(partition) ?? low;
        // Beyond the end: the log was re-created between the two questions.
        const position = { topic, partition, offset: offset > high ? low : offset };
        (PartitionGrowth.mustWait(partition, committed, bounds) ? waiting : positions).push(position);
      }
      if (waiting.length > 0) waits.push([assignment, topic, id, waiting, committed, bounds]);
    }
    if (!assignment.isCurrent()) return [];
    this.adopt(found);
    this.positions.clear();
    this.restarted.clear();
    for (const position of positions) this.positions.set(keyOf(position.topic, position.partition), position);
    for (const wait of waits) {
      for (const position of wait[3]) this.positions.set(keyOf(position.topic, position.partition), position);
      this.growth.wait(...wait);
    }
    this.assignment = assignment;
    this.scheduleTicks();
    return positions;
  }

  /** The id of the batch's topic, or null when the batch must be dropped: its topic was re-created and is read from its start. */
  async topicIdFor(batch: RecordBatch, assignment: Assignment): Promise<string | null> {
    if (Date.now() - this.checkedAt > this.deps.idCheckMs && (await this.refreshIds(assignment)).has(batch.topic))
      return null;
    const expected = this.positions.get(keyOf(batch.topic, batch.partition));
    // Fetched before the partition was sent back to the start of its new log.
    if (
      expected !== undefined &&
      batch.count > 0 &&
      batch.offsets[0] > expected.offset &&
      this.restarted.has(keyOf(batch.topic, batch.partition))
    ) {
      return null;
    }
    this.restarted.delete(keyOf(batch.topic, batch.partition));
    return this.ids.get(batch.topic) ?? '';
  }

  /** The batch is routed and acknowledged under this id; what was read of a former log says nothing about the present one. */
  advance(batch: RecordBatch, topicId: string): void {
    const { topic, partition, nextOffset } = batch;
    if ((this.ids.get(topic) ?? '') !== topicId) return;
    this.positions.set(keyOf(topic, partition), { topic, partition, offset: nextOffset });
  }

  /** Partitions whose topic has a new id are sent to the start of its log; returns those topics. */
  private refreshIds(assignment: Assignment): Promise<Set<string>> {
    if (this.look?.assignment === assignment) return this.look.changed;
    const look = {
      assignment,
      changed: this.lookAtIds(assignment).finally(() => {
        if (this.look === look) this.look = null;
      }),
    };
    this.look = look;
    return look.changed;
  }

  /**
   * A new id is adopted in one step with the restart of its partitions, and only when that can be arranged: a batch that was read at a
   * position of the former log must never go out under the new id, since the shard would then ignore all that lies before it.
   */
  private async lookAtIds(assignment: Assignment): Promise<Set<string>> {
    const found = await this.deps.admin.topicIds(this.deps.topics);
    const changed = this.changedIn(found);
    const restart: TopicPartitionOffset[] = [];
    for (const topic of changed) {
      for (const { partition, low } of await this.deps.admin.offsets(topic)) {
        if (this.positions.has(keyOf(topic, partition))) restart.push({ topic, partition, offset: low });
      }
    }
    if (!assignment.isCurrent()) return changed;
    this.adopt(found);
    for (const position of restart) {
      const key = keyOf(position.topic, position.partition);
      this.restarted.add(key);
      this.positions.set(key, position);
    }
    if (restart.length > 0) this.deps.consumer.start(assignment, restart);
    return changed;
  }

  /** Topics whose id is another one than before. */
  private changedIn(found: ReadonlyMap<string, string>): Set<string> {
    const changed = new Set<string>();
    for (const [topic, id] of found) {
      const before = this.ids.get(topic);
      if (before !== undefined && before !== id) changed.add(topic);
    }
    return changed;
  }

  private adopt(found: ReadonlyMap<string, string>): void {
    const changed = this.changedIn(found);
    for (const [topic, id] of found) this.ids.set(topic, id);
    for (const topic of changed) {
      this.growth.abandon(topic);
      this.noteRecreated(topic);
    }
    this.present = new Set(found.keys());
    this.checkedAt = Date.now();
  }

  private noteRecreated(topic: string): void {
    this.recreated++;
    this.deps.logger.warn({ topic, topicId: this.ids.get(topic) }, 'source topic was re-created: read from its start');
  }

  private scheduleTicks(): void {
    this.timer ??= setInterval(() => {
      this.round = this.round.then(() => this.tick());
    }, this.deps.tickIntervalMs);
  }

  /**
   * One tick to every shard with all partitions that are read to their ends: what makes a shard's clock go while routers are silent. One
   * record a round, because the log keeps it.
   */
  private async tick(): Promise<void> {
    const assignment = this.assignment;
    if (assignment === null || !assignment.isCurrent()) return;
    try {
      await this.refreshIds(assignment);
      const positions = await this.positionsAtEnd();
      if (positions.length === 0 || !assignment.isCurrent()) return;
      const sink = this.deps.producer.createSink();
      const headers = writeTickHeaders(this.section);
      const value = writeTickValue(positions);
      for (let shard = 0; shard < this.deps.shards; shard++) {
        const { routesTopic } = this.deps;
        sink.append(
          routesTopic,
          shard,
          Date.now(),
          nothing,
          -1,
          -1,
          value,
          0,
          value.length,
          headers,
          0,
          headers.length,
        );
      }
      this.ticks++;
      await sink.flush();
    } catch (error) {
      this.deps.logger.warn({ reason: errorText(error) }, 'no ticks this time');
    }
  }

  private async positionsAtEnd(): Promise<TickPosition[]> {
    const positions: TickPosition[] = [];
    for (const topic of this.deps.topics) {
      // One that is gone must not stop the clock for the others.
      if (!this.present.has(topic)) continue;
      for (const { partition, high } of await this.deps.admin.offsets(topic)) {
        const position = this.positions.get(keyOf(topic, partition));
        if (position === undefined || position.offset < high) continue;
        positions.push({ topicId: this.ids.get(topic) ?? '', topic, partition, offset: position.offset });
      }
    }
    return positions;
  }

  async stop(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    this.assignment = null;
    await this.growth.stop();
    await this.round;
  }
}

function keyOf(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}
