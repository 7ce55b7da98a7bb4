/**
 * Statistics Report (RFC 7854 §4.8; types 14-17 RFC 8671 §6.2): count (4), then type (2) | length (2) | value. Values are 32-bit
 * counters, 64-bit gauges, or a gauge of an address family: AFI (2) | SAFI (1) | gauge (8), as "afi/safi gauge". Types that are not
 * known are passed over by their length.
 */

import { RecordError } from '../../base/errors.ts';

const lastKnownType = 17;

export function readStatistics(
  buffer: Buffer,
  start: number,
  end: number,
  recordStart: number,
): { type: number; value: string }[] {
  if (start + 4 > end) throw statisticsError('count', start - recordStart, `${end - start} of 4 bytes`);
  const statistics: { type: number; value: string }[] = [];
  let at = start + 4;
  for (let left = buffer.readUInt32BE(start); left > 0; left--) {
    const from = at + 4;
    const size = from > end ? 0 : buffer.readUInt16BE(at + 2);
    if (from + size > end) throw statisticsError('statistic', at - recordStart, 'runs over the end');
    const type = buffer.readUInt16BE(at);
    const value = type > lastKnownType ? '' : statisticText(buffer, from, size);
    if (value !== '') statistics.push({ type, value });
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
