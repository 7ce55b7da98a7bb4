/** A record that a file gave, as Kafka would have it, and where in the file it stands. */

export interface ReplayRecord {
  readonly topic: string;
  readonly partition: number;
  /** -1 = the one after the last of its partition. */
  readonly offset: number;
  /** -1 = it has no time: that of the record before. */
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** A section as base/record-headers.ts has it. */
  readonly headers: Buffer;
  /** Such as "line 7" or "byte 4096". */
  readonly place: string;
}

export const noHeaders = Buffer.alloc(0);
