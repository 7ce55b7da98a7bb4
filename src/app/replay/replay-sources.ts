/**
 * Which input of the configuration a file's records belong to: the topic that its records name, the one that the user named
 * (TOPIC=PATH), or the only one whose format fits what is in the file.
 */

import { ConfigError } from '../../base/errors.ts';
import type { CompiledConfig, FlowInput, RouteInput } from '../../config/types.ts';
import { readCaptureRecords } from './capture-records.ts';
import { readBmpMessages, readDelimitedMessages, readOpenbmpRecords, type Warn } from './framed-records.ts';
import { readRecordLines, readValueLines } from './json-lines.ts';
import { type FileKind, openReplayFile, type ReplayFile } from './replay-file.ts';
import type { ReplayRecord } from './replay-record.ts';

export interface ReplaySource {
  readonly holds: 'routes' | 'flows';
  readonly file: ReplayFile;
  /** Of a file whose records do not name their topics: the input they belong to. */
  readonly topic: string | null;
  records(): Generator<ReplayRecord>;
}

export interface SourceOptions {
  readonly config: Pick<CompiledConfig, 'routes' | 'flows'>;
  readonly routes: readonly string[];
  readonly flows: readonly string[];
  /** Address of the router whose BMP messages a file without addresses holds. */
  readonly router: string | null;
}

const formatsOf: Readonly<Record<'routes' | 'flows', Readonly<Partial<Record<FileKind, readonly string[]>>>>> = {
  routes: {
    capture: ['openbmp', 'bmp'],
    bmp: ['bmp', 'openbmp'],
    obmp: ['openbmp'],
    values: ['gobmp-json', 'pmacct-json'],
  },
  flows: {
    delimited: ['goflow2-protobuf', 'protobuf'],
    values: ['goflow2-json', 'pmacct-json', 'json'],
  },
};

const kindTexts: Readonly<Record<FileKind, string>> = {
  capture: 'a capture',
  obmp: 'OpenBMP records',
  bmp: 'BMP messages',
  records: 'Kafka records as JSON lines',
  values: 'JSON lines',
  delimited: 'protobuf messages with their lengths',
  empty: 'nothing',
};

/** Opens every file. Throws ConfigError where no input fits, and an error that names the file where one cannot be read. */
export function openSources(options: SourceOptions, warn: Warn): ReplaySource[] {
  const { config, flows, router, routes } = options;
  return [
    ...routes.map((text) => routeSource(text, config.routes, router, warn)),
    ...flows.map((text) => flowSource(text, config.flows, warn)),
  ];
}

function routeSource(text: string, inputs: readonly RouteInput[], router: string | null, warn: Warn): ReplaySource {
  const { path, topic } = topicAndPath(text, inputs, 'routes');
  const file = openReplayFile(path, 'routes');
  const { kind } = file;
  if (kind === 'records') return recordSource('routes', file, topic, inputs);
  const input = inputFor(file, topic, inputs, 'routes');
  const records = (): Generator<ReplayRecord> => {
    if (kind === 'capture') return readCaptureRecords(file, input, warn);
    if (kind === 'obmp') return readOpenbmpRecords(file, input.topic, warn);
    if (kind === 'bmp') return readBmpMessages(file, input, routerOf(file, input, router), warn);
    return readValueLines(file, input.topic);
  };
  return { holds: 'routes', file, topic: input.topic, records };
}

function flowSource(text: string, inputs: readonly FlowInput[], warn: Warn): ReplaySource {
  const { path, topic } = topicAndPath(text, inputs, 'flows');
  const file = openReplayFile(path, 'flows');
  if (file.kind === 'records') return recordSource('flows', file, topic, inputs);
  const input = inputFor(file, topic, inputs, 'flows');
  const records = (): Generator<ReplayRecord> =>
    file.kind === 'delimited' ? readDelimitedMessages(file, input, warn) : readValueLines(file, input.topic);
  return { holds: 'flows', file, topic: input.topic, records };
}

interface Named {
  readonly topic: string;
}

function recordSource(
  holds: 'routes' | 'flows',
  file: ReplayFile,
  topic: string | null,
  inputs: readonly Named[],
): ReplaySource {
  const known = new Set(inputs.map((input) => input.topic));
  const topicOf = (named: string, place: string): string => {
    if (topic !== null) return topic;
    if (known.has(named)) return named;
    const hint = `${holds} come from ${[...known].join(', ')}; TOPIC=PATH says whose records these are`;
    throw new ConfigError(`${file.path}: ${place}: topic "${named}" is no input of the configuration: ${hint}`);
  };
  return { holds, file, topic: null, records: () => readRecordLines(file, topicOf) };
}

/** `TOPIC=` counts only when that is a topic of the configuration: a path may have such a sign too. */
function topicAndPath(
  text: string,
  inputs: readonly Named[],
  holds: 'routes' | 'flows',
): { topic: string | null; path: string } {
  const sign = text.indexOf('=');
  const topic = text.slice(0, Math.max(sign, 0));
  if (sign > 0 && inputs.some((input) => input.topic === topic)) return { topic, path: text.slice(sign + 1) };
  if (sign > 0 && /^[a-zA-Z0-9._-]+$/.test(topic)) {
    const topics = inputs.map((input) => input.topic).join(', ');
    throw new ConfigError(`--${holds} ${text}: "${topic}" is no topic of the section ${holds}, which has ${topics}`);
  }
  return { topic: null, path: text };
}

function inputFor<Input extends { topic: string; format: string }>(
  file: ReplayFile,
  topic: string | null,
  inputs: readonly Input[],
  holds: 'routes' | 'flows',
): Input {
  const { kind, path } = file;
  const formats = formatsOf[holds][kind] ?? inputs.map((input) => input.format);
  const fitting = inputs.filter((input) => formats.includes(input.format) && (topic === null || input.topic === topic));
  if (fitting.length === 1 || (kind === 'empty' && fitting.length > 0)) return fitting[0];
  const holding = `${path} holds ${kindTexts[kind]}`;
  if (fitting.length > 1) {
    const topics = fitting.map((input) => input.topic).join(', ');
    throw new ConfigError(`${holding}, which fits several inputs (${topics}): say which with --${holds} TOPIC=PATH`);
  }
  const of = topic === null ? `no input in the section ${holds}` : `not the input ${topic}`;
  throw new ConfigError(`${holding}, which fits ${of}: that needs the format ${formats.join(' or ')}`);
}

function routerOf(file: ReplayFile, input: RouteInput, router: string | null): string {
  if (input.router?.from === 'address') return input.router.address;
  if (router !== null) return router;
  throw new ConfigError(
    `${file.path} holds BMP messages, which do not name their router: say it with --router ADDRESS`,
  );
}
