/**
 * Mutations of BMP messages, the same in every run of a seed: of bytes (bits, extremes, cuts, insertions, splices of two messages), of
 * length fields, and of the path attributes inside an UPDATE (one twice, gone, moved, cut, grown, of another type or with other flags).
 * Most mutants get lengths that fit what they have become, so that they are read further than their first header.
 */

export type Random = (below: number) => number;

/** Numbers in [0, below) that are the same in every run (mulberry32). */
export function randomNumbers(seed: number): Random {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const bmpHeader = 6;
const peerHeader = 42;
const pduAt = bmpHeader + peerHeader;
const bgpHeader = 19;
const extremes = [0, 1, 0x7f, 0x80, 0xfe, 0xff];

export function mutate(message: Buffer, other: Buffer, random: Random): Buffer {
  const isUpdate = message[5] === 0 && message.length >= pduAt + bgpHeader + 4;
  const kind = random(isUpdate ? 10 : 6);
  let mutant: Buffer;
  if (kind >= 6) mutant = mutateAttributes(message, other, random);
  else if (kind === 0) mutant = message.subarray(0, random(message.length + 1));
  else if (kind === 1) mutant = splice(message, other, random);
  else if (kind === 2) mutant = insertOrDelete(message, random);
  else mutant = mutateBytes(message, random);
  if (random(6) === 0) mutant = mutateBytes(mutant, random);
  return random(4) === 0 ? mutant : withLengths(mutant, random(8) > 0);
}

function mutateBytes(message: Buffer, random: Random): Buffer {
  const copy = Buffer.from(message);
  if (copy.length === 0) return copy;
  for (let n = 1 + random(3); n > 0; n--) {
    // Headers and the beginnings of lists more often than communities at the end.
    const at = random(2) === 0 ? random(copy.length) : random(Math.min(copy.length, 100));
    const kind = random(3);
    if (kind === 0) copy[at] ^= 1 << random(8);
    else copy[at] = kind === 1 ? random(256) : extremes[random(extremes.length)];
  }
  return copy;
}

function splice(message: Buffer, other: Buffer, random: Random): Buffer {
  const from = random(2) === 0 ? random(other.length) : Math.min(other.length, random(message.length + 1));
  return Buffer.concat([message.subarray(0, random(message.length + 1)), other.subarray(from)]);
}

function insertOrDelete(message: Buffer, random: Random): Buffer {
  const at = random(message.length + 1);
  const count = 1 + random(8);
  if (random(2) === 0)
    return Buffer.concat([message.subarray(0, at), message.subarray(Math.min(message.length, at + count))]);
  const filler = Buffer.from(Array.from({ length: count }, () => random(256)));
  return Buffer.concat([
    message.subarray(0, at),
    random(2) === 0 ? filler : message.subarray(0, count),
    message.subarray(at),
  ]);
}

/** The attributes of an UPDATE as they stand; a list that is broken already ends where it breaks. */
function attributesOf(message: Buffer): { start: number; end: number; list: Buffer[] } {
  const withdrawnAt = pduAt + bgpHeader;
  const sizeAt = Math.min(message.length - 2, withdrawnAt + 2 + message.readUInt16BE(withdrawnAt));
  const start = sizeAt + 2;
  const end = Math.min(message.length, start + message.readUInt16BE(sizeAt));
  const list: Buffer[] = [];
  for (let at = start; at + 3 < end;) {
    const isExtended = (message[at] & 0x10) !== 0;
    const to = at + (isExtended ? 4 + message.readUInt16BE(at + 2) : 3 + message[at + 2]);
    if (to > end) break;
    list.push(message.subarray(at, to));
    at = to;
  }
  return { start, end, list };
}

function mutateAttributes(message: Buffer, other: Buffer, random: Random): Buffer {
  const { end, list, start } = attributesOf(message);
  if (list.length === 0) return mutateBytes(message, random);
  const at = random(list.length);
  const kind = random(7);
  if (kind === 0) list.splice(random(list.length + 1), 0, list[at]);
  else if (kind === 1) list.splice(at, 1);
  else if (kind === 2) list.reverse();
  else if (kind === 3) list[at] = resized(list[at], random(list[at].length + 8), random);
  else if (kind === 4) list[at] = mutateBytes(list[at], random);
  else if (kind === 5)
    list[at] = Buffer.concat([
      Buffer.from([list[at][0], random(2) === 0 ? random(48) : random(256)]),
      list[at].subarray(2),
    ]);
  else if (other[5] === 0 && other.length >= pduAt + bgpHeader + 4) list.push(...attributesOf(other).list);
  const attributes = Buffer.concat(list);
  const size = Buffer.from([attributes.length >> 8, attributes.length & 255]);
  return Buffer.concat([message.subarray(0, start - 2), size, attributes, message.subarray(end)]);
}

/** The attribute with a value of that many bytes, its length field right. */
function resized(attribute: Buffer, size: number, random: Random): Buffer {
  const value = Buffer.alloc(size, random(256));
  attribute.copy(value, 0, (attribute[0] & 0x10) === 0 ? 3 : 4);
  return Buffer.concat([Buffer.from([attribute[0] | 0x10, attribute[1], size >> 8, size & 255]), value]);
}

/** Right lengths in the BMP header and, when wanted, in the header of the BGP PDU inside. */
function withLengths(message: Buffer, isPduToo: boolean): Buffer {
  if (message.length < bmpHeader) return message;
  const copy = Buffer.from(message);
  copy.writeUInt32BE(copy.length, 1);
  if (isPduToo && copy[5] === 0 && copy.length >= pduAt + bgpHeader)
    copy.writeUInt16BE((copy.length - pduAt) & 0xffff, pduAt + 16);
  return copy;
}
