/** IP protocol numbers by the names that producers print: goflow2's, pmacct's (from its own list), IANA's keywords. */

const names: readonly (readonly [number, string])[] = [
  [0, 'HOPOPT'],
  [1, 'ICMP'],
  [2, 'IGMP'],
  [3, 'GGP'],
  [4, 'IPIP IPENCAP IPV4'],
  [5, 'ST'],
  [6, 'TCP'],
  [7, 'CBT'],
  [8, 'EGP'],
  [9, 'IGP'],
  [17, 'UDP'],
  [27, 'RDP'],
  [33, 'DCCP'],
  [41, 'IPV6'],
  [46, 'RSVP'],
  [47, 'GRE'],
  [50, 'ESP'],
  [51, 'AH'],
  [55, 'MOBILE'],
  [56, 'TLSP'],
  [58, 'ICMPV6 IPV6-ICMP'],
  [88, 'EIGRP'],
  [89, 'OSPF OSPFIGP'],
  [103, 'PIM'],
  [108, 'IPCOMP'],
  [112, 'VRRP'],
  [115, 'L2TP'],
  [124, 'ISIS'],
  [132, 'SCTP'],
  [133, 'FC'],
  [136, 'UDPLITE'],
];

const numbers = new Map<string, number>();
for (const [number, spellings] of names) for (const name of spellings.split(' ')) numbers.set(name, number);

/** Whatever the case of the letters; undefined for a name that is none. */
export function protocolNumber(name: string): number | undefined {
  return numbers.get(name.toUpperCase());
}
