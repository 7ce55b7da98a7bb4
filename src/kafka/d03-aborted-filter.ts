/**
 * Hazard D3: kafkajs lets aborted records through when transactions interleave, because the broker lists them in the order of their
 * ends and it reads the list in the order of their starts; and it takes any record with a key of four zero bytes for an abort
 * marker. Here the list is sorted by first offset, every transaction that starts at or before a batch is open for it, and only a
 * control batch ends one (as Kafka's own consumer does it, CompletedFetch.java).
 * Test: test/kafka/d03-aborted-filter.test.ts.
 */

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

/** The batches of one fetched partition, asked about in offset order. */
export class AbortedFilter {
  private readonly starts: readonly AbortedTransaction[];
  private next = 0;
  private readonly open = new Set<number>();

  constructor(transactions: readonly AbortedTransaction[]) {
    this.starts = transactions.toSorted((a, b) => a.firstOffset - b.firstOffset);
  }

  /** True when the records of this batch must not be seen. `endsTransaction`: the batch is an abort marker. */
  skips(producerId: number, lastOffset: number, transactional: boolean, endsTransaction: boolean): boolean {
    while (this.next < this.starts.length && this.starts[this.next].firstOffset <= lastOffset) {
      this.open.add(this.starts[this.next].producerId);
      this.next++;
    }
    if (endsTransaction) {
      this.open.delete(producerId);
      return false;
    }
    return transactional && this.open.has(producerId);
  }
}
