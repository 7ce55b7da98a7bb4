/**
 * Errors named by the reaction they demand (docs/architecture.md). Whoever catches one knows from its class alone what to do:
 * RecordError: this record is bad, count it, dead-letter it, go on. OwnershipLost: stop quietly, commit nothing. ConfigError: tell
 * the user and exit 2. FatalError: exit 3, so that a supervisor restarts us.
 */

/** Where in a record decoding failed. `offset` counts bytes from the start of the record's value. */
export interface RecordErrorDetail {
  /** Input format as named in the configuration, or the protocol ("bmp", "bgp"). */
  format: string;
  /** Byte offset of the first byte of the offending field, from the start of the record value. */
  offset: number;
  /** Path of the field, outermost first, e.g. "route-monitoring: attribute 2: as_path segment count". */
  field: string;
}

export class RecordError extends Error {
  override readonly name = 'RecordError';
  readonly code: string;
  readonly detail: RecordErrorDetail;

  constructor(code: string, message: string, detail: RecordErrorDetail) {
    super(`in ${detail.format} ${detail.field} at byte ${detail.offset}: ${message}`);
    this.code = code;
    this.detail = detail;
  }
}

export class OwnershipLost extends Error {
  override readonly name = 'OwnershipLost';
}

export class FatalError extends Error {
  override readonly name = 'FatalError';
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** The text of anything thrown, for logs and headers. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
