/**
 * Writes a pmacct JSON flow as it came, with the members that pmacct itself has for routes. In: the flow's object, the layout its decoder
 * remembers, the answers. Out: the same text with those values replaced in place, and those that were missing put before the closing
 * brace. Nothing that stays is printed anew, so that 64-bit numbers, spaces and order are kept.
 *
 * When the destination is matched: as_path, comms, ecomms, lcomms, local_pref, med, peer_as_dst, peer_ip_dst; when the source is:
 * as_path_src, comms_src, ecomms_src, lcomms_src, local_pref_src, med_src. Where lookup.asn and lookup.net decide on another value than
 * the flow has: as_src, as_dst, and those of net_src, mask_src, net_dst, mask_dst that the flow has.
 *
 * Each value is written in the encoding it had, a missing one in that of its kin in the record, else in pmacct's default:
 *
 *   "65001_65002_{65003,65004}"   "65001:1_no-export"                       default: elements joined by `_`, or by blanks
 *   ["65001","65002","{65003,65004}"]   ["65001:1","no-export"]             as_path_encode_as_array, bgp_comms_encode_as_array
 */

import type { ByteWriter } from '../base/byte-writer.ts';
import type { IpAddress } from '../base/ip.ts';
import { statusMatched, type EnrichedFlow, type RouteAnswer } from '../model/answer.ts';
import {
  FlowLayout,
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
  replaceableFields,
} from '../model/flow-layout.ts';
import type { Flow } from '../model/flow.ts';
import { asPathText, cutNetwork, largeCommunityTexts, nextHopText } from './attribute-text.ts';
import type { Attribution } from './attribution.ts';
import { pmacctCommunityTexts, pmacctExtCommunityTexts } from './pmacct-text.ts';
import { differs, type MemberSpacing, spliceMembers } from './json-splice.ts';
import type { FlowEncoder } from './types.ts';

/** By field. */
const names = (
  'peer_as_dst as_src as_dst net_src net_dst peer_ip_dst comms as_path ecomms lcomms local_pref med mask_src mask_dst ' +
  'as_path_src comms_src ecomms_src lcomms_src local_pref_src med_src'
).split(' ');

const spacing: MemberSpacing = { comma: ', ', colon: ': ' };

const asPathFields: readonly number[] = [fieldAsPath, fieldSrcAsPath];
const communityFields: readonly number[] = [
  fieldBgpCommunities,
  fieldExtCommunities,
  fieldLargeCommunities,
  fieldSrcCommunities,
  fieldSrcExtCommunities,
  fieldSrcLargeCommunities,
];

const blank = 32;
const quote = 34;
const slash = 47;
const openBracket = 91;
const closeBracket = 93;

/** How a list of elements is written. */
type ListStyle = '_' | ' ' | 'strings' | 'numbers';

export class NativePmacctJsonEncoder implements FlowEncoder {
  readonly format = 'native';
  private readonly attribution: Attribution;
  /** Of the flow at hand. */
  private buffer: Buffer = Buffer.alloc(0);
  private layout = new FlowLayout();
  /** New value by field; empty = stays as it is. */
  private readonly values: string[] = Array.from({ length: replaceableFields }, () => '');

  constructor(attribution: Attribution) {
    this.attribution = attribution;
  }

  encode(buffer: Buffer, start: number, end: number, flow: Flow, enriched: EnrichedFlow, out: ByteWriter): void {
    const { layout } = flow;
    const { src, dst } = enriched;
    this.buffer = buffer;
    this.layout = layout;
    const values = this.values;
    values.fill('');
    this.decideAttribution(flow, enriched);
    if (dst.status === statusMatched) this.decideDestination(dst);
    if (src.status === statusMatched) this.decideSource(src);
    spliceMembers(out, buffer, start, end, layout, names, values, spacing);
  }

  private decideAttribution(flow: Flow, enriched: EnrichedFlow): void {
    const chosen = this.attribution;
    chosen.apply(flow, enriched);
    if (differs(chosen.srcAs, flow.srcAs)) this.setNumber(fieldSrcAs, chosen.srcAs);
    if (differs(chosen.dstAs, flow.dstAs)) this.setNumber(fieldDstAs, chosen.dstAs);
    if (differs(chosen.srcNetLen, flow.srcNetLen)) {
      this.setNetwork(fieldSrcNet, fieldSrcMask, flow.srcAddr, chosen.srcNetLen);
    }
    if (differs(chosen.dstNetLen, flow.dstNetLen)) {
      this.setNetwork(fieldDstNet, fieldDstMask, flow.dstAddr, chosen.dstNetLen);
    }
  }

  private setNetwork(netField: number, maskField: number, address: IpAddress, length: number): void {
    const { present } = this.layout;
    if (address.family === 0) return;
    if ((present & (1 << maskField)) !== 0) this.setNumber(maskField, length);
    if ((present & (1 << netField)) === 0) return;
    const network = cutNetwork(address, length);
    const hasLength = this.holds(netField, slash);
    this.values[netField] = `"${hasLength ? network : network.slice(0, network.indexOf('/'))}"`;
  }

  /**
   * What the route lacks is written as pmacct writes nothing, 0, where the flow had it. A next hop that the route does not name leaves the
   * flow's as it is: the exporter knew better.
   */
  private decideDestination(answer: RouteAnswer): void {
    const { attributes } = answer;
    this.setRoute(answer, fieldAsPath, fieldBgpCommunities, fieldExtCommunities, fieldLargeCommunities);
    this.setNumberIfAny(fieldLocalPref, attributes.hasLocalPref, attributes.localPref);
    this.setNumberIfAny(fieldMed, attributes.hasMed, attributes.med);
    this.setNumberIfAny(fieldNextHopAs, answer.neighborAs > 0, answer.neighborAs);
    if (attributes.hasNextHop()) this.values[fieldBgpNextHop] = `"${nextHopText(attributes)}"`;
  }

  private decideSource(answer: RouteAnswer): void {
    const { attributes } = answer;
    this.setRoute(answer, fieldSrcAsPath, fieldSrcCommunities, fieldSrcExtCommunities, fieldSrcLargeCommunities);
    this.setNumberIfAny(fieldSrcLocalPref, attributes.hasLocalPref, attributes.localPref);
    this.setNumberIfAny(fieldSrcMed, attributes.hasMed, attributes.med);
  }

  private setRoute(answer: RouteAnswer, path: number, comms: number, ecomms: number, lcomms: number): void {
    const { attributes } = answer;
    const pathText = asPathText(attributes);
    // As pmacct does it, confederation sequences are taken apart: "(65001", "65002)".
    this.setList(path, pathText === '' ? [] : pathText.split(' '), asPathFields);
    this.setList(comms, pmacctCommunityTexts(attributes), communityFields);
    this.setList(ecomms, pmacctExtCommunityTexts(attributes), communityFields);
    this.setList(lcomms, largeCommunityTexts(attributes), communityFields);
  }

  private setList(field: number, elements: readonly string[], kin: readonly number[]): void {
    const style = this.styleOf(field, kin);
    let text: string;
    if (style === 'strings') text = elements.length === 0 ? '[]' : `["${elements.join('","')}"]`;
    else if (style === 'numbers') text = `[${elements.map(numberOrQuoted).join(',')}]`;
    else text = `"${elements.join(style).replaceAll(' ', style)}"`;
    this.values[field] = text;
  }

  private styleOf(field: number, kin: readonly number[]): ListStyle {
    const { layout } = this;
    let index = this.indexOf(field);
    for (let i = 0; index < 0 && i < kin.length; i++) index = this.indexOf(kin[i]);
    if (index < 0) return '_';
    const { buffer } = this;
    const start = layout.starts[index];
    const end = layout.ends[index];
    if (buffer[start] === quote) return hasByte(buffer, start, end, blank) ? ' ' : '_';
    if (buffer[start] !== openBracket) return '_';
    let at = start + 1;
    while (at < end && buffer[at] <= blank) at++;
    return buffer[at] === quote || buffer[at] === closeBracket ? 'strings' : 'numbers';
  }

  /** As a number or as a number in a string, as it was. */
  private setNumber(field: number, value: number): void {
    const index = this.indexOf(field);
    const isText = index >= 0 && this.buffer[this.layout.starts[index]] === quote;
    this.values[field] = isText ? `"${value}"` : String(value);
  }

  private setNumberIfAny(field: number, isKnown: boolean, value: number): void {
    if (isKnown) this.setNumber(field, value);
    else if ((this.layout.present & (1 << field)) !== 0) this.setNumber(field, 0);
  }

  private holds(field: number, byte: number): boolean {
    const index = this.indexOf(field);
    return index >= 0 && hasByte(this.buffer, this.layout.starts[index], this.layout.ends[index], byte);
  }

  /** Of the field's range in the layout; -1 for none. */
  private indexOf(field: number): number {
    const { layout } = this;
    if ((layout.present & (1 << field)) === 0) return -1;
    return layout.fields.indexOf(field);
  }
}

function hasByte(buffer: Buffer, start: number, end: number, byte: number): boolean {
  for (let at = start; at < end; at++) if (buffer[at] === byte) return true;
  return false;
}

function numberOrQuoted(element: string): string {
  return /^\d+$/.test(element) ? element : `"${element}"`;
}
