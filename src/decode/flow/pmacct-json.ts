/**
 * Decodes flows of pmacct's Kafka plugin in JSON (nfacctd, sfacctd, pmacctd): a record holds one object or, with kafka_multi_values,
 * several (json-objects.ts), each a flow of its own. In: a record's value. Out: Flows, and the layouts that native-pmacct-json.ts needs to
 * replace values within the text.
 *
 * Which members there are is up to pmacct's `aggregate`; what is missing, null or of another kind is absent. `peer_ip_src` is the
 * exporter and `peer_ip_dst` the BGP next hop. A flow without ip_src or ip_dst is aggregated by net_src or net_dst, which then stand for
 * the addresses. The time is the flow's own if it is told, else that of the bin it was counted in (stamp_inserted, stamp_updated).
 *
 * The VRF is in mpls_vpn_rd (`type:admin:value`; `0:0:0` is none, `vrfid:N` is an id), or in ids and names that users map as custom
 * primitives. An object whose event_type is not `purge` (kafka_markers, or another daemon's messages) is a marker.
 */

import { IpAddress } from '../../base/ip.ts';
import {
  fieldAsPath,
  fieldBgpCommunities,
  fieldBgpNextHop,
  fieldDstAs,
  fieldDstMask,
  fieldDstNet,
  fieldExtCommunities,
  fieldLargeCommunities,
  fieldLocalPref,
  fieldMed,
  fieldNextHopAs,
  fieldSrcAs,
  fieldSrcAsPath,
  fieldSrcCommunities,
  fieldSrcExtCommunities,
  fieldSrcLargeCommunities,
  fieldSrcLocalPref,
  fieldSrcMask,
  fieldSrcMed,
  fieldSrcNet,
} from '../../model/flow-layout.ts';
import { absent, type Flow } from '../../model/flow.ts';
import { type JsonMemberScanner, memberFound, membersFailed, valueOther, valueString } from './json-members.ts';
import { JsonObjects } from './json-objects.ts';
import { JsonValueReader, wholeNumber } from './json-values.ts';
import { member, memberNames } from './pmacct-json-names.ts';
import { PmacctTime } from './pmacct-time.ts';
import { FlowDecodeError, type FlowDecoder } from './types.ts';

const uint32 = 0xffffffff;
const flowEvent = 'purge';
const noRouteDistinguisher = '0:0:0';
const vrfIdPrefix = 'vrfid:';

/** Field of the layout by member, from `asPath` on. */
const fieldOfMember = new Int32Array(64).fill(-1);
for (const [known, field] of [
  [member.asPath, fieldAsPath],
  [member.comms, fieldBgpCommunities],
  [member.ecomms, fieldExtCommunities],
  [member.lcomms, fieldLargeCommunities],
  [member.localPref, fieldLocalPref],
  [member.med, fieldMed],
  [member.peerAsDst, fieldNextHopAs],
  [member.peerIpDst, fieldBgpNextHop],
  [member.asSrc, fieldSrcAs],
  [member.asDst, fieldDstAs],
  [member.netSrc, fieldSrcNet],
  [member.netDst, fieldDstNet],
  [member.maskSrc, fieldSrcMask],
  [member.maskDst, fieldDstMask],
  [member.asPathSrc, fieldSrcAsPath],
  [member.commsSrc, fieldSrcCommunities],
  [member.ecommsSrc, fieldSrcExtCommunities],
  [member.lcommsSrc, fieldSrcLargeCommunities],
  [member.localPrefSrc, fieldSrcLocalPref],
  [member.medSrc, fieldSrcMed],
]) {
  fieldOfMember[known] = field;
}

class PmacctJsonDecoder implements FlowDecoder {
  readonly format = 'pmacct-json';
  readonly error = new FlowDecodeError();
  partStart = 0;
  partEnd = 0;
  private readonly objects = new JsonObjects();
  private readonly values = new JsonValueReader();
  private readonly scanner: JsonMemberScanner = this.values.scanner;
  private readonly nested = new JsonValueReader();
  private readonly time = new PmacctTime();
  private buffer: Buffer = Buffer.alloc(0);
  private start = 0;
  private end = 0;
  private isFlow = true;
  private readonly netSrc = new IpAddress();
  private readonly netDst = new IpAddress();
  private netSrcLen = absent;
  private netDstLen = absent;
  private ingressVrfName = '';
  private egressVrfName = '';
  private vrfName = '';
  private vrfIdOfRd = absent;
  /** By member, from `timestampStart` on. */
  private readonly times = new Float64Array(8);

  begin(buffer: Buffer, start: number, end: number): number {
    this.error.code = '';
    this.buffer = buffer;
    this.start = start;
    this.end = end;
    this.partStart = start;
    this.partEnd = end;
    const count = this.objects.split(buffer, start, end);
    if (count > 0 || this.objects.isArray) return count;
    this.refuse('flow-empty', 'record without a value', start);
    return -1;
  }

  read(index: number, flow: Flow): boolean {
    this.error.code = '';
    const { objects, scanner } = this;
    const isOnly = objects.count === 1;
    this.partStart = isOnly ? this.start : objects.starts[index];
    this.partEnd = isOnly ? this.end : objects.ends[index];
    this.prepare(flow);
    if (!this.values.start(this.buffer, objects.starts[index], objects.ends[index])) {
      return this.refuseAtScanner('not a JSON object');
    }
    let state = scanner.next();
    for (; state === memberFound; state = scanner.next()) {
      const known = memberNames.find(scanner);
      if (known !== member.unknown) this.take(flow, known);
    }
    if (state === membersFailed) return this.refuseAtScanner('malformed JSON');
    if (!this.isFlow) return false;
    const { layout } = flow;
    layout.messageStart = scanner.objectStart;
    layout.messageEnd = scanner.objectEnd;
    layout.hasMembers = scanner.members > 0;
    this.finish(flow);
    return true;
  }

  private prepare(flow: Flow): void {
    flow.reset();
    flow.layout.reset();
    this.isFlow = true;
    this.netSrc.clear();
    this.netDst.clear();
    this.netSrcLen = absent;
    this.netDstLen = absent;
    this.ingressVrfName = '';
    this.egressVrfName = '';
    this.vrfName = '';
    this.vrfIdOfRd = absent;
    this.times.fill(absent);
  }

  private take(flow: Flow, known: number): void {
    if (known >= member.timestampStart) this.takeTime(known);
    else if (known >= member.asPath) this.takeReplaceable(flow, known);
    else if (known >= member.routeDistinguisher) this.takeVrf(flow, known, this.values);
    else this.takePlain(flow, known);
  }

  private takePlain(flow: Flow, known: number): void {
    const { values } = this;
    switch (known) {
      case member.eventType:
        this.isFlow = values.repeatedText() === flowEvent;
        break;
      case member.exporter:
        values.address(flow.exporter);
        break;
      case member.ipSrc:
        values.address(flow.srcAddr);
        break;
      case member.ipDst:
        values.address(flow.dstAddr);
        break;
      case member.portSrc:
        flow.srcPort = values.number(uint32);
        break;
      case member.portDst:
        flow.dstPort = values.number(uint32);
        break;
      case member.ipProto:
        flow.proto = values.protocol();
        break;
      case member.ifaceIn:
        flow.inIf = values.number(uint32);
        break;
      case member.ifaceOut:
        flow.outIf = values.number(uint32);
        break;
      case member.bytes:
        flow.bytes = values.counter();
        flow.exactBytes = flow.bytes === Number.MAX_SAFE_INTEGER ? values.exactDigits() : '';
        break;
      case member.packets:
        flow.packets = values.counter();
        flow.exactPackets = flow.packets === Number.MAX_SAFE_INTEGER ? values.exactDigits() : '';
        break;
      case member.samplingRate:
        flow.samplingRate = values.number(Number.MAX_SAFE_INTEGER);
        break;
      default:
    }
  }

  private takeVrf(flow: Flow, known: number, values: JsonValueReader): void {
    switch (known) {
      case member.routeDistinguisher:
        this.takeRouteDistinguisher(flow, values.repeatedText());
        break;
      case member.ingressVrfId:
        flow.ingressVrfId = values.number(uint32);
        break;
      case member.egressVrfId:
        flow.egressVrfId = values.number(uint32);
        break;
      case member.ingressVrfName:
        this.ingressVrfName = values.repeatedText();
        break;
      case member.egressVrfName:
        this.egressVrfName = values.repeatedText();
        break;
      case member.vrfName:
        this.vrfName = values.repeatedText();
        break;
      case member.customPrimitives:
        if (values === this.values) this.takeCustomPrimitives(flow);
        break;
      default:
    }
  }

  private takeRouteDistinguisher(flow: Flow, text: string): void {
    if (text.startsWith(vrfIdPrefix)) this.vrfIdOfRd = wholeNumber(text.slice(vrfIdPrefix.length), uint32);
    else flow.rd = text === noRouteDistinguisher ? '' : text;
  }

  /** An object of values of the user's own: only the VRF's are known. */
  private takeCustomPrimitives(flow: Flow): void {
    const { nested, scanner } = this;
    if (scanner.valueKind !== valueOther) return;
    if (!nested.start(this.buffer, scanner.valueStart, scanner.valueEnd)) return;
    while (nested.scanner.next() === memberFound) {
      const known = memberNames.find(nested.scanner);
      if (known >= member.routeDistinguisher && known < member.asPath) this.takeVrf(flow, known, nested);
    }
  }

  private takeReplaceable(flow: Flow, known: number): void {
    const { values, scanner } = this;
    flow.layout.add(fieldOfMember[known], scanner.valueStart, scanner.valueEnd);
    switch (known) {
      case member.asSrc:
        flow.srcAs = values.number(uint32);
        break;
      case member.asDst:
        flow.dstAs = values.number(uint32);
        break;
      case member.peerIpDst:
        values.address(flow.bgpNextHop);
        break;
      case member.maskSrc:
        flow.srcNetLen = values.number(128);
        break;
      case member.maskDst:
        flow.dstNetLen = values.number(128);
        break;
      case member.netSrc:
        this.netSrcLen = values.network(this.netSrc);
        break;
      case member.netDst:
        this.netDstLen = values.network(this.netDst);
        break;
      default:
    }
  }

  private takeTime(known: number): void {
    const { bytes, valueStart, valueEnd, valueKind } = this.scanner;
    if (valueKind === valueOther) return;
    const quotes = valueKind === valueString ? 1 : 0;
    this.times[known - member.timestampStart] = this.time.read(bytes, valueStart + quotes, valueEnd - quotes);
  }

  private finish(flow: Flow): void {
    if (flow.srcAddr.family === 0) flow.srcAddr.copyFrom(this.netSrc);
    if (flow.dstAddr.family === 0) flow.dstAddr.copyFrom(this.netDst);
    flow.srcNetLen = unmappedLength(flow.srcAddr, flow.srcNetLen === absent ? this.netSrcLen : flow.srcNetLen);
    flow.dstNetLen = unmappedLength(flow.dstAddr, flow.dstNetLen === absent ? this.netDstLen : flow.dstNetLen);
    if (flow.ingressVrfId === absent) flow.ingressVrfId = this.vrfIdOfRd;
    flow.vrf = this.ingressVrfName || this.vrfName;
    // The egress is asked for only where nothing is told of the ingress.
    if (flow.vrf === '' && flow.rd === '' && flow.ingressVrfId <= 0) flow.vrf = this.egressVrfName;
    flow.timeStartMs = this.timeOf(member.timestampStart, member.timestampMin, member.stampInserted);
    flow.timeEndMs = this.timeOf(member.timestampEnd, member.timestampMax, member.stampUpdated);
    flow.timeReceivedMs = this.timeOf(member.timestampArrival, member.timestampExport, member.timestampArrival);
  }

  /** The first of three that is known. */
  private timeOf(first: number, second: number, third: number): number {
    const { times } = this;
    const base = member.timestampStart;
    if (times[first - base] !== absent) return times[first - base];
    return times[second - base] === absent ? times[third - base] : times[second - base];
  }

  private refuseAtScanner(message: string): false {
    const { at, end } = this.scanner;
    this.refuse(at >= end ? 'flow-truncated' : 'flow-malformed', message, at);
    return false;
  }

  private refuse(code: string, message: string, at: number): void {
    this.error.code = code;
    this.error.message = message;
    this.error.offset = at - this.partStart;
    this.error.field = 'object';
  }
}

/** A length that was told of an IPv4-mapped address. */
function unmappedLength({ family }: IpAddress, length: number): number {
  if (family !== 4 || length <= 32) return length;
  return length >= 96 ? length - 96 : absent;
}

export function createPmacctJsonDecoder(): FlowDecoder {
  return new PmacctJsonDecoder();
}
