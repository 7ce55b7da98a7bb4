/**
 * What every BMP input format offers. The route stage uses `split` to learn which router a record is about; the shard uses `frames` to
 * get at the BMP messages. Both are stateless: a record is understood from itself alone.
 */

/** A part of a record that is about one router. */
export interface BmpPart {
  /** Address text of the BMP speaker as the record gives it (RFC 5952), or empty: take it from the input's `router` setting. */
  router: string;
  /** Identifies the collector (hash as hex, or empty): sources of one router over two collectors are kept apart. */
  collector: string;
  /** Bytes of the record's value to append to the routes log: the whole value unless the record is about several routers. */
  start: number;
  end: number;
  /** 'bmp': BMP messages of the router. 'collector': a message about the collector itself, to be counted. */
  kind: 'bmp' | 'collector';
}

export interface BmpDecoder {
  readonly format: string;
  /** Throws RecordError when the record cannot be attributed; every part returned is well framed. */
  split(buffer: Buffer, start: number, end: number): BmpPart[];
  /** Range of the BMP messages (one after another, RFC 7854) inside a part's value. Throws RecordError. */
  frames(buffer: Buffer, start: number, end: number): { start: number; end: number };
}
