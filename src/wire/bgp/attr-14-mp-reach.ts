/**
 * MP_REACH_NLRI (RFC 4760 §3) and the next hops in it, whose length says what they are:
 *
 *   AFI (2) | SAFI (1) | next hop length (1) | next hop | reserved (1) | NLRI
 *   4 IPv4 | 12 RD + IPv4 | 16 IPv6 | 24 RD + IPv6 | 32 global + link-local (RFC 2545) | 48 the same, each with an RD (RFC 4659)
 *
 * The AFI does not decide: IPv4 routes may have IPv6 next hops (RFC 8950), IPv6 routes mapped IPv4 ones (6PE). MP_UNREACH_NLRI (§4) is
 * AFI, SAFI and NLRI.
 */

import { readWord } from '../../base/ip.ts';

/** `afi << 8 | safi`, and the ranges of an MP attribute. Reused. */
export class MpAttribute {
  isPresent = false;
  afi = 0;
  safi = 0;
  nextHopStart = 0;
  nextHopSize = 0;
  nlriStart = 0;
  nlriEnd = 0;

  get family(): number {
    return (this.afi << 8) | this.safi;
  }
}

/** False when the lengths do not add up, so that the NLRI cannot be found. */
export function readMpReach(buffer: Uint8Array, start: number, end: number, into: MpAttribute): boolean {
  if (end - start < 5) return false;
  into.isPresent = true;
  into.afi = (buffer[start] << 8) | buffer[start + 1];
  into.safi = buffer[start + 2];
  into.nextHopSize = buffer[start + 3];
  into.nextHopStart = start + 4;
  into.nlriStart = start + 5 + into.nextHopSize;
  into.nlriEnd = end;
  return into.nlriStart <= end;
}

export function readMpUnreach(buffer: Uint8Array, start: number, end: number, into: MpAttribute): boolean {
  if (end - start < 3) return false;
  into.isPresent = true;
  into.afi = (buffer[start] << 8) | buffer[start + 1];
  into.safi = buffer[start + 2];
  into.nlriStart = start + 3;
  into.nlriEnd = end;
  return true;
}

/** A next hop in the form of the attribute words: 0 none, 1 IPv4, 2 IPv6, 3 IPv6 global + link-local. */
export class NextHop {
  kind = 0;
  readonly words = new Int32Array(8);

  clear(): void {
    this.kind = 0;
  }

  setV4(word: number): void {
    this.kind = 1;
    this.words[0] = word;
  }

  /** False for a length that means nothing. */
  read(buffer: Uint8Array, start: number, size: number): boolean {
    switch (size) {
      case 4:
        this.setV4(readWord(buffer, start));
        return true;
      case 12:
        this.setV4(readWord(buffer, start + 8));
        return true;
      case 16:
        this.readV6(buffer, start, 0);
        this.settle();
        return true;
      case 24:
        this.readV6(buffer, start + 8, 0);
        this.settle();
        return true;
      case 32:
        this.readV6(buffer, start, 0);
        this.readV6(buffer, start + 16, 4);
        this.settlePair();
        return true;
      case 48:
        this.readV6(buffer, start + 8, 0);
        this.readV6(buffer, start + 32, 4);
        this.settlePair();
        return true;
      default:
        return false;
    }
  }

  private readV6(buffer: Uint8Array, at: number, to: number): void {
    for (let i = 0; i < 4; i++) this.words[to + i] = readWord(buffer, at + i * 4);
  }

  /** ::ffff:a.b.c.d becomes a.b.c.d, as flow records have it. */
  private settle(): void {
    const words = this.words;
    if (words[0] === 0 && words[1] === 0 && words[2] === 0xffff) this.setV4(words[3]);
    else this.kind = 2;
  }

  /** Some senders put the link-local address or :: first, or fill only one half. The global address, if any, comes to stand first. */
  private settlePair(): void {
    const words = this.words;
    const isFirstNone = (words[0] | words[1] | words[2] | words[3]) === 0;
    const isSecondNone = (words[4] | words[5] | words[6] | words[7]) === 0;
    const isSame = words[0] === words[4] && words[1] === words[5] && words[2] === words[6] && words[3] === words[7];
    if (isFirstNone && !isSecondNone) words.copyWithin(0, 4, 8);
    if (isFirstNone || isSecondNone || isSame) {
      this.settle();
      return;
    }
    if (isLinkLocal(words[0]) && !isLinkLocal(words[4])) {
      for (let i = 0; i < 4; i++) {
        const other = words[i];
        words[i] = words[4 + i];
        words[4 + i] = other;
      }
    }
    this.kind = 3;
  }
}

/** fe80::/10. */
function isLinkLocal(firstWord: number): boolean {
  return firstWord >>> 22 === 0x3fa;
}
