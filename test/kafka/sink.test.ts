/** Groups, failures and pending bytes of a sink over queues that the test settles by hand; no broker. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../../src/kafka/partition-queue.ts';
import { RecordBatchWriter } from '../../src/kafka/record-batch-writer.ts';
import { KafkaSink } from '../../src/kafka/sink.ts';

const empty = Buffer.alloc(0);

class Host {
  /** Batches handed to a queue, by "topic/partition count". */
  readonly queued: { name: string; batch: Batch }[] = [];
  readonly sink = new KafkaSink(this);

  queue(topic: string, partition: number): { push(batch: Batch): void } {
    return {
      push: (batch) => this.queued.push({ name: `${topic}/${partition} ${batch.writer.count}`, batch }),
    };
  }

  takeWriter(): RecordBatchWriter {
    return new RecordBatchWriter(3, 1000);
  }

  giveBackWriter(writer: RecordBatchWriter): void {
    writer.reset();
  }

  append(topic: string, partition: number, count = 1): void {
    for (let i = 0; i < count; i++) {
      this.sink.append(topic, partition, 1, empty, -1, -1, Buffer.from('value'), 0, 5, empty, 0, 0);
    }
  }

  settleNext(error: Error | null = null): void {
    const next = this.queued.shift();
    assert.ok(next);
    this.sink.settle(next.batch, error);
  }
}

async function outcome(flush: Promise<void>): Promise<string> {
  return Promise.race([
    flush.then(
      () => 'done',
      (error: Error) => error.message,
    ),
    new Promise<string>((resolve) => setImmediate(() => setImmediate(() => resolve('waiting')))),
  ]);
}

void test('full batches are sent by themselves, the rest at flush, which waits for all of them', async () => {
  const host = new Host();
  host.append('a', 0, 4);
  host.append('b', 1);
  assert.deepEqual(
    host.queued.map(({ name }) => name),
    ['a/0 3'],
  );
  const flushed = host.sink.flush();
  assert.deepEqual(
    host.queued.map(({ name }) => name),
    ['a/0 3', 'a/0 1', 'b/1 1'],
  );
  host.settleNext();
  host.settleNext();
  assert.equal(await outcome(flushed), 'waiting');
  host.settleNext();
  assert.equal(await outcome(flushed), 'done');
});

void test('pending bytes are those of open and unacknowledged batches', async () => {
  const host = new Host();
  assert.equal(host.sink.pendingBytes(), 0);
  host.append('a', 0, 2);
  const open = host.sink.pendingBytes();
  assert.ok(open > 10);
  const flushed = host.sink.flush();
  assert.equal(host.sink.pendingBytes(), open);
  host.settleNext();
  await flushed;
  assert.equal(host.sink.pendingBytes(), 0);
});

void test('a second flush waits for the first and not for what comes after it', async () => {
  const host = new Host();
  host.append('a', 0);
  const first = host.sink.flush();
  host.append('b', 0);
  const second = host.sink.flush();
  host.append('c', 0);
  const late = host.queued.pop();
  assert.ok(late);
  host.sink.settle(late.batch, null);
  assert.equal(await outcome(second), 'waiting');
  host.settleNext();
  assert.equal(await outcome(first), 'done');
  assert.equal(await outcome(second), 'done');
});

void test('after a failure nothing later is sent until flush told of it; then the sink works again', async () => {
  const host = new Host();
  host.append('a', 0, 4);
  host.append('b', 0);
  host.settleNext(new Error('refused'));
  assert.equal(host.sink.failure?.message, 'refused');
  host.append('a', 0, 5);
  const flushed = host.sink.flush();
  assert.equal(host.queued.length, 0);
  assert.equal(await outcome(flushed), 'refused');
  assert.equal(host.sink.pendingBytes(), 0);
  assert.equal(host.sink.failure, null);
  host.append('a', 0, 3);
  const again = host.sink.flush();
  host.settleNext();
  assert.equal(await outcome(again), 'done');
});

void test('a failure behind a running flush fails the flush after it too', async () => {
  const host = new Host();
  host.append('a', 0);
  const first = host.sink.flush();
  host.append('a', 0);
  const second = host.sink.flush();
  host.append('a', 0);
  host.settleNext(new Error('refused'));
  host.settleNext(host.sink.failure);
  assert.equal(await outcome(first), 'refused');
  assert.equal(await outcome(second), 'refused');
  assert.ok(host.sink.failure, 'the record appended since is not accounted for yet');
  assert.equal(await outcome(host.sink.flush()), 'refused');
  assert.equal(host.sink.failure, null);
});

void test('halves of a batch count as two, and their bytes as theirs', async () => {
  const host = new Host();
  host.append('a', 0, 2);
  const flushed = host.sink.flush();
  const whole = host.queued.pop()?.batch;
  assert.ok(whole);
  const halves = [host.takeWriter(), host.takeWriter()];
  whole.writer.splitInto(halves[0], halves[1]);
  const [first, second] = halves.map((writer) => ({ ...whole, writer }));
  host.sink.split(whole, first, second);
  host.sink.settle(first, null);
  assert.equal(await outcome(flushed), 'waiting');
  host.sink.settle(second, null);
  assert.equal(await outcome(flushed), 'done');
  assert.equal(host.sink.pendingBytes(), 0);
});
