/**
 * A file becomes a configuration: YAML, then variables of the environment, then the schema, then rules between keys, then what this
 * version does not do. Everything wrong is gathered and told at once, as `file:line:col: message`, in the order of the file.
 */

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isScalar, isSeq, type Scalar } from 'yaml';
import { ConfigError, errorText } from '../base/errors.ts';
import { crossCheck } from './cross-checks.ts';
import { ConfigDocument, type ConfigPath, type Problem } from './document.ts';
import { type Environment, expandEnvironment, retypeScalar } from './environment.ts';
import { flattenIssues, problemsOfIssue } from './issues.ts';
import { type Config, configSchema } from './schema/config.ts';
import { findUnavailable } from './unavailable.ts';

/** Throws ConfigError; its message has one line for each problem. */
export function loadConfig(path: string, environment: Environment = process.env): Config {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`${path}: cannot be read: ${errorText(error)}`, { cause: error });
  }
  return parseConfig(path, text, environment);
}

/** The same for text at hand; `file` is only named in messages and is what paths of PEM files are relative to. */
export function parseConfig(file: string, text: string, environment: Environment): Config {
  const document = new ConfigDocument(file, text);
  refuse(document, document.syntaxProblems);
  if (document.root.contents === null) refuse(document, [{ at: 0, message: 'the file is empty' }]);
  const { expanded, problems } = expandEnvironment(document, environment);
  refuse(document, problems);
  const config = validate(document, expanded);
  refuse(
    document,
    [...crossCheck(config), ...findUnavailable(config)].map(({ path, message }) => ({
      at: document.offsetOf(path),
      message,
    })),
  );
  inlinePemFiles(document, config);
  return config;
}

function refuse(document: ConfigDocument, problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  const inOrder = [...problems].sort((a, b) => a.at - b.at);
  throw new ConfigError(inOrder.map((problem) => document.format(problem)).join('\n'));
}

function validate(document: ConfigDocument, expanded: Set<Scalar>): Config {
  splitBrokers(document);
  for (;;) {
    const result = configSchema.safeParse(document.root.toJS());
    if (result.success) return result.data;
    const issues = flattenIssues(result.error.issues);
    let isRetyped = false;
    for (const issue of issues) {
      if (issue.code !== 'invalid_type') continue;
      if (retypeScalar(document.nodeAt(issue.path as ConfigPath), expanded, issue.expected)) isRetyped = true;
    }
    // Each round turns at least one text into a number or boolean, so this ends.
    if (!isRetyped) {
      refuse(
        document,
        issues.flatMap((issue) => problemsOfIssue(issue, document)),
      );
    }
  }
}

/** One text with commas, as a single variable holds them, is a list of brokers. So is an item of the list. */
function splitBrokers(document: ConfigDocument): void {
  const kafka = document.nodeAt(['kafka']);
  const brokers = document.nodeAt(['kafka', 'brokers']);
  const items = isSeq(brokers) ? brokers.items : [brokers];
  const hosts = items.flatMap((item) => {
    if (!isScalar(item) || typeof item.value !== 'string' || !item.value.includes(',')) return [item];
    return item.value
      .split(',')
      .map((host) => host.trim())
      .filter((host) => host !== '')
      .map((host) => Object.assign(document.root.createNode(host), { range: item.range }));
  });
  if (isSeq(brokers)) brokers.items = hosts;
  else if (isScalar(brokers) && typeof brokers.value === 'string' && kafka !== undefined) {
    document.root.setIn(
      ['kafka', 'brokers'],
      Object.assign(document.root.createNode([]), { items: hosts, range: brokers.range }),
    );
  }
}

/** Puts the text of PEM files in the place of their paths, so that nobody later reads a file relative to somewhere else. */
function inlinePemFiles(document: ConfigDocument, config: Config): void {
  const { ssl } = config.kafka;
  if (ssl === undefined) return;
  for (const key of ['ca', 'cert', 'key'] as const) {
    const value = ssl[key];
    if (value === undefined || value.startsWith('-----BEGIN ')) continue;
    try {
      ssl[key] = readFileSync(resolve(dirname(document.file), value), 'utf8');
    } catch (error) {
      const message = `kafka.ssl.${key}: cannot be read: ${errorText(error)}`;
      refuse(document, [{ at: document.offsetOf(['kafka', 'ssl', key]), message }]);
    }
  }
}
