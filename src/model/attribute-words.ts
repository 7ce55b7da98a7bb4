/**
 * A path attribute set as int32 words: the canonical form in which the RIB interns it, and in which lookup and encoders read it.
 * Two routes with equal attributes have equal words, so equality is a comparison of words. Aggregator, atomic aggregate and
 * attributes that no output shows are not kept.
 *
 *   word 0   bits 0-1 ORIGIN (0 IGP, 1 EGP, 2 INCOMPLETE, 3 absent) | bit 2 MED present | bit 3 LOCAL_PREF present
 *            | bit 4 ORIGINATOR_ID present | bits 5-7 next hop (0 none, 1 IPv4, 2 IPv6, 3 IPv6 global + link-local)
 *            | bit 8 AS path has more than sequences (set or confederation segments) | bits 9-15 0
 *            | bits 16-31 CLUSTER_LIST length in words
 *   word 1   bits 0-15 AS path length in words | bits 16-31 count of COMMUNITIES (RFC 1997)
 *   word 2   bits 0-15 count of LARGE_COMMUNITIES (RFC 8092) | bits 16-31 count of EXTENDED COMMUNITIES (RFC 4360)
 *   then, each only if present: LOCAL_PREF (1), MED (1), ORIGINATOR_ID (1), next hop (1, 4 or 8),
 *   AS path: segments of [type << 16 | count, ASN × count] in wire order, types as RFC 4271/5065 number them
 *            (1 AS_SET, 2 AS_SEQUENCE, 3 AS_CONFED_SEQUENCE, 4 AS_CONFED_SET), adjacent segments kept as sent,
 *   COMMUNITIES (1 each), LARGE_COMMUNITIES (3 each), EXTENDED COMMUNITIES (2 each), CLUSTER_LIST (1 each), all in wire order.
 *
 * Counts above 65,535 do not fit in a BGP message, extended (RFC 8654) or not.
 */

export const originIgp = 0;
export const originEgp = 1;
export const originIncomplete = 2;
export const originAbsent = 3;

/** Stands for any ASN that does not fit in 2 bytes (RFC 6793 §9). */
const asTrans = 23456;

export const asSet = 1;
export const asSequence = 2;
export const asConfedSequence = 3;
export const asConfedSet = 4;

/** Reads one attribute set at a position of a word array; refilled with `read`, then plain fields. All `…At` are word positions. */
export class AttributeReader {
  words: Int32Array = new Int32Array(3);
  /** Words of the whole set. */
  length = 0;
  origin = originAbsent;
  /** Null-able by the `has…` flags; uint32 values. */
  hasMed = false;
  med = 0;
  hasLocalPref = false;
  localPref = 0;
  hasOriginatorId = false;
  originatorId = 0;
  /** 0 none, 1 IPv4, 2 IPv6, 3 IPv6 global + link-local. */
  nextHopKind = 0;
  nextHopAt = 0;
  hasOtherThanSequences = false;
  asPathAt = 0;
  asPathWords = 0;
  communitiesAt = 0;
  communities = 0;
  largeCommunitiesAt = 0;
  largeCommunities = 0;
  extCommunitiesAt = 0;
  extCommunities = 0;
  clusterListAt = 0;
  clusterList = 0;

  read(words: Int32Array, start: number): void {
    const w0 = words[start];
    const w1 = words[start + 1];
    const w2 = words[start + 2];
    let at = start + 3;
    this.words = words;
    this.origin = w0 & 3;
    this.hasLocalPref = (w0 & 8) !== 0;
    this.localPref = this.hasLocalPref ? words[at++] >>> 0 : 0;
    this.hasMed = (w0 & 4) !== 0;
    this.med = this.hasMed ? words[at++] >>> 0 : 0;
    this.hasOriginatorId = (w0 & 16) !== 0;
    this.originatorId = this.hasOriginatorId ? words[at++] >>> 0 : 0;
    const kind = (w0 >>> 5) & 7;
    this.nextHopKind = kind;
    this.nextHopAt = at;
    at += kind === 0 ? 0 : kind === 1 ? 1 : kind === 2 ? 4 : 8;
    this.hasOtherThanSequences = (w0 & 256) !== 0;
    this.asPathAt = at;
    this.asPathWords = w1 & 0xffff;
    at += this.asPathWords;
    this.communitiesAt = at;
    this.communities = w1 >>> 16;
    at += this.communities;
    this.largeCommunitiesAt = at;
    this.largeCommunities = w2 & 0xffff;
    at += this.largeCommunities * 3;
    this.extCommunitiesAt = at;
    this.extCommunities = w2 >>> 16;
    at += this.extCommunities * 2;
    this.clusterListAt = at;
    this.clusterList = w0 >>> 16;
    at += this.clusterList;
    this.length = at - start;
  }

  /** False for none, 0.0.0.0 and ::, as a router's own routes have it: they name no next hop. */
  hasNextHop(): boolean {
    const { words, nextHopAt, nextHopKind } = this;
    if (nextHopKind === 0) return false;
    if (nextHopKind === 1) return words[nextHopAt] !== 0;
    return (words[nextHopAt] | words[nextHopAt + 1] | words[nextHopAt + 2] | words[nextHopAt + 3]) !== 0;
  }

  /** AS path length as BGP's decision process counts it: AS_SET 1, confederation segments 0 (RFC 4271 §9.1.2.2, RFC 5065 §5.3). */
  pathLength(): number {
    let length = 0;
    const end = this.asPathAt + this.asPathWords;
    for (let at = this.asPathAt; at < end;) {
      const type = this.words[at] >>> 16;
      const count = this.words[at] & 0xffff;
      if (type === asSequence) length += count;
      else if (type === asSet && count > 0) length += 1;
      at += 1 + count;
    }
    return length;
  }

  /** It begins with a confederation segment: of this AS to the outside, by another member AS (RFC 5065 §5.3). */
  startsInConfederation(): boolean {
    if (!this.hasOtherThanSequences || this.asPathWords === 0) return false;
    return this.words[this.asPathAt] >>> 16 >= asConfedSequence;
  }

  /** First ASN of the path after leading confederation segments, or -1 when there is none (empty path, leading AS_SET). */
  neighborAs(): number {
    const end = this.asPathAt + this.asPathWords;
    for (let at = this.asPathAt; at < end;) {
      const type = this.words[at] >>> 16;
      const count = this.words[at] & 0xffff;
      if (count > 0 && type === asSequence) return this.words[at + 1] >>> 0;
      if (count > 0 && type === asSet) return -1;
      at += 1 + count;
    }
    return -1;
  }

  /** Last ASN of a path that ends in a sequence; -1 for an AS_SET at the end (ambiguous) and for AS_TRANS (nobody), -2 for a path without ASNs outside confederation segments. */
  originAs(): number {
    let origin = -2;
    const end = this.asPathAt + this.asPathWords;
    for (let at = this.asPathAt; at < end;) {
      const type = this.words[at] >>> 16;
      const count = this.words[at] & 0xffff;
      if (count > 0 && type === asSequence) origin = this.words[at + count] >>> 0;
      else if (count > 0 && type === asSet) origin = -1;
      at += 1 + count;
    }
    return origin === asTrans ? -1 : origin;
  }
}
