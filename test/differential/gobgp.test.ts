/**
 * The same bytes through flowrib's decoders and through GoBGP's packet library (bmpjson, a Go program in this folder), which share
 * nothing: both must read the same. Every recorded message, and some thousand generated ones. Needs Go 1.25 and its modules; without
 * them it is skipped, unless FLOWRIB_REQUIRE_GO is 1.
 */

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, test } from 'node:test';
import { errorText } from '../../src/base/errors.ts';
import { BmpSessions } from '../support/bmp-sessions.ts';
import { decodeBmpMessage } from '../../src/wire/bmp/messages.ts';
import type { BgpUpdate } from '../../src/wire/bgp/types.ts';
import { flagsOf, plainContext } from '../support/bgp-text.ts';
import { randomNumbers } from '../support/mutations.ts';
import { capturedMessages } from '../support/recorded-router.ts';
import { type DecodedMessage, decodeOwn, normalised, type PrintedMessage } from './decoded-message.ts';
import { generatedMessage, generatedSessionMessage } from './generated-updates.ts';

const generated = 5000;
const isRequired = process.env['FLOWRIB_REQUIRE_GO'] === '1';
const folder = mkdtempSync(`${tmpdir()}/flowrib-bmpjson-`);
after(() => rmSync(folder, { recursive: true, force: true }));

/** Builds the program; the reason when that is not possible. */
function build(): string {
  const source = new URL('bmpjson', import.meta.url).pathname;
  try {
    execFileSync('go', ['build', '-mod=readonly', '-o', `${folder}/bmpjson`, '.'], {
      cwd: source,
      stdio: 'pipe',
      timeout: 300_000,
    });
    return '';
  } catch (error) {
    return `bmpjson cannot be built, Go 1.25 with its modules is needed: ${errorText(error)}`;
  }
}

const reason = build();
if (reason !== '' && isRequired) throw new Error(reason);
const options = reason === '' ? {} : { skip: reason };

interface Compared {
  readonly bytes: Buffer;
  readonly own: DecodedMessage;
  readonly update: BgpUpdate | null;
  /** As bmpjson takes them. */
  readonly families: string;
  readonly asWidth: 2 | 4;
}

function printed(messages: readonly Compared[]): PrintedMessage[] {
  const input = messages
    .map(({ asWidth, bytes, families }) => `${families} ${asWidth} ${bytes.toString('hex')}\n`)
    .join('');
  const { status, stderr, stdout } = spawnSync(`${folder}/bmpjson`, { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  assert.equal(status, 0, stderr);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as PrintedMessage);
}

function recorded(path: string): Compared[] {
  const sessions = new BmpSessions();
  return capturedMessages(path, 5001).map(({ bytes, router }) => {
    const message = decodeBmpMessage(bytes, 0, bytes.length);
    if (message.kind === 'peer-up') sessions.apply(router, message);
    const { message: own, update } = decodeOwn(bytes, (peer) => sessions.context(router, peer));
    const hasFlagA = 'peer' in message && message.peer.isTwoByteAsPath;
    const asWidth = hasFlagA !== (update?.asWidthGuessed ?? false) ? 2 : 4;
    return { bytes, own, update, families: update === null ? '-' : pathIdFamilies(update), asWidth };
  });
}

/** Families whose NLRI were found to have path ids: what was negotiated, but for the senders named below. */
function pathIdFamilies(update: BgpUpdate): string {
  const found = new Set<string>();
  for (const { count, family, hasPathId, safi } of [update.withdrawn, update.announced]) {
    for (let i = 0; i < count; i++) if (hasPathId[i] === 1) found.add(`${family[i] === 4 ? 1 : 2}/${safi[i]}`);
  }
  return [...found].join(',') || '-';
}

/** Every message the same, but those for which GoBGP's library has this error; returns how many those were. */
function assertSame(messages: readonly Compared[], knownError: string): number {
  const others = printed(messages);
  assert.equal(others.length, messages.length);
  let refused = 0;
  messages.forEach(({ bytes, own }, i) => {
    const { error } = others[i];
    if (error !== undefined && error === knownError) refused++;
    else assert.deepEqual(own, normalised(others[i]), `${error ?? ''} ${bytes.toString('hex')}`);
  });
  return refused;
}

/** "peer flags" of the UPDATEs that are so. */
function sendersOf(messages: readonly Compared[], isSo: (update: BgpUpdate) => boolean): string[] {
  const found = messages.filter(({ update }) => update !== null && isSo(update));
  return [...new Set(found.map(({ own }) => `${String(own.peer?.['address'])} ${String(own.peer?.['flags'])}`))].sort();
}

interface Recording {
  readonly path: string;
  /** "peer flags" of those whose path ids are not as negotiated: FRR 8.4 writes none, GoBGP 3.10 none after policy. */
  readonly withoutPathIds: readonly string[];
  /** Of those whose AS_PATH has not the width that the A flag says: FRR 8.4 on a session without 4-octet AS numbers. */
  readonly otherAsWidth: readonly string[];
  readonly refused: number;
}

/** GoBGP 3.10 writes Peer Down with reason 3, which a NOTIFICATION must follow (RFC 7854 §4.9), and no NOTIFICATION; its library refuses it. */
const noNotification = 'not all BGP message header';

const recordings: readonly Recording[] = [
  {
    path: 'bmp/bmp-tcp.pcap',
    withoutPathIds: ['10.99.0.1 64', '10.99.0.2 0', '10.99.0.2 64', '10.99.0.3 0', '10.99.0.3 64'],
    otherAsWidth: [],
    refused: 0,
  },
  {
    path: 'frr/session.pcap',
    withoutPathIds: ['10.77.0.2 0', '10.77.0.2 64'],
    otherAsWidth: ['10.77.0.4 0', '10.77.0.4 64'],
    refused: 0,
  },
  { path: 'gobgp/session.pcap', withoutPathIds: ['10.77.0.1 64'], otherAsWidth: [], refused: 2 },
];

for (const { otherAsWidth, path, refused, withoutPathIds } of recordings) {
  test(`every message of ${path} is read as GoBGP's library reads it`, options, () => {
    const messages = recorded(path);
    assert.equal(assertSame(messages, noNotification), refused);
    assert.deepEqual(
      sendersOf(messages, (update) => update.addPathGuessed),
      withoutPathIds,
    );
    assert.deepEqual(
      sendersOf(messages, (update) => update.asWidthGuessed),
      otherAsWidth,
    );
  });
}

test(`${generated} generated UPDATEs are read as GoBGP's library reads them`, options, () => {
  const random = randomNumbers(4271);
  const messages = Array.from({ length: generated }, (): Compared => {
    const { bytes, hasStacks, pathIds } = generatedMessage(random);
    const ids = new Set(pathIds);
    const { message, update } = decodeOwn(bytes, (peer) => ({
      ...plainContext,
      twoByteAsPath: peer.isTwoByteAsPath,
      hasPathId: (family) => ids.has(`${family >>> 8}/${family & 255}`),
      hasMultipleLabels: () => hasStacks,
    }));
    const asWidth = (Number(message.peer?.['flags']) & 0x20) === 0 ? 4 : 2;
    return { bytes, own: message, update, families: pathIds.join(',') || '-', asWidth };
  });
  assert.equal(assertSame(messages, noNotification), 0);
  const texts = new Set(messages.flatMap(({ update }) => (update === null ? [] : Object.keys(flagsOf(update)))));
  assert.deepEqual([...texts], ['endOfRib'], 'nothing wrong with what was generated');
});

test(
  "generated Peer Ups, Peer Downs, statistics and Initiations are read as GoBGP's library reads them",
  options,
  () => {
    const random = randomNumbers(7854);
    const messages = Array.from({ length: 1000 }, (): Compared => {
      const bytes = generatedSessionMessage(random);
      return { bytes, own: decodeOwn(bytes, () => plainContext).message, update: null, families: '-', asWidth: 4 };
    });
    assert.equal(assertSame(messages, noNotification), 0);
  },
);
