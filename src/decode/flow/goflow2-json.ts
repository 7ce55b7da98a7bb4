/**
 * Decodes goflow2's JSON (`-format=json`): one record is one flow. In: a record's value. Out: a Flow, and the layout that
 * native-goflow2-json.ts needs to replace values within the text. docs/formats.md.
 *
 * v2 writes proto names in snake_case, times in nanoseconds (or RFC 3339 by `render: datetimenano`), `proto` by name, networks as
 * "10.0.0.0/24". v1 writes Go's field names (SrcAS or SrcAs, by version), times in seconds, `Proto` and networks as numbers. Both are
 * understood, member by member. A member that is missing, null or of another kind is absent.
 */

import {
  FlowLayout,
  fieldAsPath,
  fieldBgpCommunities,
  fieldBgpNextHop,
  fieldDstAs,
  fieldDstNet,
  fieldNextHopAs,
  fieldSrcAs,
  fieldSrcNet,
  namingPascal,
  namingPascalAcronym,
} from '../../model/flow-layout.ts';
import { absent, type Flow } from '../../model/flow.ts';
import { findMember, isPascalName, member, type Member } from './goflow2-json-names.ts';
import { memberFound, membersFailed, valueNumber, valueOther, valueString } from './json-members.ts';
import { JsonValueReader, wholeNumber } from './json-values.ts';
import { FlowDecodeError, type FlowDecoder } from './types.ts';

class Goflow2JsonDecoder implements FlowDecoder {
  readonly format = 'goflow2-json';
  readonly error = new FlowDecodeError();
  private layout = new FlowLayout();
  private readonly values = new JsonValueReader();
  private readonly scanner = this.values.scanner;
  private buffer: Buffer = Buffer.alloc(0);
  partStart = 0;
  partEnd = 0;
  private startSeconds = absent;
  private endSeconds = absent;

  begin(buffer: Buffer, start: number, end: number): number {
    this.error.code = '';
    this.buffer = buffer;
    this.partStart = start;
    this.partEnd = end;
    if (end > start) return 1;
    this.refuse('flow-empty', 'record without a value', start);
    return -1;
  }

  read(_index: number, flow: Flow): boolean {
    flow.reset();
    this.error.code = '';
    this.startSeconds = absent;
    this.endSeconds = absent;
    const { layout } = flow;
    this.layout = layout;
    layout.reset();
    const scanner = this.scanner;
    if (!this.values.start(this.buffer, this.partStart, this.partEnd)) return this.refuseAtScanner('not a JSON object');
    let state = scanner.next();
    for (; state === memberFound; state = scanner.next()) {
      const known = findMember(scanner);
      if (known !== member.unknown) this.take(flow, known);
    }
    if (state === membersFailed) return this.refuseAtScanner('malformed JSON');
    layout.messageStart = scanner.objectStart;
    layout.messageEnd = scanner.objectEnd;
    layout.hasMembers = scanner.members > 0;
    if (flow.timeStartMs === absent) flow.timeStartMs = this.startSeconds;
    if (flow.timeEndMs === absent) flow.timeEndMs = this.endSeconds;
    return true;
  }

  private take(flow: Flow, known: Member): void {
    if (isPascalName(this.scanner) && this.layout.naming !== namingPascalAcronym) this.layout.naming = namingPascal;
    switch (known) {
      case member.exporter:
        return this.values.address(flow.exporter);
      case member.srcAddr:
        return this.values.address(flow.srcAddr);
      case member.dstAddr:
        return this.values.address(flow.dstAddr);
      case member.nextHop:
        return this.values.address(flow.nextHop);
      case member.bytes:
        flow.bytes = this.values.counter();
        if (flow.bytes === Number.MAX_SAFE_INTEGER) flow.exactBytes = this.values.exactDigits();
        return undefined;
      case member.packets:
        flow.packets = this.values.counter();
        if (flow.packets === Number.MAX_SAFE_INTEGER) flow.exactPackets = this.values.exactDigits();
        return undefined;
      case member.samplingRate:
        flow.samplingRate = this.values.number(Number.MAX_SAFE_INTEGER);
        return undefined;
      case member.proto:
        flow.proto = this.values.protocol();
        return undefined;
      case member.srcPort:
        flow.srcPort = this.values.number(0xffffffff);
        return undefined;
      case member.dstPort:
        flow.dstPort = this.values.number(0xffffffff);
        return undefined;
      case member.inIf:
        flow.inIf = this.values.number(0xffffffff);
        return undefined;
      case member.outIf:
        flow.outIf = this.values.number(0xffffffff);
        return undefined;
      case member.ingressVrfId:
        flow.ingressVrfId = this.values.number(0xffffffff);
        return undefined;
      case member.egressVrfId:
        flow.egressVrfId = this.values.number(0xffffffff);
        return undefined;
      default:
        if (known < member.timeReceivedNs) this.takeReplaceable(flow, known);
        else this.takeTime(flow, known);
        return undefined;
    }
  }

  private takeReplaceable(flow: Flow, known: Member): void {
    switch (known) {
      case member.srcAs:
        flow.srcAs = this.values.number(0xffffffff);
        return this.remember(fieldSrcAs);
      case member.dstAs:
        flow.dstAs = this.values.number(0xffffffff);
        return this.remember(fieldDstAs);
      case member.nextHopAs:
        return this.remember(fieldNextHopAs);
      case member.srcNet:
        flow.srcNetLen = this.prefixLength();
        return this.remember(fieldSrcNet);
      case member.dstNet:
        flow.dstNetLen = this.prefixLength();
        return this.remember(fieldDstNet);
      case member.bgpNextHop:
        this.values.address(flow.bgpNextHop);
        return this.remember(fieldBgpNextHop);
      case member.bgpCommunities:
        return this.remember(fieldBgpCommunities);
      case member.asPath:
        return this.remember(fieldAsPath);
      default:
        return undefined;
    }
  }

  private takeTime(flow: Flow, known: Member): void {
    switch (known) {
      case member.timeReceivedNs:
        flow.timeReceivedMs = this.nanoseconds();
        break;
      case member.timeStartNs:
        flow.timeStartMs = this.nanoseconds();
        break;
      case member.timeEndNs:
        flow.timeEndMs = this.nanoseconds();
        break;
      case member.timeReceived:
        flow.timeReceivedMs = this.time(1000);
        break;
      case member.timeStart:
        this.startSeconds = this.time(1000);
        break;
      case member.timeEnd:
        this.endSeconds = this.time(1000);
        break;
      case member.timeStartMs:
        flow.timeStartMs = this.time(1);
        break;
      case member.timeEndMs:
        flow.timeEndMs = this.time(1);
        break;
      default:
    }
  }

  private remember(field: number): void {
    const { bytes, nameStart, nameEnd, valueStart, valueEnd } = this.scanner;
    this.layout.add(field, valueStart, valueEnd);
    // "AS" in SrcAS, DstAS, NextHopAS, ASPath; bytes of one name tell how the producer spells all of them.
    const isAcronym = field === fieldAsPath ? bytes[nameStart + 1] === 83 : bytes[nameEnd - 1] === 83;
    if (isAcronym && bytes[nameStart] < 97) this.layout.naming = namingPascalAcronym;
  }

  /** Of "10.0.0.0/24", or a number. */
  private prefixLength(): number {
    if (this.scanner.valueKind === valueNumber) return this.values.number(0xffffffff);
    const text = this.values.text();
    return wholeNumber(text.slice(text.indexOf('/') + 1), 128);
  }

  /** Milliseconds of a count of nanoseconds, taken from its digits because the number may be beyond 2^53. */
  private nanoseconds(): number {
    const { bytes, valueKind, valueStart, valueEnd } = this.scanner;
    const quotes = valueKind === valueString ? 1 : 0;
    const start = valueStart + quotes;
    const end = valueEnd - quotes;
    let ms = 0;
    for (let at = start; at < end; at++) {
      const digit = bytes[at] - 48;
      if (digit < 0 || digit > 9) return timeOfDate(this.values.text());
      if (at < end - 6) ms = ms * 10 + digit;
    }
    return ms === 0 || valueKind === valueOther || ms > Number.MAX_SAFE_INTEGER ? absent : ms;
  }

  private time(unitMs: number): number {
    const text = this.values.text();
    if (!/^\d+$/.test(text)) return timeOfDate(text);
    const count = wholeNumber(text, Number.MAX_SAFE_INTEGER);
    return count <= 0 ? absent : Math.min(count * unitMs, Number.MAX_SAFE_INTEGER);
  }

  private refuseAtScanner(message: string): false {
    const scanner = this.scanner;
    const code = scanner.at >= this.partEnd ? 'flow-truncated' : 'flow-malformed';
    this.refuse(code, message, scanner.at);
    return false;
  }

  private refuse(code: string, message: string, at: number): void {
    this.error.code = code;
    this.error.message = message;
    this.error.offset = at - this.partStart;
    this.error.field = 'object';
  }
}

/** RFC 3339 with any number of fraction digits; `absent` for what is not a date after 1970. */
function timeOfDate(text: string): number {
  if (!/^\d{4}-\d\d-\d\d/.test(text)) return absent;
  const ms = Date.parse(text);
  return ms > 0 ? ms : absent;
}

export function createGoflow2JsonDecoder(): FlowDecoder {
  return new Goflow2JsonDecoder();
}
