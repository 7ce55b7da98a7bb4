/**
 * The route distinguishers that sources of the vpn instance have, as small numbers: columns hold the number, lookup resolves its VRFs to
 * numbers. Canonical text as model/route-distinguisher.ts has it; a type that RFC 4364 §4.2 does not define is written in hexadecimal.
 *
 *   type (2) | 0: AS (2), number (4) | 1: IPv4 address (4), number (2) | 2: AS (4), number (2)
 *
 * Invariant: a number is never given twice, so one that was kept too long finds nothing, and whoever resolved texts need look again
 * only when `size` has grown. Texts that no source has had for long are forgotten. Cost: about 250 bytes a distinguisher.
 */

import { formatIp } from '../base/ip.ts';

/** Texts without a source that are kept: a VRF whose routes come back has its number again. */
const mostUnused = 65_536;

export class RouteDistinguishers {
  /** One more than the largest number given. */
  size = 0;
  readonly numbers = new Map<string, number>();
  readonly texts = new Map<number, string>();
  /** First word of an RD → second word → number: what NLRI are resolved by, without a text. */
  readonly byWords = new Map<number, Map<number, number>>();
  /** Sources by number; absent for none. */
  readonly uses = new Map<number, number>();

  /** Distinct ones that some source has. */
  get inUse(): number {
    return this.uses.size;
  }

  /** -1 for one that no source has. */
  indexOf(text: string): number {
    return this.numbers.get(text) ?? -1;
  }

  text(index: number): string {
    return this.texts.get(index) ?? '';
  }

  add(text: string): number {
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    const index = this.size++;
    this.numbers.set(text, index);
    this.texts.set(index, text);
    return index;
  }

  /** The 8 bytes of an RD as two words. */
  addWords(high: number, low: number): number {
    let lows = this.byWords.get(high);
    if (lows === undefined) {
      lows = new Map();
      this.byWords.set(high, lows);
    }
    let index = lows.get(low);
    if (index === undefined) {
      index = this.add(formatRouteDistinguisher(high, low));
      lows.set(low, index);
    }
    return index;
  }

  /** As `addWords`, -1 for one that no source has or had. */
  findWords(high: number, low: number): number {
    return this.byWords.get(high)?.get(low) ?? -1;
  }

  /** A source has it from now on. */
  retain(index: number): void {
    this.uses.set(index, (this.uses.get(index) ?? 0) + 1);
  }

  release(index: number): void {
    const uses = this.uses.get(index) ?? 0;
    if (uses > 1) {
      this.uses.set(index, uses - 1);
      return;
    }
    this.uses.delete(index);
    if (this.texts.size - this.uses.size > mostUnused) this.forgetUnused();
  }

  private forgetUnused(): void {
    for (const [index, text] of this.texts) {
      if (this.uses.has(index)) continue;
      this.texts.delete(index);
      this.numbers.delete(text);
    }
    for (const [high, lows] of this.byWords) {
      for (const [low, index] of lows) if (!this.uses.has(index)) lows.delete(low);
      if (lows.size === 0) this.byWords.delete(high);
    }
  }
}

export function formatRouteDistinguisher(high: number, low: number): string {
  const type = high >>> 16;
  const administrator = high & 0xffff;
  if (type === 0) return `0:${administrator}:${low >>> 0}`;
  const wide = (administrator << 16) | (low >>> 16);
  if (type === 1) return `1:${formatIp(4, wide, 0, 0, 0)}:${low & 0xffff}`;
  if (type === 2) return `2:${wide >>> 0}:${low & 0xffff}`;
  const hex = administrator.toString(16).padStart(4, '0') + (low >>> 0).toString(16).padStart(8, '0');
  return `${type}:0x${hex}`;
}

/** Text of a per-peer header's distinguisher, 16 hex digits; peer type 2 has local values (RFC 7854 §4.2). */
export function formatPeerDistinguisher(hex: string, isLocal: boolean): string {
  if (isLocal) return `local:${BigInt(`0x${hex}`)}`;
  return formatRouteDistinguisher(Number.parseInt(hex.slice(0, 8), 16) | 0, Number.parseInt(hex.slice(8), 16) | 0);
}
