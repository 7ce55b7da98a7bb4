import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RecordError } from '../../../src/base/errors.ts';
import { attribute } from '../../support/bgp-builder.ts';
import { attributesOf, flagsOf, prefixTexts, updateOf } from '../../support/bgp-text.ts';
import { bgpPdu, bgpUpdate } from '../../support/bmp-builder.ts';

const path = { origin: 0, asPath: [65001], nextHop: '192.0.2.1' };
const withPathIds = { hasPathId: () => true };

void describe('RFC 4271 §4.3: prefixes of an UPDATE', () => {
  void test('withdrawn routes and NLRI, of every length', () => {
    const update = updateOf(
      bgpUpdate({
        ...path,
        withdrawn: ['10.0.0.0/8', '0.0.0.0/0'],
        announced: ['10.1.2.0/23', '10.1.2.3/32', '10.128.0.0/9'],
      }),
    );
    assert.deepEqual(prefixTexts(update.withdrawn), ['10.0.0.0/8', '0.0.0.0/0']);
    assert.deepEqual(prefixTexts(update.announced), ['10.1.2.0/23', '10.1.2.3/32', '10.128.0.0/9']);
    assert.deepEqual(flagsOf(update), {});
  });

  void test('bits beyond the length are masked', () => {
    const update = updateOf(bgpUpdate({ ...path, rawAnnounced: Buffer.from([12, 10, 0xff, 20, 10, 1, 0x1f]) }));
    assert.deepEqual(prefixTexts(update.announced), ['10.240.0.0/12', '10.1.16.0/20']);
  });

  void test('the same prefix withdrawn and announced is in both lists, to be removed first', () => {
    const update = updateOf(bgpUpdate({ ...path, withdrawn: ['10.0.0.0/8'], announced: ['10.0.0.0/8'] }));
    assert.deepEqual([prefixTexts(update.withdrawn), prefixTexts(update.announced)], [['10.0.0.0/8'], ['10.0.0.0/8']]);
  });

  void test('a list grows beyond its first capacity and is reused', () => {
    const many = Array.from({ length: 900 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
    assert.deepEqual(prefixTexts(updateOf(bgpUpdate({ ...path, announced: many })).announced), many);
  });

  void test('lengths that hide where the fields are make a RecordError with the offset in the record', () => {
    const pdu = bgpUpdate({ ...path, announced: ['10.0.0.0/8'] });
    const broken = (at: number, value: number): Buffer => {
      const copy = Buffer.from(pdu);
      copy.writeUInt16BE(value, at);
      return copy;
    };
    const codeOf = (bytes: Buffer): [string, number] => {
      try {
        updateOf(bytes);
      } catch (error) {
        if (error instanceof RecordError) return [error.code, error.detail.offset];
      }
      return ['none', -1];
    };
    assert.deepEqual(codeOf(broken(16, pdu.length + 1)), ['bgp-length', 16]);
    assert.deepEqual(codeOf(broken(19, 200)), ['bgp-update', 19]);
    assert.deepEqual(codeOf(broken(21, 200)), ['bgp-update', 21]);
    assert.deepEqual(codeOf(bgpPdu(4, Buffer.alloc(4))), ['bgp-type', 18]);
    assert.deepEqual(codeOf(pdu.subarray(0, 20)), ['bgp-length', 0]);
  });
});

void describe('RFC 4724 §2: End-of-RIB', () => {
  void test('an empty UPDATE is that of IPv4 unicast', () => assert.equal(updateOf(bgpUpdate({})).endOfRib, 0x0101));

  void test('an empty MP_UNREACH_NLRI is that of its family, kept or not', () => {
    assert.equal(updateOf(bgpUpdate({ mpUnreach: { afi: 2, safi: 1, prefixes: [] } })).endOfRib, 0x0201);
    assert.equal(updateOf(bgpUpdate({ mpUnreach: { afi: 1, safi: 128, prefixes: [] } })).endOfRib, 0x0180);
  });

  void test('an UPDATE that withdraws or announces is none', () => {
    assert.equal(updateOf(bgpUpdate({ withdrawn: ['10.0.0.0/8'] })).endOfRib, -1);
    assert.equal(updateOf(bgpUpdate({ mpUnreach: { afi: 2, safi: 1, prefixes: ['::/0'] } })).endOfRib, -1);
    const both = { ...path, announced: ['10.0.0.0/8'], mpUnreach: { afi: 2, safi: 1, prefixes: [] } };
    assert.equal(updateOf(bgpUpdate(both)).endOfRib, -1);
    assert.equal(updateOf(bgpUpdate({ origin: 0 })).endOfRib, -1);
    const mpReach = { afi: 2, safi: 1, nextHop: '2001:db8::1', prefixes: ['2001:db8:1::/48'] };
    const reachAndUnreach = { origin: 0, asPath: [1], mpReach, mpUnreach: { afi: 2, safi: 1, prefixes: [] } };
    assert.equal(updateOf(bgpUpdate(reachAndUnreach)).endOfRib, -1);
  });
});

void describe('RFC 4760: other families', () => {
  void test('IPv6 unicast is announced with the attribute set of MP_REACH_NLRI', () => {
    const update = updateOf(
      bgpUpdate({
        ...path,
        announced: ['10.0.0.0/8'],
        mpReach: { afi: 2, safi: 1, nextHop: '2001:db8::1', prefixes: ['2001:db8:1::/48', '::/0', '2001:db8::1/128'] },
        mpUnreach: { afi: 2, safi: 1, prefixes: ['2001:db8:2::/47'] },
      }),
    );
    assert.deepEqual(prefixTexts(update.withdrawn), ['2001:db8:2::/47']);
    const expected = ['2001:db8:1::/48 set 1', '::/0 set 1', '2001:db8::1/128 set 1', '10.0.0.0/8'];
    assert.deepEqual(prefixTexts(update.announced), expected);
    assert.equal(attributesOf(update, 0)['nextHop'], '192.0.2.1');
    assert.equal(attributesOf(update, 1)['nextHop'], '2001:db8::1');
  });

  void test('a v4-mapped prefix stays IPv6', () => {
    const mapped = { afi: 2, safi: 1, nextHop: '2001:db8::1', prefixes: ['::ffff:0.0.0.0/96'] };
    const update = updateOf(bgpUpdate({ ...path, mpReach: mapped }));
    assert.deepEqual([update.announced.count, update.announced.family[0], update.announced.length[0]], [1, 6, 96]);
    assert.equal(update.announced.w2[0], 0xffff);
  });

  void test('families that are not kept are counted and do no harm', () => {
    const multicastVpn = {
      afi: 1,
      safi: 129,
      nextHop: '192.0.2.1',
      prefixes: [
        { prefix: '10.0.0.0/8', rd: '0000fde800000001' },
        { prefix: '10.0.0.0/9', rd: '0000fde800000001' },
      ],
    };
    const update = updateOf(bgpUpdate({ ...path, announced: ['10.0.0.0/8'], mpReach: multicastVpn }));
    assert.deepEqual(flagsOf(update), { 'skipped 1/129': 2 });
    assert.deepEqual(prefixTexts(update.announced), ['10.0.0.0/8']);
    const vpls = Buffer.from([0, 25, 65, 4, 192, 0, 2, 1, 0, 0, 1, 9]);
    assert.deepEqual(flagsOf(updateOf(bgpUpdate({ ...path, rawAttributes: attribute(14, vpls, 0x80) }))), {
      'skipped 25/65': 1,
    });
    const flowspec = Buffer.from([0, 1, 133, 0, 0, 3, 1, 8, 10]);
    assert.deepEqual(flagsOf(updateOf(bgpUpdate({ rawAttributes: attribute(14, flowspec, 0x80) }))), {
      'skipped 1/133': 1,
    });
  });
});

void describe('RFC 7911: ADD-PATH', () => {
  void test('§3: path ids in every field, 0 and the highest among them', () => {
    const update = updateOf(
      bgpUpdate({
        ...path,
        withdrawn: [{ prefix: '10.0.0.0/8', pathId: 0 }],
        announced: [
          { prefix: '10.0.0.0/8', pathId: 4294967295 },
          { prefix: '10.0.0.0/8', pathId: 2 },
        ],
        mpReach: { afi: 2, safi: 1, nextHop: '2001:db8::1', prefixes: [{ prefix: '2001:db8::/32', pathId: 3 }] },
      }),
      withPathIds,
    );
    assert.deepEqual(prefixTexts(update.withdrawn), ['10.0.0.0/8 path 0']);
    assert.deepEqual(prefixTexts(update.announced), [
      '2001:db8::/32 path 3 set 1',
      '10.0.0.0/8 path 4294967295',
      '10.0.0.0/8 path 2',
    ]);
    assert.equal(update.addPathGuessed, false);
  });

  void test('negotiated per family', () => {
    const update = updateOf(
      bgpUpdate({
        ...path,
        announced: ['10.1.0.0/16'],
        mpReach: { afi: 2, safi: 1, nextHop: '2001:db8::1', prefixes: [{ prefix: '2001:db8::/32', pathId: 3 }] },
      }),
      { hasPathId: (family) => family === 0x0201 },
    );
    assert.deepEqual(prefixTexts(update.announced), ['2001:db8::/32 path 3 set 1', '10.1.0.0/16']);
    assert.equal(update.addPathGuessed, false);
  });

  const broken: readonly [string, readonly string[]][] = [
    ['one /16 (read as negotiated it does not fit)', ['100.64.0.0/16']],
    ['the default route', ['0.0.0.0/0']],
    ['two /24 (read as negotiated: one /24 with a path id that is the first)', ['10.0.1.0/24', '10.0.2.0/24']],
    ['/16 and /8 (read as negotiated: the default route)', ['100.64.0.0/16', '2.0.0.0/8']],
    [
      'ten of all sizes',
      [
        '10.0.0.0/8',
        '11.0.0.0/9',
        '100.64.0.0/10',
        '10.1.0.0/16',
        '10.1.2.0/23',
        '10.1.2.0/24',
        '10.1.2.128/25',
        '192.0.2.0/24',
        '192.0.2.1/32',
        '198.51.100.0/24',
      ],
    ],
  ];
  for (const [name, prefixes] of broken) {
    void test(`path ids left out although negotiated: ${name}`, () => {
      const update = updateOf(bgpUpdate({ ...path, announced: prefixes }), withPathIds);
      assert.deepEqual(prefixTexts(update.announced), prefixes);
      assert.equal(update.addPathGuessed, true);
    });
  }

  void test('path ids there although not negotiated', () => {
    const announced = [
      { prefix: '10.0.1.0/24', pathId: 1 },
      { prefix: '10.0.2.0/24', pathId: 2 },
    ];
    const update = updateOf(bgpUpdate({ ...path, announced }));
    assert.deepEqual(prefixTexts(update.announced), ['10.0.1.0/24 path 1', '10.0.2.0/24 path 2']);
    assert.equal(update.addPathGuessed, true);
  });

  void test('a default route with several path ids, and short prefixes, are as negotiated', () => {
    const announced = [
      { prefix: '0.0.0.0/0', pathId: 1 },
      { prefix: '0.0.0.0/0', pathId: 2 },
      { prefix: '128.0.0.0/1', pathId: 1 },
    ];
    const update = updateOf(bgpUpdate({ ...path, announced }), withPathIds);
    assert.deepEqual(prefixTexts(update.announced), ['0.0.0.0/0 path 1', '0.0.0.0/0 path 2', '128.0.0.0/1 path 1']);
    assert.equal(update.addPathGuessed, false);
    assert.deepEqual(prefixTexts(updateOf(bgpUpdate({ ...path, announced: ['0.0.0.0/1', '128.0.0.0/1'] })).announced), [
      '0.0.0.0/1',
      '128.0.0.0/1',
    ]);
  });
});
