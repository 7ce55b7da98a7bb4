/**
 * `npm run bench [-- options]`: throughput on a real broker next to a bare kafkajs copy. `npm run bench -- rib`: a
 * shard's table alone (rib.ts).
 * Options: --flows N --routes N --rounds N --compression none|gzip|snappy|lz4|zstd --json FILE --profiles FOLDER.
 */

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { formatTable } from '../demo/print-table.ts';
import { benchThroughput, type Measured, rate } from './throughput.ts';

const isRib = process.argv[2] === 'rib';
const { values } = parseArgs({
  // `rib` takes options of its own.
  args: isRib ? [] : process.argv.slice(2),
  options: {
    flows: { type: 'string', default: '1000000' },
    routes: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '3' },
    compression: { type: 'string', default: 'none' },
    json: { type: 'string' },
    profiles: { type: 'string' },
  },
});

if (isRib) {
  const { benchRib } = await import('./rib.ts');
  await benchRib(process.argv.slice(3));
} else {
  const options = {
    flows: Number(values.flows),
    routes: Number(values.routes),
    rounds: Number(values.rounds),
    partitions: 4,
    compression: values.compression,
    profiles: values.profiles ?? null,
  };
  const result = await benchThroughput(options);
  const row = (name: string, m: Measured): string[] => [
    name,
    rate(m.flowsPerS),
    m.cpuS.toFixed(1),
    ((m.cpuS * 1e6) / options.flows).toFixed(2),
    m.peakRssMb.toFixed(0),
    (m.flowsPerS / result.kafkajs.flowsPerS).toFixed(2),
  ];
  console.log(
    `\n${options.flows.toLocaleString('en')} goflow2 records of ${result.bytesPerFlow.toFixed(0)} bytes, ${options.partitions} partitions, ` +
      `${options.routes.toLocaleString('en')} routes, native protobuf out, output compression ${options.compression}, ` +
      `node ${process.version}, medians of ${options.rounds} rounds\n`,
  );
  console.log(
    formatTable(
      ['one process', 'flows', 'CPU s', 'us CPU/flow', 'peak RSS MB', 'ratio'],
      [row('kafkajs copy, <= 500 a send', result.kafkajs), row('flowrib, enriched', result.flowrib)],
    ),
  );
  console.log(
    `\nroutes: BMP topic to table ${rate(result.routesPerS)} (both stages in one process), restored from the log ${rate(result.restoreRoutesPerS)}; ` +
      `${result.bytesPerRoute.toFixed(1)} bytes a route without attributes, ${result.bytesPerAttributeSet.toFixed(1)} bytes an attribute set`,
  );
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`);
}
