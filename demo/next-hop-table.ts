/**
 * A small routing table in which only the flow's next hop tells which path a packet took: five IPv4 and two IPv6 prefixes, and
 * 2001:db8:1::/48 with three routes. Two routers have it: edge1 sends its Adj-RIB-In (post-policy), edge2 the same and a Loc-RIB, in
 * which only one of the three routes is (no ADD-PATH): the others are still found by their next hop.
 */

import { buildFlowRecord } from '../dev/flow-builder.ts';
import { endOfRib, initiation, type PeerOptions, peerUp, routeMonitoring } from '../test/support/bmp-builder.ts';
import { obmpBinary } from '../test/support/obmp-builder.ts';

interface TableRoute {
  readonly prefix: string;
  readonly nextHop: string;
  readonly asPath: readonly number[];
  readonly communities: readonly string[];
}

export const tableRoutes: readonly TableRoute[] = [
  { prefix: '192.0.2.0/24', nextHop: '198.51.100.21', asPath: [65401], communities: ['65401:10'] },
  { prefix: '192.0.2.128/25', nextHop: '198.51.100.22', asPath: [65401, 65405], communities: ['65401:12'] },
  { prefix: '198.51.100.0/24', nextHop: '198.51.100.23', asPath: [65403], communities: [] },
  { prefix: '203.0.113.0/24', nextHop: '198.51.100.24', asPath: [65402, 65404], communities: ['65402:31', '65404:7'] },
  { prefix: '198.18.0.0/15', nextHop: '198.51.100.21', asPath: [65401, 65406], communities: ['65401:10'] },
  { prefix: '2001:db8:1::/48', nextHop: '2001:db8::3:1', asPath: [65402], communities: ['65402:31'] },
  { prefix: '2001:db8:1::/48', nextHop: '2001:db8::4:1', asPath: [65402], communities: ['65402:31'] },
  { prefix: '2001:db8:1::/48', nextHop: '2001:db8::5:1', asPath: [65401, 65402], communities: [] },
  { prefix: '2001:db8:2::/48', nextHop: '2001:db8::3:1', asPath: [65402, 65407], communities: ['65402:31'] },
];

export const edgeRouters = ['203.0.113.251', '203.0.113.252'] as const;
const localAs = 65400;

/** Records of the BMP topic: both routers come up, send what they have and End-of-RIB. */
export function tableBmpRecords(nowMs: number): Buffer[] {
  return [...routerRecords(edgeRouters[0], nowMs, false), ...routerRecords(edgeRouters[1], nowMs, true)];
}

function routerRecords(router: string, nowMs: number, withLocRib: boolean): Buffer[] {
  const messages: Buffer[] = [initiation({ sysName: `edge-${router}`, sysDescr: 'demo table' })];
  for (const address of new Set(tableRoutes.map((route) => route.nextHop))) {
    const routes = tableRoutes.filter((route) => route.nextHop === address);
    const as = routes[0].asPath[0];
    const peer: PeerOptions = { address, as, bgpId: '198.51.100.1', timestampMs: nowMs, isPostPolicy: true };
    const families = [[1, 1] as const, [2, 1] as const];
    messages.push(peerUp(peer, { sentOpen: { as: localAs, families }, receivedOpen: { as, families } }));
    for (const route of routes) messages.push(announce(peer, route));
    messages.push(endOfRib(peer, 1, 1), endOfRib(peer, 2, 1));
  }
  if (withLocRib) {
    const peer: PeerOptions = { type: 3, as: localAs, bgpId: '198.51.100.9', timestampMs: nowMs };
    const open = { as: localAs, families: [[1, 1] as const, [2, 1] as const] };
    messages.push(peerUp(peer, { sentOpen: open, receivedOpen: open }));
    const seen = new Set<string>();
    for (const route of tableRoutes) {
      if (!seen.has(route.prefix)) messages.push(announce(peer, route));
      seen.add(route.prefix);
    }
    messages.push(endOfRib(peer, 1, 1), endOfRib(peer, 2, 1));
  }
  return messages.map((message) => obmpBinary(message, { router, timestampMs: nowMs }));
}

function announce(peer: PeerOptions, route: TableRoute): Buffer {
  // An empty COMMUNITIES attribute would be malformed (RFC 7606 §7.8).
  const communities = route.communities.length === 0 ? {} : { communities: route.communities };
  const attributes = { origin: 0, asPath: route.asPath, ...communities };
  if (!route.prefix.includes(':')) {
    return routeMonitoring(peer, { ...attributes, nextHop: route.nextHop, announced: [route.prefix] });
  }
  return routeMonitoring(peer, {
    ...attributes,
    mpReach: { afi: 2, safi: 1, nextHop: route.nextHop, prefixes: [route.prefix] },
  });
}

export interface ExpectedFlow {
  readonly exporter: string;
  readonly destination: string;
  readonly nextHop: string;
  readonly asPath: readonly number[];
  readonly communities: readonly string[];
  /** Which view must have answered. */
  readonly view: string;
}

/** One flow for each route of the table from each router, and what must come out. */
export function tableFlows(nowMs: number): { record: Buffer; expected: ExpectedFlow }[] {
  const flows: { record: Buffer; expected: ExpectedFlow }[] = [];
  for (const [index, exporter] of edgeRouters.entries()) {
    const inLocRib = new Set<string>();
    for (const route of tableRoutes) {
      const isBest = index === 1 && !inLocRib.has(route.prefix);
      inLocRib.add(route.prefix);
      const destination = addressIn(route.prefix);
      const record = buildFlowRecord({
        type: 4,
        samplerAddress: exporter,
        srcAddr: destination.includes(':') ? '2001:db8:9::7' : '192.0.2.77',
        dstAddr: destination,
        bgpNextHop: route.nextHop,
        nextHop: route.nextHop,
        proto: 6,
        srcPort: 443,
        dstPort: 50000,
        bytes: 1500,
        packets: 1,
        samplingRate: 1000,
        etype: destination.includes(':') ? 0x86dd : 0x0800,
        timeReceivedMs: nowMs,
        timeStartMs: nowMs - 1000,
        timeEndMs: nowMs,
      });
      flows.push({
        record,
        expected: {
          exporter,
          destination,
          nextHop: route.nextHop,
          asPath: route.asPath,
          communities: route.communities,
          view: isBest ? 'loc-rib' : 'adj-rib-in-post',
        },
      });
    }
  }
  return flows;
}

function addressIn(prefix: string): string {
  const [network, length] = prefix.split('/');
  if (network.includes(':')) return `${network}1`;
  const octets = network.split('.');
  octets[3] = String(Number(octets[3]) + (length === '25' ? 72 : 1));
  return octets.join('.');
}
