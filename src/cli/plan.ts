/** What `run` would do with a configuration, as lines of a table. No secrets. */

import { formatDuration } from '../base/units.ts';
import type { CompiledConfig, RouterSource } from '../config/types.ts';
import { viewNames } from '../model/answer.ts';

export function describePlan(config: CompiledConfig): string[] {
  const { kafka, output, internalTopics, lookup } = config;
  const login = `${kafka.ssl ? ', TLS' : ''}${kafka.sasl ? `, ${kafka.sasl.mechanism} as ${kafka.sasl.username}` : ''}`;
  const rows: [string, string][] = [
    ['application', `${config.application} (groups ${config.groups.enrich}, ${config.groups.routes})`],
    ['kafka', `${kafka.brokers.join(', ')}${login}`],
    ...config.routes.map((r): [string, string] => [
      'read routes',
      `${r.topic} (${r.format}${describeSource(r.router)})`,
    ]),
    ...config.flows.map((f): [string, string] => [
      'read flows',
      `${f.topic} (${f.format}), from the ${config.startAt}`,
    ]),
    ['keep', `${internalTopics.routes}, ${internalTopics.repartition}: ${config.shards} partitions each`],
    ['write flows', `${output.topic} (${output.format}, ${output.compression}), ${config.delivery}`],
    ['write refused', output.deadLetterTopic],
    ...config.routers.map((r): [string, string] => ['router', describeRouter(r)]),
    ['choose from', lookup.views.map((view) => viewNames[view]).join(', ')],
    ['AS numbers', lookup.asn.join(', ')],
    ['prefix lengths', lookup.net.join(', ')],
    ['lost sessions', `answer for ${formatDuration(config.peers.staleTimeMs)}`],
    ['http', `${config.http.listen.host}:${config.http.listen.port}`],
  ];
  const width = Math.max(...rows.map(([what]) => what.length)) + 2;
  return rows.map(([what, how], i) => `${(rows[i - 1]?.[0] === what ? '' : what).padEnd(width)}${how}`);
}

function describeSource(source: RouterSource | null): string {
  if (source === null) return '';
  if (source.from === 'key') return ', router from the key';
  return source.from === 'header' ? `, router from header ${source.name}` : `, router ${source.address}`;
}

function describeRouter(router: CompiledConfig['routers'][number]): string {
  const bmp = router.bmp.length === 0 ? 'no BMP' : `BMP from ${router.bmp.join(', ')}`;
  const exporters = router.exporters.map(({ text }) => text).join(', ');
  return `${router.name}: ${bmp}; ${exporters === '' ? 'no flows' : `flows from ${exporters}`}`;
}
