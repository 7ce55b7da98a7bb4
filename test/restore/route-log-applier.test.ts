/** Records of the routes log that no route stage of this version wrote: told with their place, never fatal, and the rest goes on. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decoderByFormat } from '../../src/app/inputs.ts';
import { HeaderSection } from '../../src/base/record-headers.ts';
import { createRouterDirectory } from '../../src/lookup/router-directory.ts';
import { writeRouteHeaders } from '../../src/model/route-log.ts';
import { RouteLogApplier } from '../../src/restore/route-log-applier.ts';
import { AttributeStore } from '../../src/rib/attribute-store.ts';
import { PrefixTable } from '../../src/rib/prefix-table.ts';
import { RibShard } from '../../src/rib/shard.ts';
import { initiation } from '../support/bmp-builder.ts';
import { obmpBinary } from '../support/obmp-builder.ts';

const router = '192.0.2.1';

function setUp(): { apply: (format: string | null, value: Buffer | null) => void; told: string[]; shard: RibShard } {
  const attributes = new AttributeStore();
  const options = { staleTimeMs: 1000, endOfRibTimeoutMs: 1000 };
  const shard = new RibShard({ shard: 3, attributes, routes: new PrefixTable(attributes), options });
  const told: string[] = [];
  const applier = new RouteLogApplier({
    directory: createRouterDirectory([], 4),
    decoderFor: decoderByFormat(),
    onBadRecord: (number, offset, error) => void told.push(`${number}@${offset} ${error.code}`),
  });
  let offset = 0;
  const nothing = Buffer.alloc(0);
  return {
    told,
    shard,
    apply(format, value) {
      const position = { topicId: 'a', topic: 'bmp', partition: 0, offset, part: 0 };
      const about = { format: format ?? '', router, collector: 'c' };
      const headers =
        format === null ? nothing : Buffer.from(writeRouteHeaders(new HeaderSection(), position, about, nothing, 0, 0));
      const buffer = Buffer.concat([headers, value ?? nothing]);
      const [from, to] = value === null ? [-1, -1] : [headers.length, buffer.length];
      applier.apply(shard, buffer, 0, headers.length, from, to, offset, 1000 + offset);
      offset++;
    },
  };
}

test('foreign headers, no value, a format of another version', () => {
  const { apply, told, shard } = setUp();
  const good = obmpBinary(initiation(), { router });
  apply(null, good);
  apply('openbmp', null);
  apply('bmp-of-tomorrow', good);
  apply('bmp-of-tomorrow', good);
  assert.equal(shard.router(router), undefined);
  apply('openbmp', good);
  assert.notEqual(shard.router(router), undefined);
  assert.deepEqual(told, [
    '3@0 route-log-foreign',
    '3@1 route-log-foreign',
    '3@2 route-log-format',
    '3@3 route-log-format',
  ]);
});
