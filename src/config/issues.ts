/**
 * What the schema complains about, in words for the person who wrote the file: where it stands, which key is meant, what was expected
 * and what may have been intended.
 */

import type { z } from 'zod';
import { type ConfigDocument, type ConfigPath, formatPath, type Problem } from './document.ts';
import { knownKeys } from './json-schema.ts';
import { nearestName } from './nearest.ts';

type Issue = z.core.$ZodIssue;

/** Issues without unions: of a union the branch of the value's own type is taken, if there is one. */
export function flattenIssues(issues: readonly Issue[], prefix: ConfigPath = []): Issue[] {
  return issues.flatMap((issue): Issue[] => {
    const path = [...prefix, ...(issue.path as ConfigPath)];
    if (issue.code === 'invalid_union') {
      const branch = issue.errors.find((errors) => errors.every((e) => e.path.length > 0 || e.code !== 'invalid_type'));
      if (branch !== undefined) return flattenIssues(branch, path);
    }
    return [{ ...issue, path: [...path] }];
  });
}

export function problemsOfIssue(issue: Issue, document: ConfigDocument): Problem[] {
  const path = issue.path as ConfigPath;
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, document));
  const at = document.offsetOf(path);
  const node = document.nodeAt(path);
  if (node === undefined && path.length > 0) return [{ at, message: `missing key ${formatPath(path)}` }];
  const what = describeIssue(issue, document, path);
  return [{ at, message: path.length === 0 ? what : `${formatPath(path)}: ${what}` }];
}

function unknownKey(path: ConfigPath, key: string, document: ConfigDocument): Problem {
  const nearest = nearestName(key, knownKeys(path));
  const where = path.length === 0 ? '' : ` in ${formatPath(path)}`;
  const hint = nearest === undefined ? '' : `: did you mean "${nearest}"?`;
  return { at: document.offsetOfKey(path, key), message: `unknown key "${key}"${where}${hint}` };
}

function describeIssue(issue: Issue, document: ConfigDocument, path: ConfigPath): string {
  const value: unknown = document.nodeAt(path)?.toJS(document.root);
  const found = path.at(-1) === 'password' ? maskValue(value) : describeValue(value);
  switch (issue.code) {
    case 'invalid_type':
      if (!issue.message.startsWith('Invalid input')) return issue.message;
      return `expected ${typeNames[issue.expected] ?? issue.expected}, found ${found}`;
    case 'invalid_union':
      return `expected ${expectedOfUnion(issue.errors)}, found ${found}`;
    case 'invalid_value': {
      const names = issue.values.map(String);
      const nearest = typeof value === 'string' ? nearestName(value, names) : undefined;
      const hint = nearest === undefined ? '' : `: did you mean "${nearest}"?`;
      return `expected ${names.length === 1 ? '' : 'one of '}${names.join(', ')}, found ${found}${hint}`;
    }
    case 'too_small':
      return issue.origin === 'number' ? `must be at least ${issue.minimum}` : issue.message;
    case 'too_big':
      return issue.origin === 'number' || issue.origin === 'int' ? `must be at most ${issue.maximum}` : issue.message;
    default:
      return issue.message;
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
};

function expectedOfUnion(branches: readonly (readonly Issue[])[]): string {
  const types = branches.flatMap((errors) => errors.map((e) => (e.code === 'invalid_type' ? e.expected : '')));
  return types
    .filter((type) => type !== '')
    .map((type) => typeNames[type] ?? type)
    .join(' or ');
}

/** The value itself where it is short, else its kind. */
function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string' ? `the text "${value}"` : JSON.stringify(value);
}

/** A secret is not repeated, whatever is wrong with it. */
function maskValue(value: unknown): string {
  return typeof value === 'number' ? 'a number (write it in quotes)' : 'something else';
}
