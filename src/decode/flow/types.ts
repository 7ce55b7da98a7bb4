/**
 * What every flow format offers. A decoder is made once per input and partition-independent; it is called for each record and must
 * not allocate per record more than its format forces it to. A bad record is reported by a reused object, not an exception: a flood
 * of garbage must not cost a stack trace each.
 */

import type { Flow } from '../../model/flow.ts';

/** Why the last record was refused. Refilled, never replaced. */
export class FlowDecodeError {
  /** From the closed list of docs/architecture.md, e.g. "flow-truncated". Empty = no error. */
  code = '';
  message = '';
  /** Byte offset inside the record's value. */
  offset = 0;
  field = '';
}

export interface FlowDecoder {
  readonly format: string;
  readonly error: FlowDecodeError;
  /**
   * Starts on a record's value, `buffer[start, end)`. Returns the number of flows in it, or -1 with `error` filled. Most formats hold
   * one; 0 is a record without a flow (a marker).
   */
  begin(buffer: Buffer, start: number, end: number): number;
  /** Fills `flow` with flow `index` of the record begun; false with `error` filled when that one is bad. */
  read(index: number, flow: Flow): boolean;
}
