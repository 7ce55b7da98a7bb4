/**
 * The format of a shard's dump: everything that a shard holds, independent of how its table is laid out in memory.
 *
 *   dump    => item …                                 the first a header, the last an end
 *   item    => kind (1), length (4) of the content, content, checksum (4)
 *   checksum   CRC-32 of kind, length and content, continued from that of the item before: an item that is damaged, missing, twice or
 *              in another place shows before anything in it is read
 *
 * Items come in this order; `( … )*` belongs to what is before it:
 *
 *   header  counters  (topic  partition*)*  distinguisher*  distinguisherWords*
 *   (router  neighbour*  (session  sessionTopic*  (peer  order*  (rib  withdrawal*  source*)*)*)*)*
 *   (queue  (lane)  held*  (lane  held*)*)*  globalRoutes*  vpnRoutes*  end
 *
 * Fields of a content:
 *
 *   integer   unsigned LEB128
 *   number    integer: 1 = Infinity | 3 = -Infinity | 5 = a float64 follows | else 2 × zigzag of a whole number, zigzag(n) = n < 0 ? -2n - 1 : 2n
 *   flag      0 or 1, a byte
 *   bytes     integer length, bytes
 *   text      bytes, UTF-8
 *   word      integer: 0 = a text follows, that gets the next number | 1 + number of a text that was there before
 *   list      integer count, then as many
 *
 * The layout of each content is above the code that writes and reads it. Sources and attribute sets have numbers of their own in a dump,
 * in the order in which they come, so that equal shards have equal dumps, however their tables came to be. (But a prefix of more than
 * `sortedRoutes` routes has them in the table's order, sorted within each run of that many.)
 *
 * What is not in it: retired sources and their routes, caches, the settings of the shard, `keepRouters`, messages held back of sessions
 * that are gone.
 *
 * Compatibility: a version is written only from the release after the one that first reads it, so that a member that is not yet replaced
 * can take over from one that is. Any change of this layout is a new version, but for a counter: those have names, unknown ones are
 * passed over, missing ones are 0.
 */

export const dumpMagic = 'flowrib shard';
/** The newest version that is read, and the one that is written. */
export const newestReadVersion = 1;
export const writtenVersion = 1;

export const itemHeader = 1;
export const itemCounters = 2;
export const itemTopic = 3;
export const itemPartition = 4;
export const itemDistinguisher = 5;
export const itemDistinguisherWords = 6;
export const itemRouter = 7;
export const itemNeighbour = 8;
export const itemSession = 9;
export const itemSessionTopic = 10;
export const itemPeer = 11;
export const itemOrder = 12;
export const itemRib = 13;
export const itemWithdrawal = 14;
export const itemSource = 15;
export const itemQueue = 16;
export const itemLane = 17;
export const itemHeld = 18;
export const itemGlobalRoutes = 19;
export const itemVpnRoutes = 20;
export const itemEnd = 21;

/** By kind, for errors. */
export const itemNames: readonly string[] = [
  '',
  'header',
  'counters',
  'topic',
  'partition',
  'distinguisher',
  'distinguisher words',
  'router',
  'neighbour',
  'session',
  'session topic',
  'peer',
  'order',
  'rib',
  'withdrawal',
  'source',
  'queue',
  'lane',
  'held message',
  'routes',
  'vpn routes',
  'end',
];

/** Kind and length in front of a content, checksum behind it. */
export const itemHeadBytes = 5;
export const checksumBytes = 4;
/** Longest content: a held message may fill all that may be held, and is the only long one. */
export const mostContentBytes = 65 * 1024 * 1024;
/** A block of routes ends with the route that takes it beyond this. */
export const routeBlockBytes = 8192;
/** Routes of a prefix that are sorted together. */
export const sortedRoutes = 4096;

export const mostSources = 2 ** 20;
