/**
 * Where in its record a flow decoder found the fields that a native encoder may replace: what lets the encoder copy everything else
 * byte by byte. Part of a Flow, filled by its decoder (decode/flow), read by the encoder of the same format (encode/native-…), in the
 * order of the record's bytes. Positions count in the buffer that the decoder was given.
 */

/** The replaceable fields; each also has a bit, `1 << field`. Those of the destination unless they say `Src`. */
export const fieldNextHopAs = 0;
export const fieldSrcAs = 1;
export const fieldDstAs = 2;
export const fieldSrcNet = 3;
export const fieldDstNet = 4;
export const fieldBgpNextHop = 5;
export const fieldBgpCommunities = 6;
export const fieldAsPath = 7;
/** goflow2 has those above, pmacct all of them. */
export const fieldExtCommunities = 8;
export const fieldLargeCommunities = 9;
export const fieldLocalPref = 10;
export const fieldMed = 11;
export const fieldSrcMask = 12;
export const fieldDstMask = 13;
export const fieldSrcAsPath = 14;
export const fieldSrcCommunities = 15;
export const fieldSrcExtCommunities = 16;
export const fieldSrcLargeCommunities = 17;
export const fieldSrcLocalPref = 18;
export const fieldSrcMed = 19;
export const replaceableFields = 20;

/** How a text format spells its member names. */
export const namingSnake = 0;
/** goflow2 v1.0: SrcAS, ASPath. */
export const namingPascalAcronym = 1;
/** goflow2 v1.3: SrcAs, AsPath. */
export const namingPascal = 2;

export class FlowLayout {
  /**
   * Protobuf: the message without its length prefix. JSON: `messageStart` is the opening and `messageEnd` the closing brace.
   */
  messageStart = 0;
  messageEnd = 0;
  /** Protobuf: the message has a length prefix. */
  delimited = false;
  /** JSON: the object has members. */
  hasMembers = false;
  naming = namingSnake;

  /** Ranges found, `count` of them: protobuf fields with their tag, JSON values without their name. */
  count = 0;
  fields = new Int32Array(16);
  starts = new Int32Array(16);
  ends = new Int32Array(16);
  /** One bit for each field that `fields` holds. */
  present = 0;

  reset(): void {
    this.count = 0;
    this.present = 0;
    this.delimited = false;
    this.hasMembers = false;
    this.naming = namingSnake;
  }

  add(field: number, start: number, end: number): void {
    const at = this.count++;
    if (at === this.fields.length) this.grow();
    this.fields[at] = field;
    this.starts[at] = start;
    this.ends[at] = end;
    this.present |= 1 << field;
  }

  /** An unpacked `as_path` makes a range for each ASN. */
  private grow(): void {
    this.fields = doubled(this.fields);
    this.starts = doubled(this.starts);
    this.ends = doubled(this.ends);
  }
}

function doubled(from: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const to = new Int32Array(from.length * 2);
  to.set(from);
  return to;
}
