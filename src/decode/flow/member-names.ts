/**
 * The member names that a JSON decoder knows, found by a hash of their bytes so that no string is made of a name. In: numbers with their
 * spellings. Out: the number of the name that a scanner stands on.
 */

import { hashName, type JsonMemberScanner } from './json-members.ts';

/** The number of a name that a table does not have. */
export const unknownMember = 0;

interface KnownName {
  readonly bytes: Buffer;
  readonly member: number;
}

export class MemberNames {
  private readonly byHash = new Map<number, KnownName>();

  /** Numbers other than 0, each with its spellings, separated by blanks. */
  constructor(spellings: readonly (readonly [member: number, names: string])[]) {
    for (const [member, names] of spellings) {
      for (const name of names.split(' ')) {
        const bytes = Buffer.from(name);
        const hash = hashName(bytes, 0, bytes.length);
        if (this.byHash.has(hash)) throw new Error(`names of one hash: ${name}`);
        this.byHash.set(hash, { bytes, member });
      }
    }
  }

  find(scanner: JsonMemberScanner): number {
    const known = this.byHash.get(scanner.nameHash);
    if (known === undefined) return unknownMember;
    const { bytes } = known;
    if (bytes.length !== scanner.nameEnd - scanner.nameStart) return unknownMember;
    for (let i = 0; i < bytes.length; i++) {
      if (bytes[i] !== scanner.bytes[scanner.nameStart + i]) return unknownMember;
    }
    return known.member;
  }
}
