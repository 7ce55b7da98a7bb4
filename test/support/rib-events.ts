/** Random histories of BMP sessions for property tests: arbitraries of oracle events, their bytes, and answers as the oracle writes them. */

import * as fc from 'fast-check';
import { formatIp } from '../../src/base/ip.ts';
import { decidedByNames, type RouteAnswer, statusMatched } from '../../src/model/answer.ts';
import { type OracleAttributes, type OracleEvent, oracleLocalAs, type OraclePeer } from '../oracle/oracle-rib.ts';
import {
  endOfRib,
  initiation,
  type OpenOptions,
  type PeerOptions,
  peerDown,
  peerUp,
  routeMonitoring,
  termination,
} from './bmp-builder.ts';

export const oraclePeers: readonly OraclePeer[] = [
  peerOf('192.0.2.1', '192.0.2.1', 65001),
  peerOf('192.0.2.2', '192.0.2.1', 65000),
  peerOf('2001:db8::2', '200.0.2.2', 65002),
  { ...peerOf('192.0.2.254', '192.0.2.254', 65000), isLocRib: true, key: '3 0000000000000000 192.0.2.254' },
];
/** Negotiates ADD-PATH for IPv4. */
const pathIdPeer = oraclePeers[2];

export const prefixes = ['0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '10.1.1.0/24', '2001:db8::/32', '2001:db8:1::/48'];
export const addresses = ['10.1.1.1', '10.1.2.1', '10.2.0.1', '11.0.0.1', '2001:db8:1::1', '2001:db8:2::1'];
export const nextHops = ['192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::2'];

const sessions = ['c1 198.51.100.1', 'c2 198.51.100.1'];

function peerOf(text: string, bgpId: string, as: number): OraclePeer {
  return { key: `0 0000000000000000 ${text}`, isLocRib: false, text, bgpId, as };
}

const session = fc.constantFrom(...sessions);
const peer = fc.constantFrom(...oraclePeers);
/** Weighted so that RIBs fill: 5 of 9 announcements. */
const target = fc
  .record({ session, peer, view: fc.constantFrom(1, 1, 2, 3, 4), prefix: fc.constantFrom(...prefixes) })
  .chain((at) => {
    const hasPathId = at.peer === pathIdPeer && !at.prefix.includes(':');
    const pathId = hasPathId ? fc.constantFrom(0, 1, 0xffffffff) : fc.constant(-1);
    return pathId.map((id) => ({ ...at, view: at.peer.isLocRib ? 0 : at.view, pathId: id }));
  });

const attributes = (prefix: string): fc.Arbitrary<OracleAttributes> =>
  fc.record({
    origin: fc.constantFrom(0, 0, 1, 2),
    asPath: fc.constantFrom([65001, 65010], [65002, 65010], [65001, 65002], [65001], []),
    nextHop: fc.constantFrom(...nextHops.filter((hop) => hop.includes(':') === prefix.includes(':'))),
    localPref: fc.constantFrom(null, null, 100, 200),
    med: fc.constantFrom(null, 0, 5),
    originatorId: fc.constantFrom(null, null, '1.1.1.1'),
    clusterList: fc.constantFrom(0, 0, 1, 2),
  });

export const announcement: fc.Arbitrary<Extract<OracleEvent, { kind: 'announce' }>> = target.chain((at) =>
  attributes(at.prefix).map((set) => ({ kind: 'announce', ...at, attributes: set })),
);

export const event: fc.Arbitrary<OracleEvent> = fc.oneof(
  { weight: 10, arbitrary: announcement },
  { weight: 3, arbitrary: target.map((at): OracleEvent => ({ kind: 'withdraw', ...at })) },
  {
    weight: 3,
    arbitrary: target.map((at): OracleEvent => {
      const family = at.prefix.includes(':') ? 6 : 4;
      return { kind: 'end-of-rib', session: at.session, peer: at.peer, view: at.view, family };
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('peer-up' as const), session, peer, variant: fc.constantFrom(0, 0, 1) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('peer-down' as const), session, peer }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('initiation' as const, 'termination' as const), session }),
  },
);

export function headerOf(of: OraclePeer, view: number): PeerOptions {
  const base = { as: of.as, bgpId: of.bgpId };
  if (of.isLocRib) return { ...base, type: 3 };
  return { ...base, address: of.text, isPostPolicy: view === 1 || view === 3, isAdjRibOut: view >= 3 };
}

/** The event's BMP message. */
export function messageOf(of: OracleEvent): Buffer {
  switch (of.kind) {
    case 'initiation':
      return initiation();
    case 'termination':
      return termination();
    case 'peer-up': {
      const addPath: OpenOptions = of.peer === pathIdPeer ? { addPath: [[1, 1, 3]] } : {};
      const sentOpen = { as: oracleLocalAs, ...addPath };
      return peerUp(headerOf(of.peer, 1), {
        sentOpen,
        receivedOpen: { as: of.peer.as, bgpId: of.peer.bgpId, ...addPath },
        remotePort: 40000 + of.variant,
      });
    }
    case 'peer-down':
      return peerDown(headerOf(of.peer, 2), 4);
    case 'end-of-rib':
      return endOfRib(headerOf(of.peer, of.view), of.family === 6 ? 2 : 1, 1);
    default:
      return updateOf(of);
  }
}

function updateOf(of: Extract<OracleEvent, { prefix: string }>): Buffer {
  const prefix = of.pathId < 0 ? of.prefix : { prefix: of.prefix, pathId: of.pathId };
  const isV6 = of.prefix.includes(':');
  const header = headerOf(of.peer, of.view);
  if (of.kind === 'withdraw') {
    const mpUnreach = { afi: 2, safi: 1, prefixes: [prefix] };
    return routeMonitoring(header, isV6 ? { mpUnreach } : { withdrawn: [prefix] });
  }
  const { origin, asPath, nextHop, localPref, med, originatorId, clusterList } = of.attributes;
  return routeMonitoring(header, {
    origin,
    asPath,
    ...(isV6 ? { mpReach: { afi: 2, safi: 1, nextHop, prefixes: [prefix] } } : { nextHop, announced: [prefix] }),
    ...(localPref !== null && { localPref }),
    ...(med !== null && { med }),
    ...(originatorId !== null && { originatorId }),
    ...(clusterList > 0 && { clusterList: Array.from({ length: clusterList }, () => '7.7.7.7') }),
  });
}

/** The answer in the words of OracleRib.lookup. */
export function oracleText(answer: RouteAnswer): string | null {
  if (answer.status !== statusMatched) return null;
  const { attributes: set } = answer;
  const family = answer.family === 4 ? 4 : 6;
  return [
    `${formatIp(family, answer.p0, answer.p1, answer.p2, answer.p3)}/${answer.prefixLength}`,
    answer.peer,
    answer.view,
    answer.pathId,
    decidedByNames[answer.decidedBy],
    answer.stale ? 'stale' : 'live',
    answer.suspect ? 'suspect' : 'sure',
    answer.originAs,
    answer.neighborAs,
    set.hasLocalPref ? set.localPref : 'none',
    set.hasMed ? set.med : 'none',
    answer.nextHopMatch,
  ].join(' ');
}
