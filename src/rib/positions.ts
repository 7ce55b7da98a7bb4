/**
 * How far the shard has applied each source partition. The route stage may append a record twice; what is not beyond the last applied
 * (offset, part) of its (topic id, topic, partition) is ignored. A topic made anew has a new id: positions start over, and the id it
 * had before is ignored from then on.
 */

interface TopicPositions {
  id: string;
  readonly former: Set<string>;
  /** By partition. */
  readonly offsets: number[];
  readonly parts: number[];
  /** Where ticks say the route stage has read to the end, by partition; -1 = no tick yet. */
  readonly ends: number[];
}

export interface AppliedPosition {
  topic: string;
  topicId: string;
  partition: number;
  offset: number;
  part: number;
  end: number;
}

export class AppliedPositions {
  readonly topics = new Map<string, TopicPositions>();

  /** True, and remembered as applied, when the position is new; false when it is to be ignored. */
  advance(topicId: string, topic: string, partition: number, offset: number, part: number): boolean {
    const positions = this.topic(topicId, topic);
    if (positions === null) return false;
    while (positions.offsets.length <= partition) this.addPartition(positions);
    const last = positions.offsets[partition];
    if (offset < last || (offset === last && part <= positions.parts[partition])) return false;
    positions.offsets[partition] = offset;
    positions.parts[partition] = part;
    return true;
  }

  /** A tick: the source partition was read up to `offset`, its end. False for an id of former times. */
  readToEnd(topicId: string, topic: string, partition: number, offset: number): boolean {
    const positions = this.topic(topicId, topic);
    if (positions === null) return false;
    while (positions.offsets.length <= partition) this.addPartition(positions);
    if (offset > positions.ends[partition]) positions.ends[partition] = offset;
    return true;
  }

  list(): AppliedPosition[] {
    const list: AppliedPosition[] = [];
    for (const [topic, { id, offsets, parts, ends }] of this.topics) {
      for (let partition = 0; partition < offsets.length; partition++) {
        if (offsets[partition] < 0 && ends[partition] < 0) continue;
        const [offset, part, end] = [offsets[partition], parts[partition], ends[partition]];
        list.push({ topic, topicId: id, partition, offset, part, end });
      }
    }
    return list;
  }

  private topic(id: string, topic: string): TopicPositions | null {
    const known = this.topics.get(topic);
    if (known === undefined) {
      const positions = { id, former: new Set<string>(), offsets: [], parts: [], ends: [] };
      this.topics.set(topic, positions);
      return positions;
    }
    if (known.id === id) return known;
    if (known.former.has(id)) return null;
    known.former.add(known.id);
    known.id = id;
    known.offsets.length = 0;
    known.parts.length = 0;
    known.ends.length = 0;
    return known;
  }

  private addPartition(positions: TopicPositions): void {
    positions.offsets.push(-1);
    positions.parts.push(-1);
    positions.ends.push(-1);
  }
}
