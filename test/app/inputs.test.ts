/** Configured inputs become decoders with the options that the configuration gives them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildFlowRecord, varint } from '../../dev/flow-builder.ts';
import { flowInputs } from '../../src/app/inputs.ts';
import { compileConfig } from '../../src/config/compile.ts';
import { parseConfig } from '../../src/config/load.ts';
import { Flow } from '../../src/model/flow.ts';

const yaml = `
kafka: { brokers: ['a:1'] }
routes: [{ topic: bmp }]
flows:
  - { topic: mapped, vrfFields: { ingress: 1039, egress: 1040 } }
  - { topic: usual }
  - { topic: plain, framing: plain }
  - { topic: delimited, framing: delimited }
  - { topic: json, format: goflow2-json }
  - { topic: pmacct, format: pmacct-json }
output: { topic: out }
`;

test('flow inputs', async () => {
  const inputs = await flowInputs(compileConfig(parseConfig('test.yaml', yaml, {})));
  assert.deepEqual(
    inputs.map(({ topic, decoder, encoder }) => [topic, decoder.format, encoder.format]),
    [
      ['mapped', 'goflow2-protobuf', 'native'],
      ['usual', 'goflow2-protobuf', 'native'],
      ['plain', 'goflow2-protobuf', 'native'],
      ['delimited', 'goflow2-protobuf', 'native'],
      ['json', 'goflow2-json', 'native'],
      ['pmacct', 'pmacct-json', 'native'],
    ],
  );
  const [mapped, usual, plain, delimited] = inputs.map(({ decoder }) => decoder);
  const flow = new Flow();
  const field = (number: number, value: number): number[] => [...varint(BigInt(number * 8)), ...varint(BigInt(value))];
  const message = Buffer.from([39, 40, 1039, 1040].flatMap((number, i) => field(number, i + 1)));
  const vrfsBy = (decoder: typeof mapped): number[] => {
    assert.equal(decoder.begin(message, 0, message.length), 1);
    assert.equal(decoder.read(0, flow), true);
    return [flow.ingressVrfId, flow.egressVrfId];
  };
  assert.deepEqual([mapped, usual].map(vrfsBy), [
    [3, 4],
    [1, 2],
  ]);
  const framed = buildFlowRecord({ bytes: 1, srcAddr: '10.0.0.1' });
  assert.equal(plain.begin(framed, 0, framed.length) === 1 && plain.read(0, flow) && flow.bytes === 1, false);
  assert.equal(delimited.begin(message, 0, message.length), -1);
  assert.equal(delimited.begin(framed, 0, framed.length) === 1 && delimited.read(0, flow), true);
});
