/** Whatever the bytes of a capture: RecordError or nothing, and never more bytes of a direction than were captured. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { RecordError } from '../../src/base/errors.ts';
import { readTcpStreams } from '../../src/wire/pcap/tcp-streams.ts';

const capture = readFileSync(new URL('../golden/bmp/bmp-tcp.pcap', import.meta.url));
/** Enough for handshakes, data both ways and a few hundred packets' headers. */
const head = capture.subarray(0, 12_000);

void test('mutated and truncated captures never throw anything but RecordError', () => {
  const edit = fc.tuple(fc.integer({ min: 0, max: head.length - 1 }), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 40 }), fc.integer({ min: 0, max: head.length }), (edits, length) => {
      const file = Buffer.from(head.subarray(0, length));
      for (const [at, byte] of edits) if (at < length) file[at] = byte;
      let given = 0;
      try {
        for (const data of readTcpStreams(file)) given += data.bytes.length;
      } catch (error) {
        if (!(error instanceof RecordError)) throw error;
      }
      assert.ok(given <= length);
    }),
    { numRuns: 1500 },
  );
});
