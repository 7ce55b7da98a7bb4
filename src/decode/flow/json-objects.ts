/**
 * Splits a record into the JSON objects in it, by brackets and quotes alone, so that a broken object costs no other:
 *
 *   record => object* | "[" object ("," object)* "]"      objects stand on lines of their own, or one after the other
 *
 * A producer writes an object on one line, so a line break within a string, a bracket that does not fit, or an opening brace where no
 * value may begin ends a broken object: what follows is taken up again. Whether an object is JSON is for its decoder to say. Bytes
 * between objects are parts of their own, which no decoder will take.
 */

const lineFeed = 10;
const quote = 34;
const comma = 44;
const colon = 58;
const openBracket = 91;
const backslash = 92;
const closeBracket = 93;
const openBrace = 123;
const closeBrace = 125;

export class JsonObjects {
  count = 0;
  isArray = false;
  starts = new Int32Array(16);
  ends = new Int32Array(16);

  /** Fills the ranges and returns their number. */
  split(bytes: Uint8Array, start: number, end: number): number {
    this.count = 0;
    let at = skipBetween(bytes, start, end, false);
    const isArray = at < end && bytes[at] === openBracket;
    this.isArray = isArray;
    if (isArray) at++;
    for (;;) {
      at = skipBetween(bytes, at, end, isArray);
      if (at >= end) return this.count;
      const stop = bytes[at] === openBrace ? endOfObject(bytes, at, end) : endOfOther(bytes, at, end);
      this.add(at, stop);
      at = stop;
    }
  }

  private add(start: number, end: number): void {
    const at = this.count++;
    if (at === this.starts.length) {
      this.starts = doubled(this.starts);
      this.ends = doubled(this.ends);
    }
    this.starts[at] = start;
    this.ends[at] = end;
  }
}

function skipBetween(bytes: Uint8Array, start: number, end: number, isArray: boolean): number {
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (isSpace(byte) || (isArray && (byte === comma || byte === closeBracket))) continue;
    return at;
  }
  return end;
}

function endOfOther(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start + 1; at < end; at++) if (bytes[at] === lineFeed || bytes[at] === openBrace) return at;
  return end;
}

/** Behind the closing brace; of a broken object, where it is given up. */
function endOfObject(bytes: Uint8Array, start: number, end: number): number {
  let depth = 0;
  /** A bit for each bracket that is open, the innermost lowest: 1 for an array. */
  let arrays = 0;
  let previous = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === quote) {
      at = endOfString(bytes, at, end);
      if (at >= end || bytes[at] === lineFeed) return at;
    } else if (byte === openBrace) {
      if (depth > 0 && !mayBegin(previous, (arrays & 1) !== 0)) return at;
      depth++;
      arrays <<= 1;
    } else if (byte === openBracket) {
      depth++;
      arrays = (arrays << 1) | 1;
    } else if (byte === closeBrace || byte === closeBracket) {
      if ((byte === closeBracket) !== ((arrays & 1) !== 0)) return endOfLine(bytes, at, end);
      depth--;
      arrays >>>= 1;
      if (depth === 0) return at + 1;
    } else if (isSpace(byte)) {
      continue;
    }
    previous = byte;
  }
  return end;
}

/** An object as a value: of a member behind its colon, of an array as its first or behind a comma. */
function mayBegin(previous: number, inArray: boolean): boolean {
  return inArray ? previous === openBracket || previous === comma : previous === colon;
}

/** The closing quote, or the line break or end before it. */
function endOfString(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start + 1; at < end; at++) {
    const byte = bytes[at];
    if (byte === quote || byte === lineFeed) return at;
    if (byte === backslash && bytes[at + 1] !== lineFeed) at++;
  }
  return end;
}

function endOfLine(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) if (bytes[at] === lineFeed) return at;
  return end;
}

function isSpace(byte: number): boolean {
  return byte === 32 || byte === lineFeed || byte === 13 || byte === 9;
}

function doubled(from: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const to = new Int32Array(from.length * 2);
  to.set(from);
  return to;
}
