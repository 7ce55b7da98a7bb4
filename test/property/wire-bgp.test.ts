/** What the builder encodes the decoder reads back, and path ids that a sender leaves out or adds are seen. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatIp } from '../../src/base/ip.ts';
import { formatPeerDistinguisher } from '../../src/rib/route-distinguishers.ts';
import { maskWords } from '../oracle/slow-table.ts';
import { attribute, type PrefixInput, type SegmentInput } from '../support/bgp-builder.ts';
import { attributesOf, prefixTexts, updateOf } from '../support/bgp-text.ts';
import { bgpUpdate } from '../support/bmp-builder.ts';

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const path = { origin: 0, asPath: [65001], nextHop: '192.0.2.1' };

/** A canonical IPv4 unicast prefix of length 8 to 32, as they are announced: outside 0/8, multicast and class E. */
const ipv4 = fc
  .tuple(fc.integer({ min: 1, max: 223 }), word, fc.integer({ min: 8, max: 32 }))
  .map(([first, rest, bits]) => {
    const address = (first << 24) | (rest & 0xffffff);
    return `${formatIp(4, address & (-1 << (32 - bits)), 0, 0, 0)}/${bits}`;
  });

const ipv6 = fc.tuple(word, word, word, word, fc.integer({ min: 16, max: 128 })).map(([w0, w1, w2, w3, bits]) => {
  const mask = (w: number, left: number): number => (left >= 32 ? w : left <= 0 ? 0 : w & (-1 << (32 - left)));
  return `${formatIp(6, mask(w0, bits), mask(w1, bits - 32), mask(w2, bits - 64), mask(w3, bits - 96))}/${bits}`;
});

const textOf = (input: PrefixInput): string =>
  typeof input === 'string' ? input : `${input.prefix}${input.pathId === undefined ? '' : ` path ${input.pathId}`}`;

void test('prefixes of both families come back as they were, with path ids where negotiated', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(ipv4, { maxLength: 20 }),
      fc.uniqueArray(ipv6, { maxLength: 20 }),
      fc.boolean(),
      (v4, v6, hasPathIds) => {
        const give = (prefixes: string[]): PrefixInput[] =>
          hasPathIds ? prefixes.map((prefix, i) => ({ prefix, pathId: i + 1 })) : prefixes;
        const mpReach = { afi: 2, safi: 1, nextHop: '2001:db8::1', prefixes: give(v6) };
        const update = updateOf(bgpUpdate({ ...path, announced: give(v4), mpReach }), { hasPathId: () => hasPathIds });
        const expected = [...give(v6).map((p) => `${textOf(p)} set 1`), ...give(v4).map(textOf)];
        assert.deepEqual(prefixTexts(update.announced), expected);
        assert.equal(update.addPathGuessed, false);
      },
    ),
    { numRuns: 500 },
  );
});

void test('path ids that were not negotiated are seen, whatever the prefixes', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(ipv4, { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 0, max: 255 }),
      (prefixes, first) => {
        const announced = prefixes.map((prefix, i) => ({ prefix, pathId: first + i }));
        const update = updateOf(bgpUpdate({ ...path, announced }));
        assert.deepEqual(prefixTexts(update.announced), announced.map(textOf));
        assert.equal(update.addPathGuessed, true);
      },
    ),
    { numRuns: 500, seed: 7 },
  );
});

void test('path ids that were negotiated and left out are seen, whatever the prefixes', () => {
  fc.assert(
    fc.property(fc.uniqueArray(ipv4, { minLength: 1, maxLength: 20 }), (announced) => {
      const update = updateOf(bgpUpdate({ ...path, announced }), { hasPathId: () => true });
      assert.deepEqual(prefixTexts(update.announced), announced);
      assert.equal(update.addPathGuessed, true);
    }),
    // A fixed seed: sets of prefixes that read well in both forms exist, some in 10,000.
    { numRuns: 500, seed: 7 },
  );
});

/** Three types of RD, in hexadecimal. */
const rd = fc
  .tuple(fc.integer({ min: 0, max: 2 }), word, fc.integer({ min: 0, max: 0xffff }))
  .map(([type, middle, low]) => {
    const [head, body, tail] = [type.toString(16), (middle >>> 0).toString(16), low.toString(16)];
    return head.padStart(4, '0') + body.padStart(8, '0') + tail.padStart(4, '0');
  });

void test('VPN prefixes and EVPN IP prefixes come back with their RDs, whatever was negotiated and whether it was kept', () => {
  const forms = fc.constantFrom([1, 128], [2, 128], [25, 70]);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(rd, ipv4, ipv6, fc.integer({ min: 0, max: 2 ** 20 - 1 })), { minLength: 1, maxLength: 20 }),
      forms,
      fc.boolean(),
      fc.boolean(),
      (list, [afi, safi], hasPathIds, isNegotiated) => {
        const prefixes = list.map(([rdHex, v4, v6, label], i): PrefixInput => {
          const base = { prefix: afi === 2 || (afi === 25 && i % 2 === 1) ? v6 : v4, rd: rdHex };
          const id = hasPathIds ? { pathId: i } : {};
          return safi === 70 ? { ...base, ...id, evpn: { tag: label, label } } : { ...base, ...id, labels: [label] };
        });
        const mpReach = { afi, safi, nextHop: '192.0.2.1', prefixes };
        const update = updateOf(bgpUpdate({ ...path, mpReach }), { hasPathId: () => isNegotiated });
        const expected = list.map(([rdHex, v4, v6, label], i) => {
          const prefix = afi === 2 || (afi === 25 && i % 2 === 1) ? v6 : v4;
          const pathText = hasPathIds ? ` path ${i}` : '';
          const tag = safi === 70 && label !== 0 ? ` tag ${label}` : '';
          return `${prefix}${pathText} safi ${safi} rd ${formatPeerDistinguisher(rdHex, false)}${tag} set 1`;
        });
        assert.deepEqual(prefixTexts(update.announced), expected);
        assert.equal(update.addPathGuessed, hasPathIds !== isNegotiated);
      },
    ),
    { numRuns: 500 },
  );
});

void test('any bytes as VPN or EVPN NLRI: no error but a RecordError, no length over the maximum, host bits masked', () => {
  const family = fc.constantFrom([1, 128], [2, 128], [25, 70]);
  const route = fc.uint8Array({ minLength: 0, maxLength: 80 });
  // Heads that lead on: a length with room for label and RD, an IP prefix of either size.
  const head = fc.constantFrom([], [112], [88], [5, 34], [5, 58], [2, 33], [0, 0, 0, 1, 112], [0, 0, 0, 1, 5, 34]);
  fc.assert(
    fc.property(family, head, route, fc.boolean(), fc.boolean(), ([afi, safi], first, rest, hasPathIds, isStack) => {
      const value = Buffer.from([0, afi, safi, 4, 192, 0, 2, 1, 0, ...first, ...rest]);
      const update = updateOf(bgpUpdate({ ...path, rawAttributes: attribute(14, value, 0x80) }), {
        hasPathId: () => hasPathIds,
        hasMultipleLabels: () => isStack,
      });
      for (const list of [update.announced, update.withdrawn]) {
        for (let i = 0; i < list.count; i++) {
          const words = [list.w0[i], list.w1[i], list.w2[i], list.w3[i]];
          assert.ok(list.length[i] <= (list.family[i] === 4 ? 32 : 128));
          assert.deepEqual(maskWords(words, list.length[i]), words);
        }
      }
      if (update.unparsableNlri) assert.notEqual(update.problem, '');
    }),
    { numRuns: 2000 },
  );
});

void test('AS paths come back in either width, and 4-octet ASNs through AS4_PATH', () => {
  const segment = (max: number): fc.Arbitrary<SegmentInput> =>
    fc.tuple(fc.constantFrom(1, 2, 3, 4), fc.array(fc.integer({ min: 1, max }), { minLength: 1, maxLength: 5 }));
  const printed = (segments: readonly SegmentInput[]): string =>
    segments
      .map(([type, asns]) =>
        type === 2
          ? asns.join(' ')
          : type === 3
            ? `(${asns.join(' ')})`
            : type === 1
              ? `{${asns.join(',')}}`
              : `[${asns.join(',')}]`,
      )
      .join(' ');
  fc.assert(
    fc.property(
      fc.array(segment(2 ** 32 - 1), { maxLength: 6 }),
      fc.array(segment(65535), { maxLength: 6 }),
      (wide, narrow) => {
        assert.equal(
          attributesOf(updateOf(bgpUpdate({ ...path, asPath: wide, announced: ['10.0.0.0/8'] })))['asPath'],
          printed(wide),
        );
        const two = updateOf(bgpUpdate({ ...path, asPath: narrow, announced: ['10.0.0.0/8'], isTwoByteAsPath: true }), {
          twoByteAsPath: true,
        });
        assert.equal(attributesOf(two)['asPath'], printed(narrow));
        const asns = wide.flatMap(([, list]) => list);
        const squeezed = asns.map((asn) => (asn > 65535 ? 23456 : asn));
        const merged = updateOf(
          bgpUpdate({ ...path, asPath: squeezed, as4Path: asns, announced: ['10.0.0.0/8'], isTwoByteAsPath: true }),
          { twoByteAsPath: true },
        );
        assert.equal(attributesOf(merged)['asPath'], asns.join(' '));
      },
    ),
    { numRuns: 500 },
  );
});
