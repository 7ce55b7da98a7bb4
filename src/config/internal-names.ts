/** Names that are made of the application's: its consumer groups and internal topics. */

export interface InternalTopics {
  readonly routes: string;
  readonly repartition: string;
  readonly snapshots: string;
}

export interface ConsumerGroups {
  /** Group of the enrich stage; its partitions of `repartition` are the shards. */
  readonly enrich: string;
  /** Group of the route stage. */
  readonly routes: string;
}

export function internalTopics(application: string): InternalTopics {
  return {
    routes: `${application}.routes`,
    repartition: `${application}.repartition`,
    snapshots: `${application}.snapshots`,
  };
}

export function consumerGroups(application: string): ConsumerGroups {
  return { enrich: application, routes: `${application}-routes` };
}
