/**
 * AS4_PATH (RFC 6793): the 4-octet path that travels through speakers that know 2-octet ASNs only. Where AS_PATH is 2 octets wide,
 * both are merged (§4.2.3): the leading ASNs that AS4_PATH lacks, then AS4_PATH. Where AS_PATH is 4 octets wide, AS4_PATH is void.
 */

import { AsPathWords, asSequenceType, countAsNumbers, readAsPath } from './attr-02-as-path.ts';

const asSetType = 1;
const scratch = new AsPathWords();

/** Reads AS4_PATH without its confederation segments (§4.1: they must not be there). False: malformed, to be discarded (§6). */
export function readAs4Path(buffer: Uint8Array, start: number, end: number, into: AsPathWords): boolean {
  into.reset();
  if (!readAsPath(buffer, start, end, 4, scratch)) return false;
  for (let at = 0; at < scratch.length;) {
    const to = at + 1 + (scratch.words[at] & 0xffff);
    const type = scratch.words[at] >>> 16;
    if (type === asSequenceType || type === asSetType) into.append(scratch.words, at, to);
    if (type === asSetType) into.hasOtherThanSequences = true;
    at = to;
  }
  return true;
}

/**
 * Puts the merge of both into `path`. Nothing changes when AS4_PATH is the longer one (§4.2.3). Confederation segments of AS_PATH stay
 * where they lead or touch a kept segment. Where the cut leaves two AS_SEQUENCEs side by side they become one, as the originator sent it.
 */
export function mergeAs4Path(path: AsPathWords, as4Path: AsPathWords): void {
  let keep = countAsNumbers(path) - countAsNumbers(as4Path);
  if (keep < 0 || as4Path.length === 0) return;
  scratch.reset();
  let lastSegmentAt = -1;
  for (let at = 0; at < path.length;) {
    const type = path.words[at] >>> 16;
    const count = path.words[at] & 0xffff;
    let kept = count;
    if (type === asSequenceType) {
      if (keep === 0) break;
      kept = Math.min(count, keep);
      keep -= kept;
    } else if (type === asSetType) {
      if (keep === 0) break;
      keep--;
    }
    lastSegmentAt = scratch.length;
    scratch.append(path.words, at, at + 1 + kept);
    scratch.words[lastSegmentAt] = (type << 16) | kept;
    if (type !== asSequenceType) scratch.hasOtherThanSequences = true;
    at += 1 + count;
    if (kept < count) break;
  }
  const joins =
    lastSegmentAt >= 0 &&
    scratch.words[lastSegmentAt] >>> 16 === asSequenceType &&
    as4Path.words[0] >>> 16 === asSequenceType;
  if (joins) scratch.words[lastSegmentAt] += as4Path.words[0] & 0xffff;
  scratch.append(as4Path.words, joins ? 1 : 0, as4Path.length);
  const hasOther = scratch.hasOtherThanSequences || as4Path.hasOtherThanSequences;
  path.reset();
  path.append(scratch.words, 0, scratch.length);
  path.hasOtherThanSequences = hasOther;
}
