/** When offsets are committed, and what becomes of a commit that the coordinator refused. */

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import type { Assignment, CommitPosition, GroupConsumer } from '../../src/kafka/types.ts';
import { Commits } from '../../src/stages/commits.ts';

const assignment: Assignment = {
  epoch: 1,
  memberId: 'member',
  generationId: 1,
  partitions: [],
  isCurrent: () => true,
};

test('a commit that was refused is tried again although its partition stays silent', async () => {
  const answers = [false, true];
  const asked: CommitPosition[][] = [];
  const commit: GroupConsumer['commit'] = async (_assignment, positions) => {
    asked.push([...positions]);
    return answers[asked.length - 1] ?? true;
  };
  const commits = new Commits({ commit } as unknown as GroupConsumer, 5, () => {});
  commits.done(assignment, 'flows', 0, 10);
  for (let waited = 0; asked.length < 2 && waited < 200; waited++) await sleep(5);
  assert.deepEqual(
    asked.map(([position]) => position.offset),
    [10, 10],
  );
  assert.equal(commits.failed, 1);
  await sleep(30);
  assert.equal(asked.length, 2, 'and not once it was taken');
});
