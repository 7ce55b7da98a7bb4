import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RecordError } from '../../../src/base/errors.ts';
import { decodeOpen } from '../../../src/wire/bgp/open.ts';
import { bgpOpen, bgpPdu } from '../../support/bmp-builder.ts';

const decode = (pdu: Buffer): ReturnType<typeof decodeOpen> => decodeOpen(pdu, 0, pdu.length);

/** OPEN with these optional parameter bytes, their length included. */
function withParameters(...bytes: number[]): Buffer {
  return bgpPdu(1, Buffer.from([4, 0xfd, 0xe9, 0, 90, 192, 0, 2, 1, ...bytes]));
}

void describe('BGP OPEN', () => {
  void test('RFC 4271 §4.2: fields', () => {
    const open = decode(bgpOpen({ as: 65001, bgpId: '192.0.2.9', holdTimeS: 180, fourOctetAs: false, families: [] }));
    assert.deepEqual(open, {
      version: 4,
      as: 65001,
      holdTimeS: 180,
      bgpId: '192.0.2.9',
      hasFourOctetAs: false,
      addPath: new Map(),
      families: [],
      multipleLabels: new Map(),
      capabilities: [],
    });
  });

  void test('RFC 6793 §4.1: the AS number is that of the capability', () => {
    const pdu = bgpOpen({ as: 4200000001 });
    assert.equal(pdu.readUInt16BE(20), 23456);
    assert.deepEqual([decode(pdu).as, decode(pdu).hasFourOctetAs], [4200000001, true]);
  });

  for (const extendedParameters of [false, true]) {
    void test(`capabilities, ${extendedParameters ? 'RFC 9072 extended' : 'plain'} parameters`, () => {
      const open = decode(
        bgpOpen({
          families: [
            [1, 1],
            [2, 4],
          ],
          addPath: [
            [1, 1, 3],
            [2, 1, 1],
            [2, 4, 2],
          ],
          multipleLabels: [[2, 4, 5]],
          extendedParameters,
        }),
      );
      assert.deepEqual(open.families, [0x0101, 0x0204]);
      assert.deepEqual(
        [...open.addPath],
        [
          [0x0101, 3],
          [0x0201, 1],
          [0x0204, 2],
        ],
      );
      assert.deepEqual([...open.multipleLabels], [[0x0204, 5]]);
      assert.deepEqual(open.capabilities, [1, 1, 65, 69, 8]);
    });
  }

  void test('RFC 7911 §4: a mode other than 1 to 3 is as if not sent; RFC 8277 §2.1: nor is a count of 0, and the first counts', () => {
    const open = decode(
      bgpOpen({
        addPath: [
          [1, 1, 0],
          [2, 1, 4],
        ],
        multipleLabels: [
          [1, 4, 0],
          [2, 4, 3],
          [2, 4, 9],
        ],
      }),
    );
    assert.deepEqual([open.addPath.size, [...open.multipleLabels]], [0, [[0x0204, 3]]]);
  });

  void test('several capabilities in one parameter, other parameters and wrong sizes passed over', () => {
    const open = decode(withParameters(18, 1, 2, 9, 9, 2, 12, 65, 2, 0, 1, 2, 0, 1, 4, 0, 2, 0, 1));
    assert.deepEqual([open.as, open.capabilities, open.families], [65001, [65, 2, 1], [0x0201]]);
  });

  void test('broken framing is a RecordError', () => {
    const bad = [
      withParameters(3, 2, 2, 65),
      withParameters(1, 2),
      withParameters(4, 2, 2, 65, 9),
      withParameters(3, 2, 1, 65),
      withParameters(9),
      bgpPdu(1, Buffer.alloc(5)),
      bgpPdu(2, Buffer.alloc(10)),
    ];
    for (const pdu of bad) {
      assert.throws(
        () => decode(pdu),
        (error) => error instanceof RecordError && error.code === 'bgp-open',
        pdu.toString('hex'),
      );
    }
  });
});
