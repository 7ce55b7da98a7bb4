/** Every kind of file that replay reads: the same session and flow in each give the same answer. */

import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { after, test } from 'node:test';
import { initiation, peerUp, routeMonitoring } from '../../support/bmp-builder.ts';
import { capture, PcapngBuilder } from '../../support/capture-builder.ts';
import { obmpBinary, obmpText } from '../../support/obmp-builder.ts';
import { recordLine, ReplayFolder, type ReplayOutcome } from '../../support/replay.ts';

const folder = new ReplayFolder();
after(() => folder.remove());

const router = '192.0.2.1';
const timestampMs = 1_700_000_000_000;
const peer = { address: '203.0.113.7', as: 65001, bgpId: '203.0.113.7', timestampMs };
const messages = [
  initiation({ sysName: 'edge1' }),
  peerUp(peer),
  routeMonitoring(peer, { announced: ['198.51.100.0/24'], origin: 0, asPath: [65001, 65010], nextHop: '203.0.113.7' }),
];

const jsonFlow = JSON.stringify({
  type: 'IPFIX',
  time_received_ns: timestampMs * 1e6,
  sampler_address: router,
  src_addr: '10.0.0.1',
  dst_addr: '198.51.100.9',
  bytes: 100,
  packets: 1,
});
/** sampler_address (11), dst_addr (7). */
const protobufFlow = Buffer.from('5a04c00002013a04c6336409', 'hex');
const delimitedFlow = Buffer.concat([Buffer.from([protobufFlow.length]), protobufFlow]);

function configOf(routes: string, flows = '{topic: flows, format: goflow2-json}'): string {
  return `kafka: {brokers: ["127.0.0.1:1"]}\nroutes: [${routes}]\nflows: [${flows}]\noutput: {topic: out, format: native}\n`;
}

const openbmp = '{topic: bmp, format: openbmp}';
const flowFile = folder.write('flow.jsonl', `${jsonFlow}\n`);

function answered({ code, err, flows }: ReplayOutcome, count = 1): void {
  assert.equal(code, 0, err);
  assert.deepEqual(
    flows.map(({ dst, router: name }) => [name, dst['prefix'], dst['as_path']]),
    Array.from({ length: count }, () => [router, '198.51.100.0/24', [65001, 65010]]),
    err,
  );
}

/** As segments of one byte more than half of each message, after a handshake. */
function segments(): { sequence: number; data?: Buffer; flags?: number }[] {
  const list: { sequence: number; data?: Buffer; flags?: number }[] = [{ sequence: 99, flags: 2 }];
  let sequence = 100;
  const all = Buffer.concat(messages);
  for (let at = 0; at < all.length; at += 37) {
    list.push({ sequence, data: all.subarray(at, at + 37) });
    sequence += 37;
  }
  return list;
}

test('captures, for an input with OpenBMP headers, and for bare BMP with the router in key, header or configuration', async () => {
  const builder = new PcapngBuilder();
  const packets = segments().map((segment, i) => builder.enhanced(segment, (timestampMs + i) * 1000));
  const files = [
    folder.write('bmp.pcap', capture(segments())),
    folder.write('bmp.pcapng', Buffer.concat([builder.section(), builder.interface(), ...packets])),
    folder.write('bmp.pcap.gz', gzipSync(capture(segments()))),
  ];
  const inputs = [
    openbmp,
    '{topic: bmp, format: bmp, router: {from: key}}',
    '{topic: bmp, format: bmp, router: {from: "header:router"}}',
    `{topic: bmp, format: bmp, router: {from: ${router}}}`,
  ];
  for (const file of files) {
    for (const input of inputs) {
      const outcome = await folder.run(configOf(input), '--routes', file, '--flows', flowFile);
      answered(outcome);
      assert.doesNotMatch(outcome.err, /warning/);
      assert.match(outcome.err, /^routes: 3 records, 3 applied/);
    }
  }
});

test('a capture over IPv6 names the router by its IPv6 address', async () => {
  const file = folder.write('v6.pcap', capture(segments().map((s) => Object.assign(s, { source: '2001:db8::1' }))));
  const routers = `routers: [{name: edge1, bmp: ["2001:db8::1"], exporters: [${router}]}]\n`;
  const { flows } = await folder.run(configOf(openbmp) + routers, '--routes', file, '--flows', flowFile);
  assert.deepEqual([flows[0].router, flows[0].dst['status']], ['edge1', 'matched']);
});

test('captures that lack something say so', async () => {
  const list = segments();
  const other = { sequence: 1, data: Buffer.from('GET / HTTP/1.1\r\n'), source: '192.0.2.50' };
  const cases: [Buffer, RegExp][] = [
    [capture(list.slice(2)), /192\.0\.2\.1 port 40000 to .*: the beginning was not captured, \d+ bytes that are no/],
    [capture([...list.slice(0, 3), ...list.slice(4)]), /bytes are missing behind the first 74; \d+ captured bytes/],
    [capture(list.slice(0, -1)), /ends within a message, \d+ bytes of it are there/],
    [capture(list).subarray(0, -5), /byte \d+: the file ends within a packet, 5 bytes are missing/],
    [capture([other]), /no BMP message in it; 1 TCP directions speak something else/],
    [
      capture([...list, { sequence: 100 + Buffer.concat(messages).length, data: Buffer.from('0400', 'hex') }]),
      /ends within a message, 2 bytes|version 4/,
    ],
  ];
  for (const [bytes, expected] of cases) {
    const { code, err } = await folder.run(
      configOf(openbmp),
      '--routes',
      folder.write('bad.pcap', bytes),
      '--flows',
      flowFile,
    );
    assert.equal(code, 0, err);
    assert.match(err, new RegExp(`^warning: bad\\.pcap: .*${expected.source}`, 'm'));
  }
});

test('where the receiver got what the capture lacks, reading goes on with the next whole message', async () => {
  const all = segments();
  const size = Buffer.concat(messages).length;
  const more = [
    { sequence: 100 + size, data: messages[2] },
    { sequence: 1, isAnswer: true, acknowledgment: 100 + size + messages[2].length },
  ];
  // Of the first message, which is the Initiation, all is there; the Peer Up is not whole.
  const file = folder.write('lossy.pcap', capture([...all.slice(0, 3), ...all.slice(4), ...more]));
  const outcome = await folder.run(configOf(openbmp), '--routes', file, '--flows', flowFile);
  answered(outcome);
  assert.match(
    outcome.err,
    /^warning: lossy\.pcap: .*: 37 bytes in 1 places were not captured, \d+ bytes that are no/m,
  );
});

test('OpenBMP records one after another, binary and with text headers; cut off at the end', async () => {
  const records = messages.map((message, i) => (i === 1 ? obmpText : obmpBinary)(message, { router }));
  const whole = Buffer.concat(records);
  answered(await folder.run(configOf(openbmp), '--routes', folder.write('dump.obmp', whole), '--flows', flowFile));
  const text = Buffer.concat(messages.map((message) => obmpText(message, { router })));
  answered(await folder.run(configOf(openbmp), '--routes', folder.write('text.obmp', text), '--flows', flowFile));
  const cut = folder.write('cut.obmp', Buffer.concat([whole, whole.subarray(0, 20)]));
  const outcome = await folder.run(configOf(openbmp), '--routes', cut, '--flows', flowFile);
  answered(outcome);
  assert.match(
    outcome.err,
    new RegExp(`^warning: cut.obmp: byte ${whole.length}: the file ends within a record, 20 bytes`),
  );
  const bad = folder.write('bad.obmp', Buffer.concat([whole, Buffer.from('nonsense\n')]));
  const { code, err } = await folder.run(configOf(openbmp), '--routes', bad, '--flows', flowFile);
  assert.equal(code, 1);
  assert.match(err, new RegExp(`bad.obmp: byte ${whole.length}: neither OBMP nor a text header`));
});

test('BMP messages one after another: the router from the configuration or from --router', async () => {
  const file = folder.write('stream.bmp', Buffer.concat(messages));
  const fixed = configOf(`{topic: bmp, format: bmp, router: {from: ${router}}}`);
  answered(await folder.run(fixed, '--routes', file, '--flows', flowFile));
  answered(await folder.run(configOf(openbmp), '--router', router, '--routes', file, '--flows', flowFile));
  const without = await folder.run(configOf(openbmp), '--routes', file, '--flows', flowFile);
  assert.equal(without.code, 2);
  assert.match(without.err, /stream\.bmp holds BMP messages, which do not name their router: say it with --router/);
  const cut = folder.write('cut.bmp', Buffer.concat(messages).subarray(0, -1));
  assert.match(
    (await folder.run(fixed, '--routes', cut, '--flows', flowFile)).err,
    /cut\.bmp: byte \d+: the file ends within a message/,
  );
  const bad = folder.write('bad.bmp', Buffer.concat([messages[0], Buffer.from('000000')]));
  const { code, err } = await folder.run(fixed, '--routes', bad, '--flows', flowFile);
  assert.equal(code, 1);
  assert.match(err, new RegExp(`bad\\.bmp: byte ${messages[0].length}: .*version 48 is not 3`));
});

test('records as JSON lines, with keys and headers; the topic chooses the input', async () => {
  const routes = folder.lines('routes.jsonl', [
    recordLine('bmp', 5, messages[0], { key: router }),
    recordLine('bmp', 6, messages[1], { key: router }),
    recordLine('bmp', 7, messages[2], { key: router }),
  ]);
  const flows = folder.lines('flows.jsonl', [recordLine('flows', 0, jsonFlow), recordLine('flows', 1, jsonFlow)]);
  const inputs = '{topic: other, format: openbmp}, {topic: bmp, format: bmp, router: {from: key}}';
  answered(await folder.run(configOf(inputs), '--routes', routes, '--flows', flows), 2);
  const byHeader = folder.lines(
    'headers.jsonl',
    messages.map((message, i) => recordLine('bmp', i, message, { headers: { router } })),
  );
  const input = '{topic: bmp, format: bmp, router: {from: "header:router"}}';
  answered(await folder.run(configOf(input), '--routes', byHeader, '--flows', flows), 2);
  const unknown = folder.lines('unknown.jsonl', [recordLine('elsewhere', 0, messages[0])]);
  const { code, err } = await folder.run(configOf(inputs), '--routes', unknown, '--flows', flows);
  assert.equal(code, 2);
  assert.match(err, /unknown\.jsonl: line 1: topic "elsewhere" is no input.*come from other, bmp; TOPIC=PATH/);
  answered(await folder.run(configOf(inputs), '--routes', `bmp=${routes}`, '--flows', `flows=${flows}`), 2);
});

test('positions that repeat are ignored, as the shard does; several files follow one another', async () => {
  const lines = messages.map((message, i) => recordLine('bmp', i, obmpBinary(message, { router })));
  const first = folder.lines('first.jsonl', lines.slice(0, 2));
  const second = folder.lines('second.jsonl', lines.slice(1));
  const outcome = await folder.run(
    configOf(openbmp),
    '--routes',
    first,
    '--routes',
    second,
    '--flows',
    flowFile,
    '--flows',
    flowFile,
  );
  answered(outcome, 2);
  assert.match(outcome.err, /^routes: 4 records, 4 applied, .* 1 repeated positions ignored$/m);
});

test('flow files of collectors: JSON lines, protobuf with lengths, with and without a line separator', async () => {
  const routes = folder.write('dump.obmp', Buffer.concat(messages.map((message) => obmpBinary(message, { router }))));
  const inputs = '{topic: j, format: goflow2-json}, {topic: p, format: goflow2-protobuf}';
  const bare = folder.write('bare.bin', Buffer.concat([delimitedFlow, delimitedFlow]));
  const separated = folder.write(
    'separated.bin',
    Buffer.concat([delimitedFlow, Buffer.from('\n'), delimitedFlow, Buffer.from('\n')]),
  );
  for (const file of [bare, separated])
    answered(await folder.run(configOf(openbmp, inputs), '--routes', routes, '--flows', file), 2);
  const plain = '{topic: p, format: goflow2-protobuf, framing: plain}';
  answered(await folder.run(configOf(openbmp, plain), '--routes', routes, '--flows', bare), 2);
  const cut = await folder.run(
    configOf(openbmp, inputs),
    '--routes',
    routes,
    '--flows',
    folder.write('cut.bin', Buffer.concat([delimitedFlow, delimitedFlow.subarray(0, 4)])),
  );
  answered(cut);
  assert.match(cut.err, /^warning: cut\.bin: byte 13: the file ends within a message, 4 bytes of it are there/m);
  const bad = await folder.run(
    configOf(openbmp, inputs),
    '--routes',
    routes,
    '--flows',
    folder.write('bad.bin', Buffer.concat([delimitedFlow, Buffer.from([0, 0])])),
  );
  assert.equal(bad.code, 1);
  assert.match(bad.err, /bad\.bin: byte 13: not the length of a protobuf message/);
});

test('which input: the only one that fits, else TOPIC=PATH; wrong use is exit 2', async () => {
  const routes = folder.write('dump.obmp', Buffer.concat(messages.map((message) => obmpBinary(message, { router }))));
  const two = configOf(openbmp, '{topic: a, format: goflow2-json}, {topic: b, format: goflow2-json}');
  answered(await folder.run(two, '--routes', routes, '--flows', `b=${flowFile}`));
  const cases: [string, RegExp][] = [
    [flowFile, /flow\.jsonl holds JSON lines, which fits several inputs \(a, b\): say which with --flows TOPIC=PATH/],
    [`c=${flowFile}`, /"c" is no topic of the section flows, which has a, b/],
    [
      `a=${folder.write('bare.bin', delimitedFlow)}`,
      /holds protobuf messages .* fits not the input a: .* goflow2-protobuf or protobuf/,
    ],
  ];
  for (const [flows, expected] of cases) {
    const { code, err } = await folder.run(two, '--routes', routes, '--flows', flows);
    assert.equal(code, 2);
    assert.match(err, expected);
  }
});

test('files that cannot be read are named, with line and byte: exit 1', async () => {
  const good = `${JSON.stringify(recordLine('bmp', 0, obmpBinary(messages[0], { router })))}\n`;
  const cases: [string, string, RegExp][] = [
    ['text.txt', '12345', /byte 0: neither a capture, OpenBMP, BMP, nor JSON lines/],
    ['cut.jsonl', '{"topic":', /byte 0: not a line of JSON/],
    ['second.jsonl', `${good}{"topic"`, new RegExp(`line 2, byte ${good.length}: not JSON`)],
    ['list.jsonl', `${good}[]`, /line 2, byte \d+: topic is not a text/],
    ['number.jsonl', `${good}7`, /line 2, byte \d+: not an object/],
    ['offset.jsonl', good.replace('"offset":0', '"offset":-1'), /line 1, byte 0: offset is not a whole number/],
    ['hex.jsonl', good.replace('"value_hex":"4f', '"value_hex":"4'), /line 1, byte 0: value_hex is not hexadecimal/],
    ['headers.jsonl', good.replace('{', '{"headers":{"a":1},'), /line 1, byte 0: header a is not a text/],
    [
      'block.pcapng',
      Buffer.concat([new PcapngBuilder().section(), Buffer.alloc(16)]).toString('latin1'),
      /byte 32: .*block length/,
    ],
  ];
  for (const [name, content, expected] of cases) {
    const file = folder.write(name, Buffer.from(content, 'latin1'));
    const { code, err } = await folder.run(configOf(openbmp), '--routes', file, '--flows', flowFile);
    assert.equal(code, 1, err);
    assert.match(err, new RegExp(`^${name}: ${expected.source}`, 'm'));
  }
  const missing = await folder.run(configOf(openbmp), '--routes', '/nowhere/x', '--flows', flowFile);
  assert.equal(missing.code, 1);
  assert.match(missing.err, /\/nowhere\/x: cannot be read: ENOENT/);
  const asFlows = await folder.run(
    configOf(openbmp),
    '--routes',
    folder.write('empty', ''),
    '--flows',
    folder.write('x.pcap', capture([])),
  );
  assert.equal(asFlows.code, 1);
  assert.match(asFlows.err, /x\.pcap: byte 0: a capture is no file of flow records/);
});

test('empty files are no error', async () => {
  const empty = folder.write('empty', '');
  const { code, err, out } = await folder.run(configOf(openbmp), '--routes', empty, '--flows', empty);
  assert.deepEqual([code, out], [0, '']);
  assert.match(err, /^routes: 0 records/);
});
