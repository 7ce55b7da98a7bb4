/**
 * A schema registry with Confluent's API for tests and demo: SCHEMA_REGISTRY_URL when set, else Apicurio Registry from Maven under
 * Java 17 or later, which keeps its schemas in memory. Up in a few seconds; started only by the tests that need one.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findJava } from './java.ts';
import { canFetch, fetchBundle, type MavenBundle } from './maven.ts';
import { freePorts } from './ports.ts';
import { onProcessEnd, ServerProcess } from './server-process.ts';

// The last line of versions that runs on Java 17.
const version = '3.0.9';

const bundle: MavenBundle = {
  name: `apicurio-registry-${version}`,
  pom: 'dev/registry/pom.xml',
  goal: [
    'dependency:unpack',
    '-Dmdep.overWriteReleases=true',
    `-Dartifact=io.apicurio:apicurio-registry-app:${version}:tar.gz:all`,
  ],
  title: `Apicurio Registry ${version}`,
};

export interface StartedRegistry {
  /** Base of Confluent's API: `${url}/subjects`. */
  readonly url: string;
  stop(): Promise<void>;
}

export async function startRegistry(): Promise<StartedRegistry> {
  const given = process.env['SCHEMA_REGISTRY_URL'];
  if (given) return { url: given.replace(/\/+$/, ''), stop: async () => {} };
  const java = findJava(17);
  if (!java || !canFetch(bundle)) {
    throw new Error('no schema registry: set SCHEMA_REGISTRY_URL, or install Java 17 or later and Maven');
  }
  const home = await fetchBundle(bundle);
  const folder = mkdtempSync(join(tmpdir(), 'flowrib-registry-'));
  const [port] = await freePorts(1);
  const args = ['-Xmx256m', `-Dquarkus.http.host=127.0.0.1`, `-Dquarkus.http.port=${port}`];
  const jar = join(home, `apicurio-registry-app-${version}-runner.jar`);
  const server = new ServerProcess(java, [...args, '-jar', jar], join(folder, 'registry.log'));
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`;
  try {
    await server.waitUntil(async () => answers(`${url}/subjects`), 'schema registry');
  } catch (error) {
    await server.end('SIGKILL');
    console.error(`the schema registry did not start; its log is kept in ${folder}`);
    throw error;
  }
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
  const unhook = onProcessEnd(removeFolder);
  const stop = async (): Promise<void> => {
    await server.end('SIGKILL');
    unhook();
    removeFolder();
  };
  return { url, stop };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}
