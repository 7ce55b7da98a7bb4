/**
 * Hazard D5: the sequence of an idempotent producer counts records of a partition modulo 2^31, and a batch may straddle the wrap.
 * kafkajs starts again at 0 wherever it stands, and the broker then refuses the partition for good (OUT_OF_ORDER_SEQUENCE_NUMBER);
 * so the counting is ours. Same rule as DefaultRecordBatch.incrementSequence of the Java client.
 * Test: test/kafka/d05-sequence.test.ts.
 */

const modulus = 2 ** 31;

/** Sequence of the record that follows `count` records from `sequence` on. */
export function nextSequence(sequence: number, count: number): number {
  return (sequence + count) % modulus;
}
