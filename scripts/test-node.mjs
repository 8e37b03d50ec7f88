/**
 * @file Runs the tests on another version of Node.js: `npm run test:node -- 24 [words for vitest]` fetches that version's
 * program with npm into a temporary folder, runs vitest with it, removes it and ends with vitest's exit code.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const project = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const usage = `Usage: npm run test:node -- VERSION [words for vitest]

Runs the tests on another version of Node.js, as 24 or 22.18.0. npm fetches its program (about 60 MB) into the folder for
temporary files; it is removed afterwards. Build the project first: npm run build`;

function run(program, words, environment = process.env) {
  const { status, error } = spawnSync(program, words, { cwd: project, stdio: 'inherit', env: environment });
  if (error !== undefined) throw error;
  // A program that was ended by a signal has no exit code.
  return status ?? 1;
}

function test(version, words) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lxmert-node-'));
  try {
    const name = `node-${process.platform}-${process.arch}`;
    const fetching = ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund'];
    if (run('npm', [...fetching, `${name}@${version}`]) !== 0) {
      console.error(`npm could not fetch ${name}@${version}; its messages are above.`);
      return 1;
    }
    const bin = path.join(folder, 'node_modules', name, 'bin');
    const node = path.join(bin, 'node');
    if (!existsSync(node)) {
      console.error(`${name}@${version} holds no bin/node; this works on Linux and macOS.`);
      return 1;
    }
    // Programs that tests start by the name 'node' are of that version, too.
    const environment = { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` };
    run(node, ['--version'], environment);
    return run(node, [path.join(project, 'node_modules/vitest/vitest.mjs'), 'run', ...words], environment);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

const [version, ...words] = process.argv.slice(2);
if (version === '--help' || version === '-h') console.log(usage);
else if (version === undefined || !/^\d+(\.\d+){0,2}$/.test(version)) {
  const problem = version === undefined ? 'Name a version.' : `'${version}' is no version of Node.js.`;
  console.error(`test-node: ${problem}\n\n${usage}`);
  process.exitCode = 2;
} else process.exitCode = test(version, words);
