/**
 * Path attributes as text and numbers, for the outputs that people read. In: an AttributeReader or addresses. Out: strings and arrays.
 *
 *   AS path              `65001 {65002,65003}`: sequences, {AS_SET}, (AS_CONFED_SEQUENCE), [AS_CONFED_SET] (RFC 4271, RFC 5065)
 *   community            `65001:100` (RFC 1997)     large community `65001:1:2` (RFC 8092)
 *   extended community   `rt:65000:1`, `soo:192.0.2.1:5` for route targets and origins of the three transitive AS and IPv4 types
 *                        (RFC 4360 §4, RFC 5668); any other as its eight bytes, `0x43000000000000ff`
 */

import { formatIp, type IpAddress } from '../base/ip.ts';
import { asConfedSequence, asConfedSet, asSequence, asSet, type AttributeReader } from '../model/attribute-words.ts';

/** Every ASN in order, members of sets too. */
export function asPathNumbers(attributes: AttributeReader): number[] {
  const { words } = attributes;
  const numbers: number[] = [];
  const end = attributes.asPathAt + attributes.asPathWords;
  for (let at = attributes.asPathAt; at < end;) {
    const next = at + 1 + (words[at] & 0xffff);
    for (at++; at < next; at++) numbers.push(words[at] >>> 0);
  }
  return numbers;
}

export function asPathText(attributes: AttributeReader): string {
  const { words } = attributes;
  const segments: string[] = [];
  const end = attributes.asPathAt + attributes.asPathWords;
  for (let at = attributes.asPathAt; at < end;) {
    const type = words[at] >>> 16;
    const next = at + 1 + (words[at] & 0xffff);
    const numbers: number[] = [];
    for (at++; at < next; at++) numbers.push(words[at] >>> 0);
    if (numbers.length > 0) segments.push(segmentText(type, numbers));
  }
  return segments.join(' ');
}

function segmentText(type: number, numbers: readonly number[]): string {
  switch (type) {
    case asSet:
      return `{${numbers.join(',')}}`;
    case asConfedSequence:
      return `(${numbers.join(' ')})`;
    case asConfedSet:
      return `[${numbers.join(',')}]`;
    case asSequence:
    default:
      return numbers.join(' ');
  }
}

export function communityTexts(attributes: AttributeReader): string[] {
  const { words } = attributes;
  const texts: string[] = [];
  for (let i = 0; i < attributes.communities; i++) {
    texts.push(communityText(words[attributes.communitiesAt + i]));
  }
  return texts;
}

export function communityText(word: number): string {
  return `${word >>> 16}:${word & 0xffff}`;
}

export function largeCommunityTexts(attributes: AttributeReader): string[] {
  const { words } = attributes;
  const texts: string[] = [];
  for (let i = 0; i < attributes.largeCommunities; i++) {
    const at = attributes.largeCommunitiesAt + i * 3;
    texts.push(`${words[at] >>> 0}:${words[at + 1] >>> 0}:${words[at + 2] >>> 0}`);
  }
  return texts;
}

export function extCommunityTexts(attributes: AttributeReader): string[] {
  const texts: string[] = [];
  for (let i = 0; i < attributes.extCommunities; i++) {
    const at = attributes.extCommunitiesAt + i * 2;
    texts.push(extCommunityText(attributes.words[at], attributes.words[at + 1]));
  }
  return texts;
}

/** `high` is type, sub-type and the first two bytes of the value; `low` the other four. */
export function extCommunityText(high: number, low: number): string {
  const type = high >>> 24;
  const subType = (high >>> 16) & 0xff;
  const name = subType === 2 ? 'rt' : subType === 3 ? 'soo' : '';
  if (name !== '' && type === 0) return `${name}:${high & 0xffff}:${low >>> 0}`;
  const first = ((high & 0xffff) << 16) | (low >>> 16);
  if (name !== '' && type === 1) return `${name}:${formatIp(4, first, 0, 0, 0)}:${low & 0xffff}`;
  if (name !== '' && type === 2) return `${name}:${first >>> 0}:${low & 0xffff}`;
  return `0x${hex8(high)}${hex8(low)}`;
}

function hex8(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}

/** The global address where there are two; empty for none. */
export function nextHopText(attributes: AttributeReader): string {
  const { words, nextHopAt: at, nextHopKind: kind } = attributes;
  if (kind === 0) return '';
  if (kind === 1) return formatIp(4, words[at], 0, 0, 0);
  return formatIp(6, words[at], words[at + 1], words[at + 2], words[at + 3]);
}

/** The network of that length that the address is in, `192.0.2.0/24`; empty without an address. */
export function cutNetwork(address: IpAddress, length: number): string {
  if (address.family === 0) return '';
  const { family, w0, w1, w2, w3 } = address;
  const text = formatIp(
    family,
    w0 & maskWord(length),
    w1 & maskWord(length - 32),
    w2 & maskWord(length - 64),
    w3 & maskWord(length - 96),
  );
  return `${text}/${length}`;
}

function maskWord(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}
