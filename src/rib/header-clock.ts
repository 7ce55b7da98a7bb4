/**
 * What the times in a router's per-peer headers (RFC 7854 §4.2) are worth for putting messages in order. Whole seconds, unless the router
 * shows real sub-second times: FRR's microseconds are the same noise in every message, GoBGP writes 0, and sorting by either would damage
 * an order that is right.
 *
 * Real is what varies: of 32 times of other seconds than the one before, the fractions fall into at least 6 of 16 equal parts of the
 * second (of 32 random ones, 14 on average; of FRR's and GoBGP's, one or two). Judged anew after every 32; before the first judgement
 * whole seconds count. A function of the session's messages in the order of the log.
 */

const samplesAWindow = 32;
const fractionParts = 16;
const realParts = 6;

export class HeaderClock {
  /** The fractions of this router's seconds say something. */
  isSubSecond = false;
  lastSecond = 0;
  samples = 0;
  /** Bit by part of the second. */
  seen = 0;

  /** The time by which a message is ordered; 0 = the header has none. */
  orderMs(timestampMs: number): number {
    if (timestampMs <= 0) return 0;
    const second = Math.floor(timestampMs / 1000);
    if (second !== this.lastSecond) this.sample(second, timestampMs - second * 1000);
    return this.isSubSecond ? timestampMs : second * 1000;
  }

  private sample(second: number, fractionMs: number): void {
    this.lastSecond = second;
    this.seen |= 1 << Math.floor((fractionMs * fractionParts) / 1000);
    this.samples++;
    if (this.samples < samplesAWindow) return;
    let parts = 0;
    for (let part = 0; part < fractionParts; part++) parts += (this.seen >> part) & 1;
    this.isSubSecond = parts >= realParts;
    this.samples = 0;
    this.seen = 0;
  }
}
