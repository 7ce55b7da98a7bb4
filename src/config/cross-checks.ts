/**
 * Rules between keys, which the schema cannot state: names and addresses that must be unique, references that must exist, topics that
 * must not be the same, settings that belong to one format only. Comes after the schema, so values are well formed here.
 */

import { type AddressRange, parseRange, rangesOverlap } from './addresses.ts';
import { type ConfigPath, formatPath } from './document.ts';
import { internalTopics } from './internal-names.ts';
import type { Config } from './schema/config.ts';
import { checkVrfs } from './vrf-checks.ts';

interface Finding {
  readonly path: ConfigPath;
  readonly message: string;
}

export function crossCheck(config: Config): Finding[] {
  return [
    ...checkTopics(config),
    ...checkRouteInputs(config),
    ...checkFlowInputs(config),
    ...checkRouterNames(config),
    ...checkAddresses(config),
    ...checkReferences(config),
    ...checkVrfs(config),
  ];
}

function checkTopics(config: Config): Finding[] {
  const inUse = new Map<string, string>();
  for (const topic of Object.values(internalTopics(config.application))) inUse.set(topic, 'an internal topic');
  const topics: [ConfigPath, string][] = [
    ...config.routes.map(({ topic }, i): [ConfigPath, string] => [['routes', i, 'topic'], topic]),
    ...config.flows.map(({ topic }, i): [ConfigPath, string] => [['flows', i, 'topic'], topic]),
    [['output', 'topic'], config.output.topic],
    [['output', 'deadLetterTopic'], config.output.deadLetterTopic],
  ];
  const findings: Finding[] = [];
  for (const [path, topic] of topics) {
    const user = inUse.get(topic);
    if (user === undefined) inUse.set(topic, formatPath(path));
    else findings.push({ path, message: `${formatPath(path)}: topic ${topic} is ${user} already` });
  }
  return findings;
}

/** Formats whose producers may reorder, and whose messages carry the time to put them in order. */
const reorderable: ReadonlySet<string> = new Set(['openbmp', 'bmp', 'gobmp-json']);

function checkRouteInputs(config: Config): Finding[] {
  const findings: Finding[] = [];
  config.routes.forEach((input, i) => {
    const path = ['routes', i];
    if (input.format === 'bmp' && input.router === undefined) {
      findings.push({
        path,
        message: `${formatPath(path)}: format bmp needs the key router, since its records do not name one`,
      });
    }
    if (input.reorder !== undefined && !reorderable.has(input.format)) {
      findings.push({
        path: [...path, 'reorder'],
        message: `${formatPath(path)}: reorder is for formats ${[...reorderable].join(', ')} only`,
      });
    }
  });
  return findings;
}

function checkFlowInputs(config: Config): Finding[] {
  type Key = 'fields' | 'schema' | 'message' | 'framing' | 'vrfFields';
  const needs: Readonly<Record<string, readonly Key[]>> = {
    json: ['fields'],
    protobuf: ['schema', 'message', 'fields'],
  };
  const takes: Readonly<Record<string, readonly Key[]>> = { 'goflow2-protobuf': ['framing', 'vrfFields'] };
  const findings: Finding[] = [];
  config.flows.forEach((input, i) => {
    const path = ['flows', i];
    const needed = needs[input.format] ?? [];
    const taken = takes[input.format] ?? [];
    for (const key of ['schema', 'message', 'fields', 'framing', 'vrfFields'] as const) {
      const isGiven = input[key] !== undefined;
      if (isGiven && taken.includes(key)) continue;
      if (isGiven === needed.includes(key)) continue;
      const verb = isGiven ? 'does not take' : 'needs';
      findings.push({
        path: isGiven ? [...path, key] : path,
        message: `${formatPath(path)}: format ${input.format} ${verb} the key ${key}`,
      });
    }
  });
  return findings;
}

function checkRouterNames(config: Config): Finding[] {
  const seen = new Set<string>();
  const findings: Finding[] = [];
  config.routers.forEach(({ name }, i) => {
    if (seen.has(name)) {
      findings.push({ path: ['routers', i, 'name'], message: `routers[${i}].name: there is a router ${name} already` });
    }
    seen.add(name);
  });
  return findings;
}

interface Owned {
  readonly path: ConfigPath;
  readonly router: string;
  readonly range: AddressRange;
}

/** A flow or a BMP session belongs to one router: BMP addresses and exporters of different routers must not overlap, nor BGP ones. */
function checkAddresses(config: Config): Finding[] {
  const speakers: Owned[] = [];
  const bgp: Owned[] = [];
  config.routers.forEach((router, i) => {
    const own = (key: 'bmp' | 'exporters' | 'bgp', list: readonly string[], into: Owned[]): void => {
      list.forEach((text, j) => {
        const range = parseRange(text);
        if (typeof range !== 'string') into.push({ path: ['routers', i, key, j], router: router.name, range });
      });
    };
    own('bmp', router.bmp, speakers);
    own('exporters', router.exporters ?? [], speakers);
    own('bgp', router.bgp, bgp);
  });
  return [...overlaps(speakers), ...overlaps(bgp)];
}

/** In sorted order a range that overlaps an earlier one lies inside it: only the ranges around the current one are kept. */
function overlaps(owned: readonly Owned[]): Finding[] {
  const sorted = [...owned].sort((a, b) => compareRanges(a.range, b.range));
  const findings: Finding[] = [];
  let covering: Owned[] = [];
  for (const item of sorted) {
    covering = covering.filter((outer) => rangesOverlap(outer.range, item.range));
    const other = covering.find((outer) => outer.path[1] !== item.path[1]);
    if (other !== undefined) {
      const [first, second] = comparePaths(other.path, item.path) <= 0 ? [other, item] : [item, other];
      findings.push({
        path: second.path,
        message: `${formatPath(second.path)}: ${second.range.text} is in router ${first.router} already (${first.range.text})`,
      });
    }
    covering.push(item);
  }
  return findings;
}

function compareRanges(a: AddressRange, b: AddressRange): number {
  const x = a.address;
  const y = b.address;
  return (
    a.family - b.family ||
    (x.w0 >>> 0) - (y.w0 >>> 0) ||
    (x.w1 >>> 0) - (y.w1 >>> 0) ||
    (x.w2 >>> 0) - (y.w2 >>> 0) ||
    (x.w3 >>> 0) - (y.w3 >>> 0) ||
    a.length - b.length
  );
}

function comparePaths(a: ConfigPath, b: ConfigPath): number {
  return Number(a[1]) - Number(b[1]) || Number(a[3]) - Number(b[3]);
}

function checkReferences(config: Config): Finding[] {
  const names = new Set(config.routers.map(({ name }) => name));
  const speakers = new Set(config.routers.filter(({ bmp }) => bmp.length > 0).map(({ name }) => name));
  const findings: Finding[] = [];
  const check = (path: ConfigPath, list: readonly string[], self?: string): void => {
    list.forEach((name, i) => {
      const at = [...path, i];
      if (name === self)
        findings.push({ path: at, message: `${formatPath(at)}: a router cannot be its own reference` });
      else if (!names.has(name)) findings.push({ path: at, message: `${formatPath(at)}: there is no router ${name}` });
      else if (!speakers.has(name))
        findings.push({ path: at, message: `${formatPath(at)}: router ${name} has no bmp addresses, so no table` });
      else if (list.indexOf(name) < i)
        findings.push({ path: at, message: `${formatPath(at)}: ${name} is listed twice` });
    });
  };
  config.routers.forEach((router, i) => check(['routers', i, 'references'], router.references, router.name));
  check(['lookup', 'references'], config.lookup.references);
  return findings;
}
