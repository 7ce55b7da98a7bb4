/**
 * The path attributes of one UPDATE: walked once, checked as RFC 7606 demands, values kept as numbers or as ranges of the buffer.
 * What is wrong has one of two consequences, and never more: the routes count as withdrawn, or the attribute as absent.
 */

import { AsPathWords, asSequenceType, readAsPath } from './attr-02-as-path.ts';
import { MpAttribute, NextHop, readMpReach, readMpUnreach } from './attr-14-mp-reach.ts';
import { mergeAs4Path, readAs4Path } from './attr-17-as4-path.ts';
import { readWord } from '../../base/ip.ts';

const flagExtendedLength = 0x10;
const flagsOptionalTransitive = 0xc0;
const asTrans = 23456;
const originAbsent = 3;

const attrOrigin = 1;
const attrAsPath = 2;
const attrNextHop = 3;
const attrMed = 4;
const attrLocalPref = 5;
const attrAtomicAggregate = 6;
const attrAggregator = 7;
const attrCommunities = 8;
const attrOriginatorId = 9;
const attrClusterList = 10;
const attrMpReach = 14;
const attrMpUnreach = 15;
const attrExtendedCommunities = 16;
const attrAs4Path = 17;
const attrAs4Aggregator = 18;
const attrLargeCommunities = 32;

/** Optional and Transitive bits as the attribute's specification has them; 1 = not an attribute read here. */
const expectedFlags = new Uint8Array(256).fill(1);
for (const type of [attrOrigin, attrAsPath, attrNextHop, attrLocalPref, attrAtomicAggregate])
  expectedFlags[type] = 0x40;
for (const type of [attrMed, attrOriginatorId, attrClusterList, attrMpReach, attrMpUnreach]) expectedFlags[type] = 0x80;
for (const type of [attrAggregator, attrCommunities, attrExtendedCommunities, attrAs4Path, attrAs4Aggregator]) {
  expectedFlags[type] = 0xc0;
}
expectedFlags[attrLargeCommunities] = 0xc0;

const accepted = 0;
const treatedAsWithdraw = 1;
const discarded = 2;

export class PathAttributes {
  origin = originAbsent;
  hasAsPath = false;
  hasMed = false;
  med = 0;
  hasLocalPref = false;
  localPref = 0;
  hasOriginatorId = false;
  originatorId = 0;
  readonly asPath = new AsPathWords();
  /** Of attribute 3. */
  readonly nextHop = new NextHop();
  /** Of MP_REACH_NLRI; filled by the caller, who knows whether it is wanted. */
  readonly mpNextHop = new NextHop();
  readonly mpReach = new MpAttribute();
  readonly mpUnreach = new MpAttribute();
  communitiesStart = 0;
  communitiesSize = 0;
  largeStart = 0;
  largeSize = 0;
  extendedStart = 0;
  extendedSize = 0;
  clusterListStart = 0;
  clusterListSize = 0;

  isTreatAsWithdraw = false;
  discardedAttributes = 0;
  asWidthGuessed = false;
  /** An MP attribute could not be read, or came twice: which prefixes the UPDATE is about is not known. */
  hasUnreadableMp = false;
  /** The list ended in the middle of an attribute. */
  isTruncated = false;
  problem = '';

  private asWidth: 2 | 4 = 4;
  private aggregatorAs = -1;
  private hasAs4Aggregator = false;
  private readonly as4Path = new AsPathWords();
  /** Attribute types seen in the current UPDATE carry its number. */
  private readonly seenIn = new Int32Array(256);
  private updateNumber = 0;

  /** Reads the list in [start, end). `pduStart` is for the offsets in `problem`. */
  read(buffer: Buffer, start: number, end: number, isTwoByteAsPath: boolean, pduStart: number): void {
    this.reset();
    this.asWidth = isTwoByteAsPath ? 2 : 4;
    // flags (1) | type (1) | length (1, or 2 with the extended length bit) | value
    for (let at = start; at < end;) {
      const isExtended = (buffer[at] & flagExtendedLength) !== 0;
      const from = at + (isExtended ? 4 : 3);
      const size = from > end ? 0 : isExtended ? (buffer[at + 2] << 8) | buffer[at + 3] : buffer[at + 2];
      if (from + size > end) {
        this.isTruncated = true;
        this.isTreatAsWithdraw = true;
        this.problem = `attribute list at byte ${at - pduStart}: runs over the end, routes taken as withdrawn`;
        break;
      }
      this.accept(buffer, at, from, from + size, pduStart);
      at = from + size;
    }
    this.mergePaths();
  }

  /**
   * What only internal neighbours may send is discarded from others, as the router itself does (RFC 7606 §7.5, §7.9, §7.10). Members of a
   * confederation are in other ASes, but not external: their paths begin with a confederation segment.
   */
  discardInternal(): void {
    if (this.asPath.length > 0 && this.asPath.words[0] >>> 16 > asSequenceType) return;
    if (this.hasLocalPref) this.discardedAttributes++;
    if (this.hasOriginatorId) this.discardedAttributes++;
    if (this.clusterListSize > 0) this.discardedAttributes++;
    this.hasLocalPref = false;
    this.hasOriginatorId = false;
    this.clusterListSize = 0;
  }

  private reset(): void {
    this.updateNumber = (this.updateNumber + 1) | 0;
    this.origin = originAbsent;
    this.hasAsPath = false;
    this.hasMed = false;
    this.hasLocalPref = false;
    this.hasOriginatorId = false;
    this.asPath.reset();
    this.as4Path.reset();
    this.nextHop.clear();
    this.mpNextHop.clear();
    this.mpReach.isPresent = false;
    this.mpUnreach.isPresent = false;
    this.communitiesSize = 0;
    this.largeSize = 0;
    this.extendedSize = 0;
    this.clusterListSize = 0;
    this.isTreatAsWithdraw = false;
    this.discardedAttributes = 0;
    this.asWidthGuessed = false;
    this.hasUnreadableMp = false;
    this.isTruncated = false;
    this.problem = '';
    this.aggregatorAs = -1;
    this.hasAs4Aggregator = false;
  }

  private accept(buffer: Buffer, at: number, from: number, to: number, pduStart: number): void {
    const type = buffer[at + 1];
    const flags = expectedFlags[type];
    if (flags === 1) return;
    if (this.seenIn[type] === this.updateNumber) {
      // The first one counts (RFC 7606 §3 g); an MP attribute that comes twice would end the session.
      this.discardedAttributes++;
      if (type === attrMpReach || type === attrMpUnreach) this.hasUnreadableMp = true;
      this.problem = `attribute ${type} at byte ${at - pduStart}: comes twice, the first counts`;
      return;
    }
    this.seenIn[type] = this.updateNumber;
    let outcome = this.readValue(buffer, type, from, to);
    if ((buffer[at] & flagsOptionalTransitive) !== flags) outcome = treatedAsWithdraw;
    if (outcome === accepted) return;
    if (outcome === discarded) {
      this.discardedAttributes++;
      this.problem = `attribute ${type} at byte ${at - pduStart}: malformed, discarded`;
    } else {
      this.isTreatAsWithdraw = true;
      this.problem = `attribute ${type} at byte ${at - pduStart}: malformed, routes taken as withdrawn`;
    }
  }

  /** RFC 7606 §7, in its order. */
  private readValue(buffer: Buffer, type: number, from: number, to: number): number {
    const size = to - from;
    switch (type) {
      case attrOrigin:
        if (size !== 1 || buffer[from] > 2) return treatedAsWithdraw;
        this.origin = buffer[from];
        return accepted;
      case attrAsPath:
        return this.readAsPath(buffer, from, to);
      case attrNextHop:
        // Missing where routes need it is found later; beside MP routes alone it is to be ignored (RFC 4760 §3).
        if (size === 4) this.nextHop.setV4(readWord(buffer, from));
        return accepted;
      case attrMed:
        if (size !== 4) return treatedAsWithdraw;
        this.hasMed = true;
        this.med = readWord(buffer, from);
        return accepted;
      case attrLocalPref:
        if (size !== 4) return treatedAsWithdraw;
        this.hasLocalPref = true;
        this.localPref = readWord(buffer, from);
        return accepted;
      case attrAtomicAggregate:
        return size === 0 ? accepted : discarded;
      case attrAggregator:
        if (size !== 6 && size !== 8) return discarded;
        this.aggregatorAs = size === 6 ? buffer.readUInt16BE(from) : buffer.readUInt32BE(from);
        // AS 0: RFC 7607.
        return this.aggregatorAs === 0 ? discarded : accepted;
      case attrOriginatorId:
        if (size !== 4) return treatedAsWithdraw;
        this.hasOriginatorId = true;
        this.originatorId = readWord(buffer, from);
        return accepted;
      case attrMpReach:
        if (!readMpReach(buffer, from, to, this.mpReach)) return this.loseMp(this.mpReach);
        return accepted;
      case attrMpUnreach:
        if (!readMpUnreach(buffer, from, to, this.mpUnreach)) return this.loseMp(this.mpUnreach);
        return accepted;
      case attrAs4Path:
        return readAs4Path(buffer, from, to, this.as4Path) ? accepted : this.dropAs4Path();
      case attrAs4Aggregator:
        if (size !== 8 || readWord(buffer, from) === 0) return discarded;
        this.hasAs4Aggregator = true;
        return accepted;
      default:
        return this.readList(type, from, size);
    }
  }

  /** Attributes that are a list of equal items: their range is kept. */
  private readList(type: number, from: number, size: number): number {
    const itemSize = type === attrLargeCommunities ? 12 : type === attrExtendedCommunities ? 8 : 4;
    if (size === 0 || size % itemSize !== 0) return treatedAsWithdraw;
    if (type === attrCommunities) {
      this.communitiesStart = from;
      this.communitiesSize = size;
    } else if (type === attrLargeCommunities) {
      this.largeStart = from;
      this.largeSize = size;
    } else if (type === attrExtendedCommunities) {
      this.extendedStart = from;
      this.extendedSize = size;
    } else {
      this.clusterListStart = from;
      this.clusterListSize = size;
    }
    return accepted;
  }

  private readAsPath(buffer: Buffer, from: number, to: number): number {
    this.hasAsPath = true;
    if (readAsPath(buffer, from, to, this.asWidth, this.asPath)) return accepted;
    const otherWidth = this.asWidth === 2 ? 4 : 2;
    if (!readAsPath(buffer, from, to, otherWidth, this.asPath)) return treatedAsWithdraw;
    this.asWidth = otherWidth;
    this.asWidthGuessed = true;
    return accepted;
  }

  private loseMp(attribute: MpAttribute): number {
    attribute.isPresent = false;
    this.hasUnreadableMp = true;
    return treatedAsWithdraw;
  }

  private dropAs4Path(): number {
    this.as4Path.reset();
    return discarded;
  }

  /**
   * Beside a 4-byte AS_PATH both AS4 attributes are discarded (RFC 6793 §4.1), which is no fault of theirs. Else an AGGREGATOR that is
   * not AS_TRANS says that they are out of date (§4.2.3).
   */
  private mergePaths(): void {
    if (this.asWidth === 4 && this.hasAsPath) {
      if (this.as4Path.length > 0) this.discardedAttributes++;
      if (this.hasAs4Aggregator) this.discardedAttributes++;
      return;
    }
    if (this.as4Path.length === 0) return;
    const isOutOfDate = this.hasAs4Aggregator && this.aggregatorAs >= 0 && this.aggregatorAs !== asTrans;
    if (this.hasAsPath && !isOutOfDate) mergeAs4Path(this.asPath, this.as4Path);
  }
}
