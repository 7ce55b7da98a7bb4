/**
 * The tables that come of FRR's BMP are the tables that FRR itself prints (session.answers.json, made by ../record): prefix by prefix and
 * attribute by attribute, at six moments of a session with changes, lost peers and a graceful restart. Where FRR 8.4.4 says something
 * else over BMP than it has, a function or a test here names the difference; nothing else may differ.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capturedMessages, type PlainRoute, readCheckpoints, RecordedRouter } from '../../support/recorded-router.ts';
import {
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
      const what = `${family} of ${neighbour}`;
      const ofNeighbour = routes.filter((r) => r.peer === neighbour && r.afi === afi && r.safi === safi);
      const post = ofNeighbour.filter((r) => r.view === 'adj-rib-in-post');
      const pre = ofNeighbour.filter((r) => r.view === 'adj-rib-in-pre');

      // Stale paths of a neighbour that restarts are in FRR's table still; over BMP it said Peer Down, which ends them (RFC 7854 §4.9).
      const paths = frrPaths(answers[`show bgp ${family} PREFIX json`], neighbour).filter((path) => !path.isStale);
      assertOneOfEach(post, paths.map(withOwnAs).map(withoutLocalPref), `${what}, post-policy`);

      const receivedRoutes = frrReceivedRoutes(answers[`show bgp ${family} neighbors ${neighbour} received-routes json`]);
      // It prints one path a prefix only; import policy of this neighbour changes nothing that it prints, so the table has the others.
      const others = paths.filter(({ pathId }) => pathId !== undefined).map(withReceivedOnly);
      assertOneOfEach(pre.map(withReceivedOnly), [...receivedRoutes, ...others].map(withOwnAs), `${what}, pre-policy`);
      if (sent in answers) assertOneOfEach(pre, gobgpPaths(answers[sent]).map(withOwnAs), `${what}, as sent`);

      assert.equal(counts.get(`adj-rib-in-post ${neighbour} ${afi}/${safi}`) ?? 0, post.length, `${what}, all found`);
      assert.equal(counts.get(`adj-rib-in-pre ${neighbour} ${afi}/${safi}`) ?? 0, pre.length, `${what}, all found`);
      if (paths.every(({ pathId }) => pathId === undefined)) {
        assert.equal(post.length, received.get(`${family} ${neighbour}`) ?? 0, `${what}, as many as FRR counts`);
      }
    }

    // Routes of its own FRR tells as routes of a peer 0.0.0.0, of which no Peer Up came.
    const own = routes.filter((r) => r.peer === '0.0.0.0');
    const printed = ['ipv4', 'ipv6'].flatMap((family) =>
      frrPaths(answers[`show bgp ${family} unicast PREFIX json`], family === 'ipv4' ? '0.0.0.0' : '::'),
    );
    assertOneOfEach(own, printed, 'own routes');
    assert.equal(own.length, 3);
  });
}
