/** RFC 7854, BGP Monitoring Protocol: its bytes through decoder, shard and lookup. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  bgpPdu,
  bgpUpdate,
  bmpMessage,
  endOfRib,
  initiation,
  type PeerOptions,
  peerDown,
  peerUp,
  perPeerHeader,
  routeMirroring,
  routeMonitoring,
  statisticsReport,
  termination,
} from '../support/bmp-builder.ts';
import { endOfRibTimeoutMs, RibDriver, staleTimeMs } from '../support/rib-driver.ts';

const peer: PeerOptions = { address: '192.0.2.1', as: 65001, bgpId: '192.0.2.1' };
const other: PeerOptions = { address: '192.0.2.2', as: 65002, bgpId: '192.0.2.2' };
const locRib: PeerOptions = { type: 3, as: 65000, bgpId: '192.0.2.254' };
const attributes = { origin: 0, asPath: [65001, 65010], nextHop: '192.0.2.1' };
const v6 = { afi: 2, safi: 1, nextHop: '2001:db8::1', prefixes: ['2001:db8:1::/48'] };

const announce = (header: PeerOptions, ...announced: string[]): Buffer =>
  routeMonitoring(header, { ...attributes, announced });
const announce6 = (header: PeerOptions): Buffer => routeMonitoring(header, { origin: 0, asPath: [65001], mpReach: v6 });

/** All five views of a router that tells everything, each with a v4 and a v6 route, complete. */
const views: readonly (readonly [string, PeerOptions])[] = [
  ['adj-rib-in-pre', other],
  ['adj-rib-in-post', { ...peer, isPostPolicy: true }],
  ['adj-rib-out-pre', { ...other, isAdjRibOut: true }],
  ['adj-rib-out-post', { ...peer, isAdjRibOut: true, isPostPolicy: true }],
  ['loc-rib', locRib],
];

function everyView(): RibDriver {
  const driver = new RibDriver();
  driver.send([initiation(), peerUp(peer), peerUp(other), peerUp(locRib)]);
  for (const [, header] of views) driver.send([announce(header, '10.0.0.0/8'), announce6(header)]);
  return driver;
}

void describe('RFC 7854 §3.3, §4.3, §4.5: the life of a session', () => {
  void test('§3.3: what comes before any Initiation (a feed joined midway) is taken', () => {
    const driver = new RibDriver();
    driver.send([peerUp(peer), announce(peer, '10.0.0.0/8')]);
    assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-in-pre 192.0.2.1']);
  });

  void test('§4.3: an Initiation names the router; the first one of a session loses nothing', () => {
    const driver = new RibDriver();
    driver.send(initiation({ sysName: 'edge1', sysDescr: 'a router' }));
    const [session] = driver.shard.status().routers[0].sessions;
    assert.deepEqual([session.sysName, session.sysDescr], ['edge1', 'a router']);
    assert.equal(driver.shard.counters.sessionsLost, 0);
  });

  for (const [name, end] of [
    ['§4.5: Termination', termination()],
    ['§4.3: Initiation again', initiation()],
  ] as const) {
    void test(`${name} ends the session: the routes of all views and families stay stale for staleTime, then all are gone`, () => {
      const driver = everyView();
      driver.send(end);
      for (const prefix of ['10.0.0.0/8', '2001:db8:1::/48']) {
        assert.equal(driver.at(prefix).length, 5);
        assert.ok(driver.at(prefix).every((route) => route.endsWith(' stale')));
      }
      driver.pass(staleTimeMs - 1);
      assert.equal(driver.at('10.0.0.0/8').length, 5);
      driver.pass(1);
      for (const prefix of ['10.0.0.0/8', '2001:db8:1::/48']) assert.deepEqual(driver.at(prefix), []);
      while (driver.shard.reclaim(100));
      assert.deepEqual(driver.routes.counts(), { routesV4: 0, routesV6: 0, prefixesV4: 0, prefixesV6: 0 });
      assert.equal(driver.attributes.size, 0);
    });
  }

  void test('§4.5: a Termination without a reason closes as well; its reason is told', () => {
    const driver = everyView();
    driver.send(bmpMessage(5));
    assert.match(driver.events.find((event) => event.kind === 'session-lost')?.text ?? '', /reason 0/);
  });
});

void describe('RFC 7854 §4.1: common header', () => {
  void test('another version (BMP 4) is an error of its message alone; the session goes on', () => {
    const driver = new RibDriver();
    driver.send([peerUp(peer), announce(peer, '10.0.0.0/8')]);
    const four = announce(peer, '10.1.0.0/16');
    four[0] = 4;
    driver.send(four);
    assert.equal(driver.shard.counters.recordErrors, 1);
    driver.send(announce(peer, '10.2.0.0/16'));
    assert.deepEqual(driver.at('10.1.0.0/16'), []);
    assert.deepEqual(driver.at('10.2.0.0/16'), ['adj-rib-in-pre 192.0.2.1']);
    assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-in-pre 192.0.2.1']);
  });

  void test('an unknown message type is passed over by its length', () => {
    const driver = new RibDriver();
    driver.send([peerUp(peer), bmpMessage(200, Buffer.alloc(50, 3)), announce(peer, '10.0.0.0/8')]);
    assert.equal(driver.shard.counters.recordErrors, 1);
    assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-in-pre 192.0.2.1']);
  });
});

void describe('RFC 7854 §4.2: which peer', () => {
  const prefix = '10.0.0.0/8';

  void test('ports are no part of a peer: after a reconnect from another port it is the same, in a new epoch', () => {
    const driver = new RibDriver();
    driver.send([peerUp(peer, { remotePort: 40000 }), announce(peer, prefix), endOfRib(peer)]);
    driver.send([peerUp(peer, { remotePort: 40001 }), announce(peer, prefix), endOfRib(peer)]);
    assert.deepEqual(driver.at(prefix), ['adj-rib-in-pre 192.0.2.1']);
    assert.equal(driver.shard.status().routers[0].sessions[0].peers.length, 1);
    assert.equal(driver.peer('192.0.2.1')?.epoch, 2);
  });

  void test('the same address under other distinguishers and types is as many peers', () => {
    const driver = new RibDriver();
    const headers = [
      peer,
      { ...peer, type: 1, distinguisher: '0000fde80000000b' },
      { ...peer, type: 1, distinguisher: '0000fde80000000c' },
      { ...peer, type: 2, distinguisher: '0000fde80000000b' },
    ];
    for (const header of headers) driver.send([peerUp(header), announce(header, prefix)]);
    const { peers } = driver.shard.status().routers[0].sessions[0];
    assert.deepEqual(
      peers.map(({ type, distinguisher, state }) => [type, distinguisher, state]),
      headers.map(({ type, distinguisher }) => [type ?? 0, distinguisher ?? '0000000000000000', 'up']),
    );
    driver.send(peerDown(headers[1]));
    const states = driver.shard.status().routers[0].sessions[0].peers.map((status) => status.state);
    assert.deepEqual(states, ['up', 'down', 'up', 'up']);
    assert.deepEqual(driver.at(prefix), ['adj-rib-in-pre 192.0.2.1']);
  });

  void test('the views that L and O name do not overwrite or withdraw each other', () => {
    const driver = everyView();
    assert.deepEqual(
      driver.at(prefix).map((route) => route.split(' ')[0]),
      views.map(([view]) => view).sort(),
    );
    for (const [view, header] of views) {
      driver.send(routeMonitoring(header, { withdrawn: [prefix] }));
      assert.ok(driver.at(prefix).every((route) => !route.startsWith(`${view} `)));
      driver.send(announce(header, prefix));
    }
    assert.equal(driver.at(prefix).length, 5);
    assert.equal(driver.shard.counters.withdrawnUnknown, 0);
  });

  void test('an IPv4 address is the last 4 of the 16 bytes, whatever is before them; V tells', () => {
    const driver = new RibDriver();
    const up = peerUp({ ...peer, address: '2001:db8::c000:201', flags: 0 });
    driver.send(up);
    assert.equal(driver.peer('192.0.2.1')?.state, 'up');
    driver.send(peerUp({ ...peer, address: '2001:db8::c000:201' }));
    assert.equal(driver.peer('2001:db8::c000:201')?.state, 'up');
    assert.equal(driver.shard.status().routers[0].sessions[0].peers.length, 2);
  });

  void test('the AS has 4 bytes, 16-bit ones with zeros in front', () => {
    const driver = new RibDriver();
    driver.send([peerUp({ ...peer, as: 4200000001 }), peerUp({ ...other, as: 7 })]);
    assert.deepEqual([driver.peer('192.0.2.1')?.as, driver.peer('192.0.2.2')?.as], [4200000001, 7]);
  });

  void test('a timestamp, 0 (unavailable) or any other, is not the time of a route: that is the record, as the router clock may lie', () => {
    for (const timestampMs of [0, 1_000_000_000_000]) {
      const driver = new RibDriver();
      driver.send([peerUp({ ...peer, timestampMs }), announce({ ...peer, timestampMs }, prefix)]);
      driver.pass(7000);
      assert.equal(driver.lookup('10.0.0.1').ageMs, 7000);
    }
  });
});

void describe('RFC 7854 §4.2: the A flag decides the AS_PATH width of each message', () => {
  for (const fourOctetAs of [true, false]) {
    void test(`whatever the OPENs say (4-octet AS capability: ${fourOctetAs})`, () => {
      const driver = new RibDriver();
      const open = { as: 65000, fourOctetAs };
      driver.send(peerUp(peer, { sentOpen: open, receivedOpen: { ...open, as: 65001 } }));
      // 1 to 4 hops, and two segments, which also fit the wrong width.
      const paths = [[7], [64500, 7], [64500, 64501, 7], [64500, 64501, 64502, 7]];
      for (const asPath of paths) {
        for (const isTwoByteAsPath of [true, false, true]) {
          driver.send(
            routeMonitoring({ ...peer, isTwoByteAsPath }, { ...attributes, asPath, announced: ['10.0.0.0/8'] }),
          );
          const answer = driver.lookup('10.0.0.1');
          assert.deepEqual(
            [answer.neighborAs, answer.originAs, answer.attributes.pathLength()],
            [asPath[0], 7, asPath.length],
          );
        }
      }
      const two = { ...peer, isTwoByteAsPath: true };
      const segments = [
        [2, [64500, 64501]],
        [2, [7]],
      ] as const;
      driver.send(routeMonitoring(two, { ...attributes, asPath: segments, announced: ['10.0.0.0/8'] }));
      assert.deepEqual([driver.lookup('10.0.0.1').neighborAs, driver.lookup('10.0.0.1').originAs], [64500, 7]);
      assert.equal(driver.shard.counters.asWidthGuessed, 0);
      assert.equal(driver.shard.counters.treatedAsWithdraw, 0);
    });
  }

  void test('it may differ between pre- and post-policy of one peer', () => {
    const driver = new RibDriver();
    const pre = { ...peer, isTwoByteAsPath: true };
    const post = { ...peer, isPostPolicy: true };
    driver.send([
      peerUp(peer),
      announce(pre, '10.0.0.0/8'),
      announce(post, '10.1.0.0/16'),
      announce(pre, '10.2.0.0/16'),
    ]);
    assert.equal(driver.shard.counters.asWidthGuessed, 0);
    for (const view of [1, 2])
      assert.equal(driver.lookup('10.1.0.1', null, { views: [view] }).status, view === 1 ? 0 : 1);
    assert.equal(driver.lookup('10.1.0.1', null, { views: [1] }).originAs, 65010);
  });
});

void describe('RFC 7854 §4.6: Route Monitoring', () => {
  void test('before or without a Peer Up it is taken: provisional peer, no path ids, suspect, each message counted', () => {
    const driver = new RibDriver();
    driver.send([announce(peer, '10.0.0.0/8'), announce(peer, '10.1.0.0/16')]);
    assert.equal(driver.peer('192.0.2.1')?.state, 'provisional');
    assert.deepEqual(driver.at('10.1.0.0/16'), ['adj-rib-in-pre 192.0.2.1 suspect']);
    assert.equal(driver.lookup('10.1.0.1').suspect, true);
    assert.equal(driver.shard.counters.provisional, 2);
    assert.equal(driver.events.filter((event) => event.kind === 'peer-provisional').length, 1);
  });

  void test('also after a Peer Down', () => {
    const driver = new RibDriver();
    driver.send([peerUp(peer), announce(peer, '10.0.0.0/8'), peerDown(peer), announce(peer, '10.1.0.0/16')]);
    assert.deepEqual(driver.at('10.0.0.0/8'), []);
    assert.deepEqual(driver.at('10.1.0.0/16'), ['adj-rib-in-pre 192.0.2.1 suspect']);
  });
});

void describe('RFC 7854 §4.10: Peer Up again', () => {
  void test('with the same OPENs and ports it goes on, also from another view (Huawei sends one per view)', () => {
    const driver = new RibDriver();
    driver.send([peerUp(peer), announce(peer, '10.0.0.0/8'), endOfRib(peer)]);
    for (const flags of [0, 0x40, 0x10, 0x50]) driver.send(peerUp({ ...peer, flags, timestampMs: flags }));
    assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-in-pre 192.0.2.1']);
    assert.equal(driver.peer('192.0.2.1')?.epoch, 1);
  });

  void test('anything else is a new epoch: old routes go stale and are swept at End-of-RIB', () => {
    const changes = [
      { remotePort: 40001 },
      { localPort: 180 },
      { sentOpen: { holdTimeS: 30 } },
      { receivedOpen: { as: 65001, bgpId: '192.0.2.99' } },
    ];
    for (const change of changes) {
      const driver = new RibDriver();
      driver.send([peerUp(peer), announce(peer, '10.0.0.0/8', '10.1.0.0/16'), endOfRib(peer)]);
      driver.send([peerUp(peer, change), announce(peer, '10.0.0.0/8')]);
      assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-in-pre 192.0.2.1']);
      assert.deepEqual(driver.at('10.1.0.0/16'), ['adj-rib-in-pre 192.0.2.1 stale']);
      driver.send(endOfRib(peer));
      assert.deepEqual(driver.at('10.1.0.0/16'), []);
    }
  });

  void test('the same one after a Peer Down is a new epoch, and starts empty', () => {
    const driver = new RibDriver();
    driver.send([peerUp(peer), announce(peer, '10.0.0.0/8'), peerDown(peer), peerUp(peer)]);
    assert.deepEqual(driver.at('10.0.0.0/8'), []);
    assert.equal(driver.peer('192.0.2.1')?.epoch, 2);
  });
});

void describe('RFC 7854 §4.7-4.9: messages that carry no routes', () => {
  void test('§4.7: what is mirrored, sound, malformed or no BGP at all, never reaches the table', () => {
    const driver = new RibDriver();
    driver.send([peerUp(peer), announce(peer, '10.0.0.0/8'), endOfRib(peer)]);
    const mirrored = [
      bgpUpdate({ ...attributes, announced: ['10.9.0.0/16'] }),
      bgpUpdate({ withdrawn: ['10.0.0.0/8'] }),
      bgpUpdate({ ...attributes, rawAnnounced: Buffer.from([99, 1]) }),
      Buffer.alloc(40, 0xff),
    ];
    for (const pdu of mirrored) driver.send(routeMirroring(peer, pdu));
    driver.send(bmpMessage(6, perPeerHeader(peer), Buffer.from([0, 1, 0, 2, 0, 0])));
    driver.send(routeMirroring(other, mirrored[0]));
    assert.deepEqual(driver.at('10.9.0.0/16'), []);
    assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-in-pre 192.0.2.1']);
    assert.equal(driver.peer('192.0.2.2'), undefined);
    assert.equal(driver.shard.counters.recordErrors, 0);
    assert.equal(driver.shard.counters.updates, 2);
    assert.equal(driver.shard.counters.messages.get('route-mirroring'), 6);
  });

  void test('§4.8: a statistic of unknown type and odd size is passed over by its length, the next message is found', () => {
    const driver = new RibDriver();
    const statistics = [
      { type: 65000, value: Buffer.alloc(3, 0xff) },
      { type: 7, value: 1n },
      { type: 40, value: Buffer.alloc(11) },
    ];
    driver.send([peerUp(peer), statisticsReport(peer, statistics), announce(peer, '10.0.0.0/8')]);
    assert.equal(driver.shard.counters.recordErrors, 0);
    assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-in-pre 192.0.2.1']);
  });

  const notification = bgpPdu(3, Buffer.from([6, 4, 1, 2, 3]));
  const reasons: readonly (readonly [string, number, Buffer])[] = [
    ['1: local, with NOTIFICATION', 1, notification],
    ['2: local, with an FSM event code', 2, Buffer.from([0, 24])],
    ['3: remote, with NOTIFICATION', 3, notification],
    ['4: remote, without data', 4, Buffer.alloc(0)],
    ['5: de-configured', 5, Buffer.alloc(0)],
    ['77: unknown, with data', 77, Buffer.alloc(9, 1)],
  ];
  for (const [name, reason, data] of reasons) {
    void test(`§4.9: Peer Down, reason ${name}: all its routes are gone, no one else's`, () => {
      const driver = everyView();
      driver.send([peerDown(peer, reason, data), announce(other, '10.7.0.0/16')]);
      assert.ok(driver.at('10.0.0.0/8').every((route) => !route.includes(' 192.0.2.1')));
      assert.equal(driver.at('10.0.0.0/8').length, 3);
      assert.equal(driver.at('10.7.0.0/16').length, 1);
      assert.equal(driver.shard.counters.recordErrors, 0);
      assert.match(
        driver.events.find((event) => event.kind === 'peer-down')?.text ?? '',
        new RegExp(`reason ${reason}`),
      );
    });
  }
});

void describe('RFC 7854 §5, RFC 4724 §2: End-of-RIB', () => {
  const post = { ...peer, isPostPolicy: true };
  const isComplete = (driver: RibDriver, view: string, afi: number): boolean | undefined =>
    driver.peer('192.0.2.1')?.ribs.find((rib) => rib.view === view && rib.afi === afi && !rib.stale)?.endOfRib;

  void test('IPv4 unicast: the empty UPDATE, or MP_UNREACH_NLRI without NLRI; others: the latter', () => {
    for (const marker of [endOfRib(peer), routeMonitoring(peer, { mpUnreach: { afi: 1, safi: 1, prefixes: [] } })]) {
      const driver = new RibDriver();
      driver.send([peerUp(peer), announce(peer, '10.0.0.0/8'), announce6(peer)]);
      driver.send(marker);
      assert.deepEqual(
        [isComplete(driver, 'adj-rib-in-pre', 1), isComplete(driver, 'adj-rib-in-pre', 2)],
        [true, false],
      );
      driver.send(endOfRib(peer, 2, 1));
      assert.equal(isComplete(driver, 'adj-rib-in-pre', 2), true);
      assert.equal(driver.shard.counters.endOfRibs, 2);
    }
  });

  void test('it is that of the view of its header, and of no other', () => {
    const driver = new RibDriver();
    driver.send([peerUp(peer), announce(peer, '10.0.0.0/8'), announce(post, '10.0.0.0/8'), endOfRib(post)]);
    assert.deepEqual(
      [isComplete(driver, 'adj-rib-in-pre', 1), isComplete(driver, 'adj-rib-in-post', 1)],
      [false, true],
    );
  });

  void test('after a new epoch it sweeps that view and family alone', () => {
    const driver = new RibDriver();
    driver.send([peerUp(peer), announce(post, '10.0.0.0/8'), announce6(post)]);
    driver.send(announce({ ...post, isAdjRibOut: true }, '10.1.0.0/16'));
    driver.send([peerUp(peer, { remotePort: 7 }), endOfRib({ ...post, isAdjRibOut: true })]);
    assert.deepEqual(driver.at('10.1.0.0/16'), []);
    assert.deepEqual(driver.at('10.0.0.0/8'), ['adj-rib-in-post 192.0.2.1 stale']);
    driver.send(endOfRib(post));
    assert.deepEqual(driver.at('10.0.0.0/8'), []);
    assert.deepEqual(driver.at('2001:db8:1::/48'), ['adj-rib-in-post 192.0.2.1 stale']);
  });

  void test('a sender that forgets it is complete after a timeout', () => {
    const driver = new RibDriver();
    driver.send([peerUp(peer), announce(peer, '10.0.0.0/8')]);
    driver.pass(endOfRibTimeoutMs - 1);
    assert.equal(isComplete(driver, 'adj-rib-in-pre', 1), false);
    driver.pass(1);
    assert.equal(isComplete(driver, 'adj-rib-in-pre', 1), true);
    assert.equal(driver.shard.counters.endOfRibTimeouts, 1);
  });
});
