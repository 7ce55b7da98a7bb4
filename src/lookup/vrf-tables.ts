/**
 * The table of a VRF at one router: which RDs and import targets its routes have there, and which views answer. Worked out when the
 * router's RIBs change, not for each flow.
 *
 * A router's own Loc-RIB of the VRF holds what it imported, so it is the authority before all else, when it is complete and Loc-RIBs are
 * configured at all. Else the routes from inside the VRF and the VPN routes have an authority each: the first configured view that holds
 * them and is complete, all configured views if none is. They come from different peers, so that one kind is complete in a view says
 * nothing of the other.
 */

import { viewLocRib } from '../model/answer.ts';
import type { Router, Vrf } from '../model/router.ts';
import type { BmpSession, Peer, Rib, RouterState } from '../rib/peers.ts';
import type { RibShard } from '../rib/shard.ts';
import { inVrfBits, maskOfViews } from './authority.ts';

export class VrfTable {
  /** Numbers of the RDs in the shard. */
  rds: readonly number[] = [];
  /** Words of extended communities, two each. */
  importTargets: Int32Array = new Int32Array(0);
  /** Masks of authority.ts. */
  authority4 = 0;
  authority6 = 0;
  /** The authority is made of complete views. */
  isComplete4 = false;
  isComplete6 = false;
  /** The router has told of it: some RIB holds its routes, or could. */
  isHeld = false;
  version = -1;
  rdsSize = -1;

  hasRd(rd: number): boolean {
    const { rds } = this;
    for (let i = 0; i < rds.length; i++) if (rds[i] === rd) return true;
    return false;
  }

  /** Whether one of the extended communities in words [from, to) is an import target. */
  importsAny(words: Int32Array, from: number, to: number): boolean {
    const { importTargets } = this;
    for (let at = from; at < to; at += 2) {
      for (let i = 0; i < importTargets.length; i += 2) {
        if (words[at] === importTargets[i] && words[at + 1] === importTargets[i + 1]) return true;
      }
    }
    return false;
  }
}

export class VrfTables {
  private readonly views: readonly number[];
  private readonly tables = new WeakMap<RouterState, WeakMap<Vrf, VrfTable>>();
  private readonly states = new ViewStates();

  constructor(views: readonly number[]) {
    this.views = views;
  }

  /** Of `router`, whose state this is in the shard: the exporter's own, or one of its references. */
  of(shard: RibShard, state: RouterState, router: Router, vrf: Vrf, isOwn: boolean): VrfTable {
    let tables = this.tables.get(state);
    if (tables === undefined) {
      tables = new WeakMap();
      this.tables.set(state, tables);
    }
    let table = tables.get(vrf);
    if (table === undefined) {
      table = new VrfTable();
      tables.set(vrf, table);
    }
    if (table.version !== state.version || table.rdsSize !== shard.rds.size) {
      this.fill(table, shard, state, router, vrf, isOwn);
      table.version = state.version;
      table.rdsSize = shard.rds.size;
    }
    return table;
  }

  private fill(table: VrfTable, shard: RibShard, state: RouterState, router: Router, vrf: Vrf, isOwn: boolean): void {
    const texts = new Set(vrf.rds);
    // Local values mean something at the router that has them only; a name means the same at all routers of one operator.
    if (isOwn) for (const text of vrf.localDistinguishers) texts.add(text);
    const namesake = isOwn ? undefined : router.vrfs.find(({ name }) => name === vrf.name);
    for (const text of namesake?.rds ?? []) texts.add(text);
    for (const text of namesake?.localDistinguishers ?? []) texts.add(text);
    for (const session of state.sessions.values()) {
      for (const peer of session.peers.values()) if (isNamed(peer, vrf)) texts.add(peer.rd);
    }
    table.rds = [...texts].map((text) => shard.rds.indexOf(text)).filter((rd) => rd >= 0);
    table.importTargets =
      namesake === undefined ? vrf.importTargets : joined(vrf.importTargets, namesake.importTargets);
    const { states } = this;
    states.clear();
    for (const session of state.sessions.values()) states.addSession(session, table, texts);
    table.isHeld = states.isKnown;
    for (const family of [4, 6] as const) {
      const [authority, isComplete] = this.authority(states, family);
      if (family === 4) [table.authority4, table.isComplete4] = [authority, isComplete];
      else [table.authority6, table.isComplete6] = [authority, isComplete];
    }
  }

  private authority(states: ViewStates, family: 4 | 6): [mask: number, isComplete: boolean] {
    const loc = viewLocRib + inVrfBits;
    if (this.views.includes(viewLocRib) && states.isComplete(family, loc)) return [1 << loc, true];
    const inVrf = this.authorityOfKind(states, family, inVrfBits);
    const vpn = this.authorityOfKind(states, family, 0);
    const isComplete = inVrf.isComplete && vpn.isComplete && (inVrf.mask | vpn.mask) !== 0;
    return [inVrf.mask | vpn.mask, isComplete];
  }

  /** Routes of a kind that no view holds are complete: there are none. */
  private authorityOfKind(states: ViewStates, family: 4 | 6, bits: number): { mask: number; isComplete: boolean } {
    for (const view of this.views) {
      if (states.isComplete(family, view + bits)) return { mask: 1 << (view + bits), isComplete: true };
    }
    if (!this.views.some((view) => states.isHeld(family, view + bits))) return { mask: 0, isComplete: true };
    return { mask: maskOfViews(this.views) << bits, isComplete: false };
  }
}

/** A peer in an instance that the router calls by the VRF's name (VRF/Table Name TLV, RFC 9069 §5.3). */
function isNamed(peer: Peer, vrf: Vrf): boolean {
  return peer.rd !== '' && vrf.name !== '' && peer.tableName === vrf.name;
}

function joined(a: Int32Array, b: Int32Array): Int32Array<ArrayBuffer> {
  const both = new Int32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/**
 * Which views of a VRF are held and complete, by family and bit of authority.ts: complete when, in some session, every RIB of it is.
 */
class ViewStates {
  /** Some RIB has routes of the VRF, or may have. */
  isKnown = false;
  /** Masks by family: of all sessions, and of the one at hand. */
  private readonly held = new Int32Array(2);
  private readonly complete = new Int32Array(2);
  private readonly heldHere = new Int32Array(2);
  private readonly incompleteHere = new Int32Array(2);

  clear(): void {
    this.isKnown = false;
    this.held.fill(0);
    this.complete.fill(0);
  }

  addSession(session: BmpSession, table: VrfTable, rdTexts: ReadonlySet<string>): void {
    this.heldHere.fill(0);
    this.incompleteHere.fill(0);
    for (const peer of session.peers.values()) {
      for (const rib of peer.ribs) this.note(rib, table, rdTexts);
      for (const rib of peer.staleRibs) this.note(rib, table, rdTexts);
    }
    for (let i = 0; i < 2; i++) {
      this.held[i] |= this.heldHere[i];
      this.complete[i] |= this.heldHere[i] & ~this.incompleteHere[i];
    }
  }

  isHeld(family: 4 | 6, bit: number): boolean {
    return ((this.held[indexOf(family)] >> bit) & 1) !== 0;
  }

  isComplete(family: 4 | 6, bit: number): boolean {
    return ((this.complete[indexOf(family)] >> bit) & 1) !== 0;
  }

  private note(rib: Rib, table: VrfTable, rdTexts: ReadonlySet<string>): void {
    const { peer, view } = rib;
    const isInside = !rib.hasDistinguishers && peer.rd !== '' && rdTexts.has(peer.rd);
    if ((!rib.hasDistinguishers && !isInside) || peer.neighbour.shadows(view)) return;
    if (rib.hasDistinguishers) {
      if (table.importTargets.length > 0 || hasRdOf(rib, table)) this.isKnown = true;
      this.set(rib, view);
    } else {
      this.isKnown = true;
      this.set(rib, view + inVrfBits);
    }
  }

  private set(rib: Rib, bit: number): void {
    const isIncomplete = !rib.isComplete || rib.peer.isFiltered;
    for (let i = 0; i < 2; i++) {
      if (rib.family !== 0 && indexOf(rib.family) !== i) continue;
      this.heldHere[i] |= 1 << bit;
      if (isIncomplete) this.incompleteHere[i] |= 1 << bit;
    }
  }
}

function indexOf(family: 4 | 6): number {
  return family === 4 ? 0 : 1;
}

function hasRdOf(rib: Rib, table: VrfTable): boolean {
  for (const sources of rib.sourcesByTag.values()) {
    for (const rd of table.rds) if (sources.has(rd)) return true;
  }
  return false;
}
