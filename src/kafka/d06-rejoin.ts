/**
 * Hazard D6: kafkajs tells a consumer neither that its partitions are about to go nor under which generation it holds them, and in
 * some error paths it joins again while handlers still run. The hooks here put our own code around join, leave, fetch and heartbeat
 * of the consumer groups we made; groups of other clusters are left alone. With `fetch` ours, no error path of kafkajs's joins by
 * itself any more: a join is always preceded by the end of all handlers.
 * Test: test/kafka/d06-rejoin.test.ts.
 */

import type { Cluster, ConsumerGroup } from './internals.ts';

export interface GroupHooks {
  /** All handlers have ended; the old assignment still stands at the coordinator. */
  beforeJoin(group: ConsumerGroup): Promise<void>;
  /** The join is complete and nothing can be fetched yet. Synchronous. */
  joined(group: ConsumerGroup): void;
  beforeLeave(group: ConsumerGroup): Promise<void>;
  fetch(group: ConsumerGroup, nodeId: string): Promise<unknown[]>;
  heartbeat(group: ConsumerGroup, send: () => Promise<void>): Promise<void>;
}

const hooksByCluster = new WeakMap<Cluster, GroupHooks>();

export function setGroupHooks(cluster: Cluster, hooks: GroupHooks): void {
  hooksByCluster.set(cluster, hooks);
}

export function patchConsumerGroup(prototype: ConsumerGroup): void {
  const { joinAndSync, leave, fetch, heartbeat } = prototype;

  prototype.joinAndSync = async function hookedJoinAndSync(this: ConsumerGroup): Promise<void> {
    const hooks = hooksByCluster.get(this.cluster);
    await hooks?.beforeJoin(this);
    await joinAndSync.call(this);
    hooks?.joined(this);
  };

  prototype.leave = async function hookedLeave(this: ConsumerGroup): Promise<void> {
    await hooksByCluster.get(this.cluster)?.beforeLeave(this);
    await leave.call(this);
  };

  prototype.fetch = async function hookedFetch(this: ConsumerGroup, nodeId: string): Promise<unknown[]> {
    const hooks = hooksByCluster.get(this.cluster);
    return hooks === undefined ? fetch.call(this, nodeId) : hooks.fetch(this, nodeId);
  };

  prototype.heartbeat = async function hookedHeartbeat(this: ConsumerGroup, options: { interval: number }) {
    const hooks = hooksByCluster.get(this.cluster);
    const send = (): Promise<void> => heartbeat.call(this, options);
    await (hooks === undefined ? send() : hooks.heartbeat(this, send));
  };
}
