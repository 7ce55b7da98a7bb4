/**
 * Decodes goflow2's protobuf (flow.proto, message FlowMessage; `-format=bin` of v2, `-format=pb` of v1): one record is one flow. In:
 * a record's value. Out: a Flow, and the layout that native-goflow2-protobuf.ts needs to copy the rest. docs/formats.md.
 *
 * Framing: v2 prefixes the message with its length as a varint, v1 does not. `auto` takes a leading varint that equals the bytes left
 * as the prefix, and reads the record as plain where the message within does not parse (a plain message of just that length).
 *
 * Versions differ in their times, and field 38 is time_flow_start in v1 but ip_flags in v2: a message is v1's when it has one of v1's
 * own times (2, 5, 63, 64) and none of v2's (110-112).
 *
 * As proto3 has it, a number that is left out is zero; but times are then unknown, and VRF ids (fields that goflow2's schema has not,
 * under the numbers of v1 and of v2's sample mapping unless configured otherwise) are absent.
 */

import type { IpAddress } from '../../base/ip.ts';
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
} from '../../model/flow-layout.ts';
import { absent, type Flow } from '../../model/flow.ts';
import { ProtobufScanner, scanEnd, scanFailed, wireBytes, wireVarint } from '../../wire/protobuf/scanner.ts';
import { FlowDecodeError, type FlowDecoder } from './types.ts';

export type ProtobufFraming = 'auto' | 'delimited' | 'plain';

export interface Goflow2ProtobufOptions {
  framing?: ProtobufFraming;
  /** Field numbers that the producer's mapping gives the VRF ids. */
  ingressVrfField?: number;
  egressVrfField?: number;
}

class Goflow2ProtobufDecoder implements FlowDecoder {
  readonly format = 'goflow2-protobuf';
  readonly error = new FlowDecodeError();
  private layout = new FlowLayout();
  private readonly framing: ProtobufFraming;
  private readonly ingressVrfField: number;
  private readonly egressVrfField: number;
  private readonly scanner = new ProtobufScanner();
  private bytes: Buffer = Buffer.alloc(0);
  partStart = 0;
  partEnd = 0;
  /** Where the message begins if the record has a length prefix; -1 if it has none. */
  private delimitedStart = -1;
  private isV1 = false;
  private isV2 = false;
  private field38 = 0;
  private v1StartMs = absent;
  private v1EndMs = absent;
  private v1EndSeconds = 0;
  private v1ReceivedSeconds = 0;

  constructor(options: Goflow2ProtobufOptions) {
    this.framing = options.framing ?? 'auto';
    this.ingressVrfField = options.ingressVrfField ?? 39;
    this.egressVrfField = options.egressVrfField ?? 40;
  }

  begin(buffer: Buffer, start: number, end: number): number {
    this.error.code = '';
    this.bytes = buffer;
    this.partStart = start;
    this.partEnd = end;
    if (end <= start) return this.refuse('flow-empty', 'record without a value', start, 'message');
    this.delimitedStart = -1;
    if (this.framing === 'plain') return 1;
    const scanner = this.scanner;
    scanner.start(buffer, start, end);
    if (scanner.readVarint() && scanner.number() === end - scanner.at) this.delimitedStart = scanner.at;
    else if (this.framing === 'delimited') {
      return this.refuse('flow-truncated', 'length prefix does not match the record', start, 'length');
    }
    return 1;
  }

  read(_index: number, flow: Flow): boolean {
    if (this.delimitedStart < 0) return this.readMessage(flow, this.partStart, false);
    if (this.readMessage(flow, this.delimitedStart, true)) return true;
    if (this.framing === 'delimited') return false;
    const { code, message, offset, field } = this.error;
    if (this.readMessage(flow, this.partStart, false)) return true;
    this.error.code = code;
    this.error.message = message;
    this.error.offset = offset;
    this.error.field = field;
    return false;
  }

  private readMessage(flow: Flow, start: number, delimited: boolean): boolean {
    this.error.code = '';
    this.prepare(flow);
    const { layout } = flow;
    this.layout = layout;
    layout.reset();
    layout.messageStart = start;
    layout.messageEnd = this.partEnd;
    layout.delimited = delimited;
    const scanner = this.scanner;
    scanner.start(this.bytes, start, this.partEnd);
    for (;;) {
      const field = scanner.next();
      if (field === scanEnd) break;
      if (field === scanFailed) {
        const code = scanner.failure === 'truncated' ? 'flow-truncated' : 'flow-malformed';
        this.refuse(code, `${scanner.failure} protobuf field`, scanner.fieldStart, 'message');
        return false;
      }
      if (scanner.wireType === wireVarint) this.takeNumber(flow, field);
      else if (scanner.wireType === wireBytes) this.takeBytes(flow, field);
    }
    if (this.isV1 && !this.isV2) this.finishV1(flow);
    return true;
  }

  private prepare(flow: Flow): void {
    flow.reset();
    flow.srcPort = 0;
    flow.dstPort = 0;
    flow.proto = 0;
    flow.bytes = 0;
    flow.packets = 0;
    flow.samplingRate = 0;
    flow.inIf = 0;
    flow.outIf = 0;
    flow.srcAs = 0;
    flow.dstAs = 0;
    flow.srcNetLen = 0;
    flow.dstNetLen = 0;
    this.isV1 = false;
    this.isV2 = false;
    this.field38 = 0;
    this.v1StartMs = absent;
    this.v1EndMs = absent;
    this.v1EndSeconds = 0;
    this.v1ReceivedSeconds = 0;
  }

  private takeNumber(flow: Flow, field: number): void {
    const scanner = this.scanner;
    switch (field) {
      case 3:
        flow.samplingRate = scanner.number();
        break;
      case 9:
        flow.bytes = scanner.number();
        if (flow.bytes === Number.MAX_SAFE_INTEGER) flow.exactBytes = this.digits();
        break;
      case 10:
        flow.packets = scanner.number();
        if (flow.packets === Number.MAX_SAFE_INTEGER) flow.exactPackets = this.digits();
        break;
      case 13:
        this.remember(fieldNextHopAs);
        break;
      case 14:
        flow.srcAs = scanner.low >>> 0;
        this.remember(fieldSrcAs);
        break;
      case 15:
        flow.dstAs = scanner.low >>> 0;
        this.remember(fieldDstAs);
        break;
      case 16:
        flow.srcNetLen = scanner.low >>> 0;
        this.remember(fieldSrcNet);
        break;
      case 17:
        flow.dstNetLen = scanner.low >>> 0;
        this.remember(fieldDstNet);
        break;
      case 18:
        flow.inIf = scanner.low >>> 0;
        break;
      case 19:
        flow.outIf = scanner.low >>> 0;
        break;
      case 20:
        flow.proto = scanner.low >>> 0;
        break;
      case 21:
        flow.srcPort = scanner.low >>> 0;
        break;
      case 22:
        flow.dstPort = scanner.low >>> 0;
        break;
      case 101:
        this.remember(fieldBgpCommunities);
        break;
      case 102:
        this.remember(fieldAsPath);
        break;
      case 110:
        flow.timeReceivedMs = this.v2Time();
        break;
      case 111:
        flow.timeStartMs = this.v2Time();
        break;
      case 112:
        flow.timeEndMs = this.v2Time();
        break;
      default:
        this.takeV1OrMapped(flow, field);
    }
  }

  private takeV1OrMapped(flow: Flow, field: number): void {
    const scanner = this.scanner;
    if (field === this.ingressVrfField) flow.ingressVrfId = scanner.low >>> 0;
    else if (field === this.egressVrfField) flow.egressVrfId = scanner.low >>> 0;
    else if (field === 38) this.field38 = scanner.number();
    else if (field === 2 || field === 5 || field === 63 || field === 64) {
      this.isV1 = true;
      if (field === 2) this.v1ReceivedSeconds = scanner.number();
      else if (field === 5) this.v1EndSeconds = scanner.number();
      else if (field === 63) this.v1StartMs = scanner.number();
      else this.v1EndMs = scanner.number();
    }
  }

  private takeBytes(flow: Flow, field: number): void {
    switch (field) {
      case 6:
        this.address(flow.srcAddr);
        break;
      case 7:
        this.address(flow.dstAddr);
        break;
      case 11:
        this.address(flow.exporter);
        break;
      case 12:
        this.address(flow.nextHop);
        break;
      case 100:
        this.address(flow.bgpNextHop);
        this.remember(fieldBgpNextHop);
        break;
      case 101:
        this.remember(fieldBgpCommunities);
        break;
      case 102:
        this.remember(fieldAsPath);
        break;
      default:
    }
  }

  private finishV1(flow: Flow): void {
    flow.timeReceivedMs = secondsToMs(this.v1ReceivedSeconds);
    flow.timeStartMs = this.v1StartMs > 0 ? this.v1StartMs : secondsToMs(this.field38);
    flow.timeEndMs = this.v1EndMs > 0 ? this.v1EndMs : secondsToMs(this.v1EndSeconds);
  }

  private v2Time(): number {
    this.isV2 = true;
    const ms = this.scanner.millionth();
    return ms === 0 ? absent : ms;
  }

  /** Any other size than 4 or 16 is no address: the lookup says so, the flow is kept. */
  private address(into: IpAddress): void {
    const scanner = this.scanner;
    into.readBytes(scanner.bytes, scanner.valueStart, scanner.valueEnd - scanner.valueStart);
    into.unmap();
  }

  private remember(field: number): void {
    this.layout.add(field, this.scanner.fieldStart, this.scanner.at);
  }

  /** All 64 bits of the varint, in decimal. */
  private digits(): string {
    const { high, low } = this.scanner;
    return String((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0));
  }

  private refuse(code: string, message: string, at: number, field: string): -1 {
    this.error.code = code;
    this.error.message = message;
    this.error.offset = at - this.partStart;
    this.error.field = field;
    return -1;
  }
}

function secondsToMs(seconds: number): number {
  return seconds === 0 ? absent : Math.min(seconds * 1000, Number.MAX_SAFE_INTEGER);
}

export function createGoflow2ProtobufDecoder(options: Goflow2ProtobufOptions = {}): FlowDecoder {
  return new Goflow2ProtobufDecoder(options);
}
