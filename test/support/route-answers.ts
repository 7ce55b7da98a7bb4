/** Builds what a lookup would have found, for tests of encoders. */

import { ipAddressOf } from '../../src/base/ip.ts';
import { RouteAnswer, statusMatched, type EnrichedFlow } from '../../src/model/answer.ts';
import { asSequence, originAbsent } from '../../src/model/attribute-words.ts';

export interface AttributeFields {
  origin?: number;
  med?: number;
  localPref?: number;
  nextHop?: string;
  linkLocal?: string;
  /** Segments: [type, ...ASNs]; a plain list of ASNs is one AS_SEQUENCE. */
  asPath?: readonly number[] | readonly (readonly number[])[];
  communities?: readonly number[];
  largeCommunities?: readonly (readonly [number, number, number])[];
  extCommunities?: readonly bigint[];
}

/** Words as src/model/attribute-words.ts lays them out. */
export function attributeWords(fields: AttributeFields): Int32Array {
  const given = fields.asPath ?? [];
  const segments = isSegments(given) ? given : given.length === 0 ? [] : [[asSequence, ...given]];
  const path = segments.flatMap(([type, ...asns]) => [(type << 16) | asns.length, ...asns]);
  const nextHop = fields.nextHop === undefined ? [] : addressWords(fields.nextHop);
  if (fields.linkLocal !== undefined) nextHop.push(...addressWords(fields.linkLocal));
  const kind = { 0: 0, 1: 1, 4: 2, 8: 3 }[nextHop.length] ?? 0;
  const large = fields.largeCommunities ?? [];
  const ext = fields.extCommunities ?? [];
  const communities = fields.communities ?? [];
  const hasOther = segments.some(([type]) => type !== asSequence);
  const w0 =
    (fields.origin ?? originAbsent) |
    (fields.med === undefined ? 0 : 4) |
    (fields.localPref === undefined ? 0 : 8) |
    (kind << 5) |
    (hasOther ? 256 : 0);
  return Int32Array.from([
    w0,
    path.length | (communities.length << 16),
    large.length | (ext.length << 16),
    ...(fields.localPref === undefined ? [] : [fields.localPref]),
    ...(fields.med === undefined ? [] : [fields.med]),
    ...nextHop,
    ...path,
    ...communities,
    ...large.flat(),
    ...ext.flatMap((value) => [Number(value >> 32n), Number(value & 0xffffffffn)]),
  ]);
}

function isSegments(path: readonly number[] | readonly (readonly number[])[]): path is readonly (readonly number[])[] {
  return path.length > 0 && typeof path[0] !== 'number';
}

function addressWords(text: string): number[] {
  const address = ipAddressOf(text);
  if (address === null) throw new Error(`not an address: ${text}`);
  return address.family === 4 ? [address.w0] : [address.w0, address.w1, address.w2, address.w3];
}

export type AnswerFields = AttributeFields & {
  prefix: string;
} & Partial<Omit<RouteAnswer, 'attributes' | 'status' | 'family' | 'prefixLength' | 'p0' | 'p1' | 'p2' | 'p3'>>;

/** A matched answer; `originAs` and `neighborAs` are those of the path unless given. */
export function matchedAnswer(fields: AnswerFields): RouteAnswer {
  const answer = new RouteAnswer();
  const [network, length] = fields.prefix.split('/');
  const address = ipAddressOf(network);
  if (address === null) throw new Error(`not a prefix: ${fields.prefix}`);
  answer.status = statusMatched;
  answer.family = address.family;
  answer.prefixLength = Number(length);
  answer.p0 = address.w0;
  answer.p1 = address.w1;
  answer.p2 = address.w2;
  answer.p3 = address.w3;
  const words = attributeWords(fields);
  // Not at 0: encoders must go by positions.
  const placed = new Int32Array(words.length + 5);
  placed.set(words, 5);
  answer.attributes.read(placed, 5);
  answer.originAs = fields.originAs ?? answer.attributes.originAs();
  answer.neighborAs = fields.neighborAs ?? answer.attributes.neighborAs();
  answer.router = fields.router ?? 'edge1';
  answer.peer = fields.peer ?? '192.0.2.9';
  answer.view = fields.view ?? answer.view;
  answer.tier = fields.tier ?? answer.tier;
  answer.pathId = fields.pathId ?? answer.pathId;
  answer.nextHopMatch = fields.nextHopMatch ?? false;
  answer.defaultRoute = fields.defaultRoute ?? false;
  answer.decidedBy = fields.decidedBy ?? answer.decidedBy;
  answer.stale = fields.stale ?? false;
  answer.suspect = fields.suspect ?? false;
  answer.ageMs = fields.ageMs ?? 0;
  return answer;
}

export function unmatchedAnswer(status: number): RouteAnswer {
  const answer = new RouteAnswer();
  answer.status = status;
  return answer;
}

export function enrichedBy(dst: RouteAnswer, src: RouteAnswer = new RouteAnswer()): EnrichedFlow {
  return { router: 'edge1', vrf: '', src, dst };
}
