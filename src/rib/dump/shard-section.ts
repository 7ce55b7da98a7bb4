/**
 * The shard itself: its clock, what it counts, how far it has applied each source partition, and the numbers of route distinguishers.
 *
 *   header     text magic | integer version | integer shard | number clock | number log offset | number next deadline
 *              | integer next router | integer next neighbour | integer size of the distinguishers | integer next held sequence
 *   counters   list (text name, number) | list (text name, list (text key, number)) | list (text name, list (number key, number))
 *   topic      word topic | word topic id | list of word: former ids
 *   partition  number offset | number part | number end                of the topic before, from partition 0 on
 *   distinguisher         integer number | text
 *   distinguisher words   number high | number low | integer number
 */

import type { RibCounters } from '../counters.ts';
import type { RibShard } from '../shard.ts';
import {
  dumpMagic,
  itemCounters,
  itemDistinguisher,
  itemDistinguisherWords,
  itemHeader,
  itemPartition,
  itemTopic,
  newestReadVersion,
  writtenVersion,
} from './format.ts';
import { RecordError } from '../../base/errors.ts';
import type { ItemReader } from './item-reader.ts';
import type { ItemWriter } from './item-writer.ts';

export function* writeShard(shard: RibShard, out: ItemWriter): Generator<void> {
  const { positions, rds, reorder, sessions } = shard;
  out.begin(itemHeader);
  out.text(dumpMagic);
  out.integer(writtenVersion);
  out.integer(shard.shard);
  out.number(shard.clockMs);
  out.number(shard.logOffset);
  out.number(sessions.nextDeadlineMs);
  out.integer(sessions.nextRouter);
  out.integer(sessions.nextNeighbour);
  out.integer(rds.size);
  out.integer(reorder.sequence);
  out.end();
  yield;
  writeCounters(shard.counters, out);
  yield;
  for (const [topic, { id, former, offsets, parts, ends }] of positions.topics) {
    out.begin(itemTopic);
    out.word(topic);
    out.word(id);
    out.integer(former.size);
    for (const text of former) out.word(text);
    out.end();
    yield;
    for (let partition = 0; partition < offsets.length; partition++) {
      out.begin(itemPartition);
      out.number(offsets[partition]);
      out.number(parts[partition]);
      out.number(ends[partition]);
      out.end();
      yield;
    }
  }
  yield* writeDistinguishers(shard, out);
}

function* writeDistinguishers({ rds }: RibShard, out: ItemWriter): Generator<void> {
  for (const [index, text] of rds.texts) {
    out.begin(itemDistinguisher);
    out.integer(index);
    out.text(text);
    out.end();
    yield;
  }
  for (const [high, lows] of rds.byWords) {
    for (const [low, index] of lows) {
      out.begin(itemDistinguisherWords);
      out.number(high);
      out.number(low);
      out.integer(index);
      out.end();
      yield;
    }
  }
}

function writeCounters(counters: RibCounters, out: ItemWriter): void {
  const numbers: [string, number][] = [];
  const byText: [string, Map<string, number>][] = [];
  const byNumber: [string, Map<number, number>][] = [];
  for (const [name, value] of Object.entries(counters) as [string, unknown][]) {
    if (typeof value === 'number') numbers.push([name, value]);
    else if (numberedCounters.has(name)) byNumber.push([name, value as Map<number, number>]);
    else byText.push([name, value as Map<string, number>]);
  }
  out.begin(itemCounters);
  out.integer(numbers.length);
  for (const [name, value] of numbers) {
    out.text(name);
    out.number(value);
  }
  out.integer(byText.length);
  for (const [name, map] of byText) {
    out.text(name);
    out.integer(map.size);
    for (const [key, value] of map) {
      out.text(key);
      out.number(value);
    }
  }
  out.integer(byNumber.length);
  for (const [name, map] of byNumber) {
    out.text(name);
    out.integer(map.size);
    for (const [key, value] of map) {
      out.number(key);
      out.number(value);
    }
  }
  out.end();
}

/** Those of the counters whose keys are numbers. */
const numberedCounters: ReadonlySet<string> = new Set([
  'skippedFamilies',
  'skippedEvpnTypes',
] satisfies (keyof RibCounters)[]);

/** `create` is called once it is known that this is a dump that can be read. */
export function readHeader(reader: ItemReader, create: () => RibShard): RibShard {
  if (reader.text() !== dumpMagic) throw reader.error('it is no dump of a shard');
  const version = reader.integer();
  if (version > newestReadVersion) {
    const problem = `version ${version} is newer than what this version reads, ${newestReadVersion}`;
    throw new RecordError('snapshot-dump-version', problem, {
      format: 'shard dump',
      offset: reader.at,
      field: 'header',
    });
  }
  const number = reader.integer();
  const shard = create();
  if (number !== shard.shard) throw reader.error(`it is of shard ${number}, not of ${shard.shard}`);
  const { rds, reorder, sessions } = shard;
  shard.clockMs = reader.number();
  shard.logOffset = reader.number();
  sessions.nextDeadlineMs = reader.number();
  sessions.nextRouter = reader.integer();
  sessions.nextNeighbour = reader.integer();
  rds.size = reader.integer();
  reorder.sequence = reader.integer();
  return shard;
}

export function readCounters({ counters }: RibShard, reader: ItemReader): void {
  const known = counters as unknown as Record<string, unknown>;
  for (let left = reader.count(); left > 0; left--) {
    const name = reader.text();
    const value = reader.number();
    if (typeof known[name] === 'number' && Object.hasOwn(known, name)) known[name] = value;
  }
  for (const isByNumber of [false, true]) {
    for (let left = reader.count(); left > 0; left--) {
      const name = reader.text();
      const map = Object.hasOwn(known, name) && numberedCounters.has(name) === isByNumber ? known[name] : null;
      for (let entries = reader.count(); entries > 0; entries--) {
        const key = isByNumber ? reader.number() : reader.text();
        const value = reader.number();
        if (map instanceof Map) map.set(key, value);
      }
    }
  }
}

export class PositionsReader {
  private readonly shard: RibShard;
  private topic = '';

  constructor(shard: RibShard) {
    this.shard = shard;
  }

  readTopic(reader: ItemReader): void {
    const { topics } = this.shard.positions;
    this.topic = reader.word();
    if (topics.has(this.topic)) throw reader.error(`topic ${this.topic} was there before`);
    const id = reader.word();
    const former = new Set<string>();
    for (let left = reader.count(); left > 0; left--) former.add(reader.word());
    topics.set(this.topic, { id, former, offsets: [], parts: [], ends: [] });
  }

  readPartition(reader: ItemReader): void {
    const positions = this.shard.positions.topics.get(this.topic);
    if (positions === undefined) throw reader.error('it has no topic');
    positions.offsets.push(reader.number());
    positions.parts.push(reader.number());
    positions.ends.push(reader.number());
  }
}

export function readDistinguisher({ rds }: RibShard, reader: ItemReader): void {
  const index = reader.below(rds.size, 'number');
  const text = reader.text();
  if (rds.texts.has(index) || rds.numbers.has(text)) throw reader.error('it was there before');
  rds.texts.set(index, text);
  rds.numbers.set(text, index);
}

export function readDistinguisherWords({ rds }: RibShard, reader: ItemReader): void {
  const high = reader.number();
  const low = reader.number();
  const index = reader.integer();
  if (!rds.texts.has(index)) throw reader.error(`no distinguisher ${index}`);
  let lows = rds.byWords.get(high);
  if (lows === undefined) {
    lows = new Map();
    rds.byWords.set(high, lows);
  }
  lows.set(low, index);
}
