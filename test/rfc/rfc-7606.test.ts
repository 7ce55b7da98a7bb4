/** RFC 7606, revised error handling: what each fault of an UPDATE does to routes, and that it does nothing else. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { attribute, encodePrefixes } from '../support/bgp-builder.ts';
import { attributesOf, flagsOf, prefixTexts, updateOf } from '../support/bgp-text.ts';
import { bgpUpdate, type PeerOptions, peerUp, routeMonitoring, type UpdateOptions } from '../support/bmp-builder.ts';
import { RibDriver } from '../support/rib-driver.ts';

const peer: PeerOptions = { address: '192.0.2.1', as: 65001 };
const second: PeerOptions = { address: '192.0.2.2', as: 65002 };
const path = { origin: 0, asPath: [65001], nextHop: '192.0.2.1' };
const route = { ...path, announced: ['10.0.0.0/8'] };
const reach6 = { afi: 2, safi: 1, nextHop: '2001:db8::1', prefixes: ['2001:db8:1::/48'] };

/** Both views of the peer and another peer hold 10.0.0.0/8 and a v6 route. */
function filled(): RibDriver {
  const driver = new RibDriver();
  driver.send([peerUp(peer), peerUp(second)]);
  for (const header of [peer, { ...peer, isAdjRibOut: true }, second]) {
    driver.send(routeMonitoring(header, { ...route, mpReach: reach6 }));
  }
  return driver;
}

const others = ['adj-rib-in-pre 192.0.2.2', 'adj-rib-out-pre 192.0.2.1'];
const all = ['adj-rib-in-pre 192.0.2.1', ...others];

const withRaw = (raw: Uint8Array, options: UpdateOptions = route): UpdateOptions => ({
  ...options,
  rawAttributes: raw,
});
const without = (key: 'origin' | 'asPath' | 'nextHop'): UpdateOptions => {
  const options: UpdateOptions = { ...route };
  delete options[key];
  return options;
};

void describe('RFC 7606 §2: treat-as-withdraw removes the prefixes, of that peer and view only', () => {
  const cases: readonly (readonly [string, UpdateOptions])[] = [
    ['§7.1 ORIGIN of an unknown value', { ...route, origin: 3 }],
    ['§7.1 ORIGIN of 2 bytes', withRaw(attribute(1, Buffer.alloc(2)), without('origin'))],
    ['§7.2 AS_PATH: unknown segment', withRaw(attribute(2, Buffer.from([9, 1, 0, 0, 0, 1])), without('asPath'))],
    ['§7.2 AS_PATH: segment over the end', withRaw(attribute(2, Buffer.from([2, 2, 0, 0, 0, 1])), without('asPath'))],
    ['§7.2 AS_PATH: a byte left over', withRaw(attribute(2, Buffer.from([2, 1, 0, 0, 0, 1, 2])), without('asPath'))],
    ['§7.2 AS_PATH: empty segment', withRaw(attribute(2, Buffer.from([2, 0])), without('asPath'))],
    ['RFC 7607 AS_PATH with AS 0', withRaw(attribute(2, Buffer.from([2, 1, 0, 0, 0, 0])), without('asPath'))],
    ['§7.3 NEXT_HOP of 5 bytes', withRaw(attribute(3, Buffer.alloc(5, 1)), without('nextHop'))],
    ['§7.4 MULTI_EXIT_DISC', withRaw(attribute(4, Buffer.alloc(3), 0x80))],
    ['§7.5 LOCAL_PREF', withRaw(attribute(5, Buffer.alloc(5)))],
    ['§7.8 COMMUNITIES', withRaw(attribute(8, Buffer.alloc(6), 0xc0))],
    ['§7.8 COMMUNITIES of no length', withRaw(attribute(8, Buffer.alloc(0), 0xc0))],
    ['§7.9 ORIGINATOR_ID', withRaw(attribute(9, Buffer.alloc(5), 0x80))],
    ['§7.10 CLUSTER_LIST', withRaw(attribute(10, Buffer.alloc(7), 0x80))],
    ['§7.11 MP_REACH_NLRI: next hop of 5 bytes', { ...route, mpReach: { ...reach6, nextHop: '0102030405' } }],
    ['§7.14 EXTENDED COMMUNITIES', withRaw(attribute(16, Buffer.alloc(12), 0xc0))],
    ['RFC 8092 §5 LARGE_COMMUNITIES', withRaw(attribute(32, Buffer.alloc(16), 0xc0))],
    ['§3 c: Optional and Transitive bits that contradict', withRaw(attribute(5, Buffer.alloc(4), 0x80))],
    ['§3 d: no ORIGIN', without('origin')],
    ['§3 d: no AS_PATH', without('asPath')],
    ['§3 d: no NEXT_HOP', without('nextHop')],
    ['§4: an attribute that runs over the end of the list', withRaw(Buffer.from([0x80, 4, 200, 1]))],
    ['§4: half an attribute header', withRaw(Buffer.from([0x80, 4]))],
  ];
  for (const [name, update] of cases) {
    void test(name, () => {
      const driver = filled();
      driver.send(routeMonitoring(peer, update));
      assert.deepEqual(driver.at('10.0.0.0/8'), others);
      assert.equal(driver.shard.counters.treatedAsWithdraw, 1);
      const event = driver.events.at(-1);
      assert.deepEqual([event?.kind, event?.peer], ['problem', '192.0.2.1']);
      assert.match(event?.text ?? '', /attribute/);
      // The session is unharmed.
      driver.send(routeMonitoring(peer, route));
      assert.deepEqual(driver.at('10.0.0.0/8'), all);
    });
  }

  void test('prefixes of MP_REACH_NLRI are withdrawn too', () => {
    const driver = filled();
    driver.send(routeMonitoring(peer, { ...withRaw(attribute(8, Buffer.alloc(6), 0xc0), path), mpReach: reach6 }));
    assert.deepEqual(driver.at('2001:db8:1::/48'), others);
    assert.deepEqual(driver.at('10.0.0.0/8'), all);
  });

  void test('nothing of the faulty set is interned, and the decoder tells where the fault is', () => {
    const update = updateOf(bgpUpdate(withRaw(attribute(8, Buffer.alloc(6), 0xc0))));
    assert.deepEqual(update.attributeLengths, [0, 0]);
    assert.equal(update.announced.count, 0);
    assert.match(update.problem, /^attribute 8 at byte \d+/);
  });
});

void describe('RFC 7606 §2: attribute discard keeps the route', () => {
  const cases: readonly (readonly [string, Buffer])[] = [
    ['§7.6 ATOMIC_AGGREGATE', attribute(6, Buffer.alloc(1))],
    ['§7.7 AGGREGATOR', attribute(7, Buffer.alloc(5), 0xc0)],
    ['RFC 7607 AGGREGATOR of AS 0', attribute(7, Buffer.alloc(8), 0xc0)],
    ['RFC 6793 §6 AS4_PATH', attribute(17, Buffer.from([2, 1, 0]), 0xc0)],
    ['RFC 6793 §6 AS4_AGGREGATOR', attribute(18, Buffer.alloc(3), 0xc0)],
  ];
  for (const [name, raw] of cases) {
    void test(name, () => {
      const driver = filled();
      driver.send(routeMonitoring(peer, withRaw(raw, { ...route, communities: ['65001:200'] })));
      assert.deepEqual(driver.at('10.0.0.0/8'), all);
      assert.equal(driver.lookup('10.0.0.1', null, { views: [2] }).attributes.communities, 1);
      assert.deepEqual([driver.shard.counters.treatedAsWithdraw, driver.shard.counters.discardedAttributes], [0, 1]);
    });
  }

  const internalOnly = { localPref: 500, originatorId: '192.0.2.99', clusterList: ['192.0.2.98'] };
  const kept = (driver: RibDriver): boolean[] => {
    const { hasLocalPref, hasOriginatorId, clusterList } = driver.lookup('10.0.0.1').attributes;
    return [hasLocalPref, hasOriginatorId, clusterList > 0];
  };

  void test('§7.5, §7.9, §7.10: what only internal neighbours may send is discarded as received from an external one', () => {
    const driver = new RibDriver();
    driver.send([peerUp(peer), routeMonitoring(peer, { ...route, ...internalOnly })]);
    assert.deepEqual(kept(driver), [false, false, false]);
    assert.equal(driver.shard.counters.discardedAttributes, 3);
    assert.equal(driver.shard.counters.treatedAsWithdraw, 0);
  });

  void test('RFC 5065 §4: not from a member of the confederation, nor after policy, nor from an internal neighbour', () => {
    const confederation = { asPath: [[3, [65001]]] } as const;
    for (const [header, options] of [
      [peer, confederation],
      [{ ...peer, isPostPolicy: true }, {}],
      [{ ...peer, as: 65000 }, {}],
    ] as const) {
      const driver = new RibDriver();
      driver.send([peerUp(header), routeMonitoring(header, { ...route, ...internalOnly, ...options })]);
      assert.deepEqual(kept(driver), [true, true, true]);
      assert.equal(driver.shard.counters.discardedAttributes, 0);
    }
  });

  void test('§3 g: of an attribute that comes twice the first counts', () => {
    const update = updateOf(bgpUpdate(withRaw(attribute(4, Buffer.from([0, 0, 0, 9]), 0x80), { ...route, med: 5 })));
    assert.deepEqual([attributesOf(update)['med'], update.discardedAttributes, update.treatAsWithdraw], [5, 1, false]);
  });

  void test('§3 g: also when the second is malformed', () => {
    const update = updateOf(bgpUpdate(withRaw(attribute(4, Buffer.alloc(3), 0x80), { ...route, med: 5 })));
    assert.deepEqual([attributesOf(update)['med'], update.discardedAttributes, update.treatAsWithdraw], [5, 1, false]);
  });

  void test('an unknown attribute is passed over, extended lengths are read', () => {
    const raw = Buffer.concat([attribute(250, Buffer.alloc(300), 0xc0), attribute(4, Buffer.from([0, 0, 0, 7]), 0x90)]);
    const update = updateOf(bgpUpdate(withRaw(raw)));
    assert.deepEqual([attributesOf(update)['med'], flagsOf(update)], [7, {}]);
  });
});

void describe('RFC 7606 §3 d, §5.2: what need not be there', () => {
  void test('MP routes alone need no NEXT_HOP', () => {
    const driver = filled();
    driver.send(routeMonitoring(peer, { origin: 0, asPath: [65001, 7], mpReach: reach6 }));
    assert.deepEqual(driver.at('2001:db8:1::/48'), all);
    assert.equal(driver.shard.counters.treatedAsWithdraw, 0);
  });

  void test('RFC 4760 §3: a NEXT_HOP beside MP routes alone is ignored, malformed or not', () => {
    for (const value of [Buffer.alloc(4, 9), Buffer.alloc(5), Buffer.alloc(16, 1)]) {
      const options = { ...withRaw(attribute(3, value), without('nextHop')), announced: [], mpReach: reach6 };
      const update = updateOf(bgpUpdate(options));
      assert.deepEqual([flagsOf(update), attributesOf(update, 1)['nextHop']], [{}, '2001:db8::1']);
    }
  });

  void test('an UPDATE that only withdraws needs no attributes', () => {
    const driver = filled();
    const mpUnreach = { afi: 2, safi: 1, prefixes: ['2001:db8:1::/48'] };
    driver.send(routeMonitoring(peer, { mpUnreach }));
    driver.send(routeMonitoring(peer, { withdrawn: ['10.0.0.0/8'] }));
    assert.deepEqual([driver.at('10.0.0.0/8'), driver.at('2001:db8:1::/48')], [others, others]);
    assert.equal(driver.shard.counters.treatedAsWithdraw, 0);
  });

  void test('a Loc-RIB route that the router originated may lack AS_PATH (GoBGP 3.10)', () => {
    const update = updateOf(bgpUpdate({ origin: 0, nextHop: '0.0.0.0', announced: ['10.0.0.0/8'] }), {
      isLocRib: true,
    });
    assert.deepEqual(attributesOf(update), { origin: 'igp', asPath: '', nextHop: '0.0.0.0' });
  });
});

void describe('RFC 7606 §5.3: NLRI that cannot be read make the peer suspect', () => {
  const bad = Buffer.concat([encodePrefixes(['10.0.0.0/8']), Buffer.from([33, 1, 2, 3, 4, 5])]);
  const cases: readonly (readonly [string, UpdateOptions])[] = [
    ['a length over the maximum', { ...path, rawAnnounced: bad }],
    ['a prefix that runs over the end', { ...path, rawAnnounced: Buffer.from([24, 10, 0]) }],
    ['MP_UNREACH_NLRI: 129 bits', withRaw(attribute(15, Buffer.from([0, 2, 1, 129, ...Buffer.alloc(17)]), 0x80), {})],
    [
      '§7.11 MP_REACH_NLRI whose lengths do not add up',
      withRaw(attribute(14, Buffer.from([0, 2, 1, 16, 0]), 0x80), path),
    ],
    ['§7.12 MP_UNREACH_NLRI of 2 bytes', withRaw(attribute(15, Buffer.from([0, 2]), 0x80), {})],
    [
      '§3 g: MP_UNREACH_NLRI twice',
      withRaw(Buffer.concat([1, 2].map(() => attribute(15, Buffer.from([0, 1, 1, 8, 11]), 0x80))), {}),
    ],
    [
      '§4: a list cut short that hides what it is about',
      withRaw(Buffer.from([0x80, 14, 200, 1]), { origin: 0, asPath: [1] }),
    ],
  ];
  for (const [name, update] of cases) {
    void test(`${name}: nothing of the field is believed, all views of the peer are marked, no other peer`, () => {
      const driver = filled();
      driver.send(routeMonitoring(peer, update));
      assert.deepEqual(driver.at('10.0.0.0/8'), [
        'adj-rib-in-pre 192.0.2.1 suspect',
        'adj-rib-in-pre 192.0.2.2',
        'adj-rib-out-pre 192.0.2.1 suspect',
      ]);
      assert.equal(driver.shard.counters.unparsableNlri, 1);
      assert.equal(driver.peer('192.0.2.1')?.suspect, true);
      assert.equal(driver.peer('192.0.2.2')?.suspect, false);
      assert.equal(driver.lookup('10.0.0.1', '192.0.2.1', { views: [2] }).status, 0);
      // The next epoch starts clean.
      driver.send([peerUp(peer, { remotePort: 9 }), routeMonitoring(peer, route)]);
      assert.equal(driver.peer('192.0.2.1')?.suspect, false);
    });
  }

  void test('the rest of the UPDATE is applied', () => {
    const driver = filled();
    driver.send(
      routeMonitoring(peer, {
        ...path,
        withdrawn: ['10.0.0.0/8'],
        rawAnnounced: Buffer.from([99]),
        mpReach: { ...reach6, prefixes: ['2001:db8:2::/48'] },
      }),
    );
    assert.deepEqual(driver.at('10.0.0.0/8').length, 2);
    assert.deepEqual(driver.at('2001:db8:2::/48'), ['adj-rib-in-pre 192.0.2.1 suspect']);
  });

  void test('of MP_UNREACH_NLRI twice the first is applied', () => {
    const twice = Buffer.concat(
      [
        [8, 10],
        [8, 11],
      ].map((nlri) => attribute(15, Buffer.from([0, 1, 1, ...nlri]), 0x80)),
    );
    assert.deepEqual(prefixTexts(updateOf(bgpUpdate({ rawAttributes: twice })).withdrawn), ['10.0.0.0/8']);
  });
});
