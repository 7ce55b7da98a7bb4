/**
 * The tables that come of FRR's BMP are the tables that FRR itself prints (session.answers.json, made by ../record): prefix by prefix and
 * attribute by attribute, at six moments of a session with changes, lost peers and a graceful restart. Where FRR 8.4.4 says something
 * else over BMP than it has, a function or a test here names the difference; nothing else may differ.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capturedMessages, type PlainRoute, readCheckpoints, RecordedRouter } from '../../support/recorded-router.ts';
import {
  frrEvpnPaths,
  frrPaths,
  frrReceivedRoutes,
  frrReceivedTotals,
  gobgpPaths,
  type PrintedRoute,
} from '../../support/router-answers.ts';

interface Table {
  /** In FRR's words. */
  readonly family: string;
  readonly afi: number;
  readonly safi: number;
  readonly neighbour: string;
  /** What the neighbour says it sent; FRR prints received routes without communities. */
  readonly sent: string;
}

const tables: readonly Table[] = [
  { family: 'ipv4 unicast', afi: 1, safi: 1, neighbour: '10.77.0.2', sent: 'router 2: neighbor 10.77.0.1 adj-out -a ipv4' },
  { family: 'ipv4 unicast', afi: 1, safi: 1, neighbour: '10.77.0.3', sent: 'router 3: neighbor 10.77.0.1 adj-out -a ipv4' },
  { family: 'ipv4 unicast', afi: 1, safi: 1, neighbour: '10.77.0.4', sent: 'router 4: neighbor 10.77.0.1 adj-out -a ipv4' },
  { family: 'ipv6 unicast', afi: 2, safi: 1, neighbour: 'fd77::2', sent: 'router 2: neighbor fd77::1 adj-out -a ipv6' },
  { family: 'ipv6 unicast', afi: 2, safi: 1, neighbour: 'fd77::3', sent: 'router 3: neighbor fd77::1 adj-out -a ipv6' },
  { family: 'ipv4 vpn', afi: 1, safi: 128, neighbour: '10.77.0.2', sent: 'router 2: neighbor 10.77.0.1 adj-out -a vpnv4' },
  { family: 'ipv6 vpn', afi: 2, safi: 128, neighbour: '10.77.0.2', sent: 'router 2: neighbor 10.77.0.1 adj-out -a vpnv6' },
];

const ownAs = 65_001;
const checkpoints = readCheckpoints('frr/session.answers.json');
const allPrefixes = new Set(
  checkpoints.flatMap(({ answers }) =>
    Object.entries(answers).flatMap(([command, answer]) => {
      if (command.endsWith('PREFIX json')) return Object.keys(answer as object);
      if (command.endsWith('received-routes json')) return frrReceivedRoutes(answer).map(({ prefix }) => prefix);
      if (command.startsWith('show bgp l2vpn')) return frrEvpnPaths(answer, '10.77.0.2').map(({ prefix }) => prefix);
      return command.includes('adj-out') ? gobgpPaths(answer).map(({ prefix }) => prefix) : [];
    }),
  ),
);

/** FRR 8.4 puts its own AS in front of the paths of eBGP neighbours, before and after policy. */
function withOwnAs(route: PrintedRoute): PrintedRoute {
  const asPath = `${ownAs} ${route.attributes['asPath'] as string}`.trimEnd();
  return { ...route, attributes: { ...route.attributes, asPath } };
}

/** FRR 8.4 leaves the LOCAL_PREF out that import policy gave to a route of an eBGP neighbour. */
function withoutLocalPref(route: PrintedRoute): PrintedRoute {
  const { localPref: _localPref, ...attributes } = route.attributes;
  return { ...route, attributes };
}

/**
 * When router 4 went away its prefixes left FRR's tables by two neighbours, one of them down, and FRR 8.4 stopped telling in the midst of
 * the withdrawals by the other. Until the next change of these prefixes a receiver has the routes of the moment before.
 */
const withdrawalsNotTold: Readonly<Record<string, readonly string[]>> = {
  'peers lost: ipv4 unicast of 10.77.0.2': [
    '10.4.3.0/24',
    '10.4.4.0/24',
    '10.4.5.0/24',
    '10.4.6.0/24',
    '10.4.7.0/24',
  ],
  'peers lost: ipv4 vpn of 10.77.0.2': ['10.54.0.0/16'],
  'peers lost: ipv6 vpn of 10.77.0.2': ['2001:db8:54::/48'],
  'peers lost: evpn': ['10.65.0.0/16'],
};
const lastPrinted = new Map<string, readonly PrintedRoute[]>();

/** The printed routes, and what the router did not tell the end of. */
function withUntold(what: string, table: string, printed: readonly PrintedRoute[]): PrintedRoute[] {
  const untold = withdrawalsNotTold[what] ?? [];
  const kept = (lastPrinted.get(table) ?? []).filter(({ prefix }) => untold.includes(prefix));
  lastPrinted.set(table, printed);
  return [...printed, ...kept];
}

function keyOf(route: { rd: string; prefix: string }): string {
  return `${route.rd} ${route.prefix}`;
}

function textOf(route: { rd: string; prefix: string; attributes: object }): string {
  return `${keyOf(route)} ${JSON.stringify(route.attributes)}`;
}

/**
 * FRR 8.4 leaves path ids out of BMP although it negotiated them: of several paths of a prefix a receiver can only have the one that was
 * sent last. So there is exactly one route for each prefix, and it is one of those that FRR prints.
 */
function assertOneOfEach(actual: readonly PlainRoute[], printed: readonly PrintedRoute[], what: string): void {
  const choices = Map.groupBy(printed, keyOf);
  assert.deepEqual(actual.map(keyOf).sort(), [...choices.keys()].sort(), what);
  for (const route of actual) {
    assert.equal(route.isStale, false, what);
    const texts = choices.get(keyOf(route))?.map(textOf) ?? [];
    assert.ok(texts.includes(textOf(route)), `${what}: ${textOf(route)}, printed: ${texts.join(' or ')}`);
  }
}

/** On a session without 4-octet AS numbers AS_TRANS stands for them (RFC 6793); this GoBGP sent no AS4_PATH, FRR prints AS_TRANS too. */
function asSentTo(neighbour: string, route: PrintedRoute): PrintedRoute {
  if (neighbour !== '10.77.0.4') return route;
  const asPath = (route.attributes['asPath'] as string).replace(/\d+/g, (asn) => (Number(asn) > 65_535 ? '23456' : asn));
  return { ...route, attributes: { ...route.attributes, asPath } };
}

/** The attributes that `received-routes json` prints. */
function withReceivedOnly<T extends PrintedRoute | PlainRoute>(route: T): T {
  const { asPath, med, nextHop, origin } = route.attributes;
  return { ...route, attributes: { asPath, ...(med === undefined ? {} : { med }), nextHop, origin } };
}

const messages = capturedMessages('frr/session.pcap', 5001);
const router = new RecordedRouter(messages);

for (const { answers, atMs, name } of checkpoints) {
  void test(name, () => {
    router.playUntil(atMs);
    const routes = router.routesAt(allPrefixes);
    const counts = router.counts();
    const received = frrReceivedTotals(answers['show bgp summary json']);
    for (const { afi, family, neighbour, safi, sent } of tables) {
      const table = `${family} of ${neighbour}`;
      const what = `${name}: ${table}`;
      const ofNeighbour = routes.filter((r) => r.peer === neighbour && r.afi === afi && r.safi === safi);
      const post = ofNeighbour.filter((r) => r.view === 'adj-rib-in-post');
      const pre = ofNeighbour.filter((r) => r.view === 'adj-rib-in-pre');

      // Stale paths of a neighbour that restarts are in FRR's table still; over BMP it said Peer Down, which ends them (RFC 7854 §4.9).
      const inTable = frrPaths(answers[`show bgp ${family} PREFIX json`], neighbour).filter((path) => !path.isStale);
      const paths = withUntold(what, `${table}, post`, inTable);
      assertOneOfEach(post, paths.map(withOwnAs).map(withoutLocalPref), `${what}, post-policy`);

      const command = `show bgp ${family} neighbors ${neighbour} received-routes json`;
      const receivedRoutes = withUntold(what, `${table}, pre`, frrReceivedRoutes(answers[command]));
      // It prints one path a prefix only; import policy of this neighbour changes nothing that it prints, so the table has the others.
      const others = paths.filter(({ pathId }) => pathId !== undefined).map(withReceivedOnly);
      assertOneOfEach(pre.map(withReceivedOnly), [...receivedRoutes, ...others].map(withOwnAs), `${what}, pre-policy`);
      if (sent in answers) {
        const asSent = gobgpPaths(answers[sent]).map((route) => withOwnAs(asSentTo(neighbour, route)));
        assertOneOfEach(pre, asSent, `${what}, as sent`);
      }

      assert.equal(counts.get(`adj-rib-in-post ${neighbour} ${afi}/${safi}`) ?? 0, post.length, `${what}, all found`);
      assert.equal(counts.get(`adj-rib-in-pre ${neighbour} ${afi}/${safi}`) ?? 0, pre.length, `${what}, all found`);
      if (paths.every(({ pathId }) => pathId === undefined)) {
        const counted = received.get(`${family} ${neighbour}`) ?? 0;
        assert.equal(post.length, counted + paths.length - inTable.length, `${what}, as many as FRR counts`);
      }
    }

    const evpn = routes.filter((r) => r.afi === 25);
    const inEvpnTable = frrEvpnPaths(answers['show bgp l2vpn evpn route detail type prefix json'], '10.77.0.2');
    const printedEvpn = withUntold(`${name}: evpn`, 'evpn', inEvpnTable);
    for (const view of ['adj-rib-in-pre', 'adj-rib-in-post']) {
      assertOneOfEach(evpn.filter((r) => r.view === view), printedEvpn.map(withOwnAs), `evpn, ${view}`);
    }

    assert.ok(printedEvpn.length > 2);

    // Routes of its own FRR tells as routes of a peer 0.0.0.0, of which no Peer Up came.
    const own = routes.filter((r) => r.peer === '0.0.0.0');
    const printed = ['ipv4', 'ipv6'].flatMap((family) =>
      frrPaths(answers[`show bgp ${family} unicast PREFIX json`], family === 'ipv4' ? '0.0.0.0' : '::'),
    );
    assertOneOfEach(own, printed, 'own routes');
    assert.equal(own.length, 3);
  });
}
