/** The registry that tests use keeps a schema and gives it back under its id. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRegistry } from '../../dev/registry.ts';

void test('the schema registry registers a schema and serves it by id', async (t) => {
  const registry = await startRegistry();
  t.after(async () => registry.stop());
  const schema = JSON.stringify({ type: 'record', name: 'R', fields: [{ name: 'a', type: 'int' }] });
  const registered = await fetch(`${registry.url}/subjects/dev-registry-test/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema }),
  });
  const { id } = (await registered.json()) as { id: number };
  const served = (await (await fetch(`${registry.url}/schemas/ids/${id}`)).json()) as { schema: string };
  assert.deepEqual(JSON.parse(served.schema), JSON.parse(schema));
});
