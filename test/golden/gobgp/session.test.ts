/**
 * The tables that come of GoBGP's BMP are the tables that GoBGP itself prints (session.answers.json, made by ../record): prefix by prefix
 * and attribute by attribute, at six moments of a session with changes, lost peers and a graceful restart. Where GoBGP 3.10 says
 * something else over BMP than it has, a function or a table here names the difference; nothing else may differ.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capturedMessages, type PlainRoute, readCheckpoints, RecordedRouter } from '../../support/recorded-router.ts';
import { gobgpPathIds, gobgpPaths, type PrintedRoute } from '../../support/router-answers.ts';

const families: readonly (readonly [name: string, afi: number, safi: number])[] = [
  ['ipv4', 1, 1],
  ['ipv6', 2, 1],
  ['ipv4-mpls', 1, 4],
  ['ipv6-mpls', 2, 4],
  ['vpnv4', 1, 128],
  ['vpnv6', 2, 128],
  ['evpn', 25, 70],
];
const neighbours = ['10.77.0.1', 'fd77::1', '10.77.0.3', 'fd77::3', '10.77.0.4', 'fd77::4'];
const ownAs = '65002';

/**
 * A neighbour that restarts comes back with the routes that GoBGP kept for it: pre-policy it tells all of them again, post-policy only
 * those that are not as they were. Over BMP it had said Peer Down, so its post-policy view has no more than these until they change.
 */
const toldAgainAfterRestart: Readonly<Record<string, readonly string[]>> = {
  '10.77.0.3': ['172.16.1.0/24', '172.16.2.0/23'],
  'fd77::3': ['fd01:16::/32'],
};

/**
 * A route that came again with GoBGP's own AS in its path is gone from its tables, and withdrawn post-policy. Pre-policy GoBGP 3.10 says
 * nothing, so there the route of the moment before stands.
 */
const replacedByLoop: Readonly<Record<string, readonly string[]>> = {
  'graceful restart, peer back: neighbor 10.77.0.1 adj-in -a ipv4': ['100.64.0.0/10', '100.64.0.0/16'],
};
const lastPrinted = new Map<string, readonly PrintedRoute[]>();

/** The printed routes, and what the router did not tell the end of. */
function withUntold(name: string, table: string, printed: readonly PrintedRoute[]): PrintedRoute[] {
  const untold = replacedByLoop[`${name}: ${table.replace(' (text)', '')}`] ?? [];
  const kept = (lastPrinted.get(table) ?? []).filter(({ prefix }) => untold.includes(prefix));
  lastPrinted.set(table, printed);
  return [...printed, ...kept];
}

const checkpoints = readCheckpoints('gobgp/session.answers.json');
const allPrefixes = new Set(
  checkpoints
    .flatMap(({ answers }) => Object.entries(answers).filter(([command]) => !command.endsWith('(text)')))
    .flatMap(([, answer]) => gobgpPaths(answer).map(({ prefix }) => prefix)),
);

/** GoBGP 3.10 prints received routes that have its own AS in their path, and does not tell of them over BMP. */
function isLoop(route: PrintedRoute): boolean {
  return (route.attributes['asPath'] as string).split(' ').includes(ownAs);
}

/** GoBGP prints the global next hop only of the two that IPv6 routes came with, and tells both before policy. */
function withGlobalNextHop(route: PlainRoute): PlainRoute {
  const [nextHop] = (route.attributes['nextHop'] as string).split(' ');
  return { ...route, attributes: { ...route.attributes, nextHop } };
}

function textOf(route: PlainRoute | PrintedRoute): string {
  return `${route.rd} ${route.prefix} ${JSON.stringify(route.attributes)}`;
}

function assertSame(actual: readonly PlainRoute[], printed: readonly PrintedRoute[], what: string): void {
  assert.deepEqual(actual.map(textOf).sort(), printed.map(textOf).sort(), what);
  assert.ok(
    actual.every((route) => !route.isStale),
    what,
  );
}

const router = new RecordedRouter(capturedMessages('gobgp/session.pcap', 5001));

for (const { answers, atMs, name } of checkpoints) {
  void test(name, () => {
    router.playUntil(atMs);
    const routes = router.routesAt(allPrefixes);
    let compared = 0;
    const take = (view: string, peer: string, afi: number, safi: number): PlainRoute[] => {
      const taken = routes.filter((r) => r.view === view && r.peer === peer && r.afi === afi && r.safi === safi);
      compared += taken.length;
      return taken;
    };
    for (const [family, afi, safi] of families) {
      // GoBGP's Loc-RIB is told without a Peer Up; its best paths only.
      const best = gobgpPaths(answers[`global rib -a ${family}`], true);
      assertSame(take('loc-rib', '10.77.0.2', afi, safi), best, `loc-rib, ${family}`);
      for (const neighbour of neighbours) {
        const command = `neighbor ${neighbour} adj-in -a ${family}`;
        if (!(command in answers)) continue;
        // Stale paths of a neighbour that restarts are in GoBGP's table still; over BMP it said Peer Down, which ends them (RFC 7854 §4.9).
        const printed = gobgpPaths(answers[command]).filter((route) => !isLoop(route) && !route.isStale);
        const pre = take('adj-rib-in-pre', neighbour, afi, safi);
        assertSame(pre.map(withGlobalNextHop), withUntold(name, command, printed), `pre-policy, ${command}`);
        const isAfterRestart = name === 'graceful restart, peer back' && neighbour in toldAgainAfterRestart;
        const accepted = isAfterRestart
          ? printed.filter(({ prefix }) => toldAgainAfterRestart[neighbour].includes(prefix))
          : printed;
        assertSame(take('adj-rib-in-post', neighbour, afi, safi), accepted, `post-policy, ${command}`);

        const text = `${command} (text)`;
        const ids = gobgpPathIds(answers[text]).filter((route) => !isLoop(route));
        if (ids.length > 0) assertPathIds(pre, withUntold(name, text, ids));
      }
    }
    assert.equal(compared, routes.length, 'no route that was not compared');
    assert.equal(
      [...router.counts().values()].reduce((sum, count) => sum + count, 0),
      routes.length,
      'no route at a prefix that the router did not print',
    );
    assert.ok(compared > 100);
  });
}

/** Path ids are in the text form of adj-in only, and in pre-policy messages only. */
function assertPathIds(pre: readonly PlainRoute[], printed: readonly PrintedRoute[]): void {
  const idText = (route: PlainRoute | PrintedRoute): string =>
    `${route.prefix} ${route.pathId} ${route.attributes['asPath'] as string}`;
  assert.deepEqual(pre.map(idText).sort(), printed.map(idText).sort(), 'path ids');
  assert.ok(pre.every((route) => route.pathId >= 0));
}
