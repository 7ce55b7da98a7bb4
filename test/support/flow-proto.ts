/** Reads goflow2 protobuf records with protobufjs and flow.proto: the independent check of our own scanner and encoder. */

import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

const schema = readFileSync(new URL('flow.proto', import.meta.url), 'utf8');
const FlowMessage = protobuf.parse(schema, { keepCase: true }).root.lookupType('FlowMessage');

/** Fields by proto name: bytes as hex, 64-bit numbers as decimal text, fields that are not set left out. */
export function readFlowMessage(value: Uint8Array, delimited = true): Record<string, unknown> {
  const message = delimited ? FlowMessage.decodeDelimited(value) : FlowMessage.decode(value);
  const fields = FlowMessage.toObject(message, { longs: String, bytes: Array }) as Record<string, unknown>;
  for (const [name, field] of Object.entries(fields)) {
    if (FlowMessage.fields[name].type === 'bytes' && !FlowMessage.fields[name].repeated) {
      fields[name] = Buffer.from(field as number[]).toString('hex');
    }
  }
  return fields;
}
