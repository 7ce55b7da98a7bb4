/**
 * The seam between Kafka and the stages. It speaks of batches: one buffer and the positions of keys, values and headers in it, not
 * an object for each message, so that what lies inside src/kafka can change without a stage noticing. Offsets are numbers: a
 * partition would need 2^53 records to outgrow them.
 */

/** Records of one partition, in offset order. All views die when the handler they were given to settles (hazard D10). */
export interface RecordBatch {
  readonly topic: string;
  readonly partition: number;
  /** Number of records; the position arrays may be longer. May be 0 (control records only). */
  readonly count: number;
  /** Offset to read next after this batch: beyond control and compacted records too. */
  readonly nextOffset: number;
  /** Offset that the next record produced to the partition will get, as the leader saw it when it answered. */
  readonly highWatermark: number;
  readonly buffer: Buffer;
  readonly offsets: Float64Array;
  /** Record timestamps, ms since the epoch. */
  readonly timestamps: Float64Array;
  /** Start and end of each key in `buffer`; start -1 is a null key. */
  readonly keyStarts: Int32Array;
  readonly keyEnds: Int32Array;
  /** Start and end of each value in `buffer`; start -1 is a null value. */
  readonly valueStarts: Int32Array;
  readonly valueEnds: Int32Array;
  /** Start and end of each headers section (base/record-headers.ts); start = end is "no headers". */
  readonly headerStarts: Int32Array;
  readonly headerEnds: Int32Array;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface TopicPartitionOffset extends TopicPartition {
  readonly offset: number;
}

/** A position to commit; `metadata` (at most 4,096 characters) is kept with it. */
export interface CommitPosition extends TopicPartitionOffset {
  readonly metadata?: string;
}

/** What a member holds between two rebalances. */
export interface Assignment {
  /** Ours, counted up at every GROUP_JOIN of this member: the ownership epoch (hazards D6, 1046). */
  readonly epoch: number;
  readonly memberId: string;
  readonly generationId: number;
  readonly partitions: readonly TopicPartition[];
  /** False from the moment a later join completed, the member left or was fenced. Check right before produce and commit. */
  isCurrent(): boolean;
}

export interface GroupHandlers {
  /**
   * Called synchronously inside GROUP_JOIN, before anything can be fetched; every assigned partition is paused. The handler
   * prepares as long as it likes and then calls `GroupConsumer.start` for the partitions that may flow.
   */
  onAssigned(assignment: Assignment): void;
  /** Called after the last handler of a generation ended, before this member rejoins: the last chance to commit. */
  onRevoking(assignment: Assignment): Promise<void>;
  /** One batch of one partition; the next batch of that partition is not delivered before the promise settles. */
  onBatch(batch: RecordBatch, assignment: Assignment): Promise<void>;
  /** A position fell out of the log (retention, hazard D12): reading goes on at `logStart`, the records between are lost. */
  onLostOffsets(at: TopicPartition, position: number, logStart: number): void;
  /** The consumer stopped for good (hazard D13). */
  onCrash(error: Error): void;
}

export interface GroupConsumer {
  /** Joins the group and returns once the first assignment was delivered. */
  run(handlers: GroupHandlers): Promise<void>;
  /** Seeks and resumes; ignored when the assignment is no longer current. */
  start(assignment: Assignment, positions: readonly TopicPartitionOffset[]): void;
  pause(partitions: readonly TopicPartition[]): void;
  resume(partitions: readonly TopicPartition[]): void;
  /**
   * One OffsetCommit with the member id and generation of that assignment, one attempt. `offset` is the next record to read.
   * False when the coordinator refused it or the assignment is over: then nothing was committed.
   */
  commit(assignment: Assignment, positions: readonly CommitPosition[]): Promise<boolean>;
  /** Lets running handlers end, then leaves the group. */
  stop(): Promise<void>;
}

export interface PartitionReaderHandlers {
  onBatch(batch: RecordBatch): void | Promise<void>;
  /** The position is outside the log: reading of that partition stops. Never a silent reset. */
  onOffsetOutOfRange(at: TopicPartitionOffset, logStart: number, logEnd: number): void;
  /** Anything else that stops the reader for good. */
  onCrash(error: Error): void;
}

/** Reads partitions by position, outside any group, on its own connections. */
export interface PartitionReader {
  run(handlers: PartitionReaderHandlers): Promise<void>;
  /** Starts or moves a partition. */
  assign(topic: string, partition: number, offset: number): void;
  /** After it returns, no further batch of that partition is delivered. */
  unassign(topic: string, partition: number): void;
  pause(topic: string, partition: number): void;
  resume(topic: string, partition: number): void;
  stop(): Promise<void>;
}

/**
 * Where a handler puts its output. `append` copies what it is given and sends full chunks by itself, one (topic, partition) a request
 * (hazard D2); chunks of one (topic, partition) keep their order, over all sinks of a producer.
 */
export interface RecordSink {
  /** `headers` is a section as base/record-headers.ts writes it; empty range = no headers. `keyStart` -1 = null key, `valueStart` -1 = null value. */
  append(
    topic: string,
    partition: number,
    timestampMs: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    headers: Uint8Array,
    headersStart: number,
    headersEnd: number,
  ): void;
  /** Sends what is left; resolves when all that was appended is acknowledged, rejects with the first failure since the last flush. */
  flush(): Promise<void>;
  /** Bytes appended and not yet acknowledged. */
  pendingBytes(): number;
}

export interface Producer {
  connect(): Promise<void>;
  createSink(): RecordSink;
  disconnect(): Promise<void>;
}

export interface PartitionOffsets {
  readonly partition: number;
  /** First retained offset. */
  readonly low: number;
  /** Next offset to be written, as the last stable offset shows it. */
  readonly high: number;
}

export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly config: Readonly<Record<string, string>>;
}

export interface Admin {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  /** Number of partitions by topic; topics that do not exist are absent. */
  partitionCounts(topics: readonly string[]): Promise<Map<string, number>>;
  /** Topic id (UUID text) by topic, Metadata v10 (KIP-516); topics that do not exist are absent. */
  topicIds(topics: readonly string[]): Promise<Map<string, string>>;
  offsets(topic: string): Promise<PartitionOffsets[]>;
  /** Offset of the first record at or after the time, by partition; the end of the log where there is none. */
  offsetsAtTime(topic: string, timestampMs: number): Promise<TopicPartitionOffset[]>;
  /**
   * Committed offset by partition; partitions without a commit are absent. With `metadata`, so are those whose commit carries another
   * one; a commit without any counts: tools that reset offsets write none.
   */
  committed(group: string, topic: string, metadata?: string): Promise<Map<number, number>>;
  /** Creates what is missing; true where it made one. Existing topics are left as they are. */
  createTopics(topics: readonly TopicSpec[]): Promise<Map<string, boolean>>;
  topicConfig(topic: string, names: readonly string[]): Promise<Map<string, string>>;
  /** Deletes records before the offsets (DeleteRecords). */
  deleteRecordsBefore(topic: string, offsets: readonly TopicPartitionOffset[]): Promise<void>;
  /** Member ids with their assignment, and user data where the assigner sent some. */
  groupMembers(
    group: string,
  ): Promise<{ memberId: string; clientId: string; host: string; partitions: TopicPartition[]; userData: Buffer }[]>;
}
