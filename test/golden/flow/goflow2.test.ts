import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { flowDecoder } from '../../../src/decode/flow/formats.ts';
import { Flow } from '../../../src/model/flow.ts';
import { flowView, recordedValues, withoutTimes } from '../../support/flows.ts';

const cases = [
  ['goflow2-protobuf', 'goflow2-bin'],
  ['goflow2-json', 'goflow2-json'],
  ['goflow2-protobuf', 'goflow2-vrf'],
  ['goflow2-json', 'goflow2-vrf-json'],
] as const;

function decodedViews(format: string, file: string): Record<string, string | number>[] {
  const decoder = flowDecoder(format);
  const flow = new Flow();
  return recordedValues(`${file}.jsonl`).map((value) => {
    assert.equal(decoder.begin(value, 0, value.length), 1);
    assert.equal(decoder.read(0, flow), true);
    return flowView(flow);
  });
}

for (const [format, file] of cases) {
  void test(`recorded ${file} decodes as before`, () => {
    const lines = decodedViews(format, file).map((view) => `${JSON.stringify(view)}\n`);
    const path = new URL(`${file}.expected.jsonl`, import.meta.url);
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, lines.join(''));
    assert.equal(lines.join(''), readFileSync(path, 'utf8'));
  });
}

void test('the same flows through both formats have the same fields', () => {
  // Two goflow2 processes recorded the same exporters, so times differ; the files are in the same order of flows.
  const binary = decodedViews('goflow2-protobuf', 'goflow2-bin').map(withoutTimes);
  const json = decodedViews('goflow2-json', 'goflow2-json').map(withoutTimes);
  assert.ok(binary.length > 50);
  assert.deepEqual(json, binary);
});
