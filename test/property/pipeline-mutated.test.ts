/**
 * Whatever comes out of the topics: recorded records, mutated and truncated, among good ones, through both stages. Nothing throws, no
 * partition stops, every record is counted once and is somewhere, and a router that no mutant names keeps its answers.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import avro from 'avsc';
import { buildFlowRecord } from '../../dev/flow-builder.ts';
import { bmpDecoder } from '../../src/decode/bmp/formats.ts';
import { enrichedFlowSchema } from '../../src/encode/avro.ts';
import { shardOfRouter } from '../../src/model/router.ts';
import { flowResults } from '../../src/stages/enrich/flow-counters.ts';
import { endOfRib, initiation, type PeerOptions, peerUp, routeMonitoring } from '../support/bmp-builder.ts';
import { readRecording } from '../../demo/feed.ts';
import { recordedValues } from '../support/flows.ts';
import { obmpBinary } from '../support/obmp-builder.ts';
import { headersOf } from '../support/memory-kafka.ts';
import { Pipeline, type PipelineOptions } from '../support/stage-pipeline.ts';

const goodRouter = '203.0.113.77';
const goodShard = shardOfRouter(goodRouter, 2);
const mutants = 3000;
const recordedBmp = readRecording('gobmp-raw.jsonl').map(({ value }) => value);
const recordedFlows = readRecording('goflow2-bin.jsonl').map(({ value }) => value);

/** Numbers in [0, below) that are the same in every run (mulberry32). */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const extremes = [0, 1, 0x7f, 0x80, 0xff];

function mutate(value: Buffer, other: Buffer, random: (below: number) => number): Buffer | null {
  const copy = Buffer.from(value);
  const at = random(copy.length + 1);
  switch (random(8)) {
    case 0:
      return copy.subarray(0, at);
    case 1:
      return Buffer.concat([copy.subarray(0, at), other.subarray(random(other.length))]);
    case 2:
      return Buffer.concat([copy.subarray(0, at), Buffer.from([random(256), random(256)]), copy.subarray(at)]);
    case 3:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(Math.min(copy.length, at + 1 + random(8)))]);
    case 4:
      return random(20) === 0 ? null : Buffer.concat([copy, copy.subarray(at)]);
    default:
      for (let n = 1 + random(4); n > 0; n--) {
        copy[random(copy.length)] = random(2) === 0 ? random(256) : extremes[random(extremes.length)];
      }
      return copy;
  }
}

function goodBmp(): Buffer[] {
  const open = { as: 65_501, families: [[1, 1] as const] };
  const peer: PeerOptions = { address: '203.0.113.78', as: 65_501, bgpId: '203.0.113.78', isPostPolicy: true };
  const attributes = { origin: 0, asPath: [65_501, 65_502], nextHop: '203.0.113.78', communities: ['65501:5'] };
  return [
    initiation(),
    peerUp(peer, { sentOpen: { ...open, as: 65_500 }, receivedOpen: open }),
    routeMonitoring(peer, { ...attributes, announced: ['10.0.0.0/8'] }),
    routeMonitoring(peer, { ...attributes, asPath: [65_501, 65_503], announced: ['10.1.0.0/16'] }),
    endOfRib(peer),
  ];
}

const goodDestinations = ['10.0.0.1', '10.1.0.1', '11.0.0.1'];

interface Corpus {
  readonly name: string;
  readonly options: PipelineOptions;
  readonly bmp: readonly Buffer[];
  readonly flows: readonly Buffer[];
  readonly goodBmp: readonly Buffer[];
  readonly goodFlow: (dstAddr: string) => Buffer;
  /** An output record as text, without the age of its route. */
  readonly textOf: (value: Buffer) => string;
}

const avroType = avro.Type.forSchema(JSON.parse(enrichedFlowSchema()) as avro.Schema);
const hexOf = (value: Buffer): string => value.toString('hex');
const jsonOf = (value: Buffer): string => value.toString().replaceAll(/"age_ms":\d+/g, '');
const avroOf = (value: Buffer): string => jsonOf(Buffer.from(JSON.stringify(avroType.fromBuffer(value.subarray(5)))));

const openbmp = bmpDecoder('openbmp');
const bareBmp = recordedBmp.map((value) => {
  const [part] = openbmp.split(value, 0, value.length);
  const { start, end } = openbmp.frames(value, part.start, part.end);
  return value.subarray(start, end);
});
const protobufFlow = (dstAddr: string): Buffer =>
  buildFlowRecord({ samplerAddress: goodRouter, srcAddr: '172.16.0.1', dstAddr });
const jsonFlow = (dstAddr: string): Buffer =>
  Buffer.from(
    JSON.stringify({ type: 'NETFLOW_V9', sampler_address: goodRouter, src_addr: '172.16.0.1', dst_addr: dstAddr }),
  );
const goodOpenbmp = goodBmp().map((message) => obmpBinary(message, { router: goodRouter }));

const corpora: readonly Corpus[] = [
  {
    name: 'openbmp, goflow2-protobuf, native',
    options: { outputFormat: 'native', positions: true },
    bmp: recordedBmp,
    flows: recordedFlows,
    goodBmp: goodOpenbmp,
    goodFlow: protobufFlow,
    textOf: hexOf,
  },
  {
    name: 'bare bmp, goflow2-protobuf, avro',
    options: { routeFormat: 'bmp', routerFrom: { from: 'key' }, outputFormat: 'avro' },
    bmp: bareBmp,
    flows: recordedFlows,
    goodBmp: goodBmp(),
    goodFlow: protobufFlow,
    textOf: avroOf,
  },
  {
    name: 'openbmp, goflow2-json, native',
    options: { flowFormat: 'goflow2-json', outputFormat: 'native' },
    bmp: recordedBmp,
    flows: recordedValues('goflow2-json.jsonl'),
    goodBmp: goodOpenbmp,
    goodFlow: jsonFlow,
    textOf: jsonOf,
  },
  {
    name: 'openbmp, goflow2-json, json',
    options: { flowFormat: 'goflow2-json', outputFormat: 'json' },
    bmp: recordedBmp,
    flows: recordedValues('goflow2-json.jsonl'),
    goodBmp: goodOpenbmp,
    goodFlow: jsonFlow,
    textOf: jsonOf,
  },
];

class MutatedRun {
  readonly pipeline: Pipeline;
  private readonly corpus: Corpus;
  private readonly random: (below: number) => number;
  /** Moves with the records, so that timers of the shards run while mutants are in the tables. */
  private timeMs = 1_700_000_000_000;

  /** With one shard the good router shares its table with what the mutants make of the others. */
  constructor(corpus: Corpus, seed: number, shards: number) {
    this.corpus = corpus;
    this.random = randomNumbers(seed);
    this.pipeline = new Pipeline({ ...corpus.options, shards });
  }

  produceGoodBmp(): void {
    for (const value of this.corpus.goodBmp) this.produceBmp(value, goodRouter);
  }

  private produceBmp(value: Buffer | null, key: string): void {
    this.timeMs += 200;
    this.pipeline.kafka.produce('bmp', 0, { key, value, timestampMs: this.timeMs });
  }

  /** Of ten records one is as it was recorded. */
  produceMutants(count: number): void {
    const { bmp, flows } = this.corpus;
    for (let i = 0; i < count; i++) {
      const key = ['10.99.0.1', '10.99.0.2', 'fd99::3', 'nobody'][this.random(4)];
      this.produceBmp(this.pick(bmp), key);
      this.pipeline.kafka.produce('flows', this.random(2), { value: this.pick(flows), timestampMs: this.timeMs });
    }
  }

  private pick(values: readonly Buffer[]): Buffer | null {
    const value = values[this.random(values.length)];
    return this.random(10) === 0 ? value : mutate(value, values[this.random(values.length)], this.random);
  }

  /** What the good router's flows get now, without the age. */
  async answers(): Promise<string[]> {
    const { kafka, flowConsumer } = this.pipeline;
    for (const destination of goodDestinations) {
      kafka.produce('flows', 0, {
        key: goodRouter,
        value: this.corpus.goodFlow(destination),
        timestampMs: this.timeMs,
      });
    }
    const before = kafka.log('out', 0).length;
    await flowConsumer.poll();
    return kafka
      .log('out', 0)
      .slice(before)
      .filter(({ key }) => key?.toString() === goodRouter)
      .map(({ value }) => this.corpus.textOf(value ?? Buffer.alloc(0)));
  }

  check(): void {
    const { pipeline } = this;
    const { kafka } = pipeline;
    assert.deepEqual(pipeline.failures, []);
    const { appended, collector, deadLettered } = pipeline.routeStage.counters;
    const dead = kafka.all('dead').map((record) => headersOf(record));
    const deadOf = (stage: string): number => dead.filter((headers) => headers['flowrib.stage'] === stage).length;
    assert.equal(appended + collector + deadLettered, kafka.log('bmp', 0).length, 'BMP records counted once');
    assert.equal(deadOf('route'), deadLettered);
    assert.ok(dead.every((headers) => /^[a-z0-9-]+$/.test(headers['flowrib.error-code'])));
    const { counters } = pipeline;
    const read = kafka.all('flows').length + counters.received;
    assert.equal(counters.read, read, 'all flows read, no partition stopped');
    const counted = flowResults(counters).reduce((sum, { count }) => sum + count, 0);
    assert.equal(counted, read, 'flows counted once');
    assert.equal(
      kafka.all('out').length + kafka.all('app.repartition').length + deadOf('enrich') + counters.markers,
      read,
      'every flow is somewhere',
    );
    assert.equal(counters.received, kafka.all('app.repartition').length);
    assert.equal(pipeline.host.recordsApplied, this.logLength(), 'the whole log is applied');
    for (const held of pipeline.host.all()) held.rib.status();
  }

  private logLength(): number {
    return this.pipeline.kafka.all('app.routes').length;
  }
}

corpora.forEach((corpus, index) => {
  test(corpus.name, async () => {
    const run = new MutatedRun(corpus, 1000 + index, 1);
    const { pipeline } = run;
    try {
      await pipeline.start();
      run.produceGoodBmp();
      await pipeline.route();
      await pipeline.own([0], [0, 1]);
      const before = await run.answers();
      assert.equal(before.length, goodDestinations.length);
      assert.equal(new Set(before).size, goodDestinations.length);
      for (let done = 0; done < mutants; done += 500) {
        run.produceMutants(500);
        await pipeline.route();
        await pipeline.reader.poll();
        assert.deepEqual(await run.answers(), before, `after ${done + 500} mutants`);
      }
      run.check();
      assert.ok(pipeline.counters.deadLettered > 0 && pipeline.routeStage.counters.deadLettered > 0);
    } finally {
      await pipeline.stop();
    }
  });
});

test('mutants by way of the repartition topic', async () => {
  const run = new MutatedRun(corpora[0], 2000, 2);
  const { pipeline } = run;
  try {
    await pipeline.start();
    run.produceGoodBmp();
    run.produceMutants(mutants);
    await pipeline.route();
    await pipeline.own([goodShard], [0, 1]);
    const before = await run.answers();
    assert.ok(pipeline.counters.forwarded > 0);
    await pipeline.own([1 - goodShard], [0, 1]);
    await pipeline.flowConsumer.poll();
    await pipeline.own([0, 1], [0, 1]);
    assert.deepEqual(await run.answers(), before);
    assert.equal(pipeline.counters.read, pipeline.kafka.all('flows').length + pipeline.counters.received);
    assert.equal(pipeline.counters.received, pipeline.kafka.all('app.repartition').length);
    assert.deepEqual(pipeline.failures, []);
  } finally {
    await pipeline.stop();
  }
});
