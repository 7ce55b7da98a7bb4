/**
 * Statistics Report (RFC 7854 §4.8): count (4), then type (2) | length (2) | value. Values are 32-bit counters, 64-bit gauges, or a gauge
 * of an address family: AFI (2) | SAFI (1) | gauge (8), as "afi/safi gauge". Types that are not known are passed over by their length.
 */

import { RecordError } from '../../base/errors.ts';
import type { BmpStatistic } from './types.ts';

/** IANA's "BMP Statistics Types" by number; absent: not assigned. */
const statisticNames = new Map(
  Object.entries({
    // RFC 7854 §4.8.
    0: 'prefixes-rejected',
    1: 'duplicate-announcements',
    2: 'duplicate-withdrawals',
    3: 'cluster-list-loops',
    4: 'as-path-loops',
    5: 'originator-id-loops',
    6: 'confederation-loops',
    7: 'adj-rib-in',
    8: 'loc-rib',
    9: 'adj-rib-in-family',
    10: 'loc-rib-family',
    11: 'updates-treated-as-withdraw',
    12: 'prefixes-treated-as-withdraw',
    13: 'duplicate-updates',
    // RFC 8671 §6.2.
    14: 'adj-rib-out-pre',
    15: 'adj-rib-out-post',
    16: 'adj-rib-out-pre-family',
    17: 'adj-rib-out-post-family',
    // RFC 9972 §3.
    18: 'adj-rib-in-pre',
    19: 'adj-rib-in-pre-family',
    20: 'adj-rib-in-post',
    21: 'adj-rib-in-post-family',
    22: 'adj-rib-in-pre-rejected-family',
    23: 'adj-rib-in-post-accepted-family',
    26: 'suppressed-by-damping-family',
    27: 'stale-by-graceful-restart-family',
    28: 'stale-by-long-lived-graceful-restart-family',
    29: 'left-before-threshold',
    30: 'left-before-threshold-family',
    31: 'left-before-license-threshold',
    32: 'left-before-license-threshold-family',
    33: 'adj-rib-in-pre-as-path-too-long',
    34: 'adj-rib-in-pre-as-path-too-long-family',
    35: 'adj-rib-in-post-origin-invalid-family',
    36: 'adj-rib-in-post-origin-valid-family',
    37: 'adj-rib-in-post-origin-not-found-family',
    38: 'adj-rib-out-pre-rejected-family',
    39: 'adj-rib-out-pre-as-path-too-long',
    40: 'adj-rib-out-pre-as-path-too-long-family',
    41: 'adj-rib-out-post-origin-invalid-family',
    42: 'adj-rib-out-post-origin-valid-family',
    43: 'adj-rib-out-post-origin-not-found-family',
  }).map(([type, name]) => [Number(type), name]),
);

/** "unknown" for a type that is not assigned. */
export function statisticName(type: number): string {
  return statisticNames.get(type) ?? 'unknown';
}

export function readStatistics(buffer: Buffer, start: number, end: number, recordStart: number): BmpStatistic[] {
  if (start + 4 > end) throw statisticsError('count', start - recordStart, `${end - start} of 4 bytes`);
  const statistics: BmpStatistic[] = [];
  let at = start + 4;
  for (let left = buffer.readUInt32BE(start); left > 0; left--) {
    const from = at + 4;
    const size = from > end ? 0 : buffer.readUInt16BE(at + 2);
    if (from + size > end) throw statisticsError('statistic', at - recordStart, 'runs over the end');
    const type = buffer.readUInt16BE(at);
    const isKnown = statisticNames.has(type);
    statistics.push({ type, value: isKnown ? statisticText(buffer, from, size) : '' });
    at = from + size;
  }
  return statistics;
}

function statisticText(buffer: Buffer, at: number, size: number): string {
  if (size === 4) return String(buffer.readUInt32BE(at));
  if (size === 8) return String(buffer.readBigUInt64BE(at));
  if (size === 11) return `${buffer.readUInt16BE(at)}/${buffer[at + 2]} ${buffer.readBigUInt64BE(at + 3)}`;
  return '';
}

function statisticsError(field: string, offset: number, message: string): RecordError {
  return new RecordError('bmp-truncated', message, { format: 'bmp', offset, field: `statistics-report: ${field}` });
}
