/**
 * Communities as pmacct spells them (its bgp_community.c and bgp_ecommunity.c, which come from Quagga):
 *
 *   community            `65001:100`; the well-known ones by name: internet, no-export, no-advertise, local-AS
 *   extended community   `RT:65000:1`, `SoO:192.0.2.1:5` for the three transitive AS and IPv4 types; any other `EC:0x43000000000000ff`
 */

import type { AttributeReader } from '../model/attribute-words.ts';
import { communityText, extCommunityText } from './attribute-text.ts';

const wellKnown = new Map([
  [0, 'internet'],
  [0xffffff01, 'no-export'],
  [0xffffff02, 'no-advertise'],
  [0xffffff03, 'local-AS'],
]);

export function pmacctCommunityTexts(attributes: AttributeReader): string[] {
  const { words, communities, communitiesAt } = attributes;
  const texts: string[] = [];
  for (let at = communitiesAt; at < communitiesAt + communities; at++) {
    texts.push(wellKnown.get(words[at] >>> 0) ?? communityText(words[at]));
  }
  return texts;
}

export function pmacctExtCommunityTexts(attributes: AttributeReader): string[] {
  const { words, extCommunities, extCommunitiesAt } = attributes;
  const texts: string[] = [];
  for (let i = 0; i < extCommunities; i++) {
    const at = extCommunitiesAt + i * 2;
    const text = extCommunityText(words[at], words[at + 1]);
    if (text.startsWith('rt:')) texts.push(`RT:${text.slice(3)}`);
    else if (text.startsWith('soo:')) texts.push(`SoO:${text.slice(4)}`);
    else texts.push(`EC:${text}`);
  }
  return texts;
}
