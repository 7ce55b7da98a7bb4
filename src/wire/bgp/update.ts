/**
 * BGP UPDATE → BgpUpdate: prefixes in columns, attributes in canonical words. RFC 4271 §4.3, multiprotocol RFC 4760, error handling
 * RFC 7606, ADD-PATH RFC 7911, labels RFC 8277. Called for each Route Monitoring message; everything is reused from call to call.
 * Only framing that hides where the fields are is thrown; all else has a consequence that RFC 7606 names, told in the result.
 */

import { RecordError } from '../../base/errors.ts';
import type { NextHop } from './attr-14-mp-reach.ts';
import { attributeWordsSize, encodeAttributeWords } from './attribute-words-encoder.ts';
import { readEvpn } from './evpn-nlri.ts';
import { createNlriList, labelsNone, labelsOne, labelsStack, type NlriField } from './nlri-list.ts';
import { appendNlri, countEntries } from './nlri.ts';
import { bgpHeaderSize } from './open.ts';
import { PathAttributes } from './path-attributes.ts';
import {
  afiIpv4,
  afiIpv6,
  type BgpUpdate,
  evpn,
  type NlriList,
  safiLabeledUnicast,
  safiUnicast,
  safiVpn,
  type UpdateContext,
} from './types.ts';

const updateType = 2;
const ipv4Unicast = (afiIpv4 << 8) | safiUnicast;
const emptyUpdateSize = bgpHeaderSize + 4;
const originAbsent = 3;
/** In place of an attribute set: a field of real withdrawals. */
const withdrawalSet = -1;

const attributes = new PathAttributes();
const field: NlriField = {
  start: 0,
  end: 0,
  family: 4,
  safi: safiUnicast,
  labels: labelsNone,
  hasPathId: false,
  attributeSet: 0,
};

export function createBgpUpdate(): BgpUpdate {
  return {
    withdrawn: createNlriList(),
    announced: createNlriList(),
    attributeWords: [new Int32Array(256), new Int32Array(256)],
    attributeLengths: [0, 0],
    endOfRib: -1,
    skipped: new Map(),
    skippedEvpnTypes: new Map(),
    treatAsWithdraw: false,
    discardedAttributes: 0,
    problem: '',
    addPathGuessed: false,
    asWidthGuessed: false,
    unparsableNlri: false,
  };
}

/**
 * Decodes the PDU in [start, end), its header included, into `into`. `recordStart` is where the record's value begins, for the offsets
 * of errors. Throws RecordError when the lengths do not tell where the fields are.
 *
 *   marker (16) | length (2) | type (1) = 2
 *   withdrawn routes length (2) | withdrawn routes | total path attribute length (2) | path attributes | NLRI to the end
 */
export function decodeUpdate(
  buffer: Buffer,
  start: number,
  end: number,
  context: UpdateContext,
  into: BgpUpdate,
  recordStart = start,
): void {
  if (end - start < emptyUpdateSize) {
    throw updateError('bgp-length', 'length', start - recordStart, `${end - start} bytes, at least 23 needed`);
  }
  const length = buffer.readUInt16BE(start + 16);
  if (length !== end - start) {
    throw updateError('bgp-length', 'length', start + 16 - recordStart, `${length} bytes said, ${end - start} there`);
  }
  if (buffer[start + 18] !== updateType) {
    throw updateError('bgp-type', 'type', start + 18 - recordStart, `type ${buffer[start + 18]} is not UPDATE`);
  }
  const withdrawnStart = start + bgpHeaderSize + 2;
  const withdrawnEnd = withdrawnStart + buffer.readUInt16BE(withdrawnStart - 2);
  if (withdrawnEnd + 2 > end) {
    throw updateError('bgp-update', 'withdrawn routes length', withdrawnStart - 2 - recordStart, 'runs over the end');
  }
  const attributesStart = withdrawnEnd + 2;
  const attributesEnd = attributesStart + buffer.readUInt16BE(withdrawnEnd);
  if (attributesEnd > end) {
    throw updateError('bgp-update', 'total path attribute length', withdrawnEnd - recordStart, 'runs over the end');
  }
  resetUpdate(into);
  if (end - start === emptyUpdateSize) {
    into.endOfRib = ipv4Unicast;
    return;
  }
  attributes.read(buffer, attributesStart, attributesEnd, context.twoByteAsPath, start);
  if (context.isExternal && context.isPrePolicy) attributes.discardInternal();
  readWithdrawals(buffer, withdrawnStart, withdrawnEnd, context, into);
  readAnnouncements(buffer, attributesEnd, end, context, into);
  finishUpdate(into, withdrawnStart === withdrawnEnd && attributesEnd === end);
}

function resetUpdate(into: BgpUpdate): void {
  into.withdrawn.count = 0;
  into.announced.count = 0;
  into.attributeLengths[0] = 0;
  into.attributeLengths[1] = 0;
  into.endOfRib = -1;
  if (into.skipped.size > 0) into.skipped.clear();
  if (into.skippedEvpnTypes.size > 0) into.skippedEvpnTypes.clear();
  into.treatAsWithdraw = false;
  into.discardedAttributes = 0;
  into.problem = '';
  into.addPathGuessed = false;
  into.asWidthGuessed = false;
  into.unparsableNlri = false;
}

function readWithdrawals(buffer: Buffer, start: number, end: number, context: UpdateContext, into: BgpUpdate): void {
  readField(buffer, start, end, ipv4Unicast, context, into, into.withdrawn, withdrawalSet);
  const unreach = attributes.mpUnreach;
  if (!unreach.isPresent) return;
  readField(buffer, unreach.nlriStart, unreach.nlriEnd, unreach.family, context, into, into.withdrawn, withdrawalSet);
}

/** Reads what is announced: into `withdrawn` when an attribute error makes it that (RFC 7606 §2), with its words otherwise. */
function readAnnouncements(buffer: Buffer, start: number, end: number, context: UpdateContext, into: BgpUpdate): void {
  const reach = attributes.mpReach;
  const hasMpRoutes = reach.isPresent && isKept(reach.family) && reach.nlriStart < reach.nlriEnd;
  const hasRoutes = start < end;
  if (hasMpRoutes && !attributes.mpNextHop.read(buffer, reach.nextHopStart, reach.nextHopSize)) {
    malformed(`attribute 14: next hop of ${reach.nextHopSize} bytes, routes taken as withdrawn`);
  }
  if (hasRoutes || hasMpRoutes) {
    // RFC 7606 §3 d. An UPDATE that only withdraws needs none of them, one with MP routes only needs no NEXT_HOP.
    if (attributes.origin === originAbsent) malformed('attribute 1: missing or malformed, routes taken as withdrawn');
    if (!attributes.hasAsPath && !context.isLocRib) malformed('attribute 2: missing, routes taken as withdrawn');
    else if (context.isExternal && attributes.asPath.length === 0) {
      // RFC 4271 §6.3: the peer's AS must lead.
      malformed('attribute 2: empty, from another AS, routes taken as withdrawn');
    }
    if (hasRoutes && attributes.nextHop.kind === 0)
      malformed('attribute 3: missing or malformed, routes taken as withdrawn');
  }
  const list = attributes.isTreatAsWithdraw ? into.withdrawn : into.announced;
  if (reach.isPresent) {
    const before = list.count;
    readField(
      buffer,
      reach.nlriStart,
      reach.nlriEnd,
      reach.family,
      context,
      into,
      list,
      list === into.announced ? 1 : 0,
    );
    if (list === into.announced && list.count > before) encodeSet(buffer, into, 1, attributes.mpNextHop);
  }
  if (hasRoutes) {
    const before = list.count;
    readField(buffer, start, end, ipv4Unicast, context, into, list, 0);
    if (list === into.announced && list.count > before) encodeSet(buffer, into, 0, attributes.nextHop);
  }
  if (attributes.isTruncated && !hasRoutes && !reach.isPresent) into.unparsableNlri = true;
}

function finishUpdate(into: BgpUpdate, hasNoIpv4Fields: boolean): void {
  const unreach = attributes.mpUnreach;
  const isMarker =
    hasNoIpv4Fields &&
    unreach.isPresent &&
    unreach.nlriStart === unreach.nlriEnd &&
    !attributes.mpReach.isPresent &&
    !attributes.hasUnreadableMp &&
    !attributes.isTruncated;
  if (isMarker) into.endOfRib = unreach.family;
  if (attributes.isTreatAsWithdraw) into.treatAsWithdraw = true;
  into.discardedAttributes = attributes.discardedAttributes;
  into.asWidthGuessed = attributes.asWidthGuessed;
  if (attributes.hasUnreadableMp) into.unparsableNlri = true;
  if (into.problem === '') into.problem = attributes.problem;
}

/** One NLRI field of any family into a list, or counted as skipped. */
function readField(
  buffer: Buffer,
  start: number,
  end: number,
  family: number,
  context: UpdateContext,
  into: BgpUpdate,
  list: NlriList,
  attributeSet: number,
): void {
  if (start === end) return;
  const hasPathId = context.hasPathId(family);
  if (!isKept(family)) {
    const entries = countEntries(buffer, start, end, family, hasPathId);
    into.skipped.set(family, (into.skipped.get(family) ?? 0) + entries);
    return;
  }
  const outcome =
    family === evpn
      ? readEvpn(buffer, start, end, hasPathId, Math.max(0, attributeSet), list, into)
      : readPrefixField(buffer, start, end, family, hasPathId, context, list, attributeSet);
  if (outcome === 2) into.addPathGuessed = true;
  if (outcome !== 0) return;
  into.unparsableNlri = true;
  into.problem = `nlri of afi ${family >>> 8} safi ${family & 0xff}: does not fit with or without path ids`;
}

function readPrefixField(
  buffer: Buffer,
  start: number,
  end: number,
  family: number,
  hasPathId: boolean,
  context: UpdateContext,
  list: NlriList,
  attributeSet: number,
): 0 | 1 | 2 {
  field.start = start;
  field.end = end;
  field.family = family >>> 8 === afiIpv4 ? 4 : 6;
  field.safi = family & 0xff;
  field.labels = labelsOf(context, family, attributeSet === withdrawalSet);
  field.hasPathId = hasPathId;
  field.attributeSet = Math.max(0, attributeSet);
  return appendNlri(list, buffer, field);
}

/** A withdrawal has one 3-octet field whatever was negotiated (RFC 8277 §2.4). */
function labelsOf(context: UpdateContext, family: number, isWithdrawal: boolean): number {
  if ((family & 0xff) === safiUnicast) return labelsNone;
  return !isWithdrawal && context.hasMultipleLabels(family) ? labelsStack : labelsOne;
}

/** Families whose routes the table has. */
export function isKept(family: number): boolean {
  const afi = family >>> 8;
  const safi = family & 0xff;
  if (afi !== afiIpv4 && afi !== afiIpv6) return family === evpn;
  return safi === safiUnicast || safi === safiLabeledUnicast || safi === safiVpn;
}

function encodeSet(buffer: Buffer, into: BgpUpdate, set: 0 | 1, nextHop: NextHop): void {
  const size = attributeWordsSize(attributes);
  if (into.attributeWords[set].length < size) into.attributeWords[set] = new Int32Array(size * 2);
  into.attributeLengths[set] = encodeAttributeWords(attributes, nextHop, buffer, into.attributeWords[set]);
}

function malformed(problem: string): void {
  attributes.isTreatAsWithdraw = true;
  if (attributes.problem === '') attributes.problem = problem;
}

function updateError(code: string, fieldName: string, offset: number, message: string): RecordError {
  return new RecordError(code, message, { format: 'bgp', offset, field: `update: ${fieldName}` });
}
