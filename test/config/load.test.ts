import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigError } from '../../src/base/errors.ts';
import { loadConfig, parseConfig } from '../../src/config/load.ts';

const rest = 'routes: [{topic: gobmp.raw}]\nflows: [{topic: flows}]\noutput: {topic: flows-enriched}\n';

test('YAML that is none', () => {
  assert.throws(() => parseConfig('f.yaml', 'kafka: {brokers: ["a:1"]\nroutes: []\n', {}), {
    name: 'ConfigError',
    message: /^f\.yaml:2:1: /,
  });
  assert.throws(() => parseConfig('f.yaml', 'just text', {}), {
    message: 'f.yaml:1:1: expected a map, found the text "just text"',
  });
});

test('a file that is not there', () => {
  assert.throws(() => loadConfig('/nowhere/flowrib.yaml'), ConfigError);
});

test('a value of the environment cannot add keys', () => {
  const config = parseConfig('f.yaml', `kafka: {brokers: "\${B}"}\napplication: "\${A}"\n${rest}`, {
    A: 'app',
    B: 'b:1',
  });
  assert.equal(config.application, 'app');
  assert.throws(
    () => parseConfig('f.yaml', `kafka: {brokers: "b:1"}\napplication: "\${A}"\n${rest}`, { A: 'app\nshards: 4' }),
    { message: /application: may contain only letters/ },
  );
});

test('a number from the environment stays text where text is wanted', () => {
  const config = parseConfig('f.yaml', `kafka: {brokers: ["b:1"]}\napplication: \${A}\nshards: \${A}\n${rest}`, {
    A: '17',
  });
  assert.equal(config.application, '17');
  assert.equal(config.shards, 17);
});

test('a password is not repeated in complaints', () => {
  const text = `kafka: {brokers: ["b:1"], sasl: {username: u, password: 12345678}}\n${rest}`;
  assert.throws(
    () => parseConfig('f.yaml', text, {}),
    (error: Error) => !error.message.includes('12345678'),
  );
});

test('PEM files are read relative to the configuration file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flowrib-config-'));
  try {
    writeFileSync(join(folder, 'ca.pem'), 'text of ca.pem');
    writeFileSync(join(folder, 'flowrib.yaml'), `kafka: {brokers: ["b:1"], ssl: {ca: ca.pem}}\n${rest}`);
    assert.equal(loadConfig(join(folder, 'flowrib.yaml'), {}).kafka.ssl?.ca, 'text of ca.pem');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
