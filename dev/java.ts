/**
 * Finds a Java that is new enough: JAVA_HOME, else `java` on the PATH. Returns null when there is none, so that the caller can go on
 * to the next way of starting a server.
 */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export function findJava(minimumVersion: number): string | null {
  const home = process.env['JAVA_HOME'];
  const candidates = home ? [join(home, 'bin', 'java'), 'java'] : ['java'];
  return candidates.find((java) => javaVersion(java) >= minimumVersion) ?? null;
}

/** Major version, or 0 when the program cannot be run. `java -version` prints: openjdk version "17.0.15" 2025-04-15. */
function javaVersion(java: string): number {
  const result = spawnSync(java, ['-version'], { encoding: 'utf8' });
  const match = /version "(\d+)/.exec(result.stderr ?? '');
  return match ? Number(match[1]) : 0;
}
