import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Producer, Transaction } from 'kafkajs';
import { AbortedFilter } from '../../src/kafka/d03-aborted-filter.ts';
import type { KafkaClient } from '../../src/kafka/connection.ts';
import { createTopic, plainKafka, testBrokers, uniqueName } from '../support/kafka.ts';
import { eventually, RecordingMember, RecordingReader, testClient } from './reading.ts';

describe('hazard D3: records of aborted transactions', () => {
  let brokers: string[];
  let client: KafkaClient;
  before(async () => {
    brokers = await testBrokers();
    client = testClient(brokers);
  });

  async function writer(name: string): Promise<{ producer: Producer; begin(): Promise<Transaction> }> {
    const producer = plainKafka(brokers).producer({
      transactionalId: uniqueName(name),
      idempotent: true,
      maxInFlightRequests: 1,
    });
    await producer.connect();
    return { producer, begin: () => producer.transaction() };
  }

  it('opens every transaction that starts at or before a batch, in whatever order they are listed', () => {
    const filter = new AbortedFilter([
      { producerId: 2, firstOffset: 20 },
      { producerId: 1, firstOffset: 10 },
    ]);
    assert.equal(filter.skips(1, 9, true, false), false, 'before its start');
    assert.equal(filter.skips(1, 14, true, false), true);
    assert.equal(filter.skips(2, 24, true, false), true);
    assert.equal(filter.skips(1, 25, false, false), false, 'not transactional');
    assert.equal(filter.skips(3, 26, true, false), false, 'another producer');
    assert.equal(filter.skips(1, 27, true, true), false);
    assert.equal(filter.skips(1, 28, true, false), false, 'its next transaction');
    assert.equal(filter.skips(2, 29, true, false), true, 'still open');
  });

  it('leave neither the reader nor the group member when transactions interleave', async () => {
    const topic = await createTopic(brokers, 'd03');
    const [a, b, c] = [await writer('a'), await writer('b'), await writer('c')];
    const send = (transaction: Transaction, value: string, key: Buffer | null = null): Promise<unknown> =>
      transaction.send({ topic, messages: [{ key, value, partition: 0 }] });
    // A starts first and ends last; B's abort is listed before it. A key of four zero bytes is an ordinary key.
    const ta = await a.begin();
    await send(ta, 'a0-aborted');
    await send(ta, 'a1-aborted', Buffer.alloc(4));
    const tb = await b.begin();
    await send(tb, 'b0-aborted');
    const tc = await c.begin();
    await send(tc, 'c0');
    await send(ta, 'a2-aborted');
    await tb.abort();
    await send(ta, 'a3-aborted');
    await tc.commit();
    await ta.abort();
    const tb2 = await b.begin();
    await send(tb2, 'b1-aborted');
    await tb2.abort();
    const ta2 = await a.begin();
    await send(ta2, 'a4');
    await ta2.commit();
    for (const { producer } of [a, b, c]) await producer.disconnect();

    const reader = client.partitionReader();
    const seen = new RecordingReader();
    await reader.run(seen);
    reader.assign(topic, 0, 0);
    const plainReader = client.partitionReader({ readCommitted: false });
    const all = new RecordingReader();
    await plainReader.run(all);
    plainReader.assign(topic, 0, 0);
    const member = new RecordingMember();
    const consumer = client.groupConsumer({ groupId: uniqueName('d03'), topics: [topic] });
    member.consumer = consumer;
    await consumer.run(member);

    await eventually('the last record', () =>
      [seen, all, member].every((of) => of.records.some((r) => r.value === 'a4')),
    );
    await Promise.all([reader.stop(), plainReader.stop(), consumer.stop()]);
    assert.deepEqual(seen.values(), ['c0', 'a4']);
    assert.deepEqual(
      member.records.map(({ value }) => value),
      ['c0', 'a4'],
    );
    assert.equal(all.records.length, 8);
    const last = seen.batches.at(-1);
    assert.equal(last?.nextOffset, last?.highWatermark, 'the position is beyond the commit marker');
  });

  it('ends at the last stable offset while a transaction is open', async () => {
    const topic = await createTopic(brokers, 'd03-open');
    const a = await writer('open');
    const transaction = await a.begin();
    await transaction.send({ topic, messages: [{ value: 'later', partition: 0 }] });
    const reader = client.partitionReader();
    const seen = new RecordingReader();
    await reader.run(seen);
    reader.assign(topic, 0, 0);
    await eventually('the end', () => seen.batches.length === 1);
    assert.deepEqual(seen.batches[0], { topic, partition: 0, count: 0, nextOffset: 0, highWatermark: 1 });
    await transaction.commit();
    await eventually('the record', () => seen.values().includes('later'));
    await reader.stop();
    await a.producer.disconnect();
  });
});
