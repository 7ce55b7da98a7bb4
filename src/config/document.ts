/**
 * A YAML document that knows where its values stand, so that any later complaint about a path can say line and column. YAML text
 * comes in; load.ts asks for plain values and positions.
 */

import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';

export type ConfigPath = readonly (string | number)[];

/** One thing wrong with a file; `at` is an offset into its text. */
export interface Problem {
  readonly at: number;
  readonly message: string;
}

export class ConfigDocument {
  readonly file: string;
  readonly root: Document;
  readonly syntaxProblems: readonly Problem[];
  private readonly lines = new LineCounter();

  constructor(file: string, text: string) {
    this.file = file;
    this.root = parseDocument(text, { lineCounter: this.lines, prettyErrors: false, version: '1.2' });
    this.syntaxProblems = [...this.root.errors, ...this.root.warnings].map((problem) => ({
      at: problem.pos[0],
      message: problem.message,
    }));
  }

  /** The node at a path, through aliases; undefined where there is none. */
  nodeAt(path: ConfigPath): Node | undefined {
    let node = this.resolved(this.root.contents);
    for (const step of path) {
      if (isMap(node) || isSeq(node)) node = this.resolved(node.get(step, true));
      else return undefined;
    }
    return node;
  }

  /** Offset of the value at a path, else of what it would stand in. */
  offsetOf(path: ConfigPath): number {
    for (let depth = path.length; depth >= 0; depth--) {
      const node = this.nodeAt(path.slice(0, depth));
      if (node?.range != null) return node.range[0];
    }
    return 0;
  }

  /** Offset of the key itself in the map at `path`. */
  offsetOfKey(path: ConfigPath, key: string): number {
    const map = this.nodeAt(path);
    if (isMap(map)) {
      for (const { key: keyNode } of map.items) {
        if (isScalar(keyNode) && String(keyNode.value) === key && keyNode.range != null) return keyNode.range[0];
      }
    }
    return this.offsetOf(path);
  }

  /** `file:line:col: message`. */
  format(problem: Problem): string {
    const { line, col } = this.lines.linePos(problem.at);
    return `${this.file}:${Math.max(line, 1)}:${Math.max(col, 1)}: ${problem.message}`;
  }

  private resolved(node: Node | null | undefined): Node | undefined {
    const target = isAlias(node) ? node.resolve(this.root) : node;
    return target ?? undefined;
  }
}

/** `kafka.brokers[0]`. */
export function formatPath(path: ConfigPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}
