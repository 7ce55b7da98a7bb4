/** RFC 6793, four-octet AS numbers: AS4_PATH beside a 2-byte AS_PATH, what is void, what is broken. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { attribute, type SegmentInput } from '../support/bgp-builder.ts';
import { attributesOf, flagsOf, updateOf } from '../support/bgp-text.ts';
import {
  bgpOpen,
  bgpUpdate,
  type PeerOptions,
  peerUp,
  routeMonitoring,
  type UpdateOptions,
} from '../support/bmp-builder.ts';
import { decodeOpen } from '../../src/wire/bgp/open.ts';
import { RibDriver } from '../support/rib-driver.ts';

const path = { origin: 0, nextHop: '192.0.2.1', announced: ['10.0.0.0/8'] };
const big = 4200000001;
type Path = readonly SegmentInput[] | readonly number[];

/** The path of an UPDATE whose AS_PATH is 2 bytes wide, as the A flag says. */
function merged(asPath: Path, as4Path: Path, rawAttributes: Uint8Array = Buffer.alloc(0)): unknown {
  const options = { ...path, asPath, as4Path, isTwoByteAsPath: true, rawAttributes };
  return attributesOf(updateOf(bgpUpdate(options), { twoByteAsPath: true }))['asPath'];
}

function wide(options: UpdateOptions): ReturnType<typeof updateOf> {
  return updateOf(bgpUpdate({ ...path, ...options }));
}

const aggregator = (as: number, size: 6 | 8 = 6): Buffer =>
  attribute(7, Buffer.from([...(size === 8 ? [0, 0] : []), as >> 8, as & 255, 192, 0, 2, 1]), 0xc0);
const as4Aggregator = attribute(18, Buffer.from([0xfa, 0x56, 0xea, 1, 192, 0, 2, 1]), 0xc0);

void describe('RFC 6793 §4.2.3: AS4_PATH is merged into a 2-byte AS_PATH', () => {
  const cases: readonly (readonly [string, Path, Path, string])[] = [
    ['n > m: the leading n - m ASNs, then AS4_PATH', [1, 2, 23456, 23456], [big, big + 1], `1 2 ${big} ${big + 1}`],
    ['n = m: AS4_PATH alone', [23456], [big], `${big}`],
    ['n < m: AS4_PATH is ignored', [1], [big, big + 1], '1'],
    ['prepends are ASNs like others', [1, 1, 1, 23456], [big], `1 1 1 ${big}`],
    [
      'an AS_SET counts as one',
      [
        [2, [1, 23456]],
        [1, [23456, 5]],
      ],
      [
        [2, [big]],
        [1, [big + 1, 5]],
      ],
      `1 ${big} {${big + 1},5}`,
    ],
    [
      'a set of AS_PATH that AS4_PATH covers goes whole',
      [
        [2, [1]],
        [1, [2, 3, 4]],
      ],
      [big],
      `1 ${big}`,
    ],
    [
      'the cut may be inside a segment, over several',
      [
        [2, [1, 2]],
        [2, [23456, 23456]],
      ],
      [big, 9, 8],
      `1 ${big} 9 8`,
    ],
    [
      'confederation segments of AS_PATH count nothing and stay in front',
      [
        [3, [65100]],
        [2, [1, 23456]],
      ],
      [big],
      `(65100) 1 ${big}`,
    ],
    ['an empty AS4_PATH changes nothing', [1, 2], [], '1 2'],
  ];
  for (const [name, asPath, as4Path, expected] of cases) {
    void test(name, () => assert.equal(merged(asPath, as4Path), expected));
  }

  void test('§3, §4.1: confederation segments in AS4_PATH are discarded, what is left is merged', () => {
    assert.equal(
      merged(
        [1, 23456],
        [
          [3, [65100, 65101]],
          [2, [big]],
          [4, [65102]],
        ],
      ),
      `1 ${big}`,
    );
    assert.equal(merged([1, 2], [[3, [65100, 65101]]]), '1 2');
  });

  void test('AGGREGATOR other than AS_TRANS beside AS4_AGGREGATOR: both AS4 attributes are out of date', () => {
    assert.equal(merged([1, 23456], [big], Buffer.concat([aggregator(65000), as4Aggregator])), '1 23456');
    assert.equal(merged([1, 23456], [big], Buffer.concat([aggregator(23456), as4Aggregator])), `1 ${big}`);
    assert.equal(merged([1, 23456], [big], aggregator(65000)), `1 ${big}`);
    assert.equal(merged([1, 23456], [big], as4Aggregator), `1 ${big}`);
  });

  void test('where the A flag hides the width, the width that was found counts', () => {
    const update = wide({ asPath: [1, 23456, 2], as4Path: [big, 2], isTwoByteAsPath: true });
    assert.equal(attributesOf(update)['asPath'], `1 ${big} 2`);
    assert.deepEqual(flagsOf(update), { asWidthGuessed: true });
  });
});

void describe('RFC 6793 §4.1: beside a 4-byte AS_PATH', () => {
  void test('AS4_PATH and AS4_AGGREGATOR are discarded, counted, and nothing else happens', () => {
    const update = wide({ asPath: [1, 2], as4Path: [3, 4], rawAttributes: as4Aggregator });
    assert.equal(attributesOf(update)['asPath'], '1 2');
    assert.deepEqual([update.discardedAttributes, update.treatAsWithdraw, update.announced.count], [2, false, 1]);
    assert.equal(update.problem, '');
  });

  void test('also when AGGREGATOR is AS_TRANS', () => {
    assert.equal(
      attributesOf(
        wide({
          asPath: [1, 23456],
          as4Path: [big],
          rawAttributes: Buffer.concat([aggregator(23456, 8), as4Aggregator]),
        }),
      )['asPath'],
      '1 23456',
    );
  });
});

void describe('RFC 6793 §6: malformed', () => {
  const broken: readonly (readonly [string, Buffer])[] = [
    ['AS4_PATH whose ASN is cut short', attribute(17, Buffer.from([2, 1, 0, 0, 1]), 0xc0)],
    ['AS4_PATH with an odd length', attribute(17, Buffer.from([2, 1, 0]), 0xc0)],
    ['AS4_PATH with an unknown segment', attribute(17, Buffer.from([9, 1, 0, 0, 0, 1]), 0xc0)],
    ['AS4_PATH with a segment of no ASNs', attribute(17, Buffer.from([2, 0]), 0xc0)],
    ['RFC 7607: AS4_PATH with AS 0', attribute(17, Buffer.from([2, 1, 0, 0, 0, 0]), 0xc0)],
    ['AS4_AGGREGATOR of 6 bytes', attribute(18, Buffer.alloc(6, 1), 0xc0)],
    ['RFC 7607: AS4_AGGREGATOR of AS 0', attribute(18, Buffer.alloc(8), 0xc0)],
  ];
  for (const [name, rawAttributes] of broken) {
    void test(`${name} is discarded, the route stays`, () => {
      const options = { ...path, asPath: [1, 23456], isTwoByteAsPath: true, rawAttributes };
      const update = updateOf(bgpUpdate(options), { twoByteAsPath: true });
      assert.equal(attributesOf(update)['asPath'], '1 23456');
      assert.deepEqual([update.discardedAttributes, update.treatAsWithdraw, update.announced.count], [1, false, 1]);
    });
  }
});

void describe('RFC 6793 §3, §9: AS numbers', () => {
  const peer: PeerOptions = { address: '192.0.2.1', as: 65001, isTwoByteAsPath: true };

  void test('§3: the AS of an OPEN is that of the capability, not AS_TRANS', () => {
    const pdu = bgpOpen({ as: big });
    assert.equal(pdu.readUInt16BE(20), 23456);
    assert.equal(decodeOpen(pdu, 0, pdu.length).as, big);
  });

  void test('the local AS, origin of an empty path, is that of the capability of the sent OPEN', () => {
    const driver = new RibDriver();
    driver.send(peerUp({ ...peer, as: big }, { sentOpen: { as: big }, receivedOpen: { as: big } }));
    driver.send(routeMonitoring(peer, { ...path, asPath: [] }));
    assert.equal(driver.lookup('10.0.0.1').originAs, big);
  });

  void test('§9: AS_TRANS is nobody: as last AS of a path the origin is not known', () => {
    const driver = new RibDriver();
    driver.send([peerUp(peer), routeMonitoring(peer, { ...path, asPath: [65001, 23456] })]);
    assert.deepEqual([driver.lookup('10.0.0.1').originAs, driver.lookup('10.0.0.1').neighborAs], [-1, 65001]);
    driver.send(routeMonitoring(peer, { ...path, asPath: [65001, 23456], as4Path: [big] }));
    assert.equal(driver.lookup('10.0.0.1').originAs, big);
    driver.send(routeMonitoring(peer, { ...path, asPath: [65001, 23456, 7] }));
    assert.equal(driver.lookup('10.0.0.1').originAs, 7);
  });
});
