import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { assignPartitions, type GroupMember, type GroupTopic } from '../../src/kafka/assigner.ts';
import { decodeMemberData, encodeMemberData } from '../../src/kafka/member-data.ts';
import type { TopicPartition } from '../../src/kafka/types.ts';
import { keyOf } from './reading.ts';

const owned = 'app.repartition';

function membersOf(
  assigned: Map<string, TopicPartition[]>,
  generation: number,
  ids?: readonly string[],
): GroupMember[] {
  return (ids ?? [...assigned.keys()]).map((memberId) => ({
    memberId,
    generation,
    held: assigned.get(memberId) ?? [],
  }));
}

function counts(assigned: Map<string, TopicPartition[]>, shards: boolean): number[] {
  return [...assigned.values()].map((list) => list.filter(({ topic }) => (topic === owned) === shards).length);
}

function spreadOf(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values);
}

const someTopics = fc
  .tuple(fc.integer({ min: 0, max: 40 }), fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 4 }))
  .map(([shards, flows]): GroupTopic[] => [
    { topic: owned, partitions: shards },
    ...flows.map((partitions, i) => ({ topic: `flows-${i}`, partitions })),
  ]);
const someIds = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,4}$/), { minLength: 1, maxLength: 7 });

describe('assignPartitions', () => {
  it('gives every partition to exactly one member, shards and flows evenly', () => {
    fc.assert(
      fc.property(someTopics, someIds, someIds, (topics, before, now) => {
        const first = assignPartitions(membersOf(new Map(), -1, before), topics, owned);
        for (const assigned of [first, assignPartitions(membersOf(first, 1, now), topics, owned)]) {
          const all = [...assigned.values()].flat().map(keyOf).sort();
          const wanted = topics.flatMap(({ topic, partitions }) =>
            Array.from({ length: partitions }, (_, partition) => keyOf({ topic, partition })),
          );
          assert.deepEqual(all, wanted.sort());
          assert.ok(spreadOf(counts(assigned, true)) <= 1);
          assert.ok(spreadOf(counts(assigned, false)) <= 1);
        }
      }),
    );
  });

  it('does not depend on the order of members, topics or holdings', () => {
    fc.assert(
      fc.property(someTopics, someIds, someIds, fc.infiniteStream(fc.nat()), (topics, before, now, random) => {
        const first = assignPartitions(membersOf(new Map(), -1, before), topics, owned);
        const shuffle = <T>(list: readonly T[]): T[] =>
          list
            .map((item) => ({ item, at: Number(random.next().value) }))
            .sort((a, b) => a.at - b.at)
            .map(({ item }) => item);
        const members = membersOf(first, 1, now);
        const again = shuffle(members).map((member) => ({ ...member, held: shuffle(member.held) }));
        assert.deepEqual(
          new Map(assignPartitions(again, shuffle(topics), owned)),
          new Map(assignPartitions(members, topics, owned)),
        );
      }),
    );
  });

  it('moves nothing when nothing changed and only what must when a member comes or goes', () => {
    fc.assert(
      fc.property(someTopics, someIds, fc.nat(), (topics, ids, pick) => {
        const first = assignPartitions(membersOf(new Map(), -1, ids), topics, owned);
        const same = assignPartitions(membersOf(first, 1), topics, owned);
        assert.deepEqual(sorted(same), sorted(first));

        const joined = assignPartitions(membersOf(first, 1, [...ids, 'NEW']), topics, owned);
        for (const id of ids) assertSubset(joined.get(id) ?? [], first.get(id) ?? []);

        if (ids.length === 1) return;
        const gone = ids[pick % ids.length];
        const left = ids.filter((id) => id !== gone);
        const after = assignPartitions(membersOf(first, 1, left), topics, owned);
        for (const id of left) assertSubset(first.get(id) ?? [], after.get(id) ?? []);
      }),
    );
  });

  it('puts a flow partition beside the shard of its number where the counts allow it', () => {
    const topics = [
      { topic: owned, partitions: 12 },
      { topic: 'flows', partitions: 12 },
    ];
    let assigned = assignPartitions(membersOf(new Map(), -1, ['a']), topics, owned);
    for (const ids of [
      ['a', 'b'],
      ['a', 'b', 'c'],
      ['b', 'c'],
      ['b', 'c', 'd', 'e'],
    ]) {
      assigned = assignPartitions(membersOf(assigned, 1, ids), topics, owned);
      for (const list of assigned.values()) {
        const numbers = (of: string): number[] => list.filter(({ topic }) => topic === of).map((at) => at.partition);
        assert.deepEqual(new Set(numbers('flows')), new Set(numbers(owned)), ids.join());
      }
    }
  });

  it('believes the later generation when two members claim one partition', () => {
    const held = [0, 1].map((partition) => ({ topic: owned, partition }));
    const topics = [{ topic: owned, partitions: 2 }];
    const assigned = assignPartitions(
      [
        { memberId: 'zombie', generation: 4, held },
        { memberId: 'owner', generation: 5, held: [held[1]] },
      ],
      topics,
      owned,
    );
    assert.deepEqual(assigned.get('owner'), [held[1]]);
    assert.deepEqual(assigned.get('zombie'), [held[0]]);
  });
});

describe('member data', () => {
  it('comes back as it went, and is small', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.record({ topic: fc.constantFrom('a', 'bé', owned), partition: fc.nat(2_000) }), {
          selector: keyOf,
        }),
        fc.integer({ min: -1, max: 2 ** 31 - 1 }),
        fc.uint8Array({ maxLength: 40 }),
        (held, generation, application) => {
          const data = decodeMemberData(encodeMemberData({ generation, held, application: Buffer.from(application) }));
          assert.equal(data.generation, generation);
          assert.deepEqual(data.held.map(keyOf).sort(), held.map(keyOf).sort());
          assert.deepEqual([...data.application], [...application]);
        },
      ),
    );
    const held = Array.from({ length: 10_000 }, (_, i) => ({
      topic: `topic-${i % 10}`,
      partition: Math.floor(i / 10),
    }));
    assert.ok(encodeMemberData({ generation: 1, held, application: Buffer.alloc(0) }).length < 2_000);
  });

  it('of another version, cut short or absent counts as holding nothing', () => {
    const whole = encodeMemberData({
      generation: 3,
      held: [{ topic: 't', partition: 70 }],
      application: Buffer.alloc(0),
    });
    const other = Buffer.from(whole);
    other[0] = 9;
    for (const bytes of [null, Buffer.alloc(0), other, ...Array.from(whole, (_, i) => whole.subarray(0, i))]) {
      assert.deepEqual(decodeMemberData(bytes).held, []);
    }
  });
});

function sorted(assigned: Map<string, TopicPartition[]>): Map<string, string[]> {
  return new Map([...assigned].map(([id, list]): [string, string[]] => [id, list.map(keyOf).sort()]));
}

function assertSubset(part: readonly TopicPartition[], whole: readonly TopicPartition[]): void {
  const keys = new Set(whole.map(keyOf));
  for (const at of part) assert.ok(keys.has(keyOf(at)), `${keyOf(at)} moved without need`);
}
