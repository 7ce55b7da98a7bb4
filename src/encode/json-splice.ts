/**
 * A JSON object as it came with some members' values replaced, and those that were missing put before its closing brace. Nothing that
 * stays is printed anew, so that 64-bit numbers, spaces and order are kept. Used by the native encoders of JSON formats.
 */

import type { ByteWriter } from '../base/byte-writer.ts';
import type { FlowLayout } from '../model/flow-layout.ts';

/** How the producer writes between members and after names. */
export interface MemberSpacing {
  readonly comma: string;
  readonly colon: string;
}

/** `names` and `values` by field (model/flow-layout.ts); an empty value stays as it is. [start, end) is the object with what is around it. */
export function spliceMembers(
  out: ByteWriter,
  buffer: Buffer,
  start: number,
  end: number,
  layout: FlowLayout,
  names: readonly string[],
  values: readonly string[],
  { comma, colon }: MemberSpacing,
): void {
  let from = start;
  for (let i = 0; i < layout.count; i++) {
    const value = values[layout.fields[i]];
    if (value === '') continue;
    out.writeBytes(buffer, from, layout.starts[i]);
    out.writeText(value);
    from = layout.ends[i];
  }
  out.writeBytes(buffer, from, layout.messageEnd);
  let separator = layout.hasMembers ? comma : '';
  for (let field = 0; field < names.length; field++) {
    if (values[field] === '' || (layout.present & (1 << field)) !== 0) continue;
    out.writeText(`${separator}"${names[field]}"${colon}${values[field]}`);
    separator = comma;
  }
  out.writeBytes(buffer, layout.messageEnd, end);
}

/** True when the value chosen is another one than the flow's; one that is absent in the flow counts as 0 and is not replaced by one. */
export function differs(chosen: number, ofFlow: number): boolean {
  return chosen !== Math.max(ofFlow, 0);
}
