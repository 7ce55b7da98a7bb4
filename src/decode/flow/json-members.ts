/**
 * Walks the members of one JSON object in UTF-8 bytes and says where each name and value lies, so that a decoder parses only what it
 * wants and an encoder can replace a value without printing the others again (64-bit numbers would lose digits). RFC 8259, with one
 * exception: elements of an array may stand without a comma between them, because goflow2 v1 prints lists like `[64500 64501]`.
 */

export const memberFound = 1;
export const membersEnd = 0;
export const membersFailed = -1;

export const valueString = 1;
export const valueNumber = 2;
/** true, false, null, array, object. */
export const valueOther = 3;

const quote = 34;
const comma = 44;
const minus = 45;
const dot = 46;
const colon = 58;
const openBracket = 91;
const backslash = 92;
const closeBracket = 93;
const openBrace = 123;
const closeBrace = 125;

const maxDepth = 64;
const literalTrue = Buffer.from('true');
const literalFalse = Buffer.from('false');
const literalNull = Buffer.from('null');
const empty = new Uint8Array(0);

export class JsonMemberScanner {
  bytes: Uint8Array = empty;
  /** Position reached; where the scan failed, after `membersFailed`. */
  at = 0;
  end = 0;
  objectStart = 0;
  /** The closing brace, after `membersEnd`. */
  objectEnd = 0;
  members = 0;
  /** Name without its quotes, and a hash of its bytes (hashName). */
  nameStart = 0;
  nameEnd = 0;
  nameHash = 0;
  valueKind = valueOther;
  /** Value, with its quotes when it is a string. */
  valueStart = 0;
  valueEnd = 0;
  hasEscapes = false;

  /** False when there is no object at the start of the range. */
  start(bytes: Uint8Array, start: number, end: number): boolean {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.members = 0;
    this.skipSpace();
    this.objectStart = this.at;
    if (this.peek() !== openBrace) return false;
    this.at++;
    return true;
  }

  next(): number {
    this.skipSpace();
    if (this.members === 0 && this.peek() === closeBrace) return this.finish();
    if (this.members > 0) {
      if (this.peek() === closeBrace) return this.finish();
      if (this.peek() !== comma) return membersFailed;
      this.at++;
      this.skipSpace();
    }
    if (!this.readName()) return membersFailed;
    this.skipSpace();
    if (this.peek() !== colon) return membersFailed;
    this.at++;
    this.skipSpace();
    this.valueStart = this.at;
    const first = this.peek();
    if (first === quote) this.valueKind = valueString;
    else this.valueKind = first === minus || isDigit(first) ? valueNumber : valueOther;
    if (!this.skipValue(0)) return membersFailed;
    this.valueEnd = this.at;
    this.members++;
    return memberFound;
  }

  /** A name without escapes is hashed on the way; one with escapes is none that a decoder knows. */
  private readName(): boolean {
    const { bytes, end } = this;
    this.nameStart = this.at + 1;
    if (this.peek() !== quote) return false;
    let hash = 0;
    for (let at = this.nameStart; at < end; at++) {
      const byte = bytes[at];
      if (byte === quote) {
        this.nameEnd = at;
        this.nameHash = hash;
        this.at = at + 1;
        return true;
      }
      if (byte === backslash || byte < 32) break;
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
    this.nameHash = 0;
    if (!this.skipString()) return false;
    this.nameEnd = this.at - 1;
    return true;
  }

  private finish(): number {
    this.objectEnd = this.at++;
    this.skipSpace();
    return this.at === this.end ? membersEnd : membersFailed;
  }

  /** -1 at the end of the range. */
  private peek(): number {
    return this.at < this.end ? this.bytes[this.at] : -1;
  }

  private skipSpace(): void {
    const { bytes, end } = this;
    let at = this.at;
    while (at < end) {
      const byte = bytes[at];
      if (byte > 32 || (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9)) break;
      at++;
    }
    this.at = at;
  }

  private skipValue(depth: number): boolean {
    const first = this.peek();
    if (first === quote) return this.skipString();
    if (first === minus || isDigit(first)) return this.skipNumber();
    if (first === openBracket) return depth < maxDepth && this.skipArray(depth + 1);
    if (first === openBrace) return depth < maxDepth && this.skipObject(depth + 1);
    if (first === 116) return this.skipLiteral(literalTrue);
    if (first === 102) return this.skipLiteral(literalFalse);
    return first === 110 && this.skipLiteral(literalNull);
  }

  private skipLiteral(literal: Uint8Array): boolean {
    for (const byte of literal) {
      if (this.peek() !== byte) return false;
      this.at++;
    }
    return true;
  }

  /** Sets `hasEscapes`. */
  private skipString(): boolean {
    if (this.peek() !== quote) return false;
    this.at++;
    this.hasEscapes = false;
    const { bytes, end } = this;
    for (let at = this.at; at < end; at++) {
      const byte = bytes[at];
      if (byte === quote) {
        this.at = at + 1;
        return true;
      }
      if (byte < 32) {
        this.at = at;
        return false;
      }
      if (byte === backslash) {
        this.hasEscapes = true;
        const size = this.escapeSize(at + 1);
        if (size === 0) {
          this.at = at;
          return false;
        }
        at += size;
      }
    }
    this.at = end;
    return false;
  }

  /** Bytes after a backslash that belong to it; 0 for none that JSON knows. */
  private escapeSize(at: number): number {
    if (at >= this.end) return 0;
    const byte = this.bytes[at];
    if (byte !== 117) return '"\\/bfnrt'.indexOf(String.fromCharCode(byte)) >= 0 ? 1 : 0;
    for (let i = 1; i <= 4; i++) {
      const digit = at + i < this.end ? this.bytes[at + i] : 0;
      const lower = digit | 32;
      if (!isDigit(digit) && (lower < 97 || lower > 102)) return 0;
    }
    return 5;
  }

  private skipNumber(): boolean {
    if (this.peek() === minus) this.at++;
    if (this.peek() === 48) this.at++;
    else if (!this.skipDigits()) return false;
    if (this.peek() === dot) {
      this.at++;
      if (!this.skipDigits()) return false;
    }
    if ((this.peek() | 32) === 101) {
      this.at++;
      const sign = this.peek();
      if (sign === minus || sign === 43) this.at++;
      return this.skipDigits();
    }
    return true;
  }

  private skipDigits(): boolean {
    const { bytes, end, at: from } = this;
    let at = from;
    while (at < end && isDigit(bytes[at])) at++;
    this.at = at;
    return at > from;
  }

  private skipArray(depth: number): boolean {
    this.at++;
    this.skipSpace();
    if (this.peek() === closeBracket) {
      this.at++;
      return true;
    }
    for (;;) {
      if (!this.skipValue(depth)) return false;
      const valueEnd = this.at;
      this.skipSpace();
      const next = this.peek();
      if (next === closeBracket) {
        this.at++;
        return true;
      }
      if (next === comma) {
        this.at++;
        this.skipSpace();
      } else if (this.at === valueEnd) {
        return false;
      }
    }
  }

  private skipObject(depth: number): boolean {
    this.at++;
    this.skipSpace();
    if (this.peek() === closeBrace) {
      this.at++;
      return true;
    }
    for (;;) {
      if (!this.skipString()) return false;
      this.skipSpace();
      if (this.peek() !== colon) return false;
      this.at++;
      this.skipSpace();
      if (!this.skipValue(depth)) return false;
      this.skipSpace();
      const next = this.peek();
      this.at++;
      if (next === closeBrace) return true;
      if (next !== comma) return false;
      this.skipSpace();
    }
  }
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

/** The hash by which a decoder finds the names it knows. */
export function hashName(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0;
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + bytes[at]) | 0;
  return hash;
}
