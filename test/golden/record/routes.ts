/** What each GoBGP originates, in the words of its client: `gobgp global rib add -a FAMILY ROUTE`. */

type Routes = readonly (readonly [family: string, route: string])[];

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

export const routesOf2: Routes = [
  ['ipv4', '0.0.0.0/0 origin igp community 65002:1'],
  ['ipv4', '100.64.0.0/10 origin egp med 20 community 65002:10,65002:11'],
  ['ipv4', '100.64.0.0/16 origin incomplete aspath "64501 64501 64501 64502" med 0 community 65002:16'],
  ['ipv4', '100.64.1.0/24 origin igp aspath "64501 {64510,64511}" large-community 65002:1:24,4200000001:4294967295:0'],
  ['ipv4', '100.64.1.128/25 origin igp aspath "4200000001 64512" community 65002:25'],
  ['ipv4', '100.64.1.129/32 origin igp'],
  ['ipv4', '198.51.100.0/24 origin igp aspath "64520"'],
  ...numbers(24).map((i): readonly [string, string] => [
    'ipv4',
    `10.2.${i * 8}.0/${21 + (i % 4)} origin igp aspath "${64_600 + i} ${64_700 + (i % 5)}" med ${i * 10} community 65002:${i}`,
  ]),
  ['ipv6', '::/0 origin igp community 65002:1'],
  ['ipv6', '2001:db8:a::/48 origin igp aspath "64501 {64510}" large-community 65002:6:48'],
  ['ipv6', '2001:db8:a:1::/64 origin incomplete aspath "4200000002" med 64'],
  ['ipv6', '2001:db8:a:1::1/128 origin egp community 65002:128'],
  ...numbers(12).map((i): readonly [string, string] => [
    'ipv6',
    `2001:db8:2${i.toString(16).padStart(2, '0')}::/${44 + (i % 5)} origin igp aspath "${64_600 + i}" community 65002:${i}`,
  ]),
  ['vpnv4', '10.50.0.0/16 label 100 rd 65002:100 rt 65002:100 origin igp community 65002:50'],
  ['vpnv4', '10.50.0.0/16 label 101 rd 10.77.0.2:7 rt 65002:100 origin igp aspath "64530"'],
  ['vpnv4', '10.50.1.0/24 label 102 rd 65002:100 rt 65002:100 rt 65002:200 origin incomplete med 7'],
  ['vpnv4', '0.0.0.0/0 label 103 rd 65002:100 rt 65002:100 origin igp'],
  ['vpnv6', '2001:db8:50::/48 label 200 rd 65002:100 rt 65002:100 origin igp large-community 65002:50:6'],
  ['vpnv6', '2001:db8:50::/48 label 201 rd 65002:101 rt 65002:101 origin igp'],
  ['ipv4-mpls', '10.61.0.0/16 100 origin igp community 65002:61'],
  ['ipv6-mpls', '2001:db8:61::/48 101 origin igp'],
  ['evpn', 'prefix 10.60.0.0/16 etag 0 label 600 rd 65002:600 rt 65002:600 origin igp'],
  ['evpn', 'prefix 10.60.1.0/24 gw 10.77.0.2 etag 7 label 601 rd 65002:600 rt 65002:600 origin igp'],
  ['evpn', 'prefix 2001:db8:60::/48 etag 0 label 602 rd 65002:600 rt 65002:600 origin igp'],
  ['evpn', 'multicast 10.77.0.2 etag 0 rd 65002:600 rt 65002:600'],
];

export const routesOf3: Routes = [
  ['ipv4', '100.64.0.0/10 origin igp community 65003:10'],
  ['ipv4', '100.64.0.0/16 origin igp aspath "64502"'],
  ['ipv4', '203.0.113.0/24 origin igp aspath "64503" community 65003:666'],
  ['ipv4', '203.0.113.128/25 origin igp aspath "64503 64504 64505" med 5 community 65003:1 large-community 65003:1:1'],
  ...numbers(16).map((i): readonly [string, string] => [
    'ipv4',
    `10.3.${i * 16}.0/${20 + (i % 3)} origin igp aspath "${64_800 + i} 64700" community 65003:${i}`,
  ]),
  ['ipv6', '2001:db8:a::/48 origin igp community 65003:6'],
  ['ipv6', '2001:db8:c::/48 origin igp community 65003:666'],
  ...numbers(8).map((i): readonly [string, string] => ['ipv6', `2001:db8:3${i}::/${40 + i} origin igp aspath "${64_800 + i}"`]),
];

export const routesOf4: Routes = [
  ['ipv4', '100.64.0.0/10 origin igp local-pref 80 community 65002:4'],
  ['ipv4', '198.51.100.0/24 origin igp aspath "64521 64522" local-pref 300 med 30 community 65002:4'],
  ...numbers(8).map((i): readonly [string, string] => [
    'ipv4',
    `10.4.${i}.0/24 origin igp aspath "${64_900 + i}" local-pref ${100 + i} med ${i}`,
  ]),
  ['ipv6', '2001:db8:a::/48 origin igp local-pref 90'],
  ['ipv6', '2001:db8:40::/48 origin igp local-pref 120 community 65002:4'],
  ['vpnv4', '10.54.0.0/16 label 400 rd 65002:100 rt 65002:100 origin igp local-pref 110'],
  ['vpnv6', '2001:db8:54::/48 label 401 rd 4200000001:9 rt 65002:100 origin igp'],
  ['ipv4', '10.4.100.0/24 origin igp aspath "64512 4200000001 64513"'],
  ['ipv4-mpls', '10.64.0.0/16 400 origin igp local-pref 130'],
  ['evpn', 'prefix 10.65.0.0/16 etag 0 label 700 rd 65002:700 rt 65002:700 origin igp local-pref 140'],
];

/** Replaced, withdrawn and new while all sessions are up. */
export const changesOf2: readonly (readonly [action: 'add' | 'del', family: string, route: string])[] = [
  ['add', 'ipv4', '100.64.1.0/24 origin igp aspath "64501 64599" community 65002:999'],
  ['del', 'ipv4', '100.64.1.129/32'],
  ['del', 'ipv4', '10.2.0.0/21'],
  ['add', 'ipv4', '192.0.2.0/24 origin igp community 65002:192'],
  ['del', 'ipv6', '2001:db8:a:1::1/128'],
  ['add', 'ipv6', '2001:db8:a:1::/64 origin igp aspath "64577"'],
  ['del', 'vpnv4', '10.50.1.0/24 label 102 rd 65002:100'],
];
