/**
 * Which AS and prefix length a flow is given: the chains `lookup.asn` and `lookup.net`, whose first non-zero value wins. In: a flow
 * and its answers. Out: four numbers in a reused object. Every encoder uses it, so that all outputs agree. The rules are Akvorado's
 * asn-providers and net-providers, docs/routing.md.
 *
 * A chain is the whole truth: when none of its members has a value the result is 0, even where the flow has one that the chain does
 * not admit (`asn: [routing]`, say).
 */

import { ConfigError } from '../base/errors.ts';
import { statusMatched, type EnrichedFlow, type RouteAnswer } from '../model/answer.ts';
import type { Flow } from '../model/flow.ts';

export const asnChainNames = [
  'flow',
  'routing',
  'flow-except-private',
  'routing-except-private',
  'flow-except-default-route',
] as const;
export const netChainNames = ['flow', 'routing'] as const;

const chainFlow = 0;
const chainRouting = 1;
const chainFlowExceptPrivate = 2;
const chainRoutingExceptPrivate = 3;

export interface AttributionOptions {
  readonly asn: readonly string[];
  readonly net: readonly string[];
}

export class Attribution {
  /** Results for the flow last applied; 0 = nothing known. */
  srcAs = 0;
  dstAs = 0;
  srcNetLen = 0;
  dstNetLen = 0;
  private readonly asnChain: readonly number[];
  private readonly netChain: readonly number[];

  constructor(options: AttributionOptions) {
    this.asnChain = options.asn.map((name) => indexOfName(asnChainNames, name, 'lookup.asn'));
    this.netChain = options.net.map((name) => indexOfName(netChainNames, name, 'lookup.net'));
  }

  apply(flow: Flow, enriched: EnrichedFlow): void {
    this.srcNetLen = this.netLength(flow.srcNetLen, enriched.src);
    this.dstNetLen = this.netLength(flow.dstNetLen, enriched.dst);
    this.srcAs = this.asn(flow.srcAs, enriched.src, this.srcNetLen);
    this.dstAs = this.asn(flow.dstAs, enriched.dst, this.dstNetLen);
  }

  private netLength(ofFlow: number, answer: RouteAnswer): number {
    const chain = this.netChain;
    for (let i = 0; i < chain.length; i++) {
      const value = chain[i] === chainFlow ? ofFlow : answer.status === statusMatched ? answer.prefixLength : 0;
      if (value > 0) return value;
    }
    return 0;
  }

  private asn(ofFlow: number, answer: RouteAnswer, netLength: number): number {
    const chain = this.asnChain;
    const ofRoute = answer.status === statusMatched ? answer.originAs : 0;
    for (let i = 0; i < chain.length; i++) {
      let value: number;
      switch (chain[i]) {
        case chainFlow:
          value = ofFlow;
          break;
        case chainRouting:
          value = ofRoute;
          break;
        case chainFlowExceptPrivate:
          value = isPrivateAs(ofFlow) ? 0 : ofFlow;
          break;
        case chainRoutingExceptPrivate:
          value = isPrivateAs(ofRoute) ? 0 : ofRoute;
          break;
        default:
          value = netLength === 0 ? 0 : ofFlow;
      }
      if (value > 0) return value;
    }
    return 0;
  }
}

/** AS_TRANS (RFC 6793), documentation (RFC 5398), private use (RFC 6996) and the last ASNs (RFC 7300). */
export function isPrivateAs(asn: number): boolean {
  return asn <= 0 || asn === 23_456 || (asn >= 64_496 && asn <= 65_551) || asn >= 4_200_000_000;
}

function indexOfName(names: readonly string[], name: string, key: string): number {
  const index = names.indexOf(name);
  if (index < 0) throw new ConfigError(`${key}: unknown name ${name}, expected ${names.join(', ')}`);
  return index;
}
