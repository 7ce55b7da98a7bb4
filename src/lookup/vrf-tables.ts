/**
 * The table of a VRF at one router: which RDs and import targets its routes have there, and which views answer. Worked out when the
 * router's RIBs change, not for each flow.
 *
 * A router's own Loc-RIB of the VRF holds what it imported, so it is the authority before all else, when it is complete and Loc-RIBs are
 * configured at all. Then the configured views, each with its routes from inside the VRF and its VPN routes together.
 */

import { viewLocRib } from '../model/answer.ts';
import type { Router, Vrf } from '../model/router.ts';
import type { BmpSession, Peer, Rib, RouterState } from '../rib/peers.ts';
import { viewCount } from '../rib/peers.ts';
import type { RibShard } from '../rib/shard.ts';
import { inVrfBits, maskOfViews, vrfMask } from './authority.ts';

const ownLocRib = 1 << (viewLocRib + inVrfBits);

export class VrfTable {
  /** Numbers of the RDs in the shard. */
  rds: readonly number[] = [];
  /** Words of extended communities, two each. */
  importTargets: Int32Array = new Int32Array(0);
  /** Masks of authority.ts. */
  authority4 = 0;
  authority6 = 0;
  /** The authority is a complete view. */
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
  private readonly allViews: number;
  private readonly tables = new WeakMap<RouterState, WeakMap<Vrf, VrfTable>>();
  private readonly states = new ViewStates();

  constructor(views: readonly number[]) {
    this.views = views;
    this.allViews = vrfMask(maskOfViews(views));
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
    table.isHeld = states.isHeld;
    const [authority4, authority6] = [this.completeView(states, 4), this.completeView(states, 6)];
    table.authority4 = authority4 === 0 ? this.allViews : authority4;
    table.authority6 = authority6 === 0 ? this.allViews : authority6;
    table.isComplete4 = authority4 !== 0;
    table.isComplete6 = authority6 !== 0;
  }

  /** Its mask; 0 for none. */
  private completeView(states: ViewStates, family: 4 | 6): number {
    if ((this.allViews & ownLocRib) !== 0 && states.isOwnLocRibComplete(family)) return ownLocRib;
    for (const view of this.views) if (states.isComplete(family, view)) return vrfMask(1 << view);
    return 0;
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

/** Columns of a session: the views, and the VRF's own Loc-RIB apart. */
const ownLocRibAt = viewCount;
const columns = viewCount + 1;

/**
 * Which views of a VRF are held and complete, by family: complete when, in some session, every RIB that holds its routes or may still
 * bring some is.
 */
class ViewStates {
  isHeld = false;
  private readonly complete = new Uint8Array(columns * 2);
  private readonly held = new Uint8Array(columns * 2);
  private readonly incomplete = new Uint8Array(columns * 2);

  clear(): void {
    this.isHeld = false;
    this.complete.fill(0);
  }

  addSession(session: BmpSession, table: VrfTable, rdTexts: ReadonlySet<string>): void {
    const { complete, held, incomplete } = this;
    held.fill(0);
    incomplete.fill(0);
    for (const peer of session.peers.values()) {
      for (const rib of peer.ribs) this.note(rib, table, rdTexts);
      for (const rib of peer.staleRibs) this.note(rib, table, rdTexts);
    }
    for (let at = 0; at < complete.length; at++) if (held[at] === 1 && incomplete[at] === 0) complete[at] = 1;
  }

  isComplete(family: 4 | 6, view: number): boolean {
    return this.complete[columnOf(family, view)] === 1;
  }

  isOwnLocRibComplete(family: 4 | 6): boolean {
    return this.complete[columnOf(family, ownLocRibAt)] === 1;
  }

  private note(rib: Rib, table: VrfTable, rdTexts: ReadonlySet<string>): void {
    const { peer, view, family } = rib;
    if (peer.neighbour.shadows(view)) return;
    if (!rib.hasDistinguishers) {
      if (peer.rd === '' || !rdTexts.has(peer.rd)) return;
      this.set(rib, family, view, true);
      if (view === viewLocRib) this.set(rib, family, ownLocRibAt, true);
      return;
    }
    // One that has none of the VRF's routes may yet bring them: it holds no view, but makes it incomplete.
    this.set(rib, family, view, table.importTargets.length > 0 || hasRdOf(rib, table));
  }

  private set(rib: Rib, family: 0 | 4 | 6, column: number, isHeld: boolean): void {
    if (isHeld) this.isHeld = true;
    const isIncomplete = !rib.isComplete || rib.peer.isFiltered;
    for (const one of [4, 6] as const) {
      if (family !== 0 && family !== one) continue;
      const at = columnOf(one, column);
      if (isHeld) this.held[at] = 1;
      if (isIncomplete) this.incomplete[at] = 1;
    }
  }
}

function columnOf(family: 4 | 6, column: number): number {
  return family === 4 ? column : columns + column;
}

function hasRdOf(rib: Rib, table: VrfTable): boolean {
  for (const sources of rib.sourcesByTag.values()) {
    for (const rd of table.rds) if (sources.has(rd)) return true;
  }
  return false;
}
