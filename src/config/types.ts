/**
 * The configuration in running form, as app/ hands it to components: every value present, durations in ms, addresses normalised, views
 * by number. compile.ts makes it.
 */

import type { Vrf } from '../model/router.ts';
import type { AddressRange } from './addresses.ts';
import type { ConsumerGroups, InternalTopics } from './internal-names.ts';
import type { flowFormats, framings, routeFormats } from './schema/inputs.ts';
import type { saslMechanisms } from './schema/kafka.ts';
import type { compressions, deliveries, outputFormats } from './schema/output.ts';
import type { logLevels } from './schema/process.ts';
import type { asnProviders, netProviders, unknownVrfs } from './schema/routers.ts';

export type RouteFormat = (typeof routeFormats)[number];
export type FlowFormat = (typeof flowFormats)[number];
export type Framing = (typeof framings)[number];
export type OutputFormat = (typeof outputFormats)[number];
export type Compression = (typeof compressions)[number];
export type Delivery = (typeof deliveries)[number];
export type SaslMechanism = (typeof saslMechanisms)[number];
export type LogLevel = (typeof logLevels)[number];
export type AsnProvider = (typeof asnProviders)[number];
export type NetProvider = (typeof netProviders)[number];
export type UnknownVrf = (typeof unknownVrfs)[number];

/** Where the router's address is when the record's value does not hold it. */
export type RouterSource =
  | { readonly from: 'key' }
  | { readonly from: 'header'; readonly name: string }
  | { readonly from: 'address'; readonly address: string };

export interface RouteInput {
  readonly topic: string;
  readonly format: RouteFormat;
  readonly router: RouterSource | null;
  /** How long messages are held back to be put in order; 0 = not at all. */
  readonly reorderMs: number;
}

export interface FlowInput {
  readonly topic: string;
  readonly format: FlowFormat;
  /** Of goflow2-protobuf, as are the numbers of its fields with VRF ids. */
  readonly framing: Framing;
  readonly vrfFields: { readonly ingress: number; readonly egress: number };
}

export interface ConfiguredRouter {
  readonly name: string;
  /** First BMP address, by which the shard is chosen; null for a router that only exports flows. */
  readonly key: string | null;
  /** RFC 5952 texts. */
  readonly bmp: readonly string[];
  /** No two routers have an address in common. */
  readonly exporters: readonly AddressRange[];
  readonly bgp: readonly string[];
  /** In the order of the file. */
  readonly vrfs: readonly Vrf[];
  /** Names of other routers; none = `lookup.references`. */
  readonly references: readonly string[];
}

export interface KafkaConnection {
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** PEM texts; an empty object is TLS with the built-in authorities. */
  readonly ssl?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly sasl?: { readonly mechanism: SaslMechanism; readonly username: string; readonly password: string };
}

export interface HttpListen {
  /** Without brackets. */
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
}

export interface CompiledConfig {
  readonly application: string;
  readonly groups: ConsumerGroups;
  readonly internalTopics: InternalTopics;
  readonly kafka: KafkaConnection;
  readonly schemaRegistry: { readonly url: string };
  readonly routes: readonly RouteInput[];
  readonly flows: readonly FlowInput[];
  readonly output: {
    readonly topic: string;
    readonly format: OutputFormat;
    readonly deadLetterTopic: string;
    readonly compression: Compression;
    readonly positions: boolean;
  };
  readonly startAt: 'earliest' | 'latest';
  readonly shards: number;
  readonly topics: { readonly create: boolean; readonly replicationFactor: number };
  readonly delivery: Delivery;
  readonly transactions: { readonly intervalMs: number; readonly timeoutMs: number };
  readonly routers: readonly ConfiguredRouter[];
  readonly lookup: {
    /** Numbers of model/answer.ts, in the order in which they answer. */
    readonly views: readonly number[];
    readonly references: readonly string[];
    readonly unknownVrf: UnknownVrf;
    readonly asn: readonly AsnProvider[];
    readonly net: readonly NetProvider[];
    readonly waitForEndOfRibMs: number;
    readonly maxRouteLagMs: number;
  };
  /** `silenceMs` 0 = never. */
  readonly peers: { readonly staleTimeMs: number; readonly endOfRibTimeoutMs: number; readonly silenceMs: number };
  readonly snapshots: { readonly intervalMs: number };
  readonly workers: number;
  readonly http: { readonly listen: HttpListen; readonly advertise: string | null };
  readonly shutdown: { readonly graceMs: number };
  readonly log: { readonly level: LogLevel };
}
