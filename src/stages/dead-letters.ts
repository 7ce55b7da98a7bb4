/**
 * Bad records, and bad parts of records of several flows, go whole to the dead-letter topic with the reason and their position in headers; they never stop a partition. Each
 * handler of a stage has one of these beside its other output and flushes both before it commits.
 */

import { HeaderSection } from '../base/record-headers.ts';
import type { RecordBatch, RecordSink } from '../kafka/types.ts';
import {
  headerError,
  headerErrorCode,
  headerOffset,
  headerPart,
  headerPartition,
  headerStage,
  headerTopic,
} from '../model/header-names.ts';
import type { ErrorDigest } from '../telemetry/error-digest.ts';

const own = [headerStage, headerErrorCode, headerError, headerTopic, headerPartition, headerOffset, headerPart];

export class DeadLetters {
  private readonly section = new HeaderSection();
  private readonly stage: string;
  private readonly topic: string;
  private readonly partitions: number;
  private readonly sink: RecordSink;
  private readonly digest: ErrorDigest;

  constructor(stage: string, topic: string, partitions: number, sink: RecordSink, digest: ErrorDigest) {
    this.stage = stage;
    this.topic = topic;
    this.partitions = partitions;
    this.sink = sink;
    this.digest = digest;
  }

  /** Record `index` of the batch; the position is the record's original one, which for a forwarded flow is not the batch's. */
  add(
    batch: RecordBatch,
    index: number,
    topic: string,
    partition: number,
    offset: number,
    code: string,
    message: string,
  ): void {
    const start = batch.valueStarts[index];
    this.addPart(batch, index, start, batch.valueEnds[index], topic, partition, offset, -1, code, message);
  }

  /** A part of the record's value by itself; `part` is its number there, -1 for the whole value. */
  addPart(
    batch: RecordBatch,
    index: number,
    valueStart: number,
    valueEnd: number,
    topic: string,
    partition: number,
    offset: number,
    part: number,
    code: string,
    message: string,
  ): void {
    this.digest.record(code, `${topic}[${partition}]@${offset}: ${message}`);
    const section = this.section;
    section.reset();
    section.addFrom(batch.buffer, batch.headerStarts[index], batch.headerEnds[index], own);
    section.addText(headerStage, this.stage);
    section.addText(headerErrorCode, code);
    section.addText(headerError, message);
    section.addText(headerTopic, topic);
    section.addText(headerPartition, String(partition));
    section.addText(headerOffset, String(offset));
    if (part >= 0) section.addText(headerPart, String(part));
    const headers = section.finish();
    this.sink.append(
      this.topic,
      partition % this.partitions,
      batch.timestamps[index],
      batch.buffer,
      batch.keyStarts[index],
      batch.keyEnds[index],
      batch.buffer,
      valueStart,
      valueEnd,
      headers,
      0,
      headers.length,
    );
  }

  flush(): Promise<void> {
    return this.sink.flush();
  }
}
