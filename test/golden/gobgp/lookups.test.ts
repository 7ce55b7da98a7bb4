/**
 * Lookups answer what the router itself would: for an address in each prefix that GoBGP printed, the best path of the longest prefix; out
 * of its Loc-RIB, and out of what its neighbours told alone, where our decision process has to choose as GoBGP's did.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipAddressOf } from '../../../src/base/ip.ts';
import { viewAdjRibInPost, viewAdjRibInPre, viewLocRib } from '../../../src/model/answer.ts';
import { capturedMessages, readCheckpoints, RecordedRouter } from '../../support/recorded-router.ts';
import { gobgpPaths, type PrintedRoute } from '../../support/router-answers.ts';

const families = ['ipv4', 'ipv6', 'ipv4-mpls', 'ipv6-mpls'];

/** The longest of the routes' prefixes that covers the address, if any. */
function longestMatch(routes: readonly PrintedRoute[], address: string): PrintedRoute | undefined {
  let longest: PrintedRoute | undefined;
  for (const route of routes) {
    if (covers(route.prefix, address) && lengthOf(route.prefix) > lengthOf(longest?.prefix ?? '/-1')) longest = route;
  }
  return longest;
}

/** The first address, or for a default route one that is only in it. */
function addressIn(prefix: string): string {
  if (prefix === '0.0.0.0/0') return '198.18.0.1';
  return prefix === '::/0' ? '2001:2::1' : prefix.slice(0, prefix.indexOf('/'));
}

function lengthOf(prefix: string): number {
  return Number(prefix.slice(prefix.indexOf('/') + 1));
}

function bitsOf(text: string): string {
  const address = ipAddressOf(text);
  if (address === null) throw new Error(text);
  const { family, w0, w1, w2, w3 } = address;
  const words = family === 4 ? [w0] : [w0, w1, w2, w3];
  return `${family} ${words.map((word) => (word >>> 0).toString(2).padStart(32, '0')).join('')}`;
}

function covers(prefix: string, address: string): boolean {
  const common = 2 + lengthOf(prefix);
  return bitsOf(prefix.slice(0, prefix.indexOf('/'))).slice(0, common) === bitsOf(address).slice(0, common);
}

const messages = capturedMessages('gobgp/session.pcap', 5001);

for (const { answers, atMs, name } of readCheckpoints('gobgp/session.answers.json')) {
  void test(name, () => {
    const router = new RecordedRouter(messages);
    router.playUntil(atMs);
    // GoBGP sends no End-of-RIB for its Loc-RIB, which has the last word once it is complete.
    router.settle();
    const best = families.flatMap((family) => gobgpPaths(answers[`global rib -a ${family}`], true));
    const learned = Object.entries(answers)
      .filter(([command]) => command.includes(' adj-in ') && families.some((family) => command.endsWith(`-a ${family}`)))
      .flatMap(([, answer]) => gobgpPaths(answer));
    const addresses = new Set([...best, ...learned].map(({ prefix }) => addressIn(prefix)));
    let chosen = 0;
    for (const address of addresses) {
      const expected = longestMatch(best, address);
      assert.ok(expected !== undefined);
      const found = router.lookup(address, [viewLocRib, viewAdjRibInPost, viewAdjRibInPre]);
      assert.deepEqual(found, { attributes: expected.attributes, prefix: expected.prefix }, address);

      // While a neighbour restarts, and after, its post-policy view is not what GoBGP chose from (session.test.ts).
      if (name.startsWith('graceful restart')) continue;
      const inAdjRibIn = router.lookup(address, [viewAdjRibInPost]);
      const same = best.find((route) => route.prefix === inAdjRibIn.prefix);
      if (same === undefined || ['0.0.0.0', '::'].includes(same.attributes['nextHop'] as string)) continue;
      chosen++;
      assert.deepEqual(inAdjRibIn.attributes, same.attributes, `${address}: the decision process chooses as GoBGP did`);
    }
    assert.ok(addresses.size > 50);
    assert.ok(chosen > 20 || name.startsWith('graceful restart'), `${chosen}`);
  });
}
