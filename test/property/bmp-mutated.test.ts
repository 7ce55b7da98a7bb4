/**
 * 100,000 mutants of recorded BMP messages, and of some that no recorded router sends, through decoders and a shard. Nothing but a RecordError with offset and field comes out of
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
import { generatedMessage } from '../differential/generated-updates.ts';
import {
  peerDown,
  type PeerOptions,
  peerUp,
  routeMirroring,
  statisticsReport,
  termination,
} from '../support/bmp-builder.ts';
import { recordValues } from '../support/golden.ts';
import { mutate, type Random, randomNumbers } from '../support/mutations.ts';
import { capturedMessages } from '../support/recorded-router.ts';
import { RibDriver, staleTimeMs } from '../support/rib-driver.ts';

const mutants = Number(process.env['FLOWRIB_FUZZ_COUNT'] ?? 100_000);
const seed = Number(process.env['FLOWRIB_FUZZ_SEED'] ?? 7854);
/** As a router with some hundred routes and peers needs, and what the smallest table has reserved. */
const mostBytes = 32 << 20;

const recorded = ['bmp/bmp-tcp.pcap', 'frr/session.pcap', 'gobgp/session.pcap']
  .flatMap((path) => capturedMessages(path, 5001))
  .map(({ bytes }) => bytes);

/** Every family, 2-octet paths, Adj-RIB-Out, Loc-RIB with a Peer Up, peers in VRFs, mirroring, statistics with families. */
function unrecorded(random: Random): Buffer[] {
  const inVrf: PeerOptions = { type: 1, distinguisher: '0000fde900000064', address: '2001:db8::9', as: 4_200_000_001 };
  const locRib: PeerOptions = { type: 3, as: 65_000, isFiltered: true };
  const open = {
    as: 65_000,
    families: [
      [1, 1],
      [2, 128],
    ] as const,
    addPath: [[1, 1, 3]] as const,
  };
  const opens = {
    sentOpen: { ...open, extendedParameters: true },
    receivedOpen: { ...open, multipleLabels: [[1, 4, 3]] as const },
  };
  return [
    ...Array.from({ length: 400 }, () => generatedMessage(random).bytes),
    peerUp(inVrf, { ...opens, tableName: 'red' }),
    peerUp(locRib, { ...opens, tableName: 'global' }),
    ...[1, 2, 3, 4, 5, 6].map((reason) => peerDown(inVrf, reason)),
    routeMirroring(inVrf),
    statisticsReport(inVrf, [
      { type: 7, value: 5n },
      { type: 0, value: 3 },
    ]),
    termination(1),
  ];
}

const corpus = [...recorded, ...unrecorded(randomNumbers(9069))];

const update = createBgpUpdate();

const margin = 64;
const arena = Buffer.alloc(1 << 17);

/** What the decoders make of a message among other bytes, as a number; or the error. Anything else that is thrown goes on. */
function decodeAmong(surroundings: number, message: Buffer, context: UpdateContext): RecordError | number {
  const end = margin + message.length;
  arena.fill(surroundings, 0, end + margin);
  message.copy(arena, margin);
  try {
    const decoded = decodeBmpMessage(arena, margin, end);
    if (decoded.kind !== 'route-monitoring') return 0;
    decodeUpdate(arena, decoded.pduStart, decoded.pduEnd, context, update, margin);
  } catch (error) {
    if (error instanceof RecordError) return error;
    throw error;
  }
  return sumOfUpdate();
}

function sumOfUpdate(): number {
  const { announced, attributeLengths, attributeWords, endOfRib, problem, withdrawn } = update;
  let sum = endOfRib + problem.length + withdrawn.count * 7;
  for (const { count, length, pathId, w0, w1, w2, w3 } of [announced, withdrawn]) {
    for (let i = 0; i < count; i++) {
      sum = (Math.imul(sum, 31) + (w0[i] ^ w1[i] ^ w2[i] ^ w3[i]) + length[i] + pathId[i]) | 0;
    }
  }
  for (let set = 0; set < 2; set++) {
    for (let i = 0; i < attributeLengths[set]; i++) sum = (Math.imul(sum, 31) + attributeWords[set][i]) | 0;
  }
  return sum;
}

/** The same whatever lies around the message: nothing of that is read. */
function decodeError(message: Buffer, context: UpdateContext): RecordError | null {
  const first = decodeAmong(0, message, context);
  const second = decodeAmong(0xff, message, context);
  if (first instanceof RecordError && second instanceof RecordError) {
    assert.equal(first.message, second.message);
    return first;
  }
  assert.equal(first, second, 'depends on what lies around the message');
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

void test(`${mutants} mutants of recorded messages are decoded, or refused with offset and field`, () => {
  const random = randomNumbers(seed);
  const driver = mutantDriver();
  let refused = 0;
  for (let i = 0; i < mutants; i++) {
    const mutant = mutate(corpus[random(corpus.length)], corpus[random(corpus.length)], random);
    const bits = random(32);
    const context: UpdateContext = {
      twoByteAsPath: (bits & 1) !== 0,
      isLocRib: (bits & 2) !== 0,
      isExternal: (bits & 16) !== 0,
      isPrePolicy: (bits & 16) !== 0,
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
  assert.ok(refused > mutants / 10 && refused < (mutants * 9) / 10, `${refused} refused`);
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
  const parts = [memory, shard.vpn.routes.memory()];
  const bytes = parts.flatMap((part) => Object.values(part)).reduce((sum, size) => sum + size, 0);
  assert.ok(bytes < mostBytes, `the table holds ${bytes} bytes`);
  assert.ok(routers.length <= 4);
}

/** What the mutants left behind answers, and goes when the sessions end. */
function checkShard(driver: RibDriver): void {
  const { shard } = driver;
  assert.ok(shard.global.routes.counts().routesV4 > 0);
  assert.ok(shard.vpn.routes.counts().routesV4 > 0);
  for (let router = 0; router < 4; router++) {
    for (const address of addresses)
      driver.ask(address, '10.77.0.2', { router: `10.99.0.${router}`, views: [0, 1, 2, 3, 4] });
    driver.send(termination(), { router: `10.99.0.${router}` });
  }
  driver.pass(staleTimeMs + 1);
  while (shard.reclaim(1000));
  for (const { routes } of [shard.global, shard.vpn]) {
    assert.deepEqual(routes.counts(), { prefixesV4: 0, prefixesV6: 0, routesV4: 0, routesV6: 0 });
  }
  assert.equal(driver.attributes.size, 0);
}

void test('mutants of records in collector headers are split, or refused with offset and field', () => {
  const random = randomNumbers(seed + 1);
  const decoder = bmpDecoder('openbmp');
  const records = recordValues('bmp/gobmp-raw.jsonl');
  for (let i = 0; i < mutants / 10; i++) {
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
