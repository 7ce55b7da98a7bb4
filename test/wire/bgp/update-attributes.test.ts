import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AttributeReader } from '../../../src/model/attribute-words.ts';
import { attribute, encodeAsPath, type SegmentInput } from '../../support/bgp-builder.ts';
import { attributesOf, flagsOf, prefixTexts, updateOf } from '../../support/bgp-text.ts';
import { bgpUpdate, type UpdateOptions } from '../../support/bmp-builder.ts';

const path = { origin: 0, asPath: [65001], nextHop: '192.0.2.1', announced: ['10.0.0.0/8'] };

function pathOf(options: UpdateOptions, twoByteAsPath = false): unknown {
  return attributesOf(updateOf(bgpUpdate({ ...path, ...options }), { twoByteAsPath }))['asPath'];
}

void describe('attribute words', () => {
  void test('every attribute goes through AttributeReader unchanged', () => {
    const options = {
      ...path,
      origin: 2,
      asPath: [
        [2, [65001, 4200000001]],
        [1, [1, 2]],
      ] as SegmentInput[],
      med: 4294967295,
      localPref: 0,
      communities: ['65535:65281', '0:0'],
      largeCommunities: ['4200000001:4294967295:0', '1:2:3'],
      extCommunities: ['0002fde800000001', '8006000000000000'],
      originatorId: '192.0.2.9',
      clusterList: ['192.0.2.10', '255.255.255.255'],
    };
    const update = updateOf(bgpUpdate(options));
    assert.deepEqual(attributesOf(update), {
      origin: 'incomplete',
      asPath: '65001 4200000001 {1,2}',
      nextHop: '192.0.2.1',
      med: 4294967295,
      localPref: 0,
      originatorId: '192.0.2.9',
      communities: options.communities,
      largeCommunities: options.largeCommunities,
      extCommunities: options.extCommunities,
      clusterList: options.clusterList,
    });
    const reader = new AttributeReader();
    reader.read(update.attributeWords[0], 0);
    assert.equal(reader.length, update.attributeLengths[0]);
    assert.equal(reader.hasOtherThanSequences, true);
    assert.deepEqual(
      update.attributeWords[0].subarray(0, 6),
      Int32Array.of(2 | 4 | 8 | 16 | (1 << 5) | 256 | (2 << 16), 6 | (2 << 16), 2 | (2 << 16), 0, -1, -1073741303),
    );
  });

  void test('only what is there takes room', () => {
    const update = updateOf(bgpUpdate({ ...path, asPath: [] }));
    assert.deepEqual(
      update.attributeWords[0].subarray(0, update.attributeLengths[0]),
      Int32Array.of(1 << 5, 0, 0, -1073741311),
    );
  });

  void test('an UPDATE as large as they come (RFC 8654) fits', () => {
    const communities = Array.from({ length: 8000 }, (_, i) => `65000:${i}`);
    assert.deepEqual(attributesOf(updateOf(bgpUpdate({ ...path, communities })))['communities'], communities);
  });

  void test('an UPDATE that withdraws only has none', () => {
    assert.deepEqual(updateOf(bgpUpdate({ withdrawn: ['10.0.0.0/8'] })).attributeLengths, [0, 0]);
  });
});

void describe('next hops (RFC 4760, 2545, 4659, 8950)', () => {
  const rd = '0000fde800000001';
  const global = '2001:db8::1';
  const local = 'fe80::1';
  const cases: readonly [string, number, readonly string[], string | undefined][] = [
    ['4 bytes', 1, ['192.0.2.7'], '192.0.2.7'],
    ['12 bytes: RD and IPv4', 1, [rd, '192.0.2.7'], '192.0.2.7'],
    ['16 bytes', 2, [global], global],
    ['16 bytes for IPv4 routes (RFC 8950)', 1, [global], global],
    ['16 bytes, IPv4-mapped (6PE)', 2, ['::ffff:192.0.2.7'], '192.0.2.7'],
    ['24 bytes: RD and IPv6', 2, [rd, global], global],
    ['32 bytes', 2, [global, local], `${global} ${local}`],
    ['32 bytes, link-local first', 2, [local, global], `${global} ${local}`],
    ['32 bytes, :: first', 2, ['::', local], local],
    ['32 bytes, :: second', 2, [global, '::'], global],
    ['32 bytes, link-local twice', 2, [local, local], local],
    ['48 bytes: both with RD', 2, [rd, global, rd, local], `${global} ${local}`],
    ['5 bytes', 2, ['0102030405'], undefined],
    ['none', 1, [], undefined],
  ];
  for (const [name, afi, nextHop, expected] of cases) {
    void test(name, () => {
      const prefixes = [afi === 1 ? '10.0.0.0/8' : '2001:db8:1::/48'];
      const update = updateOf(bgpUpdate({ origin: 0, asPath: [1], mpReach: { afi, safi: 1, nextHop, prefixes } }));
      assert.equal(attributesOf(update, 1)['nextHop'], expected);
      assert.equal(update.treatAsWithdraw, expected === undefined);
      assert.deepEqual(prefixTexts(expected === undefined ? update.withdrawn : update.announced), [
        `${prefixes[0]}${expected === undefined ? '' : ' set 1'}`,
      ]);
    });
  }
});

void describe('RFC 4271 §5.1.2, RFC 5065: AS_PATH', () => {
  void test('segments of all types, as sent', () => {
    const segments: SegmentInput[] = [
      [3, [65100]],
      [4, [65101, 65102]],
      [2, [1, 1, 1]],
      [2, [2]],
      [1, [3, 4]],
    ];
    assert.equal(pathOf({ asPath: segments }), '(65100) [65101,65102] 1 1 1 2 {3,4}');
  });

  void test('RFC 7854 §4.2: the A flag gives the width, 2-byte paths of 1 to 4 hops and several segments', () => {
    for (const asPath of [[7], [64500, 7], [64500, 64501, 7], [64500, 64501, 64502, 7]]) {
      assert.equal(pathOf({ asPath, isTwoByteAsPath: true }, true), asPath.join(' '));
    }
    const segments: SegmentInput[] = [
      [2, [64500, 64501]],
      [2, [7]],
    ];
    assert.equal(pathOf({ asPath: segments, isTwoByteAsPath: true }, true), '64500 64501 7');
  });

  void test('a path that fits the other width only is read so, and said so', () => {
    for (const isTwoByteAsPath of [true, false]) {
      const update = updateOf(bgpUpdate({ ...path, asPath: [64500, 64501, 7], isTwoByteAsPath }), {
        twoByteAsPath: !isTwoByteAsPath,
      });
      assert.equal(attributesOf(update)['asPath'], '64500 64501 7');
      assert.deepEqual(flagsOf(update), { asWidthGuessed: true });
    }
  });

  void test('RFC 7606 §7.2, RFC 7607: what is malformed', () => {
    const bad = [
      [9, 1, 0, 0, 0, 1],
      [2, 0],
      [2, 2, 0, 0, 0, 1],
      [2, 1, 0, 0, 0, 1, 2],
      [2, 1, 0, 0, 0, 0],
    ];
    for (const bytes of bad) {
      const update = updateOf(
        bgpUpdate({
          origin: 0,
          nextHop: '192.0.2.1',
          announced: ['10.0.0.0/8'],
          rawAttributes: attribute(2, Buffer.from(bytes)),
        }),
      );
      assert.deepEqual(
        [update.treatAsWithdraw, prefixTexts(update.withdrawn), update.announced.count],
        [true, ['10.0.0.0/8'], 0],
        bytes.join(' '),
      );
    }
  });
});

void describe('RFC 6793 §4.2.3: AS4_PATH', () => {
  const merged = (asPath: UpdateOptions['asPath'], as4Path: UpdateOptions['asPath']): unknown =>
    pathOf({ asPath: asPath ?? [], as4Path: as4Path ?? [], isTwoByteAsPath: true }, true);

  void test('takes the place of the tail of AS_PATH', () => {
    assert.equal(merged([1, 2, 23456, 23456], [4200000001, 4200000002]), '1 2 4200000001 4200000002');
    assert.equal(merged([23456], [4200000001]), '4200000001');
  });

  void test('is merged too where the A flag hides that AS_PATH is 2 bytes wide', () => {
    assert.equal(pathOf({ asPath: [1, 23456, 2], as4Path: [4200000001, 2], isTwoByteAsPath: true }), '1 4200000001 2');
  });

  void test('is ignored when it is the longer one', () => assert.equal(merged([1], [4200000001, 4200000002]), '1'));

  void test('an AS_SET counts as one AS', () => {
    assert.equal(
      merged(
        [
          [2, [1, 23456]],
          [1, [23456, 5]],
        ],
        [
          [2, [4200000001]],
          [1, [4200000002, 5]],
        ],
      ),
      '1 4200000001 {4200000002,5}',
    );
  });

  void test('confederation segments of AS_PATH count nothing and lead on, those of AS4_PATH are dropped', () => {
    assert.equal(
      merged(
        [
          [3, [65100]],
          [2, [1, 23456]],
        ],
        [
          [3, [65200]],
          [2, [4200000001]],
        ],
      ),
      '(65100) 1 4200000001',
    );
  });

  void test('is void beside 4-byte paths', () => {
    assert.equal(pathOf({ asPath: [1, 2], as4Path: [3, 4] }), '1 2');
  });

  void test('is out of date when AGGREGATOR is not AS_TRANS', () => {
    const aggregators = (as: number): Buffer =>
      Buffer.concat([
        attribute(7, Buffer.from([as >> 8, as & 255, 1, 2, 3, 4]), 0xc0),
        attribute(18, Buffer.alloc(8, 1), 0xc0),
      ]);
    const options = { asPath: [1, 23456], as4Path: [4200000001], isTwoByteAsPath: true };
    assert.equal(pathOf({ ...options, rawAttributes: aggregators(65000) }, true), '1 23456');
    assert.equal(pathOf({ ...options, rawAttributes: aggregators(23456) }, true), '1 4200000001');
  });

  void test('§6: a malformed one is discarded', () => {
    const update = updateOf(
      bgpUpdate({
        ...path,
        asPath: [23456],
        isTwoByteAsPath: true,
        rawAttributes: attribute(17, Buffer.from([2, 1, 0]), 0xc0),
      }),
      { twoByteAsPath: true },
    );
    assert.equal(attributesOf(update)['asPath'], '23456');
    assert.equal(update.discardedAttributes, 1);
  });
});

void describe('RFC 7606: malformed attributes', () => {
  const withRaw = (raw: Uint8Array, options: UpdateOptions = path): ReturnType<typeof updateOf> =>
    updateOf(bgpUpdate({ ...options, rawAttributes: raw }));

  const withdrawing: readonly [string, Buffer][] = [
    ['§7.4 MULTI_EXIT_DISC', attribute(4, Buffer.alloc(3), 0x80)],
    ['§7.5 LOCAL_PREF', attribute(5, Buffer.alloc(5))],
    ['§7.8 COMMUNITIES', attribute(8, Buffer.alloc(6), 0xc0)],
    ['§7.8 COMMUNITIES of no length', attribute(8, Buffer.alloc(0), 0xc0)],
    ['§7.9 ORIGINATOR_ID', attribute(9, Buffer.alloc(5), 0x80)],
    ['§7.10 CLUSTER_LIST', attribute(10, Buffer.alloc(7), 0x80)],
    ['§7.14 EXTENDED COMMUNITIES', attribute(16, Buffer.alloc(12), 0xc0)],
    ['RFC 8092 §5 LARGE_COMMUNITIES', attribute(32, Buffer.alloc(16), 0xc0)],
    ['§3 c: flags of LOCAL_PREF', attribute(5, Buffer.alloc(4), 0x80)],
    ['§4: an attribute that runs over the end of the list', Buffer.from([0x80, 4, 200, 1])],
    ['§4: half an attribute header', Buffer.from([0x80, 4])],
  ];
  for (const [name, raw] of withdrawing) {
    void test(`${name}: the routes are withdrawn`, () => {
      const update = withRaw(raw);
      assert.equal(update.treatAsWithdraw, true);
      assert.deepEqual(prefixTexts(update.withdrawn), ['10.0.0.0/8']);
      assert.equal(update.announced.count, 0);
      assert.deepEqual(update.attributeLengths, [0, 0]);
      assert.match(update.problem, /at byte \d+/);
    });
  }

  void test('§7.1, §7.3: ORIGIN and NEXT_HOP', () => {
    assert.equal(updateOf(bgpUpdate({ ...path, origin: 3 })).treatAsWithdraw, true);
    const noNextHop = { origin: 0, asPath: [1], announced: ['10.0.0.0/8'] };
    assert.equal(withRaw(attribute(3, Buffer.alloc(5)), noNextHop).treatAsWithdraw, true);
  });

  void test('prefixes of MP_REACH_NLRI are withdrawn too', () => {
    const mpReach = { afi: 2, safi: 1, nextHop: '2001:db8::1', prefixes: ['2001:db8:1::/48'] };
    const update = withRaw(attribute(8, Buffer.alloc(6), 0xc0), { ...path, mpReach });
    assert.deepEqual(prefixTexts(update.withdrawn), ['2001:db8:1::/48', '10.0.0.0/8']);
  });

  void test('§7.6, §7.7: ATOMIC_AGGREGATE and AGGREGATOR are discarded, the route stays', () => {
    for (const raw of [attribute(6, Buffer.alloc(1)), attribute(7, Buffer.alloc(5), 0xc0)]) {
      const update = withRaw(raw);
      assert.deepEqual([update.treatAsWithdraw, update.discardedAttributes, update.announced.count], [false, 1, 1]);
    }
  });

  void test('§3 g: of an attribute that comes twice the first counts', () => {
    const update = withRaw(attribute(4, Buffer.from([0, 0, 0, 9]), 0x80), { ...path, med: 5 });
    assert.deepEqual([attributesOf(update)['med'], update.discardedAttributes], [5, 1]);
  });

  void test('§3 d: missing mandatory attributes', () => {
    const announced = ['10.0.0.0/8'];
    for (const options of [
      { asPath: [1], nextHop: '192.0.2.1' },
      { origin: 0, nextHop: '192.0.2.1' },
      { origin: 0, asPath: [1] },
    ]) {
      assert.deepEqual(prefixTexts(updateOf(bgpUpdate({ ...options, announced })).withdrawn), announced);
    }
    const mpReach = { afi: 2, safi: 1, nextHop: '2001:db8::1', prefixes: ['2001:db8:1::/48'] };
    assert.equal(updateOf(bgpUpdate({ origin: 0, asPath: [1], mpReach })).treatAsWithdraw, false);
  });

  void test('a Loc-RIB route that the router originated may lack AS_PATH', () => {
    const update = updateOf(bgpUpdate({ origin: 0, nextHop: '0.0.0.0', announced: ['10.0.0.0/8'] }), {
      isLocRib: true,
    });
    assert.deepEqual(attributesOf(update), { origin: 'igp', asPath: '', nextHop: '0.0.0.0' });
  });

  void test('a list cut short that hides all prefixes leaves the table suspect', () => {
    assert.equal(withRaw(Buffer.from([0x80, 14, 200, 1]), { origin: 0, asPath: [1] }).unparsableNlri, true);
  });

  void test('an unknown attribute is passed over, extended lengths are read', () => {
    const raw = Buffer.concat([attribute(250, Buffer.alloc(300), 0xc0), attribute(4, Buffer.from([0, 0, 0, 7]), 0x90)]);
    assert.deepEqual([attributesOf(withRaw(raw))['med'], flagsOf(withRaw(raw))], [7, {}]);
  });

  void test('nothing is left over from one UPDATE to the next', () => {
    withRaw(attribute(8, Buffer.alloc(6), 0xc0), { ...path, localPref: 9, med: 9, as4Path: [9] });
    const update = updateOf(bgpUpdate(path));
    assert.deepEqual(attributesOf(update), { origin: 'igp', asPath: '65001', nextHop: '192.0.2.1' });
    assert.deepEqual(flagsOf(update), {});
  });

  void test('encodeAsPath of the builder and the decoder agree on long paths', () => {
    const asns = Array.from({ length: 255 }, (_, i) => 4200000000 + i);
    assert.equal(encodeAsPath([[2, asns]], true).length, 2 + 255 * 4);
    assert.equal(
      pathOf({
        asPath: [
          [2, asns],
          [2, [7]],
        ],
      }),
      `${asns.join(' ')} 7`,
    );
  });
});
