import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { outdatedFiles } from '../../dev/generate-reference.ts';
import { configJsonSchema, type JsonSchema, knownKeys } from '../../src/config/json-schema.ts';
import { editDistance, nearestName } from '../../src/config/nearest.ts';

test('config.schema.json and docs/configuration.md are what the schema gives', () => {
  assert.deepEqual(outdatedFiles(), []);
});

test('every key has a description', () => {
  const missing: string[] = [];
  const walk = (schema: JsonSchema, path: string): void => {
    for (const [key, property] of Object.entries(schema.properties ?? {})) {
      if (property.description === undefined) missing.push(`${path}${key}`);
      walk(property.items ?? property, `${path}${key}.`);
    }
  };
  walk(configJsonSchema(), '');
  assert.deepEqual(missing, []);
});

test('only four keys must be given', () => {
  const schema = configJsonSchema();
  assert.deepEqual(schema.required, ['kafka', 'routes', 'flows', 'output']);
  assert.deepEqual(schema.properties?.kafka.required, ['brokers']);
  assert.deepEqual(schema.properties?.output.required, ['topic']);
});

test('known keys of a map inside a list, a named map and a union', () => {
  assert.deepEqual(knownKeys(['routes', 0]), ['topic', 'format', 'router', 'reorder']);
  assert.deepEqual(knownKeys(['routers', 3, 'vrfs', 'blue']), ['ids', 'rds', 'distinguishers', 'importTargets']);
  assert.deepEqual(knownKeys(['shards']), []);
});

test('the nearest name is near', () => {
  assert.equal(editDistance('ab', 'ba'), 1);
  assert.equal(editDistance('', 'abc'), 3);
  assert.equal(editDistance('kitten', 'sitting'), 3);
  assert.equal(nearestName('brokres', ['brokers', 'ssl']), 'brokers');
  assert.equal(nearestName('Shards', ['shards']), 'shards');
  assert.equal(nearestName('xyz', ['brokers', 'ssl']), undefined);
});

test('the reference names the key of every section', () => {
  const text = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  for (const section of Object.keys(configJsonSchema().properties ?? {}))
    assert.match(text, new RegExp(`\`?${section}\\b`));
});
