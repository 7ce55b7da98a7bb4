/** What a shard has seen, as plain numbers: metrics read them, nothing else does. */

/** Key of `skippedFamilies` and `skippedEvpnTypes` for all beyond the first kinds. */
export const otherSkipped = -1;
const mostSkippedKinds = 64;

export class RibCounters {
  /** Records of the log. */
  records = 0;
  ticks = 0;
  /** Records at or before the applied position, or of a former topic id. */
  ignoredDuplicates = 0;
  /** Records of routers that this copy of the shard does not keep. */
  ignoredRouters = 0;
  /** BMP messages by kind ("route-monitoring" …). */
  readonly messages = new Map<string, number>();
  updates = 0;
  announced = 0;
  withdrawn = 0;
  /** Withdrawals of routes that were not there. */
  withdrawnUnknown = 0;
  endOfRibs = 0;
  endOfRibTimeouts = 0;
  /** Messages, or the rest of a record, that could not be decoded. */
  recordErrors = 0;
  /** RFC 7606. */
  treatedAsWithdraw = 0;
  discardedAttributes = 0;
  unparsableNlri = 0;
  addPathGuessed = 0;
  asWidthGuessed = 0;
  /** Statistics that routers reported, by name ("unknown" for types that are not assigned). */
  readonly statistics = new Map<string, number>();
  /** Route entries of families that are not kept, by afi << 8 | safi. */
  readonly skippedFamilies = new Map<number, number>();
  /** EVPN routes other than IP prefixes, by route type (RFC 7432 §7). */
  readonly skippedEvpnTypes = new Map<number, number>();
  /** Route Monitoring of peers without a Peer Up. */
  provisional = 0;
  epochs = 0;
  sessionsLost = 0;
  peersDropped = 0;
  /** Records of a session that came over another source partition than the one before. */
  sourcePartitionChanges = 0;
  /** Times that a router's records turned out to have no order. */
  routersUnordered = 0;
  /** Messages held back to be put in order, and of those the ones released before their time for want of room. */
  held = 0;
  releasedEarly = 0;
  /** Held messages that came behind the Peer Down or Termination that ended what they belong to: not applied. */
  stragglers = 0;
  /** A route announced and withdrawn so close together that only the offsets tell which was last. */
  doubtfulOrder = 0;
  sessionsSilent = 0;

  count(map: Map<string, number>, key: string): void {
    map.set(key, (map.get(key) ?? 0) + 1);
  }

  /** Into `skippedFamilies` or `skippedEvpnTypes`: what a sender makes up does not grow them without end. */
  countSkipped(map: Map<number, number>, key: number, entries: number): void {
    const bounded = map.size < mostSkippedKinds || map.has(key) ? key : otherSkipped;
    map.set(bounded, (map.get(bounded) ?? 0) + entries);
  }
}

/** Told to `onEvent`, for logs. */
export interface RibEvent {
  readonly kind:
    | 'peer-up'
    | 'peer-down'
    | 'peer-provisional'
    | 'session-lost'
    | 'peer-dropped'
    | 'source-partition-changed'
    | 'router-unordered'
    | 'router-ordered'
    | 'problem';
  /** Name of the router. */
  readonly router: string;
  /** Peer text, or empty. */
  readonly peer: string;
  readonly text: string;
}
