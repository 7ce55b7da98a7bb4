/**
 * Path attributes → the canonical words that the RIB interns. The layout is the one documented in model/attribute-words.ts (which reads
 * it); a test holds the two together. Nothing is sorted: equal bytes from the router give equal words.
 */

import { readWord } from '../../base/ip.ts';
import type { NextHop } from './attr-14-mp-reach.ts';
import type { PathAttributes } from './path-attributes.ts';

const headWords = 3;
const nextHopWords = [0, 1, 4, 8];

/** Upper bound of the words of a set. */
export function attributeWordsSize(attributes: PathAttributes): number {
  const listBytes =
    attributes.communitiesSize + attributes.largeSize + attributes.extendedSize + attributes.clusterListSize;
  return headWords + 3 + 8 + attributes.asPath.length + listBytes / 4;
}

/** Writes one set from word 0 of `into` (large enough) and returns its length. */
export function encodeAttributeWords(
  attributes: PathAttributes,
  nextHop: NextHop,
  buffer: Uint8Array,
  into: Int32Array,
): number {
  const { asPath, clusterListSize, communitiesSize, extendedSize, largeSize } = attributes;
  into[0] =
    attributes.origin |
    (attributes.hasMed ? 4 : 0) |
    (attributes.hasLocalPref ? 8 : 0) |
    (attributes.hasOriginatorId ? 16 : 0) |
    (nextHop.kind << 5) |
    (asPath.hasOtherThanSequences ? 256 : 0) |
    ((clusterListSize >>> 2) << 16);
  into[1] = asPath.length | ((communitiesSize >>> 2) << 16);
  into[2] = (largeSize / 12) | ((extendedSize >>> 3) << 16);
  let at = headWords;
  if (attributes.hasLocalPref) into[at++] = attributes.localPref;
  if (attributes.hasMed) into[at++] = attributes.med;
  if (attributes.hasOriginatorId) into[at++] = attributes.originatorId;
  const hopWords = nextHopWords[nextHop.kind];
  for (let i = 0; i < hopWords; i++) into[at++] = nextHop.words[i];
  for (let i = 0; i < asPath.length; i++) into[at++] = asPath.words[i];
  at = copyWords(buffer, attributes.communitiesStart, communitiesSize, into, at);
  at = copyWords(buffer, attributes.largeStart, largeSize, into, at);
  at = copyWords(buffer, attributes.extendedStart, extendedSize, into, at);
  return copyWords(buffer, attributes.clusterListStart, clusterListSize, into, at);
}

function copyWords(buffer: Uint8Array, start: number, size: number, into: Int32Array, to: number): number {
  let at = to;
  for (let from = start; from < start + size; from += 4) into[at++] = readWord(buffer, from);
  return at;
}
