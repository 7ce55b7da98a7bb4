/**
 * Each folder here is a case: in.yaml, and what comes of it: expected.json (the compiled configuration) or errors.txt. UPDATE_GOLDEN=1
 * writes them anew.
 */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { ConfigError } from '../../src/base/errors.ts';
import { compileConfig } from '../../src/config/compile.ts';
import { loadConfig } from '../../src/config/load.ts';

const folder = new URL('./', import.meta.url);
const environment = {
  BROKERS: 'kafka-1:9092, kafka-2:9092',
  USER_NAME: '1234',
  PASSWORD: '5678: {x',
  PREFIX: 'gobmp',
  POSITIONS: 'true',
  SHARDS: '8',
};

function outcome(name: string): { file: string; other: string; text: string } {
  const input = new URL(`${name}/in.yaml`, folder).pathname;
  try {
    const compiled = compileConfig(loadConfig(input, environment));
    return { file: 'expected.json', other: 'errors.txt', text: `${JSON.stringify(compiled, null, 2)}\n` };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const text = `${error.message.replaceAll(new URL(`${name}/`, folder).pathname, '')}\n`;
    return { file: 'errors.txt', other: 'expected.json', text };
  }
}

for (const entry of readdirSync(folder, { withFileTypes: true })) {
  if (!entry.isDirectory()) continue;
  test(`configuration ${entry.name}`, () => {
    const { file, other, text } = outcome(entry.name);
    const path = new URL(`${entry.name}/${file}`, folder);
    if (process.env.UPDATE_GOLDEN === '1') {
      rmSync(new URL(`${entry.name}/${other}`, folder), { force: true });
      writeFileSync(path, text);
    }
    assert.ok(existsSync(path), `${entry.name} was not expected to give ${file}:\n${text}`);
    const expected = readFileSync(path, 'utf8');
    if (file === 'expected.json') assert.deepEqual(JSON.parse(text), JSON.parse(expected));
    else assert.equal(text, expected);
  });
}
