/** Documentation that cannot rot quietly: links lead somewhere, YAML examples are configurations, keys in the text exist. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { ConfigError } from '../src/base/errors.ts';
import { configJsonSchema, type JsonSchema } from '../src/config/json-schema.ts';
import { parseConfig } from '../src/config/load.ts';

const root = join(import.meta.dirname, '..');
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
].map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

/** GitHub's anchor of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

test('there is documentation', () => {
  assert.ok(pages.some(({ path }) => path === join('docs', 'configuration.md')));
});

for (const { path, text } of pages) {
  test(`links of ${path}`, () => {
    const prose = text.replaceAll(/```[^]*?```/g, '').replaceAll(/`[^`\n]*`/g, '');
    for (const [, target] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [file, anchor] = target.split('#');
      const page = file === '' ? path : join(dirname(path), file);
      assert.ok(existsSync(join(root, page)), `${path} links to ${target}`);
      if (anchor === undefined || !page.endsWith('.md')) continue;
      const headings = [...readFileSync(join(root, page), 'utf8').matchAll(/^#+ (.*)$/gm)].map((match) =>
        anchorOf(match[1]),
      );
      assert.ok(headings.includes(anchor), `${path} links to ${target}`);
    }
  });

  test(`configurations in ${path}`, () => {
    for (const [, yaml] of text.matchAll(/```ya?ml\n([^]*?)```/g)) {
      // Examples of one section are not whole files; those of whole files name their brokers.
      if (!/^kafka:/m.test(yaml)) continue;
      try {
        parseConfig(path, yaml, {});
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        assert.fail(`${error.message}\nin:\n${yaml}`);
      }
    }
  });

  test(`keys named in ${path}`, () => {
    const schema = configJsonSchema();
    const sections = Object.keys(schema.properties ?? {}).join('|');
    for (const [, key] of text.matchAll(
      new RegExp(`\`((?:${sections})(?:\\[\\])?(?:\\.[a-zA-Z]+(?:\\[\\])?)+)\``, 'g'),
    )) {
      assert.ok(hasKey(schema, key), `${path} names ${key}`);
    }
  });
}

function hasKey(schema: JsonSchema, key: string): boolean {
  let at: JsonSchema | undefined = schema;
  for (const step of key.replaceAll('[]', '').split('.')) {
    const map: JsonSchema = at.items ?? at;
    const values: JsonSchema | undefined = map.additionalProperties === false ? undefined : map.additionalProperties;
    at = map.properties?.[step] ?? (values?.anyOf ?? []).find((branch) => branch.properties !== undefined) ?? values;
    if (at === undefined) return false;
  }
  return true;
}

test('the rule for keys objects where it must', () => {
  const schema = configJsonSchema();
  assert.ok(hasKey(schema, 'routers[].vrfs.NAME.rds'));
  assert.ok(hasKey(schema, 'kafka.brokers'));
  assert.ok(!hasKey(schema, 'kafka.broker'));
  assert.ok(!hasKey(schema, 'routers[].vrfs.NAME.rd'));
});
