/**
 * AS_PATH (RFC 4271 §4.3 b, §5.1.2; confederations RFC 5065; 4-octet ASNs RFC 6793) → words of the canonical form:
 *
 *   segment: type (1) | count of ASNs (1) | ASN (2 or 4) × count          →  [type << 16 | count, ASN × count]
 *
 * The per-peer header says how wide ASNs are. Some senders lie (2-byte paths with the A flag 0), so a path that does not fit that
 * width is read in the other; a path that fits both is what the flag says.
 */

/** Segments in canonical form; reused, grows. */
export class AsPathWords {
  words = new Int32Array(256);
  length = 0;
  /** Any segment other than AS_SEQUENCE. */
  hasOtherThanSequences = false;

  reset(): void {
    this.length = 0;
    this.hasOtherThanSequences = false;
  }

  reserve(extra: number): void {
    if (this.length + extra <= this.words.length) return;
    const grown = new Int32Array(Math.max(this.words.length * 2, this.length + extra));
    grown.set(this.words.subarray(0, this.length));
    this.words = grown;
  }

  /** Appends a range of another path. */
  append(words: Int32Array, start: number, end: number): void {
    this.reserve(end - start);
    for (let i = start; i < end; i++) this.words[this.length++] = words[i];
  }
}

const firstSegmentType = 1;
const lastSegmentType = 4;
export const asSequenceType = 2;

/**
 * Reads a path of ASNs of `width` bytes. False when it is malformed (RFC 7606 §7.2): an unknown segment type, an empty segment, a
 * segment that runs over the end or leaves a byte, AS 0 (RFC 7607).
 */
export function readAsPath(buffer: Uint8Array, start: number, end: number, width: 2 | 4, into: AsPathWords): boolean {
  into.reset();
  into.reserve((end - start) >>> 1);
  const words = into.words;
  let length = 0;
  for (let at = start; at < end;) {
    if (at + 2 > end) return false;
    const type = buffer[at];
    const count = buffer[at + 1];
    if (type < firstSegmentType || type > lastSegmentType || count === 0) return false;
    at += 2;
    if (at + count * width > end) return false;
    if (type !== asSequenceType) into.hasOtherThanSequences = true;
    words[length++] = (type << 16) | count;
    for (let i = 0; i < count; i++) {
      const high = (buffer[at] << 8) | buffer[at + 1];
      const asn = width === 2 ? high : (high << 16) | (buffer[at + 2] << 8) | buffer[at + 3];
      if (asn === 0) return false;
      words[length++] = asn;
      at += width;
    }
  }
  into.length = length;
  return true;
}

/** Path length as RFC 4271 §9.1.2.2 and RFC 5065 §5.3 count it: a set is one AS, confederation segments none. */
export function countAsNumbers(path: AsPathWords): number {
  let total = 0;
  for (let at = 0; at < path.length;) {
    const type = path.words[at] >>> 16;
    const count = path.words[at] & 0xffff;
    if (type === asSequenceType) total += count;
    else if (type === 1) total += 1;
    at += 1 + count;
  }
  return total;
}
