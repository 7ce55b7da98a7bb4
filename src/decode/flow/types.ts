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
  /** Byte offset from `partStart`. */
  offset = 0;
  field = '';
}

export interface FlowDecoder {
  readonly format: string;
  readonly error: FlowDecodeError;
  /** The bytes of the flow last read, or refused: the record's whole value where it holds one, else that part of it. */
  readonly partStart: number;
  readonly partEnd: number;
  /**
   * Starts on a record's value, `buffer[start, end)`. Returns the number of its parts, or -1 with `error` filled. Most formats have
   * one, the flow; 0 is a record without a flow (a marker).
   */
  begin(buffer: Buffer, start: number, end: number): number;
  /**
   * Fills `flow` from part `index` of the record begun. False when there is none: with `error` filled because that part is bad, or
   * with an empty `error.code` because it is a marker.
   */
  read(index: number, flow: Flow): boolean;
}
