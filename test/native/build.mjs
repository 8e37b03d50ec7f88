/**
 * @file Builds the practice device (practiceDevice/) for the libtorch of a built bridge, and prints where it is as the
 * last line. `--native FOLDER` names the folder of another bridge than build/native.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = path.dirname(fileURLToPath(import.meta.url));
const project = path.resolve(here, '../..');
const usualNative = path.join(project, 'build/native');
/** Of what the bridge was configured with, what the practice device is configured with too. */
const shared = [
  'CMAKE_BUILD_TYPE',
  'LXMERT_TORCH_INCLUDES',
  'LXMERT_TORCH_LIBDIR',
  'LXMERT_CXX_STANDARD',
  'LXMERT_CXX11_ABI',
];

const { values } = parseArgs({ options: { native: { type: 'string', default: usualNative } } });
const native = path.resolve(values.native);
if (!existsSync(path.join(native, 'libtorch.json'))) {
  throw new Error(`${native} holds no built bridge; build it with scripts/build-native.mjs.`);
}
const stamp = readFileSync(path.join(native, 'configuration.json'), 'utf8');
const configuration = JSON.parse(stamp);
const output = path.join(
  project,
  native === usualNative ? 'build/practice' : `build/practice-${path.basename(native)}`,
);

await whileLocked(`${output}.lock`, () => {
  const stampFile = path.join(output, 'configuration.json');
  const isCurrent = existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp;
  if (!isCurrent || !existsSync(path.join(output, 'build.ninja'))) {
    rmSync(output, { recursive: true, force: true });
    mkdirSync(output, { recursive: true });
    const flags = shared.map((name) => `-D${name}=${configuration[name]}`);
    run('cmake', ['-S', path.join(here, 'practiceDevice'), '-B', output, '-G', 'Ninja', ...flags]);
    writeFileSync(stampFile, stamp);
  }
  run('cmake', ['--build', output, '--parallel', String(Math.min(2, os.availableParallelism()))]);
});
console.log(path.join(output, 'practice_device.node'));

function run(program, words) {
  const { status, error } = spawnSync(program, words, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (error !== undefined || status !== 0) {
    throw new Error(`The practice device did not build: '${program} ${words.join(' ')}' failed.`, {
      cause: error,
    });
  }
}

/** Test files run side by side, and two builds in one folder would spoil each other. */
async function whileLocked(lock, body) {
  mkdirSync(path.dirname(lock), { recursive: true });
  while (!takeLock(lock)) await setTimeout(100);
  try {
    body();
  } finally {
    rmSync(lock, { force: true });
  }
}

function takeLock(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  if (!isAlive(existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : process.pid))
    rmSync(lock, { force: true });
  return false;
}

/** An empty lock is about to be filled. */
function isAlive(pid) {
  if (pid === 0) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
