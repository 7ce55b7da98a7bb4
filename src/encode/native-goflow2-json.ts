/**
 * Writes a goflow2 JSON flow as it came, with the members that goflow2 itself has for routes. In: the record's text, the layout its
 * decoder remembers, the answers. Out: the same text with those values replaced in place, and those that were missing put before the
 * closing brace. Nothing that stays is printed anew, so that 64-bit numbers, spaces and order are kept.
 *
 * Which members, and when: as native-goflow2-protobuf.ts. `src_net` and `dst_net` are the address cut to the length, as goflow2 prints
 * them (v1: the length). Names follow the record's own spelling: as_path, AsPath (v1.3) or ASPath (v1.0).
 */

import type { ByteWriter } from '../base/byte-writer.ts';
import type { IpAddress } from '../base/ip.ts';
import { statusMatched, type EnrichedFlow, type RouteAnswer } from '../model/answer.ts';
import type { AttributeReader } from '../model/attribute-words.ts';
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
  namingSnake,
} from '../model/flow-layout.ts';
import type { Flow } from '../model/flow.ts';
import { asPathNumbers, cutNetwork, nextHopText } from './attribute-text.ts';
import type { Attribution } from './attribution.ts';
import { differs, type MemberSpacing, spliceMembers } from './json-splice.ts';
import type { FlowEncoder } from './types.ts';

/** By naming, then by field. */
const names = [
  'next_hop_as src_as dst_as src_net dst_net bgp_next_hop bgp_communities as_path',
  'NextHopAS SrcAS DstAS SrcNet DstNet BgpNextHop BgpCommunities ASPath',
  'NextHopAs SrcAs DstAs SrcNet DstNet BgpNextHop BgpCommunities AsPath',
].map((line) => line.split(' '));
const ownFields = names[0].length;
const spacing: MemberSpacing = { comma: ',', colon: ':' };

export class NativeGoflow2JsonEncoder implements FlowEncoder {
  readonly format = 'native';
  /** Of the flow at hand. */
  private layout = new FlowLayout();
  private readonly attribution: Attribution;
  /** New value by field; empty = stays as it is. */
  private readonly values: string[] = Array.from({ length: ownFields }, () => '');

  constructor(attribution: Attribution) {
    this.attribution = attribution;
  }

  encode(buffer: Buffer, start: number, end: number, flow: Flow, enriched: EnrichedFlow, out: ByteWriter): void {
    const { layout } = flow;
    this.layout = layout;
    const values = this.values;
    values.fill('');
    this.decideAttribution(flow, enriched);
    if (enriched.dst.status === statusMatched) this.decideRoute(enriched.dst);
    spliceMembers(out, buffer, start, end, layout, names[layout.naming], values, spacing);
  }

  private decideAttribution(flow: Flow, enriched: EnrichedFlow): void {
    const chosen = this.attribution;
    const values = this.values;
    chosen.apply(flow, enriched);
    if (differs(chosen.srcAs, flow.srcAs)) values[fieldSrcAs] = String(chosen.srcAs);
    if (differs(chosen.dstAs, flow.dstAs)) values[fieldDstAs] = String(chosen.dstAs);
    if (flow.srcAddr.family !== 0 && differs(chosen.srcNetLen, flow.srcNetLen))
      values[fieldSrcNet] = this.network(flow.srcAddr, chosen.srcNetLen);
    if (flow.dstAddr.family !== 0 && differs(chosen.dstNetLen, flow.dstNetLen))
      values[fieldDstNet] = this.network(flow.dstAddr, chosen.dstNetLen);
  }

  private network(address: IpAddress, length: number): string {
    return this.layout.naming === namingSnake ? `"${cutNetwork(address, length)}"` : String(length);
  }

  /**
   * A neighbor AS that the route has not is written as 0 where the flow had one. A next hop that it does not name leaves the flow's as
   * it is: the exporter knew better.
   */
  private decideRoute(answer: RouteAnswer): void {
    const { present } = this.layout;
    const values = this.values;
    const { attributes } = answer;
    if (answer.neighborAs > 0) values[fieldNextHopAs] = String(answer.neighborAs);
    else if ((present & (1 << fieldNextHopAs)) !== 0) values[fieldNextHopAs] = '0';
    if (attributes.hasNextHop()) values[fieldBgpNextHop] = `"${nextHopText(attributes)}"`;
    values[fieldBgpCommunities] = `[${communityNumbers(attributes).join(',')}]`;
    values[fieldAsPath] = `[${asPathNumbers(attributes).join(',')}]`;
  }
}

function communityNumbers(attributes: AttributeReader): number[] {
  const numbers: number[] = [];
  for (let i = 0; i < attributes.communities; i++) numbers.push(attributes.words[attributes.communitiesAt + i] >>> 0);
  return numbers;
}
