import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import { startRegistry, type StartedRegistry } from '../../dev/registry.ts';
import { ByteWriter } from '../../src/base/byte-writer.ts';
import { FatalError } from '../../src/base/errors.ts';
import { Attribution } from '../../src/encode/attribution.ts';
import { enrichedFlowSchema } from '../../src/encode/avro.ts';
import { flowEncoder } from '../../src/encode/formats.ts';
import { Flow } from '../../src/model/flow.ts';
import { checkRegistry, registerSchema } from '../../src/registry/schema-registry.ts';
import { enrichedBy, matchedAnswer } from '../support/route-answers.ts';

let registry: StartedRegistry;

before(async () => {
  registry = await startRegistry();
});

after(async () => {
  await registry?.stop();
});

void test('a flow in Avro is read by the registry client with the schema that was registered', async () => {
  const subject = `flows-enriched-${Date.now().toString(36)}-value`;
  const schemaId = await registerSchema(registry.url, subject, enrichedFlowSchema());
  assert.ok(schemaId > 0);
  assert.equal(await registerSchema(registry.url, subject, enrichedFlowSchema()), schemaId);

  const encoder = flowEncoder({
    format: 'avro',
    input: { format: 'goflow2-protobuf' },
    attribution: new Attribution({ asn: ['routing'], net: ['routing'] }),
    schemaId,
  });
  const flow = new Flow();
  flow.dstAddr.parse('100.64.1.1');
  const out = new ByteWriter();
  const dst = matchedAnswer({ prefix: '100.64.0.0/10', asPath: [65_001, 3320], communities: [65_001 * 65_536 + 7] });
  encoder.encode(Buffer.alloc(0), 0, 0, flow, enrichedBy(dst), out);
  const client = new SchemaRegistry({ host: registry.url });
  const read = (await client.decode(Buffer.from(out.view()))) as { dst_as: number; dst: { communities: string[] } };
  assert.equal(read.dst_as, 3320);
  assert.deepEqual(read.dst.communities, ['65001:7']);
});

void test('a schema that does not fit the subject, and a registry that is away, are fatal', async () => {
  const subject = `narrow-${Date.now().toString(36)}-value`;
  const narrow = {
    type: 'record',
    name: 'EnrichedFlow',
    namespace: 'flowrib',
    fields: [{ name: 'x', type: 'string' }],
  };
  await registerSchema(registry.url, subject, JSON.stringify(narrow));
  const wide = { ...narrow, fields: [...narrow.fields, { name: 'y', type: 'long' }] };
  await assert.rejects(registerSchema(registry.url, subject, JSON.stringify(wide)), FatalError);
  await assert.rejects(registerSchema('http://127.0.0.1:1', 's', enrichedFlowSchema()), FatalError);
});

void test('a registry is reachable or it is not', async () => {
  await checkRegistry(registry.url);
  await assert.rejects(checkRegistry('http://127.0.0.1:1'));
  await assert.rejects(checkRegistry(`${registry.url}/nothing-here`), /404/);
});
