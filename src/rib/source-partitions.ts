/**
 * Over which partitions of its source topics the records of a BMP session come. Records of one session in several partitions of one topic
 * have no order. What shows it is a partition that comes back: one left and used again within an hour. A topic that grew moves a key
 * once and for good, a topic made anew starts over with its id, and another topic is another input: none of these is disorder.
 */

/** How long a partition that was left is remembered, and how long a session must stay on one to count as ordered again. */
export const settledMs = 3_600_000;

interface TopicUse {
  id: string;
  /** Of the last record. */
  partition: number;
  /** When each other partition was left, by number. */
  readonly leftMs: Map<number, number>;
}

export const partitionSame = 0;
/** Another partition than before, not one that was left lately. */
export const partitionMoved = 1;
/** One that was left within the hour: the session's records have no order. */
export const partitionBack = 2;

export class SourcePartitions {
  readonly topics = new Map<string, TopicUse>();
  /** Records come in runs. */
  private last: TopicUse | null = null;
  private lastTopic = '';
  /** Last change of partition within a topic, and the partition before it. */
  changedMs = -Infinity;
  before = -1;

  note(topic: string, id: string, partition: number, nowMs: number): number {
    let use = this.last;
    if (use === null || this.lastTopic !== topic) {
      use = this.topics.get(topic) ?? null;
      if (use === null) {
        use = { id, partition, leftMs: new Map() };
        this.topics.set(topic, use);
      }
      this.last = use;
      this.lastTopic = topic;
    }
    if (use.partition === partition && use.id === id) return partitionSame;
    if (use.id !== id) {
      use.id = id;
      use.partition = partition;
      use.leftMs.clear();
      return partitionSame;
    }
    const leftMs = use.leftMs.get(partition) ?? -Infinity;
    use.leftMs.set(use.partition, nowMs);
    this.before = use.partition;
    use.partition = partition;
    this.changedMs = nowMs;
    return nowMs - leftMs < settledMs ? partitionBack : partitionMoved;
  }
}
