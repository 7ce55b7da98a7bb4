/**
 * Durations as users write them: one or more whole numbers with a unit, "500ms", "5m", "1h30m". Inside the program a duration is a
 * number of milliseconds, and its name ends in `Ms`; this file is the only way from one to the other.
 */

export const durationPattern = /^(?:\d+(?:ms|s|m|h|d))+$/;

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds; NaN when the text is not a duration or too large to be counted exactly. */
export function parseDuration(text: string): number {
  if (!durationPattern.test(text)) return NaN;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|s|m|h|d)/g)) totalMs += Number(amount) * unitMs[unit];
  return Number.isSafeInteger(totalMs) ? totalMs : NaN;
}

/** The shortest text that `parseDuration` reads back as the same number; 0 is "0s". */
export function formatDuration(totalMs: number): string {
  let rest = totalMs;
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms']) {
    const amount = Math.floor(rest / unitMs[unit]);
    if (amount > 0) text += `${amount}${unit}`;
    rest -= amount * unitMs[unit];
  }
  return text === '' ? '0s' : text;
}
