/** What the HTTP server shows of a member: plain, JSON-able snapshots, taken at the request. app/ implements it. */

export interface ShardStatus {
  readonly shard: number;
  /** "serving" when lookups are answered; otherwise what it waits for, e.g. "restoring". */
  readonly state: string;
  readonly [field: string]: string | number | boolean | null;
}

export interface RouterStatus {
  readonly name: string;
  /** Text of the address that decides its shard. */
  readonly key: string;
  readonly shard: number;
  readonly [field: string]: string | number | boolean | null;
}

export interface AppStatus {
  /** True when every shard of this member serves. A member without shards is ready: it has nothing to wait for. */
  isReady(): boolean;
  /** Shards of this member, by number. */
  shards(): readonly ShardStatus[];
  /** Routers in the shards of this member. */
  routers(): readonly RouterStatus[];
}
