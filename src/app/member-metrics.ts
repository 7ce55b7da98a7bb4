/** The member's metrics: plain numbers of the stages, read at scrape. Names and labels as docs/operating.md lists them. */

import type { SnapshotManifest } from '../restore/snapshot-format.ts';
import type { HeldShard } from '../stages/enrich/shard-logs.ts';
import { isIncomplete } from '../stages/enrich/snapshots/snapshot-progress.ts';
import { flowResults } from '../stages/enrich/flow-counters.ts';
import type { Metrics, Sample } from '../telemetry/metrics.ts';
import { otherSkipped, type RibCounters } from '../rib/counters.ts';
import { evpn } from '../wire/bgp/types.ts';
import type { Member } from './member.ts';

const one = (value: number): Sample[] => [{ labels: {}, value }];

export function registerMemberMetrics(metrics: Metrics, member: Member): void {
  registerFlows(metrics, member);
  registerRoutes(metrics, member);
  registerShards(metrics, member);
}

function registerFlows(metrics: Metrics, member: Member): void {
  const { flowCounters, enrichStage } = member;
  metrics.counterFrom(
    'flowrib_enrich_flows_total',
    'Flows read, each counted once by what became of it.',
    ['result'],
    () => flowResults(flowCounters).map(({ result, count }) => ({ labels: { result }, value: count })),
  );
  metrics.counterFrom(
    'flowrib_enrich_repartitioned_records_total',
    'Flows by way of the repartition topic.',
    ['direction'],
    () => [
      { labels: { direction: 'out' }, value: flowCounters.forwarded },
      { labels: { direction: 'in' }, value: flowCounters.received },
    ],
  );
  metrics.counterFrom('flowrib_enrich_lost_offsets_total', 'Flow records deleted before they were read.', [], () =>
    one(flowCounters.lostOffsets),
  );
  metrics.gaugeFrom(
    'flowrib_kafka_lag_records',
    'Records behind the end of a partition held, as last seen.',
    ['topic', 'partition'],
    () =>
      [...enrichStage.lags()].map(({ at, records }) => ({
        labels: { topic: at.topic, partition: at.partition },
        value: records,
      })),
  );
  metrics.counterFrom('flowrib_kafka_rebalances_total', 'Assignments received by the enrich stage.', [], () =>
    one(enrichStage.rebalances),
  );
  metrics.counterFrom('flowrib_kafka_commit_failures_total', 'Commits that the coordinator refused.', ['stage'], () => [
    { labels: { stage: 'enrich' }, value: enrichStage.commits.failed },
    { labels: { stage: 'route' }, value: member.routeStage.commits.failed },
  ]);
}

function registerRoutes(metrics: Metrics, member: Member): void {
  const { routeStage, sources, badRouteRecords } = member;
  metrics.counterFrom(
    'flowrib_route_records_total',
    'BMP records read, each counted once by what became of it.',
    ['result'],
    () => [
      { labels: { result: 'appended' }, value: routeStage.counters.appended },
      { labels: { result: 'collector' }, value: routeStage.counters.collector },
      { labels: { result: 'dead-lettered' }, value: routeStage.counters.deadLettered },
    ],
  );
  metrics.counterFrom('flowrib_route_lost_offsets_total', 'BMP records deleted before they were read.', [], () =>
    one(routeStage.counters.lostOffsets),
  );
  metrics.counterFrom('flowrib_route_ticks_total', 'Ticks appended, counted once for all shards.', [], () =>
    one(sources.ticks),
  );
  metrics.counterFrom('flowrib_route_topics_recreated_total', 'Source topics found under a new topic id.', [], () =>
    one(sources.recreated),
  );
  metrics.counterFrom(
    'flowrib_restore_bad_records_total',
    'Records of the routes log that could not be applied.',
    [],
    () => one(badRouteRecords.count),
  );
  metrics.counterFrom('flowrib_restore_started_total', 'Restores of shards begun.', [], () =>
    one(member.host.restoresStarted),
  );
  metrics.counterFrom('flowrib_restore_records_total', 'Records of the routes log applied.', [], () =>
    one(member.host.recordsApplied),
  );
}

function registerShards(metrics: Metrics, member: Member): void {
  const held = (read: (shard: HeldShard) => number) => (): Sample[] =>
    member.host.all().map((shard) => ({ labels: { shard: shard.shard }, value: read(shard) }));
  metrics.gaugeFrom(
    'flowrib_rib_shard_state',
    'State of each shard held: 1 for the state it is in.',
    ['shard', 'state'],
    () =>
      member.host.all().flatMap(({ shard, state }) =>
        (['restoring', 'serving'] as const).map((name) => ({
          labels: { shard, state: name },
          value: state === name ? 1 : 0,
        })),
      ),
  );
  metrics.gaugeFrom('flowrib_rib_routes', 'Routes that answer.', ['shard', 'family'], () =>
    member.host.all().flatMap(({ shard, rib }) => {
      const { routesV4, routesV6 } = rib.routes.counts();
      const vpn = rib.vpn.routes.counts();
      return [
        { labels: { shard, family: 'ipv4' }, value: routesV4 },
        { labels: { shard, family: 'ipv6' }, value: routesV6 },
        { labels: { shard, family: 'vpn-ipv4' }, value: vpn.routesV4 },
        { labels: { shard, family: 'vpn-ipv6' }, value: vpn.routesV6 },
      ];
    }),
  );
  metrics.gaugeFrom(
    'flowrib_rib_route_distinguishers',
    'Route distinguishers that some route has.',
    ['shard'],
    held(({ rib }) => rib.rds.inUse),
  );
  metrics.gaugeFrom(
    'flowrib_rib_attribute_sets',
    'Distinct attribute sets.',
    ['shard'],
    held(({ rib }) => rib.attributes.size),
  );
  metrics.gaugeFrom('flowrib_rib_memory_bytes', 'Bytes of the tables, from the real arrays.', ['shard', 'part'], () =>
    member.host.all().flatMap(({ shard, rib }) =>
      Object.entries(rib.memory()).map(([part, value]) => ({
        labels: { shard, part },
        value,
      })),
    ),
  );
  metrics.gaugeFrom(
    'flowrib_rib_log_lag_records',
    'Records of the routes log not applied yet.',
    ['shard'],
    held((s) => Math.max(0, s.logEnd - s.position)),
  );
  metrics.gaugeFrom(
    'flowrib_rib_age_seconds',
    'Seconds since the last record of the log was applied, ticks included.',
    ['shard'],
    held((s) => (Date.now() - s.lastAppliedAt) / 1000),
  );
  registerSnapshots(metrics, member, held);
  registerRouters(metrics, member, held);
  registerRibCounters(metrics, member);
}

/** Of shards held: gone with them. */
function registerSnapshots(
  metrics: Metrics,
  member: Member,
  held: (read: (shard: HeldShard) => number) => () => Sample[],
): void {
  const last = (read: (manifest: SnapshotManifest) => number) => (): Sample[] =>
    member.host.all().flatMap(({ shard, snapshots }) => {
      return snapshots.last === null ? [] : [{ labels: { shard }, value: read(snapshots.last) }];
    });
  metrics.gaugeFrom(
    'flowrib_restore_snapshot_age_seconds',
    'Age of the last snapshot of a shard held.',
    ['shard'],
    last(({ takenAtMs }) => Math.max(0, Date.now() - takenAtMs) / 1000),
  );
  metrics.gaugeFrom(
    'flowrib_restore_snapshot_bytes',
    'Size of the last snapshot in Kafka, compressed.',
    ['shard'],
    last(({ bytes }) => bytes),
  );
  metrics.gaugeFrom(
    'flowrib_restore_snapshot_duration_seconds',
    'How long the last snapshot took.',
    ['shard'],
    last(({ tookMs }) => tookMs / 1000),
  );
  metrics.counterFrom('flowrib_restore_snapshots_total', 'Snapshots by what became of them.', ['result'], () => [
    { labels: { result: 'taken' }, value: member.host.snapshots?.taker.taken ?? 0 },
    { labels: { result: 'failed' }, value: member.host.snapshots?.taker.failed ?? 0 },
    { labels: { result: 'refused' }, value: member.host.snapshots?.store.refused ?? 0 },
  ]);
  metrics.gaugeFrom(
    'flowrib_restore_replayed_records',
    'Records of the routes log that the last restore of a shard held replayed, and from what it began: a snapshot or the log.',
    ['shard', 'from'],
    () =>
      member.host.all().map(({ shard, snapshots }) => ({
        labels: { shard, from: snapshots.restoredFrom },
        value: snapshots.replayed,
      })),
  );
  metrics.gaugeFrom(
    'flowrib_rib_shard_incomplete',
    '1 for a shard whose log had lost its beginning, until its routers have told everything again.',
    ['shard'],
    held((shard) => (isIncomplete(shard) ? 1 : 0)),
  );
}

function registerRouters(
  metrics: Metrics,
  member: Member,
  held: (read: (shard: HeldShard) => number) => () => Sample[],
): void {
  metrics.gaugeFrom('flowrib_rib_peers', 'BGP peers by state.', ['state'], () => {
    const states = new Map([
      ['up', 0],
      ['down', 0],
      ['stale', 0],
      ['provisional', 0],
    ]);
    for (const { rib } of member.host.all()) {
      for (const router of rib.status().routers) {
        for (const session of router.sessions) {
          for (const { state } of session.peers) states.set(state, (states.get(state) ?? 0) + 1);
        }
      }
    }
    return [...states].map(([state, value]) => ({ labels: { state }, value }));
  });
  metrics.gaugeFrom(
    'flowrib_rib_unordered_routers',
    'Routers whose records come over several partitions of one topic.',
    ['shard'],
    held(({ rib }) => rib.status().routers.filter(({ unordered }) => unordered).length),
  );
  metrics.gaugeFrom(
    'flowrib_rib_held_messages',
    'Messages held back to be put in order.',
    ['shard'],
    held(({ rib }) => rib.heldCount),
  );
}

/** Of `flowrib_rib_events`, each with what it counts. */
export const ribEvents = {
  announced: 'routes announced',
  withdrawn: 'routes withdrawn',
  ignoredDuplicates: 'records ignored as repeated',
  recordErrors: 'messages that could not be decoded',
  treatedAsWithdraw: 'UPDATEs treated as withdraw (RFC 7606)',
  discardedAttributes: 'path attributes discarded (RFC 7606)',
  unparsableNlri: 'UPDATEs with NLRI that could not be read',
  addPathGuessed: 'NLRI read against the negotiated ADD-PATH',
  asWidthGuessed: 'AS paths read in another width than the A flag says',
  provisional: 'Route Monitoring without a Peer Up',
  sessionsLost: 'BMP sessions lost',
  sessionsSilent: 'BMP sessions lost to silence',
  held: 'messages held back to be put in order',
  releasedEarly: 'of those, released before their time for want of room',
  stragglers: 'of those, dropped because they came behind the end of their peer or session',
  doubtfulOrder: 'routes announced and withdrawn so close together that their order is a guess',
  sourcePartitionChanges: 'moves of a BMP session to another source partition',
} as const satisfies Partial<Record<keyof RibCounters, string>>;

/** Counters of the shards held now: a shard that moves away takes its counts along, so these are gauges. */
function registerRibCounters(metrics: Metrics, member: Member): void {
  metrics.gaugeFrom(
    'flowrib_rib_events',
    `Since the shards held were restored: ${Object.values(ribEvents).join(', ')}.`,
    ['event'],
    () =>
      (Object.keys(ribEvents) as (keyof typeof ribEvents)[]).map((event) => ({
        labels: { event },
        value: member.host.all().reduce((sum, { rib }) => sum + rib.counters[event], 0),
      })),
  );
  metrics.gaugeFrom(
    'flowrib_rib_skipped_routes',
    'Route entries of families (AFI/SAFI) and EVPN route types that are not kept, since the shards held were restored.',
    ['family', 'route_type'],
    () => {
      const families = summed(member, ({ skippedFamilies }) => skippedFamilies);
      const evpnTypes = summed(member, ({ skippedEvpnTypes }) => skippedEvpnTypes);
      return [
        ...[...families].map(([family, value]) => ({ labels: { family: familyText(family), route_type: '' }, value })),
        ...[...evpnTypes].map(([type, value]) => ({
          labels: { family: familyText(evpn), route_type: type === otherSkipped ? 'other' : String(type) },
          value,
        })),
      ];
    },
  );
  metrics.gaugeFrom(
    'flowrib_rib_statistics',
    'Statistics that routers reported over BMP, by name, since the shards held were restored.',
    ['statistic'],
    () =>
      [...summed(member, ({ statistics }) => statistics)].map(([statistic, value]) => ({
        labels: { statistic },
        value,
      })),
  );
}

function summed<K>(member: Member, read: (counters: RibCounters) => ReadonlyMap<K, number>): Map<K, number> {
  const sums = new Map<K, number>();
  for (const { rib } of member.host.all()) {
    for (const [key, value] of read(rib.counters)) sums.set(key, (sums.get(key) ?? 0) + value);
  }
  return sums;
}

function familyText(family: number): string {
  return family === otherSkipped ? 'other' : `${family >>> 8}/${family & 255}`;
}
