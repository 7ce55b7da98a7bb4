/** BMP messages as plain objects for golden files: one JSON line a message, BGP UPDATEs decoded. */

import type { BmpMessage } from '../../src/wire/bmp/types.ts';
import { attributesOf, flagsOf, prefixTexts, updateOf } from './bgp-text.ts';
import type { BmpSessions } from './bmp-sessions.ts';

export function bmpLineOf(
  router: string,
  buffer: Buffer,
  message: BmpMessage,
  sessions: BmpSessions,
): Record<string, unknown> {
  if (message.kind !== 'route-monitoring') return { router, ...plain(message) };
  const pdu = buffer.subarray(message.pduStart, message.pduEnd);
  const update = updateOf(pdu, sessions.context(router, message.peer));
  return {
    router,
    kind: message.kind,
    peer: message.peer,
    withdrawn: prefixTexts(update.withdrawn),
    announced: prefixTexts(update.announced),
    attributes: attributesOf(update),
    mpAttributes: attributesOf(update, 1),
    ...flagsOf(update),
  };
}

/** Prefixes that come of path ids read as prefixes or the other way round. */
export function bogusPrefixesOf(lines: readonly Record<string, unknown>[]): string[] {
  const prefixes = lines.flatMap((line) => [line['withdrawn'] ?? [], line['announced'] ?? []].flat() as string[]);
  return prefixes.filter((prefix) => {
    const [, length, path] = /\/(\d+)(?: path (\d+))?/.exec(prefix) ?? [];
    return (Number(length) > 0 && Number(length) < 8) || (path !== undefined && Number(path) >= 1 << 16);
  });
}

/** Maps as lists of pairs, buffers as hex. */
function plain(message: BmpMessage): Record<string, unknown> {
  const text = JSON.stringify(message, (_key, value: unknown) => {
    if (value instanceof Map) return [...(value as Map<unknown, unknown>)];
    const buffer = value as { type?: unknown; data?: unknown } | null;
    return buffer?.type === 'Buffer' ? Buffer.from(buffer.data as number[]).toString('hex') : value;
  });
  return JSON.parse(text) as Record<string, unknown>;
}
