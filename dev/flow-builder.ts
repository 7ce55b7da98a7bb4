/**
 * Builds goflow2 flow records: protobuf (varint-delimited as goflow2 v2 writes them, or plain) and the same flow as goflow2's JSON.
 * For tests, the demo and the benchmark's generator. Field numbers as in goflow2's flow.proto; like Go's marshaller, fields that are
 * zero or empty are left out and the rest stands in order of number.
 */

import { IpAddress } from '../src/base/ip.ts';

export interface FlowFields {
  /** 1 SFLOW_5, 2 NETFLOW_V5, 3 NETFLOW_V9, 4 IPFIX. */
  type?: number;
  samplingRate?: number;
  sequenceNum?: number;
  srcAddr?: string;
  dstAddr?: string;
  bytes?: number;
  packets?: number;
  samplerAddress?: string;
  nextHop?: string;
  nextHopAs?: number;
  srcAs?: number;
  dstAs?: number;
  /** Prefix lengths. */
  srcNet?: number;
  dstNet?: number;
  inIf?: number;
  outIf?: number;
  proto?: number;
  srcPort?: number;
  dstPort?: number;
  etype?: number;
  /** Not in goflow2's own schema: the numbers its sample mapping.yaml gives them. */
  ingressVrfId?: number;
  egressVrfId?: number;
  bgpNextHop?: string;
  bgpCommunities?: readonly number[];
  asPath?: readonly number[];
  timeReceivedMs?: number;
  timeStartMs?: number;
  timeEndMs?: number;
  /** Nanoseconds added to each of the three times, to show that digits beyond 2^53 survive. */
  extraNs?: number;
}

/** One flow record's value. `delimited` (default true): prefixed by its length, as `-format=bin` writes it. */
export function buildFlowRecord(fields: FlowFields, options: { delimited?: boolean } = {}): Buffer {
  const message = buildFlowMessage(fields);
  if (options.delimited === false) return message;
  return Buffer.concat([Buffer.from(varint(BigInt(message.length))), message]);
}

function buildFlowMessage(fields: FlowFields): Buffer {
  const out: number[] = [];
  number(out, 1, fields.type);
  number(out, 3, fields.samplingRate);
  number(out, 4, fields.sequenceNum);
  address(out, 6, fields.srcAddr);
  address(out, 7, fields.dstAddr);
  number(out, 9, fields.bytes);
  number(out, 10, fields.packets);
  address(out, 11, fields.samplerAddress);
  address(out, 12, fields.nextHop);
  number(out, 13, fields.nextHopAs);
  number(out, 14, fields.srcAs);
  number(out, 15, fields.dstAs);
  number(out, 16, fields.srcNet);
  number(out, 17, fields.dstNet);
  number(out, 18, fields.inIf);
  number(out, 19, fields.outIf);
  number(out, 20, fields.proto);
  number(out, 21, fields.srcPort);
  number(out, 22, fields.dstPort);
  number(out, 30, fields.etype);
  number(out, 39, fields.ingressVrfId);
  number(out, 40, fields.egressVrfId);
  address(out, 100, fields.bgpNextHop);
  packed(out, 101, fields.bgpCommunities);
  packed(out, 102, fields.asPath);
  nanoseconds(out, 110, fields.timeReceivedMs, fields.extraNs);
  nanoseconds(out, 111, fields.timeStartMs, fields.extraNs);
  nanoseconds(out, 112, fields.timeEndMs, fields.extraNs);
  return Buffer.from(out);
}

/** The same flow as one line of goflow2's `-format=json`; fields that are not given are left out. */
export function buildFlowJson(fields: FlowFields): string {
  const parts: string[] = [];
  const put = (name: string, text: string | undefined): void => {
    if (text !== undefined) parts.push(`"${name}":${text}`);
  };
  const quoted = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : JSON.stringify(text);
  const plain = (value: number | undefined): string | undefined => value?.toString();
  const list = (values: readonly number[] | undefined): string | undefined =>
    values === undefined ? undefined : `[${values.join(',')}]`;
  put('type', quoted(['FLOWUNKNOWN', 'SFLOW_5', 'NETFLOW_V5', 'NETFLOW_V9', 'IPFIX'][fields.type ?? 0]));
  put('time_received_ns', nsText(fields.timeReceivedMs, fields.extraNs));
  put('sequence_num', plain(fields.sequenceNum));
  put('sampling_rate', plain(fields.samplingRate));
  put('sampler_address', quoted(fields.samplerAddress));
  put('time_flow_start_ns', nsText(fields.timeStartMs, fields.extraNs));
  put('time_flow_end_ns', nsText(fields.timeEndMs, fields.extraNs));
  put('bytes', plain(fields.bytes));
  put('packets', plain(fields.packets));
  put('src_addr', quoted(fields.srcAddr));
  put('dst_addr', quoted(fields.dstAddr));
  put('proto', quoted(protoText(fields.proto)));
  put('src_port', plain(fields.srcPort));
  put('dst_port', plain(fields.dstPort));
  put('in_if', plain(fields.inIf));
  put('out_if', plain(fields.outIf));
  put('src_as', plain(fields.srcAs));
  put('dst_as', plain(fields.dstAs));
  put('next_hop', quoted(fields.nextHop));
  put('next_hop_as', plain(fields.nextHopAs));
  put('src_net', quoted(network(fields.srcAddr, fields.srcNet)));
  put('dst_net', quoted(network(fields.dstAddr, fields.dstNet)));
  put('ingress_vrf_id', plain(fields.ingressVrfId));
  put('egress_vrf_id', plain(fields.egressVrfId));
  put('bgp_next_hop', quoted(fields.bgpNextHop));
  put('bgp_communities', list(fields.bgpCommunities));
  put('as_path', list(fields.asPath));
  return `{${parts.join(',')}}`;
}

/** Bytes of a varint (LEB128). */
export function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return bytes;
}

function number(out: number[], field: number, value: number | undefined): void {
  if (value === undefined || value === 0) return;
  out.push(...varint(BigInt(field * 8)), ...varint(BigInt(value)));
}

function nanoseconds(out: number[], field: number, ms: number | undefined, extraNs = 0): void {
  if (ms === undefined || ms === 0) return;
  out.push(...varint(BigInt(field * 8)), ...varint(BigInt(ms) * 1_000_000n + BigInt(extraNs)));
}

function lengthDelimited(out: number[], field: number, bytes: readonly number[]): void {
  if (bytes.length === 0) return;
  out.push(...varint(BigInt(field * 8 + 2)), ...varint(BigInt(bytes.length)), ...bytes);
}

function address(out: number[], field: number, text: string | undefined): void {
  if (text !== undefined && text !== '') lengthDelimited(out, field, addressBytes(text));
}

function packed(out: number[], field: number, values: readonly number[] | undefined): void {
  if (values !== undefined)
    lengthDelimited(
      out,
      field,
      values.flatMap((value) => varint(BigInt(value))),
    );
}

function addressBytes(text: string): number[] {
  const parsed = new IpAddress();
  if (!parsed.parse(text)) throw new Error(`not an address: ${text}`);
  const words = parsed.family === 4 ? [parsed.w0] : [parsed.w0, parsed.w1, parsed.w2, parsed.w3];
  return words.flatMap((word) => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]);
}

function nsText(ms: number | undefined, extraNs = 0): string | undefined {
  return ms === undefined ? undefined : (BigInt(ms) * 1_000_000n + BigInt(extraNs)).toString();
}

function protoText(proto: number | undefined): string | undefined {
  if (proto === undefined) return undefined;
  return { 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6', 132: 'SCTP' }[proto] ?? '';
}

/** goflow2 prints a prefix length as the address cut to it. */
function network(text: string | undefined, length: number | undefined): string | undefined {
  if (text === undefined || length === undefined) return undefined;
  const cut = new IpAddress();
  const parsed = new IpAddress();
  parsed.parse(text);
  const mask = (bits: number): number => (bits <= 0 ? 0 : bits >= 32 ? -1 : -1 << (32 - bits));
  if (parsed.family === 4) cut.setV4(parsed.w0 & mask(length));
  else
    cut.setV6(
      parsed.w0 & mask(length),
      parsed.w1 & mask(length - 32),
      parsed.w2 & mask(length - 64),
      parsed.w3 & mask(length - 96),
    );
  return `${cut.toString()}/${length}`;
}
