/**
 * What the Kafka folder runs with, in running form: milliseconds, bytes, nothing optional but what Kafka itself leaves out. The
 * defaults are the timings that held up against a real cluster: a member that leaves is noticed at once, one that is
 * killed after `sessionTimeoutMs`, a resumed partition flows within `fetchWaitMs`.
 */

export interface TlsOptions {
  /** PEM text. */
  readonly ca?: string | readonly string[];
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface SaslOptions {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

export interface KafkaOptions {
  /** host:port of at least one node. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** `true` trusts the system's certificate authorities. */
  readonly ssl?: boolean | TlsOptions;
  readonly sasl?: SaslOptions;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** A member that is silent for longer loses its partitions. */
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  /** How long the coordinator waits for the members at a rebalance: bounds what `onRevoking` may take. */
  readonly rebalanceTimeoutMs: number;
  /** How long a broker may hold a Fetch that has no data. */
  readonly fetchWaitMs: number;
  readonly maxBytesPerPartition: number;
  /** Upper bound of one Fetch response. Partitions that got nothing are asked for first the next time (hazard D7). */
  readonly maxBytesPerFetch: number;
  /** After how long topics are looked at again for new, lost or re-created partitions. */
  readonly metadataMaxAgeMs: number;
}

export const kafkaDefaults = {
  clientId: 'flowrib',
  connectTimeoutMs: 5_000,
  requestTimeoutMs: 30_000,
  sessionTimeoutMs: 10_000,
  heartbeatIntervalMs: 1_000,
  rebalanceTimeoutMs: 60_000,
  fetchWaitMs: 200,
  maxBytesPerPartition: 1_048_576,
  maxBytesPerFetch: 16_777_216,
  metadataMaxAgeMs: 30_000,
} as const satisfies Partial<KafkaOptions>;

/** Fills in what is left out. */
export function kafkaOptions(options: Partial<KafkaOptions> & { readonly brokers: readonly string[] }): KafkaOptions {
  return { ...kafkaDefaults, ...options };
}
