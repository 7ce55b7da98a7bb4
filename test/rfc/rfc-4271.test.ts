/** RFC 4271, BGP-4: AS_PATH and what origin and neighbour come from (RFC 5065, 6811, 9774), withdrawals before announcements, prefixes. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodePrefixes, type SegmentInput } from '../support/bgp-builder.ts';
import { type PeerOptions, peerUp, routeMonitoring, type UpdateOptions } from '../support/bmp-builder.ts';
import { RibDriver } from '../support/rib-driver.ts';

const peer: PeerOptions = { address: '192.0.2.1', as: 65001 };
const internal: PeerOptions = { address: '192.0.2.3', as: 65000 };
const locRib: PeerOptions = { type: 3, as: 65000, bgpId: '192.0.2.254' };
const attributes = { origin: 0, asPath: [65001], nextHop: '192.0.2.1' };
const mpReach = { afi: 2, safi: 1, nextHop: '2001:db8::1', prefixes: ['2001:db8:1::/48'] };

function up(header: PeerOptions = peer): RibDriver {
  const driver = new RibDriver();
  driver.send(peerUp(header));
  return driver;
}

type Path = readonly SegmentInput[] | readonly number[];

/** [origin, neighbour, path length] that a lookup gives for this path. */
function answerTo(asPath: Path, header: PeerOptions = peer): number[] {
  const driver = up(header);
  driver.send(routeMonitoring(header, { ...attributes, asPath, announced: ['10.0.0.0/8'] }));
  const answer = driver.lookup('10.0.0.1', null, { views: [0, 1, 2, 3, 4] });
  return [answer.originAs, answer.neighborAs, answer.attributes.pathLength()];
}

void describe('RFC 4271 §5.1.2, RFC 5065 §3: AS_PATH', () => {
  const none = -1;
  const cases: readonly (readonly [string, Path, readonly number[]])[] = [
    ['AS_SEQUENCE: first and last', [65001, 65002, 65003], [65003, 65001, 3]],
    [
      'several AS_SEQUENCEs: last of the last',
      [
        [2, [65001, 65002]],
        [2, [65003]],
      ],
      [65003, 65001, 3],
    ],
    ['prepends stay', [65001, 65001, 65001, 65002, 65002], [65002, 65001, 5]],
    [
      'RFC 6811 §2: an AS_SET at the end makes the origin ambiguous, even one of one AS (RFC 9774)',
      [
        [2, [65001]],
        [1, [65002]],
      ],
      [none, 65001, 2],
    ],
    [
      'an AS_SET counts as one AS',
      [
        [2, [65001]],
        [1, [65002, 65003, 65004]],
      ],
      [none, 65001, 2],
    ],
    [
      'an AS_SET inside: origin is the last sequence',
      [
        [2, [65001]],
        [1, [65002, 65003]],
        [2, [65004]],
      ],
      [65004, 65001, 3],
    ],
    ['an AS_SET alone: no neighbour', [[1, [65002, 65003]]], [none, none, 1]],
    [
      'RFC 5065 §5.3: leading confederation segments are none of the path',
      [
        [3, [65100, 65101]],
        [2, [65001, 65002]],
      ],
      [65002, 65001, 2],
    ],
    [
      'also sets of them',
      [
        [4, [65100, 65101]],
        [3, [65102]],
        [2, [65001]],
      ],
      [65001, 65001, 1],
    ],
    [
      'trailing ones are not the origin',
      [
        [2, [65001]],
        [3, [65100]],
      ],
      [65001, 65001, 1],
    ],
  ];
  for (const [name, asPath, expected] of cases) void test(name, () => assert.deepEqual(answerTo(asPath), expected));
});

void describe('RFC 4271 §5.1.2: the empty path starts at the router', () => {
  void test("in the Loc-RIB, from an internal peer, towards any peer: the origin is the router's AS, not the peer's", () => {
    const headers = [locRib, internal, { ...internal, isPostPolicy: true }, { ...peer, isAdjRibOut: true }];
    for (const header of headers) assert.deepEqual(answerTo([], header), [65000, -1, 0]);
  });

  void test('so is one of confederation segments only', () => {
    assert.deepEqual(answerTo([[3, [65100, 65101]]], internal), [65000, -1, 0]);
  });

  void test('without a Peer Up the origin of it is not known', () => {
    const driver = new RibDriver();
    driver.send(routeMonitoring(internal, { ...attributes, asPath: [], announced: ['10.0.0.0/8'] }));
    assert.equal(driver.lookup('10.0.0.1').originAs, -1);
  });

  for (const isPostPolicy of [false, true]) {
    void test(`§6.3: from an external peer it is malformed: treated as withdrawn (post-policy: ${isPostPolicy})`, () => {
      const header = { ...peer, isPostPolicy };
      const driver = up();
      driver.send(routeMonitoring(header, { ...attributes, announced: ['10.0.0.0/8', '10.1.0.0/16'] }));
      driver.send(routeMonitoring(header, { ...attributes, asPath: [], announced: ['10.0.0.0/8'], mpReach }));
      assert.deepEqual(
        [driver.at('10.0.0.0/8'), driver.at('10.1.0.0/16').length, driver.at('2001:db8:1::/48')],
        [[], 1, []],
      );
      assert.equal(driver.shard.counters.treatedAsWithdraw, 1);
      assert.match(driver.events.at(-1)?.text ?? '', /attribute 2/);
    });
  }
});

void describe('RFC 4271 §4.3: one UPDATE withdraws first, then announces', () => {
  const cases: readonly (readonly [string, string, UpdateOptions])[] = [
    ['withdrawn routes and NLRI', '10.0.0.0/8', { withdrawn: ['10.0.0.0/8'], announced: ['10.0.0.0/8'] }],
    [
      'MP_UNREACH_NLRI and MP_REACH_NLRI',
      '2001:db8:1::/48',
      { mpUnreach: { afi: 2, safi: 1, prefixes: mpReach.prefixes }, mpReach },
    ],
    [
      'MP_UNREACH_NLRI of IPv4 and NLRI',
      '10.0.0.0/8',
      { mpUnreach: { afi: 1, safi: 1, prefixes: ['10.0.0.0/8'] }, announced: ['10.0.0.0/8'] },
    ],
    [
      'withdrawn routes and MP_REACH_NLRI of IPv4',
      '10.0.0.0/8',
      { withdrawn: ['10.0.0.0/8'], mpReach: { afi: 1, safi: 1, nextHop: '192.0.2.1', prefixes: ['10.0.0.0/8'] } },
    ],
  ];
  for (const [name, prefix, update] of cases) {
    for (const isKnown of [false, true]) {
      void test(`the same prefix in ${name} ${isKnown ? 'is replaced' : 'is there'}`, () => {
        const driver = up();
        if (isKnown) driver.send(routeMonitoring(peer, { ...attributes, announced: ['10.0.0.0/8'], mpReach }));
        driver.send(routeMonitoring(peer, { ...attributes, asPath: [65001, 65009], ...update }));
        assert.deepEqual(driver.at(prefix), ['adj-rib-in-pre 192.0.2.1']);
        assert.equal(driver.lookup(prefix.includes(':') ? '2001:db8:1::1' : '10.0.0.1').originAs, 65009);
      });
    }
  }

  void test('NLRI wins over MP_REACH_NLRI of the same IPv4 prefix', () => {
    const driver = up();
    const four = { afi: 1, safi: 1, nextHop: '192.0.2.9', prefixes: ['10.0.0.0/8'] };
    driver.send(routeMonitoring(peer, { ...attributes, announced: ['10.0.0.0/8'], mpReach: four }));
    assert.equal(driver.at('10.0.0.0/8').length, 1);
    assert.equal(driver.lookup('10.0.0.1', '192.0.2.1').nextHopMatch, true);
  });
});

void describe('RFC 4271 §4.3, §6.3: prefixes', () => {
  void test('host bits are masked: the same prefix, announced and withdrawn', () => {
    const driver = up();
    driver.send(routeMonitoring(peer, { ...attributes, rawAnnounced: Buffer.from([12, 10, 0xff]) }));
    assert.deepEqual(driver.at('10.240.0.0/12'), ['adj-rib-in-pre 192.0.2.1']);
    const dirty = { afi: 2, safi: 1, nextHop: '2001:db8::1', prefixes: ['2001:db8::/32'] };
    driver.send(routeMonitoring(peer, { ...attributes, mpReach: dirty }));
    driver.send(routeMonitoring(peer, { ...attributes, withdrawn: ['10.240.0.0/12'] }));
    assert.deepEqual(driver.at('10.240.0.0/12'), []);
    assert.equal(driver.shard.counters.withdrawnUnknown, 0);
  });

  void test('0.0.0.0/0 and ::/0 are routes, flagged in the answer', () => {
    const driver = up();
    const six = { ...mpReach, prefixes: ['::/0'] };
    driver.send(routeMonitoring(peer, { ...attributes, announced: ['0.0.0.0/0'], mpReach: six }));
    for (const address of ['10.0.0.1', '2001:db8:1::1']) {
      assert.equal(driver.lookup(address).status, 0);
      assert.equal(driver.lookup(address).defaultRoute, true);
    }
    driver.send(routeMonitoring(peer, { ...attributes, announced: ['10.0.0.0/8'] }));
    assert.equal(driver.lookup('10.0.0.1').defaultRoute, false);
  });

  void test('a v4-mapped prefix (::ffff:0:0/96) is never made 0.0.0.0/0; mapped flow addresses and next hops are IPv4', () => {
    const driver = up();
    const mapped = { ...mpReach, prefixes: ['::ffff:0.0.0.0/96', '::ffff:10.0.0.0/104'] };
    driver.send(routeMonitoring(peer, { ...attributes, mpReach: mapped }));
    assert.equal(driver.ask('10.0.0.1'), 'no-route');
    assert.equal(driver.ask('::ffff:10.0.0.1'), 'no-route');
    assert.deepEqual(driver.routes.counts(), { routesV4: 0, routesV6: 2, prefixesV4: 0, prefixesV6: 2 });
    driver.send(routeMonitoring(peer, { ...attributes, announced: ['10.0.0.0/8'] }));
    assert.equal(driver.lookup('::ffff:10.0.0.1', '::ffff:192.0.2.1').nextHopMatch, true);
  });

  void test('labels do not change what a length over the maximum is', () => {
    const driver = up();
    const raw = Buffer.concat([encodePrefixes(['10.0.0.0/8']), Buffer.from([33, 10, 1, 2, 3, 4])]);
    driver.send(routeMonitoring(peer, { ...attributes, announced: ['10.9.0.0/16'] }));
    driver.send(routeMonitoring(peer, { ...attributes, rawAnnounced: raw }));
    assert.deepEqual(driver.at('10.0.0.0/8'), []);
    assert.deepEqual(driver.at('10.9.0.0/16'), ['adj-rib-in-pre 192.0.2.1 suspect']);
    assert.equal(driver.shard.counters.unparsableNlri, 1);
  });
});
