/**
 * Which VRF a flow is in. A flow names that of its ingress by RD, name or id, in this order; when it names none, that of its egress by id.
 * Configured VRFs come first, then RDs and names that the router, or one of its references, tells of itself.
 */

import { globalTableName, globalVrf, type Router, unknownVrf, type Vrf, type VrfChoice } from '../model/router.ts';
import { distinguisherText } from '../model/route-distinguisher.ts';
import type { LookupTables } from './question.ts';
import type { VrfTables } from './vrf-tables.ts';

export type UnknownVrf = 'no-table' | 'global';

/** What a flow says of its VRF; model/flow.ts is one. */
export interface FlowVrf {
  /** `type:administrator:number`, `vrfid:NUMBER`; empty or `0:0:0` for none. */
  readonly rd: string;
  /** Name, empty for none. */
  readonly vrf: string;
  /** Negative for none; 0 is none as well unless a VRF with that id is configured. */
  readonly ingressVrfId: number;
  readonly egressVrfId: number;
}

/** Learned VRFs that are kept; flows may say any RD. */
const mostLearned = 8192;
const noRd = '0:0:0';
const idPrefix = 'vrfid:';

class ConfiguredVrfs {
  readonly byId = new Map<number, VrfChoice>();
  readonly byRd = new Map<string, VrfChoice>();
  readonly byName = new Map<string, VrfChoice>();

  constructor({ vrfs }: Router) {
    for (const vrf of vrfs) {
      const choice = vrf.name === globalTableName ? globalVrf : vrf;
      for (const id of vrf.ids) this.byId.set(id, choice);
      for (const rd of vrf.rds) this.byRd.set(rd, choice);
      this.byName.set(vrf.name, choice);
    }
  }
}

export class VrfResolver {
  private readonly whenUnknown: VrfChoice;
  private readonly vrfTables: VrfTables;
  private readonly configured = new WeakMap<Router, ConfiguredVrfs>();
  private readonly learnedByRd = new Map<string, Vrf>();
  private readonly learnedByName = new Map<string, Vrf>();

  constructor(vrfTables: VrfTables, whenUnknown: UnknownVrf) {
    this.vrfTables = vrfTables;
    this.whenUnknown = whenUnknown === 'global' ? globalVrf : unknownVrf;
  }

  resolve(router: Router, tables: LookupTables, flow: FlowVrf): VrfChoice {
    if (flow.rd === '' && flow.vrf === '' && router.vrfs.length === 0 && flow.ingressVrfId <= 0) {
      return flow.egressVrfId <= 0 ? globalVrf : this.whenUnknown;
    }
    const known = this.configuredOf(router);
    let isNamed = false;
    if (flow.rd.startsWith(idPrefix)) {
      const id = Number(flow.rd.slice(idPrefix.length));
      const found = known.byId.get(id);
      if (found !== undefined) return found;
      isNamed = id !== 0;
    } else if (flow.rd !== '' && flow.rd !== noRd) {
      isNamed = true;
      const found = this.byRd(router, known, tables, flow.rd);
      if (found !== undefined) return found;
    }
    if (flow.vrf !== '') {
      isNamed = true;
      const found = this.byName(router, known, tables, flow.vrf);
      if (found !== undefined) return found;
    }
    if (flow.ingressVrfId >= 0) {
      const found = known.byId.get(flow.ingressVrfId);
      if (found !== undefined) return found;
      if (flow.ingressVrfId > 0) isNamed = true;
    }
    if (isNamed) return this.whenUnknown;
    const egress = known.byId.get(flow.egressVrfId);
    return egress ?? (flow.egressVrfId <= 0 ? globalVrf : this.whenUnknown);
  }

  private configuredOf(router: Router): ConfiguredVrfs {
    let known = this.configured.get(router);
    if (known === undefined) {
      known = new ConfiguredVrfs(router);
      this.configured.set(router, known);
    }
    return known;
  }

  private byRd(router: Router, known: ConfiguredVrfs, tables: LookupTables, text: string): VrfChoice | undefined {
    const asSent = known.byRd.get(text);
    if (asSent !== undefined) return asSent;
    let learned = this.learnedByRd.get(text);
    if (learned === undefined) {
      const canonical = distinguisherText(text);
      if (canonical === null) return undefined;
      learned =
        this.learnedByRd.get(canonical) ?? remember(this.learnedByRd, canonical, learnedVrf(canonical, [canonical]));
      if (text !== canonical) remember(this.learnedByRd, text, learned);
    }
    const configured = known.byRd.get(learned.name);
    if (configured !== undefined) return configured;
    return this.isTold(router, tables, learned) ? learned : undefined;
  }

  private byName(router: Router, known: ConfiguredVrfs, tables: LookupTables, name: string): VrfChoice | undefined {
    const found = known.byName.get(name);
    if (found !== undefined) return found;
    if (name === globalTableName) return globalVrf;
    const learned = this.learnedByName.get(name) ?? remember(this.learnedByName, name, learnedVrf(name, []));
    return this.isTold(router, tables, learned) ? learned : undefined;
  }

  private isTold(router: Router, tables: LookupTables, vrf: Vrf): boolean {
    const shard = tables.shard(router.shard);
    const state = shard?.router(router.key);
    if (shard !== null && state !== undefined && this.vrfTables.of(shard, state, router, vrf, true).isHeld) return true;
    for (const reference of router.references) {
      const copy = tables.reference(reference.shard);
      const told = copy?.router(reference.key);
      if (copy === null || told === undefined) continue;
      if (this.vrfTables.of(copy, told, reference, vrf, false).isHeld) return true;
    }
    return false;
  }
}

/** One that nobody configured; its RDs, if not these, are those that routers send under its name. */
function learnedVrf(name: string, rds: readonly string[]): Vrf {
  return { name, rds, localDistinguishers: [], importTargets: new Int32Array(0), ids: [] };
}

function remember(learned: Map<string, Vrf>, text: string, vrf: Vrf): Vrf {
  if (learned.size >= mostLearned) learned.clear();
  learned.set(text, vrf);
  return vrf;
}
