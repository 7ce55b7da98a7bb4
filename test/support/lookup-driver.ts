/**
 * Lookups of flows in a test, as the enrich stage does them: exporter → router → VRF → route, over one shard with all routers. Answers as
 * text: that of rib-driver.ts, and where the route comes from when that is not the exporter's own router.
 */

import { ipAddressOf } from '../../src/base/ip.ts';
import { Lookup, type LookupOptions } from '../../src/lookup/ladder.ts';
import { LookupQuestion, type LookupTables, SingleShardTables } from '../../src/lookup/question.ts';
import {
  type ConfiguredRouter,
  createRouterDirectory,
  type RouterDirectory,
} from '../../src/lookup/router-directory.ts';
import { RouteAnswer, statusMatched, tierReference } from '../../src/model/answer.ts';
import { routeTargetWords } from '../../src/model/route-target.ts';
import type { Vrf, VrfChoice } from '../../src/model/router.ts';
import { answerText, RibDriver } from './rib-driver.ts';

/** What a flow has beside the address. */
export interface FlowInput {
  exporter?: string;
  nextHop?: string;
  rd?: string;
  vrf?: string;
  ingress?: number;
  egress?: number;
}

export const edge = '198.51.100.1';

export class LookupDriver {
  readonly rib: RibDriver;
  readonly directory: RouterDirectory;
  readonly lookup: Lookup;
  readonly answer = new RouteAnswer();
  tables: LookupTables;

  constructor(
    routers: readonly ConfiguredRouter[] = [],
    options: Partial<LookupOptions> & { references?: readonly string[]; rib?: RibDriver } = {},
  ) {
    this.rib = options.rib ?? new RibDriver();
    this.directory = createRouterDirectory(routers, 1, options.references);
    this.lookup = new Lookup({ views: [0, 1, 2], ...options });
    this.tables = new SingleShardTables(this.rib.shard);
  }

  vrfOf({ exporter = edge, rd = '', vrf = '', ingress = -1, egress = -1 }: FlowInput): VrfChoice {
    const router = this.directory.byExporter(addressOf(exporter));
    const flow = { rd, vrf, ingressVrfId: ingress, egressVrfId: egress };
    return this.lookup.resolveVrf(router, this.tables, flow);
  }

  question(address: string, flow: FlowInput = {}): LookupQuestion {
    const exporter = addressOf(flow.exporter ?? edge);
    const question = new LookupQuestion(this.directory.byExporter(exporter), addressOf(address));
    question.exporter = exporter;
    question.nextHop = flow.nextHop === undefined ? null : addressOf(flow.nextHop);
    question.vrf = this.vrfOf(flow);
    return question;
  }

  find(address: string, flow: FlowInput = {}): RouteAnswer {
    this.lookup.lookup(this.tables, this.question(address, flow), this.answer);
    return this.answer;
  }

  ask(address: string, flow: FlowInput = {}): string {
    const answer = this.find(address, flow);
    const isReference = answer.status === statusMatched && answer.tier === tierReference;
    return answerText(answer) + (isReference ? ` at ${answer.router.replace('name of ', '')}` : '');
  }
}

/** A configured VRF. */
export function vrfOf(
  name: string,
  has: { rds?: string[]; locals?: string[]; targets?: string[]; ids?: number[] } = {},
): Vrf {
  return {
    name,
    rds: has.rds ?? [],
    localDistinguishers: has.locals ?? [],
    importTargets: Int32Array.from((has.targets ?? []).flatMap((text) => routeTargetWords(text) ?? [])),
    ids: has.ids ?? [],
  };
}

/** A route target as attributes have it: 16 hex digits. */
export function targetHex(text: string): string {
  const words = routeTargetWords(text) ?? [0, 0];
  return words.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

function addressOf(text: string): NonNullable<ReturnType<typeof ipAddressOf>> {
  const address = ipAddressOf(text);
  if (address === null) throw new Error(text);
  return address;
}
