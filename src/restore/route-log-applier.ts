/**
 * Brings records of `routes[q]` into a shard: headers, format, BMP messages, table. The one way in, for restore and for live records
 * alike, so that a replayed shard and a live one cannot differ. Reads no clock but the records'.
 */

import { RecordError } from '../base/errors.ts';
import type { BmpDecoder } from '../decode/bmp/types.ts';
import { readTickValue, RouteHeadersReader } from '../model/route-log.ts';
import type { BmpRouters } from '../model/router.ts';
import { createRouteLogEntry, type RibShard } from '../rib/shard.ts';

export interface ApplierOptions {
  readonly directory: BmpRouters;
  readonly decoderFor: (format: string) => BmpDecoder;
  /** A record of the log that cannot be applied: counted and told, never fatal; the route stage has let it pass. */
  readonly onBadRecord: (shard: number, logOffset: number, error: RecordError) => void;
}

export class RouteLogApplier {
  private readonly options: ApplierOptions;
  private readonly headers = new RouteHeadersReader();
  private readonly entry = createRouteLogEntry();

  constructor(options: ApplierOptions) {
    this.options = options;
  }

  /** One record of the shard's log. */
  apply(
    shard: RibShard,
    buffer: Buffer,
    headersStart: number,
    headersEnd: number,
    valueStart: number,
    valueEnd: number,
    logOffset: number,
    timestampMs: number,
  ): void {
    const headers = this.headers;
    if (!headers.read(buffer, headersStart, headersEnd)) {
      this.options.onBadRecord(shard.shard, logOffset, foreign('headers'));
      return;
    }
    const entry = this.entry;
    entry.logOffset = logOffset;
    entry.timestampMs = timestampMs;
    try {
      if (valueStart < 0) throw foreign('value');
      if (headers.isTick) {
        this.tick(shard, buffer, valueStart, valueEnd);
        return;
      }
      entry.topicId = headers.topicId;
      entry.topic = headers.topic;
      entry.partition = headers.partition;
      entry.offset = headers.offset;
      entry.part = headers.part;
      const frames = this.options.decoderFor(headers.format).frames(buffer, valueStart, valueEnd);
      const router = this.options.directory.byBmpAddress(headers.router);
      entry.routerKey = router.key;
      entry.routerName = router.name;
      entry.bmpAddress = headers.router;
      entry.collector = headers.collector;
      entry.buffer = buffer;
      entry.start = frames.start;
      entry.end = frames.end;
      shard.apply(entry);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.options.onBadRecord(shard.shard, logOffset, error);
    }
  }

  private tick(shard: RibShard, buffer: Buffer, start: number, end: number): void {
    const positions = readTickValue(buffer, start, end);
    if (positions === null) throw foreign('tick');
    for (const position of positions) {
      Object.assign(this.entry, position);
      shard.tick(this.entry);
    }
  }
}

function foreign(field: string): RecordError {
  return new RecordError('route-log-foreign', 'not a record that a route stage writes', {
    format: 'routes log',
    offset: 0,
    field,
  });
}
