/**
 * The shape of the source tree: which folder may import which (lower rows only), that Kafka's client stays in one folder, that files
 * are imported by their own name and export by name. docs/architecture.md explains the rows.
 */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, sep } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');

interface Source {
  /** From src/, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const importPattern = /(?:^|\n)\s*(?:import|export)\s(?:[^'";]*?\sfrom\s)?\s*'([^']+)'|\bimport\('([^']+)'\)/g;

function readSources(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => {
      const text = readFileSync(join(root, folder, path), 'utf8');
      const imports = [...text.matchAll(importPattern)].map((match) => match[1] ?? match[2]);
      return { path: path.split(sep).join('/'), text, imports };
    });
}

const sources = readSources('src');

/** Folders by row; a row's own folders do not import each other, unless named below. */
const rows: readonly (readonly string[])[] = [
  ['base'],
  ['model', 'wire', 'telemetry'],
  ['decode', 'encode', 'rib', 'registry', 'kafka'],
  ['restore', 'lookup'],
  ['stages'],
  ['http', 'console'],
  ['config'],
  ['app', 'cli'],
];
const rowOf = new Map(rows.flatMap((folders, row) => folders.map((folder): [string, number] => [folder, row])));

/** Names that say nothing about what is inside. */
const meaningless = new Set(['utils', 'util', 'helpers', 'helper', 'common', 'types', 'misc', 'lib', 'shared']);

function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : '';
}

/** Why a file may not import another, or undefined. */
function objection(from: string, to: string): string | undefined {
  const fromFolder = folderOf(from);
  const toFolder = folderOf(to);
  if (fromFolder === toFolder || fromFolder === '') return undefined;
  const fromRow = rowOf.get(fromFolder) ?? -1;
  const toRow = rowOf.get(toFolder) ?? Infinity;
  if (fromFolder === 'cli' && toFolder === 'app') return undefined;
  if (toRow >= fromRow) return `${fromFolder} (row ${fromRow}) must not import ${toFolder} (row ${toRow})`;
  if (toFolder === 'kafka' && (fromFolder === 'restore' || fromFolder === 'lookup'))
    return `${fromFolder} must not know Kafka`;
  if (toFolder === 'kafka' && fromFolder === 'stages' && to !== 'kafka/types.ts')
    return 'stages see kafka/types.ts only';
  if (toFolder === 'kafka' && fromFolder !== 'app' && !/^kafka\/(types|options)\.ts$/.test(to))
    return 'only app imports concrete kafka files';
  if (fromFolder === 'config' && toRow > 1 && !to.endsWith('/options.ts')) return 'config sees options.ts only';
  return undefined;
}

test('the folders of src are known', () => {
  for (const { path } of sources) {
    assert.ok(path === 'main.ts' || rowOf.has(folderOf(path)), `${path}: in which row is this folder?`);
  }
});

test('imports point down', () => {
  const objections = sources.flatMap(({ path, imports }) =>
    imports
      .filter((target) => target.startsWith('.'))
      .map((target) => [target, objection(path, posix.join(dirname(path), target))])
      .filter(([, why]) => why !== undefined)
      .map(([target, why]) => `${path} imports ${target}: ${why}`),
  );
  assert.deepEqual(objections, []);
});

test('the rule objects where it must', () => {
  assert.ok(objection('base/ip.ts', 'model/flow.ts'));
  assert.ok(objection('model/flow.ts', 'wire/bgp/types.ts'));
  assert.ok(objection('decode/bmp/x.ts', 'kafka/types.ts'));
  assert.ok(objection('restore/x.ts', 'kafka/types.ts'));
  assert.ok(objection('stages/x.ts', 'kafka/producer.ts'));
  assert.ok(objection('config/x.ts', 'kafka/producer.ts'));
  assert.ok(objection('http/x.ts', 'config/types.ts'));
  assert.equal(objection('stages/x.ts', 'kafka/types.ts'), undefined);
  assert.equal(objection('config/x.ts', 'kafka/options.ts'), undefined);
  assert.equal(objection('main.ts', 'cli/program.ts'), undefined);
  assert.equal(objection('app/run.ts', 'kafka/producer.ts'), undefined);
  const statements = `import { a } from './a.ts';\nimport type {\n  B,\n} from '../b.ts';\nimport './c.ts';\nexport { d } from './d.ts';\nconst e = await import('./e.ts');`;
  const found = [...statements.matchAll(importPattern)].map((match) => match[1] ?? match[2]);
  assert.deepEqual(found, ['./a.ts', '../b.ts', './c.ts', './d.ts', './e.ts']);
});

test('only src/kafka imports kafkajs; only cli imports commander; only http imports fastify', () => {
  const homes: Readonly<Record<string, readonly string[]>> = {
    kafkajs: ['kafka'],
    commander: ['cli'],
    fastify: ['http'],
    zod: ['config'],
    yaml: ['config'],
    'prom-client': ['telemetry'],
    '@kafkajs/confluent-schema-registry': ['registry'],
  };
  for (const { path, imports } of sources) {
    for (const target of imports) {
      const name = target.startsWith('@') ? target.split('/').slice(0, 2).join('/') : target.split('/')[0];
      assert.ok(homes[name]?.includes(folderOf(path)) ?? true, `${path} imports ${target}`);
    }
  }
});

test('files are imported by their own name', () => {
  for (const { path, imports } of sources) {
    for (const target of imports.filter((t) => t.startsWith('.')))
      assert.match(target, /\.(ts|json)$/, `${path} imports ${target}`);
  }
});

test('no default exports, no barrels, no folders that say nothing', () => {
  for (const { path, text } of [...sources, ...readSources('test'), ...readSources('dev')]) {
    assert.doesNotMatch(text, /^export default /m, path);
    assert.doesNotMatch(path, /(^|\/)index\.ts$/, path);
  }
  for (const { path, text } of sources) {
    assert.doesNotMatch(text, /^export \* from/m, path);
    for (const folder of path.split('/').slice(0, -1)) assert.ok(!meaningless.has(folder), path);
  }
});

test('file and folder names are kebab-case', () => {
  for (const { path } of sources) {
    for (const name of path.split('/')) assert.match(name, /^[a-z0-9]+(-[a-z0-9]+)*(\.ts)?$/, path);
  }
});

test('every source file says what it is for', () => {
  for (const { path, text } of sources) assert.match(text, /^(#!.*\n)?\/\*\*/, `${path} has no header comment`);
});
