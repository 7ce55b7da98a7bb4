/**
 * Child of the throughput benchmark: what users would write with kafkajs alone, one topic to another, the same bytes, at most 500
 * records a send, the sends of a batch one after the other and its offsets committed at the end of it. Arguments: brokers, input,
 * output, group.
 */

import { Kafka, logLevel } from 'kafkajs';
import { tellParent, usageNow } from './messages.ts';

const [brokers, input, output, group] = process.argv.slice(2);
const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING });
const producer = kafka.producer();
const consumer = kafka.consumer({ groupId: group, maxWaitTimeInMs: 200 });
await producer.connect();
await consumer.connect();
await consumer.subscribe({ topic: input, fromBeginning: true });
consumer.on(consumer.events.GROUP_JOIN, () => tellParent({ kind: 'ready', usage: usageNow() }));
process.on('message', (message) => {
  if (message === 'stop') process.exit(0);
  if (message !== 'usage') return;
  tellParent({ kind: 'usage', usage: usageNow(), detail: {} });
});
process.on('disconnect', () => process.exit(0));
await consumer.run({
  partitionsConsumedConcurrently: 4,
  autoCommit: false,
  eachBatch: async (payload) => {
    const { batch } = payload;
    for (let at = 0; at < batch.messages.length; at += 500) {
      const messages = batch.messages.slice(at, at + 500).map(({ key, value, headers, timestamp }) => ({
        key,
        value,
        timestamp,
        partition: batch.partition,
        ...(headers === undefined ? {} : { headers }),
      }));
      await producer.send({ topic: output, messages });
      await payload.heartbeat();
    }
    const last = batch.lastOffset();
    payload.resolveOffset(last);
    const offset = String(Number(last) + 1);
    await payload.commitOffsetsIfNecessary({
      topics: [{ topic: batch.topic, partitions: [{ partition: batch.partition, offset }] }],
    });
  },
});
