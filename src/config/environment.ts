/**
 * Variables of the environment in the values of a configuration: ${NAME}, and ${NAME:-default} for when it is unset or empty; $${ is a
 * literal ${. They are replaced in scalars of the parsed document, so a value can never add keys or structure. A scalar that was
 * replaced is text; where the schema wants a number or a boolean, `retypeScalar` reads it the way YAML reads a plain one.
 */

import { isScalar, type Scalar, visit } from 'yaml';
import type { ConfigDocument, Problem } from './document.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const reference = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\}|\$\{/g;

/** Replaces in place. Returns the scalars that were replaced and what could not be. */
export function expandEnvironment(
  document: ConfigDocument,
  environment: Environment,
): { expanded: Set<Scalar>; problems: Problem[] } {
  const expanded = new Set<Scalar>();
  const problems: Problem[] = [];
  visit(document.root, {
    Scalar(key, node) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return;
      const at = node.range?.[0] ?? 0;
      node.value = expandText(node.value, environment, (message) => problems.push({ at, message }));
      expanded.add(node);
    },
  });
  return { expanded, problems };
}

function expandText(text: string, environment: Environment, complain: (message: string) => void): string {
  return text.replaceAll(
    reference,
    (whole, name: string | undefined, hasDefault: string | undefined, fallback: string) => {
      if (whole === '$${') return '${';
      if (name === undefined) {
        complain('malformed "${": expected ${NAME} or ${NAME:-default}; write $${ for a literal one');
        return whole;
      }
      const value = environment[name];
      if (hasDefault !== undefined) return value === undefined || value === '' ? fallback : value;
      if (value !== undefined) return value;
      complain(`environment variable ${name} is not set`);
      return whole;
    },
  );
}

/** Makes an expanded scalar the number or boolean that the schema expects there; false when its text is none. */
export function retypeScalar(node: unknown, expanded: Set<Scalar>, wanted: string): boolean {
  if (!isScalar(node) || !expanded.has(node) || typeof node.value !== 'string') return false;
  const text = node.value.trim();
  if (wanted === 'boolean' && /^(true|True|TRUE|false|False|FALSE)$/.test(text)) {
    node.value = text.toLowerCase() === 'true';
    return true;
  }
  if ((wanted === 'number' || wanted === 'int') && /^[-+]?\d+(\.\d+)?$/.test(text)) {
    node.value = Number(text);
    return true;
  }
  return false;
}
