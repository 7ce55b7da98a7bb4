/**
 * Strings of bytes that repeat from record to record (names of protocols and VRFs, route distinguishers): the same bytes give the same
 * string, without making it again.
 */

interface CachedText {
  readonly bytes: Buffer;
  readonly text: string;
}

/** More texts than any network has VRFs: beyond it values are no names, and everything is forgotten. */
const mostTexts = 4096;

export class TextCache {
  private readonly byHash = new Map<number, CachedText>();

  /** UTF-8 bytes to text. */
  text(bytes: Buffer, start: number, end: number): string {
    if (end <= start) return '';
    let hash = 0;
    for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + bytes[at]) | 0;
    const known = this.byHash.get(hash);
    if (known !== undefined && isSame(known.bytes, bytes, start, end)) return known.text;
    if (this.byHash.size >= mostTexts) this.byHash.clear();
    const copy = Buffer.from(bytes.subarray(start, end));
    const text = copy.toString('utf8');
    this.byHash.set(hash, { bytes: copy, text });
    return text;
  }
}

function isSame(known: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}
