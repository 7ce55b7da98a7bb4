/** Random histories of BMP sessions for property tests: arbitraries of oracle events, their bytes, and answers as the oracle writes them. */

import * as fc from 'fast-check';
import { formatIp } from '../../src/base/ip.ts';
import { decidedByNames, type RouteAnswer, statusMatched } from '../../src/model/answer.ts';
import {
  type OracleAttributes,
  type OracleEvent,
  oracleLocalAs,
  type OracleNlri,
  type OraclePeer,
  plainNlri,
} from '../oracle/oracle-rib.ts';
import type { PrefixInput, SegmentInput } from './bgp-builder.ts';
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
import { targetHex } from './lookup-driver.ts';

export const oraclePeers: readonly OraclePeer[] = [
  peerOf('192.0.2.1', '192.0.2.1', 65001),
  peerOf('192.0.2.2', '192.0.2.1', 65000),
  peerOf('2001:db8::2', '200.0.2.2', 65002),
  { ...peerOf('192.0.2.254', '192.0.2.254', 65000), isLocRib: true, key: '3 0000000000000000 192.0.2.254' },
];
/** Negotiates ADD-PATH for IPv4. */
const pathIdPeer = oraclePeers[2];

/** RDs in hexadecimal and as text; the second is a VRF's that some peers are in. */
const rds = [
  { rdHex: '0000fde80000000b', rd: '0:65000:11' },
  { rdHex: '00010a6300020007', rd: '1:10.99.0.2:7' },
];
/** In a VRF: by RD, by a local value, and its Loc-RIB. */
export const vrfPeers: readonly OraclePeer[] = [
  { ...oraclePeers[0], key: `1 ${rds[1].rdHex} 192.0.2.1`, rd: rds[1].rd },
  { ...oraclePeers[0], key: '2 0000000000000007 192.0.2.1', rd: 'local:7' },
  { ...oraclePeers[3], key: `3 ${rds[1].rdHex} 192.0.2.254`, rd: rds[1].rd },
];

export const prefixes = ['0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '10.1.1.0/24', '2001:db8::/32', '2001:db8:1::/48'];
export const addresses = ['10.1.1.1', '10.1.2.1', '10.2.0.1', '11.0.0.1', '2001:db8:1::1', '2001:db8:2::1'];
export const nextHops = ['192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::2'];

const sessions = ['c1 198.51.100.1', 'c2 198.51.100.1'];

function peerOf(text: string, bgpId: string, as: number): OraclePeer {
  return { key: `0 0000000000000000 ${text}`, isLocRib: false, text, bgpId, as, rd: '' };
}

const session = fc.constantFrom(...sessions);
const peer = fc.constantFrom(...oraclePeers);
/** Weighted so that RIBs fill: 5 of 9 announcements. */
const target = fc
  .record({ session, peer, view: fc.constantFrom(1, 1, 2, 3, 4), prefix: fc.constantFrom(...prefixes) })
  .chain((at) => {
    const hasPathId = at.peer === pathIdPeer && !at.prefix.includes(':');
    const pathId = hasPathId ? fc.constantFrom(0, 1, 0xffffffff) : fc.constant(-1);
    return pathId.map((id) => ({ ...at, view: at.peer.isLocRib ? 0 : at.view, pathId: id, nlri: plainNlri }));
  });
const vpnNlri: fc.Arbitrary<OracleNlri> = fc
  .record({
    rd: fc.constantFrom(...rds),
    form: fc.constantFrom('vpn' as const, 'evpn' as const),
    tag: fc.constantFrom(0, 0, 9),
  })
  .map(({ rd, form, tag }) => ({ ...rd, form, tag: form === 'vpn' ? 0 : tag }));
/** Of the vpn instance, or the global table again. */
const anyTarget = (of: readonly OraclePeer[], at: readonly string[]): fc.Arbitrary<Target> =>
  fc
    .record({
      session,
      peer: fc.constantFrom(...of),
      view: fc.constantFrom(1, 2),
      prefix: fc.constantFrom(...at),
      nlri: fc.oneof(fc.constant(plainNlri), vpnNlri),
    })
    .map((route) => ({ ...route, view: route.peer.isLocRib ? 0 : route.view, pathId: -1 }));

const attributes = (prefix: string): fc.Arbitrary<OracleAttributes> =>
  fc
    .record({
      origin: fc.constantFrom(0, 0, 1, 2),
      confederation: fc.constantFrom([], [], [], [65100]),
      asPath: fc.constantFrom([65001, 65010], [65002, 65010], [65001, 65002], [65001], []),
      nextHop: fc.constantFrom(...nextHops.filter((hop) => hop.includes(':') === prefix.includes(':'))),
      localPref: fc.constantFrom(null, null, 100, 200),
      med: fc.constantFrom(null, 0, 5),
      originatorId: fc.constantFrom(null, null, '1.1.1.1'),
      clusterList: fc.constantFrom(0, 0, 1, 2),
      targets: fc.constantFrom([], [], ['65000:11'], ['192.0.2.1:9', '65000:12']),
    })
    .map((set) => (set.asPath.length > 0 ? set : { ...set, confederation: [] }));

type Target = Omit<Extract<OracleEvent, { kind: 'withdraw' }>, 'kind'>;

const announcementOf = (at: fc.Arbitrary<Target>): fc.Arbitrary<Extract<OracleEvent, { kind: 'announce' }>> =>
  at.chain((of) => attributes(of.prefix).map((set) => ({ kind: 'announce', ...of, attributes: set })));

const eventOf = (at: fc.Arbitrary<Target>, of: fc.Arbitrary<OraclePeer>): fc.Arbitrary<OracleEvent> =>
  fc.oneof(
    { weight: 10, arbitrary: announcementOf(at) },
    { weight: 3, arbitrary: at.map((route): OracleEvent => ({ kind: 'withdraw', ...route })) },
    {
      weight: 3,
      arbitrary: at.map((route): OracleEvent => {
        const family = route.prefix.includes(':') ? 6 : 4;
        return {
          kind: 'end-of-rib',
          session: route.session,
          peer: route.peer,
          view: route.view,
          family,
          nlri: route.nlri,
        };
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('peer-up' as const),
        session,
        peer: of,
        variant: fc.constantFrom(0, 0, 1),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('peer-down' as const), session, peer: of }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constantFrom('initiation' as const, 'termination' as const), session }),
    },
  );

export const announcement = announcementOf(target);
/** Of the global table. */
export const event = eventOf(target, peer);
/** Of all tables. */
const vpnPeers = [...oraclePeers.slice(0, 2), ...vrfPeers];
export const vpnEvent = eventOf(anyTarget(vpnPeers, prefixes), fc.constantFrom(...vpnPeers));
/** The same of few routes, so that keys meet often. */
const fewPeers = [oraclePeers[0], vrfPeers[0]];
export const denseVpnEvent = eventOf(anyTarget(fewPeers, [prefixes[1], prefixes[4]]), fc.constantFrom(...fewPeers));

export function headerOf(of: OraclePeer, view: number): PeerOptions {
  const [type, distinguisher] = of.key.split(' ');
  const base = { as: of.as, bgpId: of.bgpId, distinguisher };
  if (of.isLocRib) return { ...base, type: 3 };
  return {
    ...base,
    type: Number(type),
    address: of.text,
    isPostPolicy: view === 1 || view === 3,
    isAdjRibOut: view >= 3,
  };
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
      return endOfRib(headerOf(of.peer, of.view), ...afiSafiOf(of.nlri, of.family === 6));
    default:
      return updateOf(of);
  }
}

function afiSafiOf(nlri: OracleNlri, isV6: boolean): [afi: number, safi: number] {
  if (nlri.form === 'evpn') return [25, 70];
  return [isV6 ? 2 : 1, nlri.form === 'vpn' ? 128 : 1];
}

function prefixOf(of: Extract<OracleEvent, { prefix: string }>): PrefixInput {
  const { prefix, pathId, nlri } = of;
  if (nlri.form === 'vpn') return { prefix, rd: nlri.rdHex, labels: [16] };
  if (nlri.form === 'evpn') return { prefix, rd: nlri.rdHex, evpn: { tag: nlri.tag } };
  return pathId < 0 ? prefix : { prefix, pathId };
}

function updateOf(of: Extract<OracleEvent, { prefix: string }>): Buffer {
  const isV6 = of.prefix.includes(':');
  const [afi, safi] = afiSafiOf(of.nlri, isV6);
  const isMp = isV6 || safi !== 1;
  const prefixesOf = [prefixOf(of)];
  const header = headerOf(of.peer, of.view);
  if (of.kind === 'withdraw') {
    const mpUnreach = { afi, safi, prefixes: prefixesOf };
    return routeMonitoring(header, isMp ? { mpUnreach } : { withdrawn: prefixesOf });
  }
  const { origin, nextHop, localPref, med, originatorId, clusterList, targets } = of.attributes;
  return routeMonitoring(header, {
    origin,
    asPath: pathOf(of.attributes),
    ...(isMp ? { mpReach: { afi, safi, nextHop, prefixes: prefixesOf } } : { nextHop, announced: prefixesOf }),
    ...(localPref !== null && { localPref }),
    ...(med !== null && { med }),
    ...(originatorId !== null && { originatorId }),
    ...(targets.length > 0 && { extCommunities: targets.map(targetHex) }),
    ...(clusterList > 0 && { clusterList: Array.from({ length: clusterList }, () => '7.7.7.7') }),
  });
}

function pathOf({ asPath, confederation }: OracleAttributes): readonly number[] | readonly SegmentInput[] {
  if (confederation.length === 0) return asPath;
  return [
    [3, confederation],
    [2, asPath],
  ];
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
