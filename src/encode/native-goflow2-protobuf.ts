/**
 * Writes a goflow2 protobuf flow as it came, with the fields that goflow2's own schema has for routes. In: the record, the layout its
 * decoder remembers, the answers. Out: the same record, shorter by the fields replaced and longer by ours at the end, which protobuf
 * allows in any order; a length prefix is rewritten, a plain message stays plain.
 *
 * When the destination is matched, whatever the flow had in these is replaced:
 *   13 next_hop_as   100 bgp_next_hop (4 or 16 bytes)   101 bgp_communities (packed)   102 as_path (packed, ASNs of sets in order)
 * Where lookup.asn and lookup.net decide on another value than the flow has:
 *   14 src_as   15 dst_as   16 src_net   17 dst_net (prefix lengths)
 */

import { ByteWriter } from '../base/byte-writer.ts';
import { statusMatched, type EnrichedFlow, type RouteAnswer } from '../model/answer.ts';
import type { AttributeReader } from '../model/attribute-words.ts';
import {
  type FlowLayout,
  fieldAsPath,
  fieldBgpCommunities,
  fieldBgpNextHop,
  fieldDstAs,
  fieldDstNet,
  fieldNextHopAs,
  fieldSrcAs,
  fieldSrcNet,
} from '../model/flow-layout.ts';
import type { Flow } from '../model/flow.ts';
import { varint32Size } from '../wire/protobuf/scanner.ts';
import type { Attribution } from './attribution.ts';
import type { FlowEncoder } from './types.ts';

const tagNextHopAs = 13 << 3;
const tagSrcAs = 14 << 3;
const tagDstAs = 15 << 3;
const tagSrcNet = 16 << 3;
const tagDstNet = 17 << 3;
const tagBgpNextHop = (100 << 3) | 2;
const tagBgpCommunities = (101 << 3) | 2;
const tagAsPath = (102 << 3) | 2;

const routeFields = (1 << fieldNextHopAs) | (1 << fieldBgpNextHop) | (1 << fieldBgpCommunities) | (1 << fieldAsPath);

export class NativeGoflow2ProtobufEncoder implements FlowEncoder {
  readonly format = 'native';
  private readonly attribution: Attribution;
  private readonly tail = new ByteWriter(1024);

  constructor(attribution: Attribution) {
    this.attribution = attribution;
  }

  encode(buffer: Buffer, _start: number, _end: number, flow: Flow, enriched: EnrichedFlow, out: ByteWriter): void {
    const { layout } = flow;
    const tail = this.tail;
    tail.reset();
    let replaced = this.writeAttribution(flow, enriched);
    if (enriched.dst.status === statusMatched) {
      replaced |= enriched.dst.attributes.hasNextHop() ? routeFields : routeFields & ~(1 << fieldBgpNextHop);
      writeRoute(tail, enriched.dst);
    }
    const dropped = (replaced & layout.present) === 0 ? 0 : droppedBytes(layout, replaced);
    const kept = layout.messageEnd - layout.messageStart - dropped;
    if (layout.delimited) out.writeVarint32(kept + tail.length);
    out.reserve(kept + tail.length);
    if (dropped === 0) copy(buffer, layout.messageStart, layout.messageEnd, out);
    else copyKept(buffer, layout, replaced, out);
    copy(tail.bytes, 0, tail.length, out);
  }

  /** Bits of the fields that get another value; a zero is written as protobuf has it, by leaving it out. */
  private writeAttribution(flow: Flow, enriched: EnrichedFlow): number {
    const chosen = this.attribution;
    const tail = this.tail;
    chosen.apply(flow, enriched);
    let replaced = 0;
    if (chosen.srcAs !== flow.srcAs) {
      replaced |= 1 << fieldSrcAs;
      writeNumber(tail, tagSrcAs, chosen.srcAs);
    }
    if (chosen.dstAs !== flow.dstAs) {
      replaced |= 1 << fieldDstAs;
      writeNumber(tail, tagDstAs, chosen.dstAs);
    }
    if (chosen.srcNetLen !== flow.srcNetLen) {
      replaced |= 1 << fieldSrcNet;
      writeNumber(tail, tagSrcNet, chosen.srcNetLen);
    }
    if (chosen.dstNetLen !== flow.dstNetLen) {
      replaced |= 1 << fieldDstNet;
      writeNumber(tail, tagDstNet, chosen.dstNetLen);
    }
    return replaced;
  }
}

/** At most ten bytes; `encode` has reserved the room. */
function writeNumber(tail: ByteWriter, tag: number, value: number): void {
  if (value <= 0) return;
  tail.length = putVarint(tail.bytes, putVarint(tail.bytes, tail.length, tag), value);
}

function writeRoute(tail: ByteWriter, answer: RouteAnswer): void {
  const { attributes } = answer;
  const { words, communities, communitiesAt, asPathAt, asPathWords } = attributes;
  tail.reserve(tail.length + (communities + asPathWords) * 5 + 64);
  writeNumber(tail, tagNextHopAs, answer.neighborAs);
  const bytes = tail.bytes;
  let at = putNextHop(bytes, tail.length, attributes);
  if (communities > 0) {
    const end = communitiesAt + communities;
    let size = 0;
    for (let word = communitiesAt; word < end; word++) size += varint32Size(words[word]);
    at = putVarint(bytes, putVarint(bytes, at, tagBgpCommunities), size);
    for (let word = communitiesAt; word < end; word++) at = putVarint(bytes, at, words[word]);
  }
  tail.length = putAsPath(bytes, at, words, asPathAt, asPathAt + asPathWords);
}

function putNextHop(bytes: Buffer, from: number, attributes: AttributeReader): number {
  if (!attributes.hasNextHop()) return from;
  const { words, nextHopAt } = attributes;
  const count = attributes.nextHopKind === 1 ? 1 : 4;
  let at = putVarint(bytes, from, tagBgpNextHop);
  bytes[at++] = count * 4;
  for (let i = 0; i < count; i++) {
    const word = words[nextHopAt + i];
    bytes[at++] = word >>> 24;
    bytes[at++] = word >>> 16;
    bytes[at++] = word >>> 8;
    bytes[at++] = word;
  }
  return at;
}

function putAsPath(bytes: Buffer, from: number, words: Int32Array, start: number, end: number): number {
  let size = 0;
  for (let word = start; word < end;) {
    const next = word + 1 + (words[word] & 0xffff);
    for (word++; word < next; word++) size += varint32Size(words[word]);
  }
  if (size === 0) return from;
  let at = putVarint(bytes, putVarint(bytes, from, tagAsPath), size);
  for (let word = start; word < end;) {
    const next = word + 1 + (words[word] & 0xffff);
    for (word++; word < next; word++) at = putVarint(bytes, at, words[word]);
  }
  return at;
}

/** Writes a uint32 at a position and returns the next one; the room is reserved. */
function putVarint(bytes: Buffer, from: number, value: number): number {
  let at = from;
  let rest = value >>> 0;
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

function droppedBytes(layout: FlowLayout, replaced: number): number {
  let dropped = 0;
  for (let i = 0; i < layout.count; i++)
    if ((replaced & (1 << layout.fields[i])) !== 0) dropped += layout.ends[i] - layout.starts[i];
  return dropped;
}

function copyKept(buffer: Buffer, layout: FlowLayout, replaced: number, out: ByteWriter): void {
  let from = layout.messageStart;
  for (let i = 0; i < layout.count; i++) {
    if ((replaced & (1 << layout.fields[i])) === 0) continue;
    copy(buffer, from, layout.starts[i], out);
    from = layout.ends[i];
  }
  copy(buffer, from, layout.messageEnd, out);
}

/** Without a view of the source for each piece; the caller has reserved the room. */
function copy(source: Buffer, start: number, end: number, out: ByteWriter): void {
  if (end <= start) return;
  source.copy(out.bytes, out.length, start, end);
  out.length += end - start;
}
