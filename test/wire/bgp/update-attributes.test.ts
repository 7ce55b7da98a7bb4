import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AttributeReader } from '../../../src/model/attribute-words.ts';
import { attribute, encodeAsPath, type SegmentInput } from '../../support/bgp-builder.ts';
import { attributesOf, flagsOf, updateOf } from '../../support/bgp-text.ts';
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

  void test('a path that fits the other width only is read so, and said so', () => {
    for (const isTwoByteAsPath of [true, false]) {
      const update = updateOf(bgpUpdate({ ...path, asPath: [64500, 64501, 7], isTwoByteAsPath }), {
        twoByteAsPath: !isTwoByteAsPath,
      });
      assert.equal(attributesOf(update)['asPath'], '64500 64501 7');
      assert.deepEqual(flagsOf(update), { asWidthGuessed: true });
    }
  });

  void test('nothing is left over from one UPDATE to the next', () => {
    const rawAttributes = attribute(8, Buffer.alloc(6), 0xc0);
    updateOf(bgpUpdate({ ...path, localPref: 9, med: 9, as4Path: [9], rawAttributes }));
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
