/** Captures with bytes changed or cut off: what is read is bytes of the file, and nothing but a RecordError is thrown. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { RecordError } from '../../src/base/errors.ts';
import { readTcpStreams } from '../../src/wire/pcap/tcp-streams.ts';
import { capture, PcapngBuilder } from '../support/capture-builder.ts';

const packets = Array.from({ length: 6 }, (_, i) => ({
  sequence: 1 + i * 4,
  data: 'abcd',
  ...(i % 2 === 0 ? {} : { source: '2001:db8::1', protocol: 0, extensions: '0600000000000000' }),
}));
const little = new PcapngBuilder();
const big = new PcapngBuilder(false);
const files = [
  capture(packets, { link: 1 }),
  capture(packets, { isLittleEndian: false, isNanoseconds: true }),
  Buffer.concat([
    little.section(),
    little.interface({ resolution: 9, timeOffset: 5 }),
    ...packets.map((packet, i) => little.enhanced(packet, i)),
    big.section(),
    big.interface({ snapLength: 60 }),
    ...packets.map((packet, i) => (i % 2 === 0 ? big.simple(packet, 60) : big.obsolete(packet, i))),
  ]),
  readFileSync(new URL('../golden/bmp/bmp-tcp.pcap', import.meta.url)).subarray(0, 6000),
];

/** Mostly where headers are. */
const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));

test('mutated captures', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...files),
      fc.array(change, { minLength: 1, maxLength: 6 }),
      fc.nat({ max: 200 }),
      (original, changes, cut) => {
        const file = Buffer.from(original.subarray(0, Math.max(0, original.length - cut)));
        for (const [at, value] of changes) if (file.length > 0) file[at % file.length] = value;
        let given = 0;
        let notGiven = 0;
        try {
          const data = readTcpStreams(
            file,
            (gap) => (notGiven += gap.notGiven),
            (offset) => assert.ok(offset >= 0 && offset < file.length),
          );
          for (const { bytes, timestampMs } of data) {
            given += bytes.length;
            assert.ok(Number.isFinite(timestampMs));
            assert.equal(bytes.buffer, file.buffer);
          }
        } catch (error) {
          assert.ok(error instanceof RecordError, String(error));
          assert.ok(error.detail.offset <= file.length);
        }
        assert.ok(given + notGiven <= file.length);
      },
    ),
    { numRuns: 20_000 },
  );
});
