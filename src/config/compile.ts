/**
 * User form in, running form out: pure, and total for every configuration that load.ts lets through. Running code never sees "5m" or
 * an absent value.
 */

import { parseDuration } from '../base/units.ts';
import { viewNames } from '../model/answer.ts';
import { distinguisherText, localDistinguisherText } from '../model/route-distinguisher.ts';
import { routeTargetWords } from '../model/route-target.ts';
import type { Vrf } from '../model/router.ts';
import { type AddressRange, parseAddress, parseRange } from './addresses.ts';
import { consumerGroups, internalTopics } from './internal-names.ts';
import type { Config } from './schema/config.ts';
import { hostPortPattern } from './schema/fields.ts';
import type {
  CompiledConfig,
  ConfiguredRouter,
  FlowInput,
  HttpListen,
  KafkaConnection,
  RouterSource,
} from './types.ts';

type VrfConfig = Config['routers'][number]['vrfs'][string];

export function compileConfig(config: Config): CompiledConfig {
  const { application, lookup, output } = config;
  return {
    application,
    groups: consumerGroups(application),
    internalTopics: internalTopics(application),
    kafka: compileKafka(config),
    schemaRegistry: { url: config.schemaRegistry.url },
    routes: config.routes.map(({ topic, format, router, reorder }) => ({
      topic,
      format,
      router: router === undefined ? null : compileRouterSource(router.from),
      reorderMs: reorder === undefined ? 0 : parseDuration(reorder),
    })),
    flows: config.flows.map(compileFlowInput),
    output: { ...output },
    startAt: config.startAt,
    shards: config.shards,
    topics: { ...config.topics },
    delivery: config.delivery,
    transactions: {
      intervalMs: parseDuration(config.transactions.interval),
      timeoutMs: parseDuration(config.transactions.timeout),
    },
    routers: config.routers.map(compileRouter),
    lookup: {
      views: lookup.views.map((name) => viewNames.indexOf(name)),
      references: lookup.references,
      unknownVrf: lookup.unknownVrf,
      asn: lookup.asn,
      net: lookup.net,
      waitForEndOfRibMs: parseDuration(lookup.waitForEndOfRib),
      maxRouteLagMs: parseDuration(lookup.maxRouteLag),
    },
    peers: {
      staleTimeMs: parseDuration(config.peers.staleTime),
      endOfRibTimeoutMs: parseDuration(config.peers.endOfRibTimeout),
      silenceMs: parseDuration(config.peers.silence),
    },
    snapshots: { intervalMs: parseDuration(config.snapshots.interval) },
    workers: config.workers,
    http: { listen: parseListen(config.http.listen), advertise: config.http.advertise ?? null },
    shutdown: { graceMs: parseDuration(config.shutdown.grace) },
    log: { level: config.log.level },
  };
}

function compileKafka({ application, kafka }: Config): KafkaConnection {
  const { ssl, sasl } = kafka;
  return {
    brokers: kafka.brokers,
    clientId: application,
    ...(ssl && {
      ssl: {
        ...(ssl.ca !== undefined && { ca: ssl.ca }),
        ...(ssl.cert !== undefined && { cert: ssl.cert }),
        ...(ssl.key !== undefined && { key: ssl.key }),
      },
    }),
    ...(sasl && { sasl: { ...sasl } }),
  };
}

function compileFlowInput({ topic, format, framing, vrfFields }: Config['flows'][number]): FlowInput {
  const { ingress = 39, egress = 40 } = vrfFields ?? {};
  return { topic, format, framing: framing ?? 'auto', vrfFields: { ingress, egress } };
}

function compileRouterSource(from: string): RouterSource {
  if (from === 'key') return { from };
  if (from.startsWith('header:')) return { from: 'header', name: from.slice('header:'.length) };
  return { from: 'address', address: addressText(from) };
}

function compileRouter(router: Config['routers'][number]): ConfiguredRouter {
  const bmp = router.bmp.map(addressText);
  return {
    name: router.name,
    key: bmp[0] ?? null,
    bmp,
    exporters: (router.exporters ?? router.bmp).map(rangeOf),
    bgp: router.bgp.map(addressText),
    vrfs: Object.entries(router.vrfs).map(([name, vrf]) => compileVrf(name, vrf)),
    references: router.references,
  };
}

function compileVrf(name: string, vrf: VrfConfig): Vrf {
  if (typeof vrf === 'string') {
    const rds = [distinguisherText(vrf) ?? vrf];
    return { name, rds, localDistinguishers: [], importTargets: new Int32Array(0), ids: [] };
  }
  return {
    name,
    rds: vrf.rds.map((text) => distinguisherText(text) ?? text),
    localDistinguishers: vrf.distinguishers.map((value) => localDistinguisherText(String(value)) ?? String(value)),
    importTargets: Int32Array.from(vrf.importTargets.flatMap((text) => routeTargetWords(text) ?? [])),
    ids: vrf.ids,
  };
}

function addressText(text: string): string {
  return parseAddress(text)?.toString() ?? text;
}

function rangeOf(text: string): AddressRange {
  const range = parseRange(text);
  if (typeof range === 'string') throw new TypeError(`${text} ${range}`);
  return range;
}

function parseListen(text: string): HttpListen {
  const [, host, port] = hostPortPattern.exec(text) ?? ['', '127.0.0.1', '0'];
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}
