/**
 * Keeps a flood of bad records from becoming a flood of log lines: the first error of a code is logged as it comes, those that follow
 * are counted and told as one line a code every ten seconds. Callers pass code and text; text says where, never what was in the record.
 */

import type { Logger } from 'pino';

interface Repeats {
  count: number;
  /** Text of the latest one. */
  last: string;
}

const defaultIntervalMs = 10_000;

export class ErrorDigest {
  private readonly logger: Logger;
  private readonly timer: NodeJS.Timeout;
  private readonly repeats = new Map<string, Repeats>();

  constructor(logger: Logger, intervalMs = defaultIntervalMs) {
    this.logger = logger;
    this.timer = setInterval(() => this.flush(), intervalMs);
    this.timer.unref();
  }

  record(code: string, text: string): void {
    const known = this.repeats.get(code);
    if (known === undefined) {
      this.repeats.set(code, { count: 0, last: text });
      this.logger.warn({ code, reason: text }, 'bad record');
      return;
    }
    known.count++;
    known.last = text;
  }

  /** Tells what was counted. A code that did not come again is forgotten: its next one is logged at once. */
  flush(): void {
    for (const [code, repeats] of this.repeats) {
      if (repeats.count === 0) {
        this.repeats.delete(code);
        continue;
      }
      this.logger.warn({ code, count: repeats.count, last: repeats.last }, 'more bad records');
      repeats.count = 0;
    }
  }

  /** Ends the timer and tells what is left. */
  stop(): void {
    clearInterval(this.timer);
    this.flush();
  }
}
