/**
 * What `npm run demo` starts, plain JavaScript for whatever Node the machine has: installs the packages if they are missing, then
 * hands over to demo/main.ts under the project's own Node.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const projectNode = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

if (!existsSync(projectNode) || !existsSync(join(root, 'node_modules', 'kafkajs'))) {
  console.log('Installing packages (npm ci) ...');
  const install = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (install.status !== 0) {
    console.error('npm ci failed: the demo needs its packages.');
    process.exit(1);
  }
}
const run = spawnSync(projectNode, [join(root, 'demo', 'main.ts'), ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(run.status ?? 1);
