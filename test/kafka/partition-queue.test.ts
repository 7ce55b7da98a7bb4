/** Retries, sequences and producer ids of one partition against a broker that answers by script; no broker. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Broker, ProtocolRequest } from '../../src/kafka/internals.ts';
import { type Batch, PartitionQueue, type QueueHost } from '../../src/kafka/partition-queue.ts';
import { type BatchIdentity, RecordBatchWriter } from '../../src/kafka/record-batch-writer.ts';

const topic = 'out';
const partition = 2;
const empty = Buffer.alloc(0);

/** What the scripted broker does with one request. */
type Step = { code: number } | { throws: string } | { names: [string, number][] } | 'no leader' | { fault: string };

interface Sent {
  readonly producerId: bigint;
  readonly sequence: number;
  readonly count: number;
  readonly values: string;
}

class Script implements QueueHost {
  readonly compression = 'none';
  readonly produceTimeoutMs = 1000;
  readonly sent: Sent[] = [];
  readonly settled: (string | null)[] = [];
  readonly firstSequence: number;
  refreshes = 0;
  failure: Error | null = null;
  closedBy: Error | null = null;
  private readonly steps: Step[];
  private ids = 100n;

  constructor(steps: Step[], firstSequence = 0) {
    this.steps = steps;
    this.firstSequence = firstSequence;
  }

  closed(): Error | null {
    return this.closedBy;
  }

  metadata(): null {
    return null;
  }

  async leader(): Promise<Broker | null> {
    if (this.steps[0] === 'no leader') {
      this.steps.shift();
      return null;
    }
    const send = async (request: ProtocolRequest<unknown, unknown>): Promise<unknown> => this.answer(request);
    return { isConnected: () => true, connectionPool: { send } } as unknown as Broker;
  }

  async refresh(): Promise<void> {
    this.refreshes++;
  }

  async identity(other?: BatchIdentity): Promise<BatchIdentity> {
    if (other !== undefined) this.ids++;
    return { producerId: this.ids, producerEpoch: 0 };
  }

  takeWriter(): RecordBatchWriter {
    return new RecordBatchWriter(500, 900_000);
  }

  async sleep(): Promise<void> {}

  warn(): void {}

  settle(_batch: Batch, error: Error | null): void {
    this.settled.push(error?.message ?? null);
  }

  split(): void {}

  /** Pushes batches of so many records each and waits until all are settled. */
  async run(...counts: number[]): Promise<void> {
    const queue = new PartitionQueue(this, topic, partition);
    let value = 0;
    for (const count of counts) {
      const writer = this.takeWriter();
      for (let i = 0; i < count; i++) {
        writer.append(1, empty, -1, -1, Buffer.from(String(value++)), 0, 1, empty, 0, 0);
      }
      queue.push({ writer, owner: this, group: null });
    }
    for (let turn = 0; turn < 1000 && this.settled.length < counts.length; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  private async answer({ request, response }: ProtocolRequest<unknown, unknown>): Promise<unknown> {
    const body = (await request.encode()).buffer;
    this.sent.push(parseBatch(body));
    const step = this.steps.shift() ?? { code: 0 };
    if (step === 'no leader') throw new Error('script out of step');
    if ('fault' in step) throw new TypeError(step.fault);
    if ('throws' in step) throw Object.assign(new Error(step.throws), { retriable: true });
    const names: [string, number][] = 'names' in step ? step.names : [[topic, partition]];
    const errorCode = 'code' in step ? step.code : 0;
    return response.parse(names.map(([name, index]) => ({ topic: name, partition: index, errorCode, baseOffset: 0n })));
  }
}

/** transactional_id(2) acks(2) timeout(4) topics(4) name(2 + n) partitions(4) partition(4) size(4) batch */
function parseBatch(body: Buffer): Sent {
  const at = 12 + 2 + body.readInt16BE(12) + 12;
  const count = body.readInt32BE(at + 57);
  let values = '';
  for (let record = at + 61, i = 0; i < count; i++) {
    const size = body[record] >> 1;
    values += String.fromCharCode(body[record + size - 1]);
    record += 1 + size;
  }
  return { producerId: body.readBigInt64BE(at + 43), sequence: body.readInt32BE(at + 53), count, values };
}

const sequences = (script: Script): [string, number][] => script.sent.map(({ values, sequence }) => [values, sequence]);

void test('batches go one after another with consecutive sequences', async () => {
  const script = new Script([]);
  await script.run(3, 2, 1);
  assert.deepEqual(sequences(script), [
    ['012', 0],
    ['34', 3],
    ['5', 5],
  ]);
  assert.deepEqual(script.settled, [null, null, null]);
});

void test('the same bytes are sent again after a moved leader, a lost connection, and no leader', async () => {
  const script = new Script([{ code: 6 }, { throws: 'Closed connection' }, 'no leader', { code: 0 }]);
  await script.run(2, 1);
  assert.deepEqual(sequences(script), [
    ['01', 0],
    ['01', 0],
    ['01', 0],
    ['2', 2],
  ]);
  assert.equal(script.refreshes, 3);
  assert.deepEqual(script.settled, [null, null]);
});

void test('hazard D2: an answer that names another partition, or none, acknowledges nothing', async () => {
  const script = new Script([{ names: [] }, { names: [[topic, 0]] }, { names: [['other', 2]] }]);
  await script.run(1);
  assert.equal(script.sent.length, 4);
  assert.deepEqual(script.settled, [null]);
});

void test('DUPLICATE_SEQUENCE_NUMBER is an acknowledgement', async () => {
  const script = new Script([{ throws: 'Request timed out' }, { code: 46 }]);
  await script.run(2, 1);
  assert.deepEqual(sequences(script), [
    ['01', 0],
    ['01', 0],
    ['2', 2],
  ]);
  assert.deepEqual(script.settled, [null, null]);
});

for (const code of [45, 47, 59]) {
  void test(`a sequence refused with code ${code} goes again under a new producer id from sequence 0`, async () => {
    const script = new Script([{ code: 0 }, { code }]);
    await script.run(2, 1, 1);
    assert.deepEqual(
      script.sent.map(({ producerId, sequence, values }) => [producerId, sequence, values]),
      [
        [100n, 0, '01'],
        [100n, 2, '2'],
        [101n, 0, '2'],
        [101n, 1, '3'],
      ],
    );
    assert.deepEqual(script.settled, [null, null, null]);
  });
}

void test('hazard D5: the sequence wraps at 2^31, also inside a batch', async () => {
  const script = new Script([], 2 ** 31 - 3);
  await script.run(2, 3, 1);
  assert.deepEqual(sequences(script), [
    ['01', 2 ** 31 - 3],
    ['234', 2 ** 31 - 1],
    ['5', 2],
  ]);
});

void test('a batch that is too large is split until its records fit, in order', async () => {
  const script = new Script([{ code: 10 }, { code: 10 }, { code: 0 }]);
  await script.run(4, 1);
  assert.deepEqual(sequences(script), [
    ['0123', 0],
    ['01', 0],
    ['0', 0],
    ['1', 1],
    ['23', 2],
    ['4', 4],
  ]);
  assert.deepEqual(script.settled, [null, null, null, null]);
});

void test('a single record that is too large is refused by name and size, and the next goes on', async () => {
  const script = new Script([{ code: 10 }]);
  await script.run(1, 1);
  assert.match(script.settled[0] ?? '', /^a record of 8 bytes is too large for out\[2\]/);
  assert.equal(script.settled[1], null);
  assert.deepEqual(sequences(script), [
    ['0', 0],
    ['1', 0],
  ]);
});

void test('a refusal that no repeat can change ends the batch', async () => {
  const script = new Script([{ code: 29 }]);
  await script.run(1);
  assert.match(script.settled[0] ?? '', /out\[2\] refuses records.*TOPIC_AUTHORIZATION_FAILED/);
});

void test('after its owner failed, and after disconnect, nothing is sent', async () => {
  const failed = new Script([]);
  failed.failure = new Error('earlier');
  await failed.run(1);
  assert.deepEqual([failed.sent.length, failed.settled], [0, ['earlier']]);
  const closed = new Script([]);
  closed.closedBy = new Error('closed');
  await closed.run(1);
  assert.deepEqual([closed.sent.length, closed.settled], [0, ['closed']]);
});

void test('a fault of our own is told, not tried again for ever', async () => {
  const script = new Script([{ fault: 'not a function' }]);
  await script.run(1);
  assert.deepEqual(script.settled, ['not a function']);
  assert.equal(script.sent.length, 1);
});
