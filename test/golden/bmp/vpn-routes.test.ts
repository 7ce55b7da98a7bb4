/**
 * The VPN routes of the capture, through a shard: which RD has which prefixes, in which view. GoBGP wrote RD 4200000001:9 of its
 * configuration as 65535:9, so that is what it told over BGP and BMP alike.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewNames } from '../../../src/model/answer.ts';
import { RibDriver } from '../../support/rib-driver.ts';
import { capturedMessages } from '../../support/recorded-router.ts';
import { tablesOf } from '../../support/rib-tables.ts';

const prefixes = ['100.64.1.0/24', '100.64.1.0/25', '10.0.0.0/8', '2001:db8:100::/48'];

/** "view: rd prefix …" of a router's VPN routes. */
function vpnRoutes(driver: RibDriver, router: string): string[] {
  const lines = tablesOf(driver.shard, prefixes).filter((line) => line.includes(` vpn 0 `) && line.includes(`c1 ${router} `));
  return lines.map((line) => {
    const [rd, , , prefix, pathId, view, peer] = line.split(' ');
    return `${viewNames[Number(view)]} ${peer}: ${rd} ${prefix}${pathId === '-1' ? '' : ` path ${pathId}`}`;
  });
}

test('each RD has the routes that the routers were told to announce, and nothing else', () => {
  const driver = new RibDriver();
  for (const { bytes, router } of capturedMessages('bmp/bmp-tcp.pcap', 5001)) {
    driver.send(bytes, { router });
  }
  const told = [
    '0:65002:100 10.0.0.0/8',
    '0:65002:100 100.64.1.0/24',
    '0:65002:100 2001:db8:100::/48',
    '0:65535:9 100.64.1.0/25',
    '1:10.99.0.2:7 100.64.1.0/24',
  ];
  const under = (head: string, routes: readonly string[]): string[] => routes.map((route) => `${head}: ${route}`);
  assert.deepEqual(vpnRoutes(driver, '10.99.0.2'), under('loc-rib 10.99.0.2', told));
  // FRR 8.4 sent pre-policy IPv4 only.
  const ofFrr = [
    ...under('adj-rib-in-post 10.99.0.2', told),
    ...under(
      'adj-rib-in-pre 10.99.0.2',
      told.filter((route) => !route.includes('2001:')),
    ),
  ];
  assert.deepEqual(vpnRoutes(driver, '10.99.0.1').sort(), ofFrr);
  const { vpn, rds, counters } = driver.shard;
  assert.deepEqual(vpn.routes.counts(), { routesV4: 12, routesV6: 2, prefixesV4: 3, prefixesV6: 1 });
  assert.deepEqual([rds.inUse, counters.unparsableNlri], [3, 0]);
});
