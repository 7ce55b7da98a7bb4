/**
 * The recorded network: router 1 is FRR (AS 65001), router 2 GoBGP (AS 65002); both send BMP. Router 3 is GoBGP (AS 65003, graceful
 * restart), router 4 GoBGP in the AS of router 2. IPv4 and VPN routes go over IPv4 sessions, IPv6 routes over IPv6 sessions.
 *
 *      4 (65002) ── 2 (65002, BMP) ── 3 (65003)        1 and 2 speak ADD-PATH for IPv4 unicast in both directions
 *                        │              │              1 denies what carries 65003:666, sets LOCAL_PREF and adds 65001:150
 *                   1 (65001, BMP) ─────┘
 *
 * EVPN goes from 2 to 1 and between 2 and 4, labeled routes between 2 and 4. Between 1 and 4 there is a session without capabilities, so
 * AS numbers have two octets there (RFC 6793).
 */

import { address6Of, addressOf, collectorAddress } from './namespaces.ts';

export const bmpPort = 5001;

export const frrConfiguration = `
frr defaults traditional
hostname frr
service integrated-vtysh-config
router bgp 65001
 bgp router-id ${addressOf(1)}
 no bgp ebgp-requires-policy
 no bgp network import-check
 bgp graceful-restart
 timers bgp 3 9
 neighbor ${addressOf(2)} remote-as 65002
 neighbor ${addressOf(3)} remote-as 65003
 neighbor ${address6Of(2)} remote-as 65002
 neighbor ${address6Of(3)} remote-as 65003
 neighbor ${addressOf(4)} remote-as 65002
 neighbor ${addressOf(4)} dont-capability-negotiate
 bmp targets collector
  bmp monitor ipv4 unicast pre-policy
  bmp monitor ipv4 unicast post-policy
  bmp monitor ipv6 unicast pre-policy
  bmp monitor ipv6 unicast post-policy
  bmp monitor ipv4 vpn pre-policy
  bmp monitor ipv4 vpn post-policy
  bmp monitor ipv6 vpn pre-policy
  bmp monitor ipv6 vpn post-policy
  bmp monitor l2vpn evpn pre-policy
  bmp monitor l2vpn evpn post-policy
  bmp connect ${collectorAddress} port ${bmpPort} min-retry 1000 max-retry 2000
 exit
 address-family ipv4 unicast
  network 172.16.1.0/24
  network 172.16.2.0/23
  neighbor ${addressOf(2)} activate
  neighbor ${addressOf(2)} addpath-tx-all-paths
  neighbor ${addressOf(2)} soft-reconfiguration inbound
  neighbor ${addressOf(2)} route-map in-2 in
  neighbor ${addressOf(3)} activate
  neighbor ${addressOf(3)} soft-reconfiguration inbound
  neighbor ${addressOf(3)} route-map in-3 in
  neighbor ${addressOf(4)} activate
  neighbor ${addressOf(4)} soft-reconfiguration inbound
  neighbor ${addressOf(4)} route-map nothing out
  no neighbor ${address6Of(2)} activate
  no neighbor ${address6Of(3)} activate
 exit-address-family
 address-family ipv6 unicast
  network fd01:16::/32
  neighbor ${address6Of(2)} activate
  neighbor ${address6Of(2)} soft-reconfiguration inbound
  neighbor ${address6Of(3)} activate
  neighbor ${address6Of(3)} soft-reconfiguration inbound
  neighbor ${address6Of(3)} route-map in-3 in
 exit-address-family
 address-family ipv4 vpn
  neighbor ${addressOf(2)} activate
  neighbor ${addressOf(2)} soft-reconfiguration inbound
 exit-address-family
 address-family ipv6 vpn
  neighbor ${addressOf(2)} activate
  neighbor ${addressOf(2)} soft-reconfiguration inbound
 exit-address-family
 address-family l2vpn evpn
  neighbor ${addressOf(2)} activate
  neighbor ${addressOf(2)} soft-reconfiguration inbound
 exit-address-family
exit
bgp community-list standard unwanted permit 65003:666
route-map nothing deny 10
route-map in-2 permit 10
 set community 65001:120 additive
route-map in-3 deny 10
 match community unwanted
route-map in-3 permit 20
 set local-preference 150
 set community 65001:150 additive
 set large-community 65001:1:150 additive
`;

interface Neighbour {
  readonly address: string;
  readonly as: number;
  readonly families: readonly string[];
  readonly hasAddPath?: boolean;
  readonly hasGracefulRestart?: boolean;
}

function gobgpNeighbour(neighbour: Neighbour): string {
  const { address, as, families } = neighbour;
  const restart = neighbour.hasGracefulRestart ?? false;
  return `
[[neighbors]]
  [neighbors.config]
    neighbor-address = "${address}"
    peer-as = ${as}
  [neighbors.timers.config]
    connect-retry = 3
    hold-time = 9
    keepalive-interval = 3
${restart ? '  [neighbors.graceful-restart.config]\n    enabled = true\n    restart-time = 300\n' : ''}${families
    .map(
      (family) => `  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "${family}"
${restart ? '    [neighbors.afi-safis.mp-graceful-restart.config]\n      enabled = true\n' : ''}${
        (neighbour.hasAddPath ?? false) && family === 'ipv4-unicast'
          ? '    [neighbors.afi-safis.add-paths.config]\n      receive = true\n      send-max = 8\n'
          : ''
      }`,
    )
    .join('')}`;
}

function gobgpConfiguration(router: number, as: number, neighbours: readonly Neighbour[]): string {
  return `[global.config]
  as = ${as}
  router-id = "${addressOf(router)}"
${neighbours.map(gobgpNeighbour).join('')}`;
}

const vpn = ['l3vpn-ipv4-unicast', 'l3vpn-ipv6-unicast', 'l2vpn-evpn'];
const labeled4 = 'ipv4-labelled-unicast';
const labeled6 = 'ipv6-labelled-unicast';

export const gobgpConfigurations: Readonly<Record<2 | 3 | 4, string>> = {
  2: `${gobgpConfiguration(2, 65_002, [
    { address: addressOf(1), as: 65_001, families: ['ipv4-unicast', ...vpn], hasAddPath: true },
    { address: address6Of(1), as: 65_001, families: ['ipv6-unicast'] },
    { address: addressOf(3), as: 65_003, families: ['ipv4-unicast'], hasGracefulRestart: true },
    { address: address6Of(3), as: 65_003, families: ['ipv6-unicast'], hasGracefulRestart: true },
    { address: addressOf(4), as: 65_002, families: ['ipv4-unicast', labeled4, ...vpn] },
    { address: address6Of(4), as: 65_002, families: ['ipv6-unicast', labeled6] },
  ])}
[[bmp-servers]]
  [bmp-servers.config]
    address = "${collectorAddress}"
    port = ${bmpPort}
    route-monitoring-policy = "all"
`,
  3: gobgpConfiguration(3, 65_003, [
    { address: addressOf(1), as: 65_001, families: ['ipv4-unicast'], hasGracefulRestart: true },
    { address: address6Of(1), as: 65_001, families: ['ipv6-unicast'], hasGracefulRestart: true },
    { address: addressOf(2), as: 65_002, families: ['ipv4-unicast'], hasGracefulRestart: true },
    { address: address6Of(2), as: 65_002, families: ['ipv6-unicast'], hasGracefulRestart: true },
  ]),
  4: gobgpConfiguration(4, 65_002, [
    { address: addressOf(1), as: 65_001, families: ['ipv4-unicast'] },
    { address: addressOf(2), as: 65_002, families: ['ipv4-unicast', labeled4, ...vpn] },
    { address: address6Of(2), as: 65_002, families: ['ipv6-unicast', labeled6] },
  ]),
};
