/**
 * 100,000 mutants of recorded BMP messages through decoders and a shard. Nothing but a RecordError with offset and field comes out of
 * them, the shard keeps answering, what it holds stays bounded, and all of it goes with its session. FLOWRIB_FUZZ_SEED varies the mutants,
 * FLOWRIB_FUZZ_COUNT their number; a failure prints the seed, the number and the bytes of the mutant.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordError } from '../../src/base/errors.ts';
import { bmpDecoder } from '../../src/decode/bmp/formats.ts';
import { AttributeStore } from '../../src/rib/attribute-store.ts';
import { PrefixTable } from '../../src/rib/prefix-table.ts';
import type { UpdateContext } from '../../src/wire/bgp/types.ts';
import { createBgpUpdate, decodeUpdate } from '../../src/wire/bgp/update.ts';
import { decodeBmpMessage } from '../../src/wire/bmp/messages.ts';
import { termination } from '../support/bmp-builder.ts';
import { recordValues } from '../support/golden.ts';
import { mutate, randomNumbers } from '../support/mutations.ts';
import { capturedMessages } from '../support/recorded-router.ts';
import { RibDriver, staleTimeMs } from '../support/rib-driver.ts';

const count = Number(process.env['FLOWRIB_FUZZ_COUNT'] ?? 100_000);
const seed = Number(process.env['FLOWRIB_FUZZ_SEED'] ?? 7854);
/** As a router with some hundred routes and peers needs, and what the smallest table has reserved. */
const mostBytes = 32 << 20;

const corpus = ['bmp/bmp-tcp.pcap', 'frr/session.pcap', 'gobgp/session.pcap']
  .flatMap((path) => capturedMessages(path, 5001))
  .map(({ bytes }) => bytes);

const update = createBgpUpdate();

/** What the decoders say of a message that is all of the buffer: null, or the error. Anything else that is thrown goes on. */
function decodeError(message: Buffer, context: UpdateContext): RecordError | null {
  try {
    const decoded = decodeBmpMessage(message, 0, message.length);
    if (decoded.kind === 'route-monitoring')
      decodeUpdate(message, decoded.pduStart, decoded.pduEnd, context, update, 0);
  } catch (error) {
    if (error instanceof RecordError) return error;
    throw error;
  }
  return null;
}

function assertLocated({ code, detail }: RecordError, size: number): void {
  const { field, format, offset } = detail;
  assert.match(code, /^(bmp|bgp|obmp|openbmp)-[a-z-]+$/);
  assert.ok(field !== '' && format !== '', 'names format and field');
  assert.ok(Number.isInteger(offset) && offset >= 0 && offset <= size, `offset ${offset} of ${size} bytes`);
}

/** Runs the body with each mutant's number and bytes at hand for what it throws. */
function reproducible(number: number, bytes: Buffer, body: () => void): void {
  try {
    body();
  } catch (error) {
    const where = `FLOWRIB_FUZZ_SEED=${seed}, mutant ${number}: ${bytes.toString('hex')}`;
    throw new Error(where, { cause: error });
  }
}

void test(`${count} mutants of recorded messages are decoded, or refused with offset and field`, () => {
  const random = randomNumbers(seed);
  const driver = mutantDriver();
  let refused = 0;
  for (let i = 0; i < count; i++) {
    const mutant = mutate(corpus[random(corpus.length)], corpus[random(corpus.length)], random);
    const bits = random(32);
    const context: UpdateContext = {
      twoByteAsPath: (bits & 1) !== 0,
      isLocRib: (bits & 2) !== 0,
      isExternal: (bits & 16) !== 0,
      hasPathId: () => (bits & 4) !== 0,
      hasMultipleLabels: () => (bits & 8) !== 0,
    };
    reproducible(i, mutant, () => {
      const error = decodeError(mutant, context);
      if (error !== null) {
        assertLocated(error, mutant.length);
        refused++;
      }
      applyMutant(driver, mutant, i);
    });
  }
  // Mutants that are all refused, or all accepted, test one half of the decoders.
  assert.ok(refused > count / 10 && refused < (count * 9) / 10, `${refused} refused`);
  checkShard(driver);
});

function mutantDriver(): RibDriver {
  const attributes = new AttributeStore();
  return new RibDriver(attributes, new PrefixTable(attributes));
}

const addresses = [
  '0.0.0.0',
  '10.2.8.1',
  '100.64.1.129',
  '203.0.113.129',
  '255.255.255.255',
  '::',
  '2001:db8:a:1::1',
  'ff::',
];

function applyMutant(driver: RibDriver, mutant: Buffer, number: number): void {
  driver.events.length = 0;
  // Four routers, so that the states of one session are not all that is seen.
  const router = `10.99.0.${number & 3}`;
  driver.send(mutant, { router });
  if (number % 16 === 0) driver.pass(1000);
  if (number % 8 === 0) driver.ask(addresses[(number >>> 3) % addresses.length], null, { router });
  if (number % 64 === 0) driver.shard.reclaim(1000);
  if (number % 5000 === 0) checkMemory(driver);
}

function checkMemory({ shard }: RibDriver): void {
  const { memory, routers } = shard.status();
  const bytes = Object.values(memory).reduce((sum, size) => sum + size, 0);
  assert.ok(bytes < mostBytes, `the table holds ${bytes} bytes`);
  assert.ok(routers.length <= 4);
}

/** What the mutants left behind answers, and goes when the sessions end. */
function checkShard(driver: RibDriver): void {
  const { shard } = driver;
  assert.ok(shard.status().routesV4 > 0);
  for (let router = 0; router < 4; router++) {
    for (const address of addresses)
      driver.ask(address, '10.77.0.2', { router: `10.99.0.${router}`, views: [0, 1, 2, 3, 4] });
    driver.send(termination(), { router: `10.99.0.${router}` });
  }
  driver.pass(staleTimeMs + 1);
  while (shard.reclaim(1000));
  const { prefixesV4, prefixesV6, routesV4, routesV6 } = shard.status();
  assert.deepEqual(
    { prefixesV4, prefixesV6, routesV4, routesV6 },
    { prefixesV4: 0, prefixesV6: 0, routesV4: 0, routesV6: 0 },
  );
  assert.equal(driver.attributes.size, 0);
}

void test('mutants of records in collector headers are split, or refused with offset and field', () => {
  const random = randomNumbers(seed + 1);
  const decoder = bmpDecoder('openbmp');
  const records = recordValues('bmp/gobmp-raw.jsonl');
  for (let i = 0; i < count / 10; i++) {
    const mutant = mutate(records[random(records.length)], records[random(records.length)], random);
    reproducible(i, mutant, () => {
      try {
        for (const part of decoder.split(mutant, 0, mutant.length)) decoder.frames(mutant, part.start, part.end);
      } catch (error) {
        if (!(error instanceof RecordError)) throw error;
        assertLocated(error, mutant.length);
      }
    });
  }
});
