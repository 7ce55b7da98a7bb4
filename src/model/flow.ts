/**
 * One flow, decoded: the fields that the join and the outputs need, whatever the producer's format. One object, refilled for each
 * record: a decoder calls `reset()` and fills what the record has. Numbers are null-able through `absent` (-1): zero is a value.
 */

import { IpAddress } from '../base/ip.ts';
import { FlowLayout } from './flow-layout.ts';

export const absent = -1;

export class Flow {
  /** Address of the exporter (goflow2 sampler_address, pmacct peer_ip_src). */
  readonly exporter = new IpAddress();
  readonly srcAddr = new IpAddress();
  readonly dstAddr = new IpAddress();
  readonly nextHop = new IpAddress();
  readonly bgpNextHop = new IpAddress();
  srcPort = absent;
  dstPort = absent;
  /** IP protocol number. */
  proto = absent;
  /** At most 2^53 - 1. */
  bytes = absent;
  packets = absent;
  /** Their digits where they are more than that, or just that; else empty. */
  exactBytes = '';
  exactPackets = '';
  samplingRate = absent;
  /** SNMP interface indices. */
  inIf = absent;
  outIf = absent;
  srcAs = absent;
  dstAs = absent;
  /** Prefix lengths as the exporter sent them. */
  srcNetLen = absent;
  dstNetLen = absent;
  /** Milliseconds since the epoch. */
  timeReceivedMs = absent;
  timeStartMs = absent;
  timeEndMs = absent;
  ingressVrfId = absent;
  egressVrfId = absent;
  /** Route distinguisher text `type:admin:value`, VRF name (of the ingress, else of the egress); empty when the record has none. */
  rd = '';
  vrf = '';
  /** Where the record has what native outputs replace; the decoder resets it. */
  readonly layout = new FlowLayout();

  reset(): void {
    this.exporter.clear();
    this.srcAddr.clear();
    this.dstAddr.clear();
    this.nextHop.clear();
    this.bgpNextHop.clear();
    this.srcPort = absent;
    this.dstPort = absent;
    this.proto = absent;
    this.bytes = absent;
    this.packets = absent;
    this.exactBytes = '';
    this.exactPackets = '';
    this.samplingRate = absent;
    this.inIf = absent;
    this.outIf = absent;
    this.srcAs = absent;
    this.dstAs = absent;
    this.srcNetLen = absent;
    this.dstNetLen = absent;
    this.timeReceivedMs = absent;
    this.timeStartMs = absent;
    this.timeEndMs = absent;
    this.ingressVrfId = absent;
    this.egressVrfId = absent;
    this.rd = '';
    this.vrf = '';
  }
}
